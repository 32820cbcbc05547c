"""A stricter world than users': one BLAS thread; and no test that fails by the clock."""

import os
import sys

# Read when NumPy is imported. A second BLAS thread waits busily, which slows small work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "fusegrad", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fusegrad")


@pytest.fixture
def memory_of_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrays on memory that was not used before, nor rounded up, for tests that count bytes."""
    from fusegrad.kernels import pool

    monkeypatch.setattr(pool, "FROM", sys.maxsize)

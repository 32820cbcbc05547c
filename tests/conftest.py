"""A stricter world than users': one BLAS thread; and no test that fails by the clock."""

import os

# Read when NumPy is imported. A second BLAS thread waits busily, which slows small work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

settings.register_profile(
    "fusegrad", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fusegrad")

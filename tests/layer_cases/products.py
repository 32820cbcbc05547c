"""Linear."""

from __future__ import annotations

from fusegrad import nn
from fusegrad.kernels import ShapeError
from tests.layer_cases.case import Case

CASES = [
    Case("Linear", lambda nn, **rng: nn.Linear(4, 3, **rng),
         lambda rng: (rng.standard_normal((5, 4)),)),
    Case("Linear without bias", lambda nn, **rng: nn.Linear(4, 3, bias=False, **rng),
         lambda rng: (rng.standard_normal((2, 5, 4)),)),
    Case("Linear of one vector", lambda nn, **rng: nn.Linear(4, 3, **rng),
         lambda rng: (rng.standard_normal(4),)),
    Case("Linear, empty batch", lambda nn, **rng: nn.Linear(4, 3, **rng),
         lambda rng: (rng.standard_normal((0, 4)),)),
]  # fmt: skip


def linear(rng: object = None) -> nn.Linear:
    import numpy as np

    return nn.Linear(3, 2, rng=np.random.default_rng(0))


REFUSED = [
    (lambda: linear()([[1.0, 2.0]]), ShapeError,
     "Linear: expected x of shape (..., 3), got (1, 2); reshape x, or build Linear for this "
     "width"),
]  # fmt: skip

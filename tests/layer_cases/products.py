"""Linear and Bilinear."""

from __future__ import annotations

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, ShapeError
from tests.layer_cases.case import Case


def pairs(*lead: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    return rng.standard_normal((*lead, 2)), rng.standard_normal((*lead, 3))


CASES = [
    Case("Linear", lambda nn, **rng: nn.Linear(4, 3, **rng),
         lambda rng: (rng.standard_normal((5, 4)),)),
    Case("Linear without bias", lambda nn, **rng: nn.Linear(4, 3, bias=False, **rng),
         lambda rng: (rng.standard_normal((2, 5, 4)),)),
    Case("Linear of one vector", lambda nn, **rng: nn.Linear(4, 3, **rng),
         lambda rng: (rng.standard_normal(4),)),
    Case("Linear, empty batch", lambda nn, **rng: nn.Linear(4, 3, **rng),
         lambda rng: (rng.standard_normal((0, 4)),)),
    Case("Bilinear", lambda nn, **rng: nn.Bilinear(2, 3, 4, **rng), lambda rng: pairs(3)),
    Case("Bilinear without bias", lambda nn, **rng: nn.Bilinear(2, 3, 2, bias=False, **rng),
         lambda rng: pairs(2, 2)),
    Case("Bilinear of one pair", lambda nn, **rng: nn.Bilinear(2, 3, 1, **rng),
         lambda rng: pairs()),
    Case("Bilinear, empty batch", lambda nn, **rng: nn.Bilinear(2, 3, 4, **rng),
         lambda rng: pairs(0)),
]  # fmt: skip


def linear() -> nn.Linear:
    return nn.Linear(3, 2, rng=np.random.default_rng(0))


def bilinear() -> nn.Bilinear:
    return nn.Bilinear(2, 3, 2, rng=np.random.default_rng(0))


REFUSED = [
    (lambda: linear()(np.ones((2, 1, 3, 1), np.float32)), ShapeError,
     "Linear: expected x of shape (..., 3), got (2, 1, 3, 1); put nn.Flatten() before it"),
    (lambda: linear()([[1.0, 2.0]]), ShapeError,
     "Linear: expected x of shape (..., 3), got (1, 2); reshape x, or build Linear for this "
     "width"),
    (lambda: linear()(np.ones((1, 3), int)), DTypeError,
     "Linear: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: bilinear()(np.ones((1, 2)), np.ones((2, 3))), ShapeError,
     "Bilinear: expected x1 (..., 2) and x2 (..., 3), alike in ..., got (1, 2) and (2, 3); "
     "reshape one of them, or build Bilinear for these widths"),
    (lambda: bilinear()(np.ones((1, 2)), np.ones((1, 3), bool)), DTypeError,
     "Bilinear: expected x2 of floats, got bool; use astype(np.float32)"),
]  # fmt: skip

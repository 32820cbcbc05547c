"""What dense layers do: an affine map of the last axis, and dropout by a mask that is given."""

from __future__ import annotations

from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.engine import OPS
from fusegrad.engine.tape import apply
from fusegrad.kernels import ShapeError
from tests import ops_sample as sample
from tests.cases.operation import Operation

SCALE = 1.25
MASKS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 3, 2), (2, 1, 1)), ((), ()), ((0, 2), (0, 2))]
LEADS: list[tuple[int, ...]] = [(2,), (), (2, 2), (0,), (1, 3)]


def mask(shape: tuple[int, ...]) -> np.ndarray:
    """Every third is dropped."""
    return (np.arange(np.prod(shape, dtype=int)) % 3 > 0).reshape(shape)


def affine(x: np.ndarray, weight: np.ndarray, *bias: np.ndarray) -> Any:
    """x W^T + b, number by number."""
    y = sample.product(x, weight.T)
    return y + bias[0] if bias else y


def affine_by_torch(torch: Any, *args: Any) -> Any:
    return torch.nn.functional.linear(*args)


def dropped(x: Any, kept: np.ndarray) -> Any:
    return apply(OPS["dropout"], x, kept=kept, scale=SCALE)


def dropped_by_hand(x: np.ndarray, kept: np.ndarray) -> np.ndarray:
    return np.where(kept, x * sample.MP.mpf(SCALE), sample.MP.mpf(0))


def dropped_by_torch(torch: Any, x: Any, kept: np.ndarray) -> Any:
    return torch.where(torch.tensor(kept), x * SCALE, 0.0)


OPERATIONS = {
    "linear": Operation(
        fg.linear,
        affine,
        [(((*lead, 3), (4, 3), *biases), ()) for biases in ([(4,)], []) for lead in LEADS],
        affine_by_torch,
    ),
    "dropout": Operation(
        dropped,
        dropped_by_hand,
        [((x,), (mask(m),)) for x, m in MASKS],
        dropped_by_torch,
    ),
}
X, W, B = np.ones((2, 3)), np.ones((4, 3)), np.ones(4)
RULE = "linear: expected x (..., I), weight (O, I) and bias (O,), got"
REPAIR = "; transpose weight, or reshape x"
REFUSED = [
    (lambda: fg.linear(X, W.T), ShapeError, f"{RULE} (2, 3), (3, 4){REPAIR}"),
    (lambda: fg.linear(X, W[0]), ShapeError, f"{RULE} (2, 3), (3,){REPAIR}"),
    (lambda: fg.linear(1.0, W, B), ShapeError, f"{RULE} (), (4, 3), (4,){REPAIR}"),
    (lambda: fg.linear(X, W, X), ShapeError, f"{RULE} (2, 3), (4, 3), (2, 3){REPAIR}"),
]

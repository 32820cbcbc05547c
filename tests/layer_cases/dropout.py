"""Dropout of elements and of channels, where no draw decides: in evaluation, and of p = 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case

SHAPES = {
    "Dropout": (2, 3),
    "Dropout1d": (2, 3, 4),
    "Dropout2d": (2, 3, 2, 2),
    "AlphaDropout": (2, 3),
}


def case(name: str, p: float, shape: tuple[int, ...], *modes: str) -> Case:
    return Case(
        f"{name}({p}) of {'x'.join(map(str, shape))}",
        lambda nn, **rng: getattr(nn, name)(p, **rng),
        lambda rng: (rng.standard_normal(shape),),
        modes=modes,
    )


CASES = [
    *(case(name, 0.4, shape, "eval") for name, shape in SHAPES.items()),
    *(case(name, 1.0, shape, "train", "eval") for name, shape in SHAPES.items()),
    *(case(name, 0.0, shape, "train") for name, shape in SHAPES.items()),
    case("Dropout1d", 1.0, (3, 4), "train"),
    case("Dropout", 0.4, (0, 3), "train"),
    case("AlphaDropout", 0.4, (0, 3), "train"),
]


def made(name: str, p: Any = 0.5) -> Any:
    return getattr(nn, name)(p, rng=np.random.default_rng(0))


REFUSED = [
    *(
        (lambda name=name, p=p: made(name, p), OptionError,
         f"{name}: expected p in [0, 1], got p={p}; give a probability")
        for name in SHAPES
        for p in (-0.1, 1.1, float("nan"))
    ),
    *(
        (lambda name=name: made(name)(np.ones(SHAPES[name], int)), DTypeError,
         f"{name}: expected x of floats, got int64; use astype(np.float32)")
        for name in SHAPES
    ),
    (lambda: nn.AlphaDropout(rng=3), DTypeError,
     "rng: expected a numpy Generator, got 3; pass np.random.default_rng(0)"),
    (lambda: made("Dropout1d")(np.ones(3)), ShapeError,
     "Dropout1d: expected x of shape (N, C, L) or (C, L), got (3,); add the axes it lacks"),
    (lambda: made("Dropout2d").eval()(np.ones((2, 3, 4))), ShapeError,
     "Dropout2d: expected x of shape (N, C, H, W), got (2, 3, 4); add the axes it lacks"),
]  # fmt: skip

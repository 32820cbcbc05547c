"""Positions. PyTorch has no such layers; what they give is held against the papers' formulas in
test_positions.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.attention import normal
from tests.layer_cases.case import Case

CASES = [
    Case("sinusoidal positions", lambda nn, **rng: nn.SinusoidalPositions(5, 4),
         normal((3, 2, 5)), peer=False),
    Case("sinusoidal positions, batch first",
         lambda nn, **rng: nn.SinusoidalPositions(4, 3, batch_first=True),
         normal((2, 3, 4)), peer=False),
    Case("learned positions", lambda nn, **rng: nn.LearnedPositions(3, 4, **rng),
         normal((2, 2, 3)), peer=False),
    Case("learned positions, batch first, one sequence",
         lambda nn, **rng: nn.LearnedPositions(3, 4, std=1.0, batch_first=True, **rng),
         normal((4, 3)), peer=False),
    Case("rotary positions", lambda nn, **rng: nn.RotaryPositions(4),
         normal((2, 2, 3, 4)), peer=False),
    Case("rotary positions, later", lambda nn, **rng: nn.RotaryPositions(2, base=100.0),
         normal((3, 2)), call=lambda layer, x: layer(x, offset=7), peer=False),
]  # fmt: skip


def learned(*sizes: int, **settings: Any) -> nn.LearnedPositions:
    return nn.LearnedPositions(*sizes, **settings, rng=np.random.default_rng(0))


def x(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return np.ones(shape, dtype)


REFUSED = [
    (lambda: nn.SinusoidalPositions(0), OptionError,
     "SinusoidalPositions: expected sizes of 1 or more, got d_model=0, max_len=5000; give "
     "positive numbers"),
    (lambda: learned(3, 0), OptionError,
     "LearnedPositions: expected sizes of 1 or more, got d_model=3, max_len=0; give positive "
     "numbers"),
    (lambda: nn.SinusoidalPositions(4, 3)(x(4, 1, 4)), ShapeError,
     "SinusoidalPositions: expected x of shape (T, B, 4) or (T, 4), T up to 3, got (4, 1, 4); "
     "build it for this length and width"),
    (lambda: learned(4, 3, batch_first=True)(x(4)), ShapeError,
     "LearnedPositions: expected x of shape (B, T, 4) or (T, 4), T up to 3, got (4,); build "
     "it for this length and width"),
    (lambda: nn.SinusoidalPositions(4)(x(3, 4, dtype=int)), DTypeError,
     "SinusoidalPositions: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: nn.RotaryPositions(3), OptionError,
     "RotaryPositions: expected an even dim of 2 or more, got dim=3; features are turned in "
     "pairs"),
    (lambda: nn.RotaryPositions(2, 0.0), OptionError,
     "RotaryPositions: expected base > 0, got base=0.0; the paper has 10000"),
    (lambda: nn.RotaryPositions(4)(x(3, 2)), ShapeError,
     "RotaryPositions: expected x of shape (..., T, 4), got (3, 2); cut it into heads first"),
    (lambda: nn.RotaryPositions(4)(x(3, 4, dtype=int)), DTypeError,
     "RotaryPositions: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: nn.alibi_mask(0, 3), OptionError,
     "alibi_mask: expected one head or more and a length, got num_heads=0, length=3; give "
     "positive numbers"),
    (lambda: nn.alibi_mask(2.5, 3), OptionError,
     "alibi_mask: expected one head or more and a length, got num_heads=2.5, length=3; give "
     "positive numbers"),
    (lambda: nn.SinusoidalPositions(2.5), OptionError,
     "SinusoidalPositions: expected sizes of 1 or more, got d_model=2.5, max_len=5000; give "
     "positive numbers"),
    (lambda: nn.RotaryPositions("4"), OptionError,
     "RotaryPositions: expected an even dim of 2 or more, got dim=4; features are turned in "
     "pairs"),
]  # fmt: skip

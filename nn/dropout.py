"""Dropout: noise in training, so that no unit comes to rely on a single other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.ops import random
from ..engine.ops.activations import SELU_ALPHA, SELU_SCALE
from ..engine.ops.elementwise import add, multiply, where
from ..kernels import OptionError, ShapeError
from .applied import floats
from .module import Module


class Dropout(Module):
    """In training, each element is 0 with probability p, else x / (1 - p); in evaluation, x.

    Draws come from `rng`; what is dropped passes nothing on, nan and inf included, and a
    checkpoint, which computes a second time, drops the same again.
    Raises: OptionError for a p that is no probability; DTypeError for an x of integers.
    Source: Srivastava et al. 2014, scaled in training as PyTorch does.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        if not 0 <= p <= 1:
            name, got = type(self).__name__, f"p={p}"
            raise OptionError(name, "p in [0, 1]", got, "give a probability")
        self.p, self.rng = p, random.generator(rng)

    def forward(self, x: Any) -> Any:
        x = floats(type(self).__name__, x)
        return random.dropout(x, self.p, self.rng, self.training, self.mask_shape(x.shape))

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of what is drawn, for an x of a shape; it broadcasts to that."""
        return shape

    def extra_repr(self) -> str:
        return f"p={self.p}"


class Dropout1d(Dropout):
    """In training, each channel is 0 with probability p, else x / (1 - p); in evaluation, x.

    Whole channels, for neighbours along a signal tell of each other what one 0 would hide.
    Shapes: x (N, C, L) or (C, L) -> the same. Raises: ShapeError for another x; else as for
    Dropout. Source: Tompson et al. 2015, "SpatialDropout".
    """

    layouts: tuple[str, ...] = ("NCL", "CL")

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        for layout in self.layouts:
            if len(layout) == len(shape):
                return tuple(n if name in "NC" else 1 for n, name in zip(shape, layout))
        rule = " or ".join(f"({', '.join(layout)})" for layout in self.layouts)
        where, repair = type(self).__name__, "add the axes it lacks"
        raise ShapeError(where, f"x of shape {rule}", str(shape), repair)


class Dropout2d(Dropout1d):
    """As Dropout1d, for the channels of images.

    Shapes: x (N, C, H, W) -> the same. Differs: PyTorch takes three axes too, as (N, C, L).
    """

    layouts = ("NCHW",)


class AlphaDropout(Dropout):
    """In training, each element is s = -SELU_SCALE SELU_ALPHA with probability p, then all are
    a x + b, with a = ((1 - p) (1 + p s ** 2)) ** -1/2 and b = -a p s; in evaluation, x.

    s is what selu tends to far below 0. x of mean 0 and variance 1, as selu layers keep it, has
    the same mean and variance after. All 0 for p = 1, as in PyTorch. Raises: as for Dropout.
    Source: Klambauer et al. 2017, "New Dropout Technique".
    """

    def forward(self, x: Any) -> Any:
        x = floats("AlphaDropout", x)
        if not self.training or self.p == 0:
            return x
        p, s = self.p, -SELU_SCALE * SELU_ALPHA
        a = 1 / math.sqrt((1 - p) * (1 + p * s * s)) if p < 1 else 0.0
        mixed = where(random.kept(self.rng, x.shape, p, x), x, s)
        return add(multiply(mixed, a), -a * p * s)

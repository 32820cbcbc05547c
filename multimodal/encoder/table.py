"""Tables: columns of numbers, some of them missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from ...engine.ops.elementwise import where as choose
from ...engine.ops.shaping import concat, data_of
from ...engine.ops.updating import like
from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Buffer, Linear, Module, ReLU, Sequential
from ...nn.applied import floats
from .windows import demand_count


class Standardise(Module):
    """y = (x - mean) / std, and 0 where x is missing (nan).

    mean and std are Buffers, part of the state: 0 and 1 until `fit` or `set` gives others.
    Backward: g / std, and 0 where x is missing.
    Shapes: x (..., width) -> alike. Raises: ShapeError, DTypeError for an x that is not so.
    """

    mean: Buffer
    std: Buffer

    def __init__(self, width: int) -> None:
        demand_count("Standardise", "width", width)
        self.mean = Buffer(np.zeros(width, np.float32), "mean")
        self.std = Buffer(np.ones(width, np.float32), "std")

    def fit(self, rows: Any) -> Self:
        """Take mean and standard deviation of the columns of training rows (N, width), without
        what is missing. A column of one value gives 0, an empty one 0 too. Gives itself.

        Raises: ShapeError for other rows, DTypeError for no floats, OptionError for inf.
        """
        found = self._read(rows, "rows")
        x = np.asarray(to_device(data_of(found), "cpu"), np.float64).reshape(-1, self.width)
        if np.isinf(x).any():
            repair = "replace it, or write nan for what is missing"
            raise OptionError("Standardise.fit", "finite numbers, or nan", "inf", repair)
        known = ~np.isnan(x)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, x, 0).sum(axis=0) / count
        std = np.sqrt((np.where(known, x - mean, 0) ** 2).sum(axis=0) / count)
        first = x[known.argmax(axis=0), np.arange(self.width)] if len(x) else mean
        constant = np.all(~known | (x == first), axis=0)
        mean = np.where(constant & known.any(axis=0), first, mean)
        return self.set(mean, np.where(constant, 1.0, std))

    def set(self, mean: Any, std: Any) -> Self:
        """Use this mean and standard deviation, (width,) each. Gives itself.

        Raises: ShapeError for other shapes, OptionError for a std that is not above 0.
        """
        given = [np.asarray(v, np.float64) for v in (mean, std)]
        if any(v.shape != (self.width,) for v in given):
            got = f"{given[0].shape} and {given[1].shape}"
            rule, repair = f"mean and std ({self.width},)", "give one for each column"
            raise ShapeError("Standardise.set", rule, got, repair)
        if not (np.isfinite(given).all() and (given[1] > 0).all()):
            rule, repair = "a finite mean and std > 0", "give 1 for a constant column"
            raise OptionError("Standardise.set", rule, f"std={given[1].tolist()}", repair)
        self.mean.assign_(given[0])
        self.std.assign_(given[1])
        return self

    @property
    def width(self) -> int:
        """How many columns."""
        return int(self.mean.shape[0])

    def forward(self, x: Any) -> Any:
        x = self._read(x, "x")
        is_known = data_of(x) == data_of(x)  # nan alone differs from itself
        mean = like(self.mean, x)
        return (choose(is_known, x, mean) - mean) / like(self.std, x)

    def _read(self, x: Any, name: str) -> Any:
        x = floats("Standardise", x, name)
        if x.shape[-1:] != (self.width,):
            rule, repair = f"{name} (..., {self.width})", "give one number for each column"
            raise ShapeError("Standardise", rule, str(x.shape), repair)
        return x

    def extra_repr(self) -> str:
        return f"{self.width}"


class TableEncoder(Module):
    """f = W_n relu(.. relu(W_1 [y, missing] + b_1)) + b_n with y = standardise(x).

    `missing` are columns of 0 and 1 that say where x is nan, with `indicate_missing`; without
    it a missing value is as its column's mean. Fit the means on training rows: `encoder.
    fit(rows)`; until then y = x.
    Backward: through the MLP; (g W_1) / std to x, and 0 where x is missing.
    Shapes: x (B, in_features) -> (B, width). Raises: ShapeError, DTypeError for an x that is
    not so, OptionError for settings.
    """

    standardise: Standardise
    layers: Sequential

    def __init__(
        self,
        in_features: int,
        width: int,
        hidden: Sequence[int] = (64,),
        *,
        indicate_missing: bool = False,
        rng: np.random.Generator,
    ) -> None:
        self.standardise = Standardise(in_features)
        self.indicate_missing = indicate_missing
        sizes = [in_features * (1 + indicate_missing), *hidden, width]
        made: list[Module] = []
        for into, out in pairwise(sizes):
            made += [Linear(into, out, rng=rng), ReLU()]
        self.layers = Sequential(*made[:-1])

    def fit(self, rows: Any) -> Self:
        """Standardise by these training rows (N, in_features) from now on; gives itself."""
        self.standardise.fit(rows)
        return self

    def forward(self, x: Any) -> Any:
        y = self.standardise(x)
        if self.indicate_missing:
            values = data_of(x)
            y = concat([y, (values != values).astype(y.dtype)], axis=-1)
        return self.layers(y)

    def extra_repr(self) -> str:
        return f"indicate_missing={self.indicate_missing}"

"""Where in a sequence a vector stands: added to it, turned into it, or put into a mask."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.ops.shaping import reshape, stack
from ..engine.ops.updating import like
from ..kernels import OptionError, ShapeError
from . import init
from .applied import floats
from .module import Module
from .parameter import Buffer, Parameter


def angles(positions: Any, width: int, base: float = 10000.0) -> np.ndarray:
    """t / base^(2i / width), one for each pair of features, in float64. Units: radians.

    Shapes: positions (T,) -> (T, ceil(width / 2)).
    """
    rates = base ** (-np.arange(0, width, 2) / width)
    return np.asarray(np.multiply.outer(np.asarray(positions, np.float64), rates))


class Positions(Module):
    """x + P[t] for the vector x at time t: what holds a table P adds it so.

    Shapes: x (T, B, d_model), or (B, T, d_model) with `batch_first`, or (T, d_model) -> alike.
    Raises: ShapeError where x is longer or wider than the table, DTypeError for no floats.
    """

    table: Any
    batch_first: bool

    def forward(self, x: Any) -> Any:
        where = type(self).__name__
        x = floats(where, x)
        longest, width = self.table.shape
        batch_first = self.batch_first or len(x.shape) == 2
        time = len(x.shape) - 2 if batch_first else 0
        if len(x.shape) not in (2, 3) or x.shape[-1] != width or x.shape[time] > longest:
            order = "B, T" if self.batch_first else "T, B"
            rule = f"x of shape ({order}, {width}) or (T, {width}), T up to {longest}"
            raise ShapeError(where, rule, str(x.shape), "build it for this length and width")
        rows = like(self.table[: x.shape[time]], x)
        return x + (rows if batch_first else rows[:, None])

    def extra_repr(self) -> str:
        return "{1}, max_len={0}, batch_first={2}".format(*self.table.shape, self.batch_first)


class SinusoidalPositions(Positions):
    """x + P[t] with P[t, 2i] = sin(t / 10000^(2i / d_model)), P[t, 2i + 1] = cos of the same.

    P is made in float64 and rounded to x's dtype; it stands in no state. An odd d_model ends
    with a sine. Source: Vaswani et al. 2017, section 3.5.
    """

    def __init__(self, d_model: int, max_len: int = 5000, *, batch_first: bool = False) -> None:
        _check_sizes("SinusoidalPositions", d_model, max_len)
        turns = angles(np.arange(max_len), d_model)
        waves = np.stack([np.sin(turns), np.cos(turns)], axis=-1)  # (T, D / 2, 2)
        table = waves.reshape(max_len, -1)[:, :d_model]
        self.table = Buffer(table, "table", persistent=False)
        self.batch_first = batch_first


class LearnedPositions(Positions):
    """x + W[t], a vector learned for each time t up to max_len.

    W, `weight` (max_len, d_model), is drawn from a normal of standard deviation `std`, by
    default 0.02 as in BERT. Source: Gehring et al. 2017, section 3.1; Devlin et al. 2019.
    """

    weight: Parameter

    def __init__(
        self,
        d_model: int,
        max_len: int,
        *,
        std: float = 0.02,
        batch_first: bool = False,
        rng: np.random.Generator,
    ) -> None:
        _check_sizes("LearnedPositions", d_model, max_len)
        self.weight = Parameter(init.normal(rng, (max_len, d_model), std), "weight")
        self.batch_first = batch_first

    @property
    def table(self) -> Any:
        return self.weight


class RotaryPositions(Module):
    """Each pair of features (x_2i, x_2i+1) at time t, turned by the angle t / base^(2i / dim).

    Put q and k, cut into heads, through it, and attend: the product q_m . k_n then depends on
    m - n and on no other position. `offset` is the time of the first vector.

    Shapes: x (..., T, dim) -> alike, dim even.
    Raises: ShapeError, DTypeError for an x that is not so, OptionError for an odd dim.
    Differs: pairs are neighbours, as in the paper; some models pair i with i + dim / 2.
    Source: Su et al. 2021, eq. 34.

    >>> rotary = RotaryPositions(2)
    >>> q = rotary(np.ones((4, 2)))
    >>> bool(abs(q[0] @ q[1] - q[2] @ q[3]) < 1e-15)
    True
    """

    def __init__(self, dim: int, base: float = 10000.0) -> None:
        if not _whole(dim) or dim < 2 or dim % 2:
            got, repair = f"dim={dim}", "features are turned in pairs"
            raise OptionError("RotaryPositions", "an even dim of 2 or more", got, repair)
        if not base > 0:
            got, repair = f"base={base}", "the paper has 10000"
            raise OptionError("RotaryPositions", "base > 0", got, repair)
        self.dim, self.base = dim, base

    def forward(self, x: Any, offset: int = 0) -> Any:
        x = floats("RotaryPositions", x)
        if len(x.shape) < 2 or x.shape[-1] != self.dim:
            rule, repair = f"x of shape (..., T, {self.dim})", "cut it into heads first"
            raise ShapeError("RotaryPositions", rule, str(x.shape), repair)
        turns = angles(np.arange(offset, offset + x.shape[-2]), self.dim, self.base)
        cos, sin = like(np.cos(turns), x), like(np.sin(turns), x)  # (T, dim / 2)
        a, b = x[..., 0::2], x[..., 1::2]
        turned = stack([a * cos - b * sin, a * sin + b * cos], axis=-1)
        return reshape(turned, x.shape)

    def extra_repr(self) -> str:
        return f"{self.dim}, base={self.base:g}"


def alibi_mask(num_heads: int, length: int, dtype: Any = np.float32) -> np.ndarray:
    """-2^(-8 h / H) (i - j) for head h = 1 .. H, query i and key j <= i; -inf for later keys.

    A mask of floats for `scaled_dot_product_attention`, in place of positions.
    Shapes: -> (num_heads, length, length).
    Differs: the paper's code takes other slopes where num_heads is no power of 2.
    Source: Press et al. 2022, section 3.
    """
    if not (_whole(num_heads, length) and num_heads >= 1 and length >= 0):
        got, repair = f"num_heads={num_heads}, length={length}", "give positive numbers"
        raise OptionError("alibi_mask", "one head or more and a length", got, repair)
    slopes = 2.0 ** (-8.0 * np.arange(1, num_heads + 1) / num_heads)
    times = np.arange(length)
    ago = times[:, None] - times
    return np.where(ago >= 0, -slopes[:, None, None] * ago, -np.inf).astype(dtype)


def _whole(*sizes: Any) -> bool:
    return all(hasattr(size, "__index__") for size in sizes)


def _check_sizes(where: str, d_model: int, max_len: int) -> None:
    if not (_whole(d_model, max_len) and d_model >= 1 and max_len >= 1):
        got = f"d_model={d_model}, max_len={max_len}"
        raise OptionError(where, "sizes of 1 or more", got, "give positive numbers")

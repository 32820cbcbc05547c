"""How much two modalities go together, column by column, beside what chance alone gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import multiply
from ...engine.ops.norms import centre
from ...engine.ops.shaping import data_of
from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from ..objective.similarity import check_eps, unit

KINDS = ("pearson", "spearman")
Figure = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Null:
    """The same figure for pairs put together by chance: its mean and standard deviation over
    so many draws, and in how many it was at least as large, in size, as the one found."""

    mean: float
    sd: float
    draws: int
    reached: int

    def __str__(self) -> str:
        return f"permuted pairs: {self.mean:.2f} +- {self.sd:.2f}"


@dataclass(frozen=True, repr=False)
class ModalityCorrelation:
    """A correlation, and what chance gives: `p` is the share of draws, the one found among
    them, that are at least as large in size (two-sided for r itself)."""

    kind: str
    value: float
    null: Null

    @property
    def p(self) -> float:
        """(1 + draws that reach the value) / (1 + draws)."""
        return (1 + self.null.reached) / (1 + self.null.draws)

    def __repr__(self) -> str:
        return f"{self.kind} {self.value:.2f} ({self.null}; p {self.p:.2g})"


def pearson(a: Any, b: Any, *, eps: float = 0.0) -> Any:
    """r = <a~, b~> / (|a~| |b~|), column by column; a~ is a less its mean.

    A column that does not vary gives 0, and takes no gradient; with eps above 0 lengths are
    sqrt(|a~|^2 + eps^2), which is smooth there.
    Backward: with a^ = a~ / |a~|, a gets g (b^ - r a^) / |a~| and b gets g (a^ - r b^) / |b~|:
    each is turned to the other and neither made longer; columns of gradients sum to 0.
    Shapes: (N,) twice -> (), or (N, d) twice -> (d,).
    Raises: ShapeError for other shapes, OptionError for an eps below 0.
    Source: Pearson 1896.
    """
    a, b = (x if isinstance(x, Tensor) else Tensor(x) for x in (a, b))
    if a.shape != b.shape or len(a.shape) not in (1, 2):
        rule, repair = "two of shape (N,) or (N, d)", "pair columns of one number"
        raise ShapeError("pearson", rule, f"{a.shape} and {b.shape}", repair)
    check_eps("pearson", eps)
    a, b = (unit(centre(x, axis=0), eps, axis=0) for x in (a, b))
    return sum_(multiply(a, b), 0)


def ranks(x: Any) -> np.ndarray:
    """The place of each element in its column, from 1; equal ones share the mean of theirs.

    Shapes: (N,) or (N, d) -> the same, float64. Takes no gradient.
    """
    x = _host(x)
    if x.ndim > 1:
        return np.stack([ranks(column) for column in x.T], axis=1)
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - (count - 1) / 2)[place]


def spearman(a: Any, b: Any) -> np.ndarray:
    """Pearson's r of ranks, where equal elements share the mean of their places.

    Ranks jump, so there is no gradient: the result is a plain array.
    Shapes: (N,) twice -> (), or (N, d) twice -> (d,). Raises: as `pearson`.
    Source: Spearman 1904.
    """
    return np.asarray(pearson(ranks(a), ranks(b)).numpy())


def modality_correlation(
    a: Any,
    b: Any,
    kind: str = "pearson",
    draws: int = 200,
    *,
    rng: np.random.Generator,
) -> ModalityCorrelation:
    """r of two columns; of two features the mean |r| of all pairs of a column of a and one of
    b. Beside it the same figure with the rows of b in random order, `draws` times.

    With many columns the mean |r| of noise is far from 0, at about sqrt(2 / (pi N)); it says
    something only beside the permuted one.
    Shapes: (N,) twice, or (N, d_a) and (N, d_b).
    Raises: OptionError for an unknown kind, less than 2 draws or numbers that are not finite;
    ShapeError for rows that are not pairs, or less than 3 of them.
    """
    if kind not in KINDS:
        rule = f"kind in {', '.join(KINDS)}"
        raise OptionError("modality_correlation", rule, repr(kind), "choose one of these")
    x, y = paired("modality_correlation", a, b)
    x, y = (x, y) if kind == "pearson" else (ranks(x), ranks(y))
    value, null = beside_chance(_mean_r, x, y, draws, rng)
    return ModalityCorrelation(kind, value, null)


def _mean_r(x: np.ndarray, y: np.ndarray) -> float:
    if x.ndim == 1:
        return float(pearson(x, y).numpy())
    units = (data_of(unit(centre(z, axis=0), 0.0, axis=0)) for z in (x, y))
    first, second = units
    return float(np.abs(first.T @ second).mean())


def beside_chance(
    figure: Figure, x: np.ndarray, y: np.ndarray, draws: int, rng: np.random.Generator
) -> tuple[float, Null]:
    """A figure, and its null: the rows of y in random order, `draws` times.

    Raises: OptionError for less than 2 draws.
    """
    if draws < 2:
        repair = "200 tell a p of 0.005 from one of 0.01"
        raise OptionError("permuted pairs", "2 draws or more", f"draws={draws}", repair)
    value = figure(x, y)
    drawn = np.array([figure(x, y[rng.permutation(len(y))]) for _ in range(draws)])
    size = abs(value) * (1 - 1e-12)  # the same pairing may come with other rounding
    reached = int((np.abs(drawn) >= size).sum())
    return value, Null(float(drawn.mean()), float(drawn.std(ddof=1)), draws, reached)


def paired(where: str, a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two modalities on the host, in float64.

    Raises: ShapeError for rows that are not pairs or less than 3 of them, OptionError for
    numbers that are not finite.
    """
    x, y = _host(a), _host(b)
    whole = x.ndim in (1, 2) and x.ndim == y.ndim and x.size and y.size
    if not whole or len(x) != len(y) or len(x) < 3:
        rule, got = "(N,) twice, or (N, d_a) and (N, d_b), N >= 3", f"{x.shape} and {y.shape}"
        raise ShapeError(where, rule, got, "pair the rows")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise OptionError(where, "finite numbers", "nan or inf", "leave missing rows out")
    return x, y


def _host(x: Any) -> np.ndarray:
    return np.asarray(to_device(data_of(x), "cpu"), np.float64)

"""gradcheck: the gradients of a function held against differences of its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import numpy as np

from ..kernels import DTypeError, FusegradError, OptionError
from .grad import gradients_of
from .mode import no_grad
from .shaping import concat
from .tensor import Tensor

# A central difference of step h errs by h^2 and by eps/h; h = eps^(1/3) balances the two.
STEP = float(np.finfo(np.float64).eps ** (1 / 3))
TOLERANCE = 1e-7
# What rounding adds to a difference of terms that add up, in size, to 1: eps / h for each of
# the four values, and as much again for their own last digits.
ROUNDING = 8 * float(np.finfo(np.float64).eps) / STEP
SMALLEST = float(np.finfo(np.float64).smallest_normal)


class GradientError(FusegradError, AssertionError):
    """A gradient that differs from what the values say."""


@dataclass(frozen=True)
class Difference:
    """The worst disagreement found: which input, where in it, and both numbers."""

    argument: int
    index: tuple[int, ...]
    gradient: float
    difference: float
    error: float

    def __str__(self) -> str:
        return (
            f"argument {self.argument}, index {self.index}: gradient {self.gradient!r}, "
            f"difference {self.difference!r}, relative error {self.error:.1e}"
        )


def gradcheck(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    tolerance: float = TOLERANCE,
    rng: np.random.Generator | None = None,
) -> Difference:
    """Compare the gradients of f with central differences, for every element of every argument.

    f takes Tensors and returns a Tensor of any shape; its result is projected on a random
    direction, so that one number stands for all. With `order=2` the gradient itself is checked
    as well, by the same means. Arguments are float64. Errors are relative to the largest
    difference in the argument, or to what rounding leaves of the differences, if that is more.
    Returns the worst disagreement.

    Raises: GradientError, which names argument, index and both numbers; DTypeError for other
    precisions; OptionError for another order.
    """
    if order not in (1, 2):
        raise OptionError(
            "gradcheck", "order 1 or 2", f"order={order}", "nest fg.grad for more"
        )
    rng = np.random.default_rng(0) if rng is None else rng
    arrays = [_float64(i, a) for i, a in enumerate(args)]
    direction = rng.standard_normal(_evaluate(f, arrays).shape)

    def terms(*tensors: Tensor) -> Tensor:
        return f(*tensors) * direction

    worst = _compare(terms, arrays, tolerance, _name(f))
    if order < 2:
        return worst
    directions = [rng.standard_normal(a.shape) for a in arrays]
    second = _compare(
        _slope_along(terms, directions), arrays, tolerance, f"the gradient of {_name(f)}"
    )
    return max(worst, second, key=_badness)


def _float64(i: int, a: Any) -> np.ndarray:
    array = np.array(a)
    if array.dtype != np.float64:
        raise DTypeError(
            "gradcheck",
            f"float64 in argument {i}",
            str(array.dtype),
            "convert it: differences in less precision prove little",
        )
    return array


def _name(f: Any) -> str:
    return getattr(f, "__name__", repr(f))


def _evaluate(f: Callable[..., Any], arrays: Sequence[np.ndarray]) -> np.ndarray:
    with no_grad():
        return f(*map(Tensor, arrays)).data


def _slope_along(f: Callable[..., Any], directions: Sequence[np.ndarray]) -> Callable[..., Any]:
    """The terms of the derivative of f along fixed directions, to be differentiated again."""

    def slopes(*tensors: Any) -> Any:
        outer = [t if t.requires_grad else Tensor(t, requires_grad=True) for t in tensors]
        inner = [t * 1.0 for t in outer]
        gradients = gradients_of(f(*inner).sum(), inner)
        parts = [(g * d).reshape(-1) for g, d in zip(gradients, directions, strict=True)]
        return concat(parts)

    return slopes


def _compare(
    terms: Callable[..., Any], arrays: Sequence[np.ndarray], tolerance: float, name: str
) -> Difference:
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    y = terms(*tensors)
    floor = ROUNDING / tolerance * float(np.abs(y.data).sum())
    gradients = [g.data for g in gradients_of(y.sum(), tensors)]
    found = [
        _worst(i, g, _differences(terms, arrays, i), floor) for i, g in enumerate(gradients)
    ]
    worst = max(found, key=_badness, default=Difference(0, (), 0.0, 0.0, 0.0))
    if not worst.error <= tolerance:
        rule = f"relative error <= {tolerance:g}"
        repair = "look at the vjp or slope of this argument"
        raise GradientError(f"gradcheck of {name}", rule, str(worst), repair)
    return worst


def _worst(
    argument: int, gradient: np.ndarray, differences: np.ndarray, floor: float
) -> Difference:
    """The element where the gradient of one argument is furthest from its difference."""
    scale = max(floor, float(np.abs(differences).max(initial=0)), SMALLEST)
    found = [
        Difference(argument, index, float(g), float(d), float(abs(g - d) / scale))
        for (index, g), d in zip(np.ndenumerate(gradient), differences.flat, strict=True)
    ]
    return max(found, key=_badness, default=Difference(argument, (), 0.0, 0.0, 0.0))


def _badness(difference: Difference) -> float:
    """Its error; a nan is the worst of all."""
    return inf if isnan(difference.error) else difference.error


def _differences(
    f: Callable[..., Any], arrays: Sequence[np.ndarray], argument: int
) -> np.ndarray:
    """Fourth-order central differences of f in each element of one argument."""
    result = np.empty(arrays[argument].shape)
    for index in np.ndindex(result.shape):

        def shifted(steps: float, index: tuple[int, ...] = index) -> float:
            moved = [a.copy() for a in arrays]
            moved[argument][index] += steps * STEP
            return float(np.asarray(_value(f, moved)))

        result[index] = (8 * (shifted(1) - shifted(-1)) - (shifted(2) - shifted(-2))) / (
            12 * STEP
        )
    return result


def _value(f: Callable[..., Any], arrays: Sequence[np.ndarray]) -> float:
    return float(np.sum(f(*map(Tensor, arrays)).data))

"""How far elements spread, and how large they are: var, std, norm."""

from __future__ import annotations

import math
from typing import Any

from ...kernels import OptionError, reduce
from ..op import LINEAR, Op, structural
from ..tape import apply
from .broadcast import Axis, normal_axes, spread, sum_
from .elementwise import absolute, divide, equal, multiply, power, ratio, sign, where
from .reductions import Axes, count_of, max_, over, weighted
from .shaping import as_array, astype


def _var_weights(x: Any, y: Any, axis: Axes) -> Any:
    return over(centre(x, axis), count_of(x, axis) / 2)


def _std_weights(x: Any, y: Any, axis: Axes) -> Any:
    return over(_direction(centre(x, axis), y, axis), count_of(x, axis))


def _direction(x: Any, y: Any, axis: Axes) -> Any:
    """x / y, and 0 where both are: at the zero vector a norm has gradient 0, of any order."""
    return ratio(x, spread(y, x.shape, axis))


def _p_weights(x: Any, y: Any, axis: Axes, p: float) -> Any:
    """sign(x) (|x| / y) ** (p - 1). An element that is 0 stands aside for y, and y, where it
    is 0, for 1: else a negative power of 0 would make a nan of the sign that is 0."""
    top = spread(where(equal(y, 0), 1.0, y), x.shape, axis)
    size = where(equal(x, 0), top, absolute(x))
    return multiply(sign(x), power(divide(size, top), p - 1))


def _p_vjp(g: Any, x: Any, y: Any, p: float, input_shape: Any, axis: Axes) -> Any:
    return multiply(spread(g, input_shape, axis), _p_weights(x, y, axis, p))


def _p_jvp(t: Any, x: Any, y: Any, p: float, axis: Axes, keepdims: bool) -> Any:
    return sum_(multiply(t, _p_weights(x, y, axis, p)), axis, keepdims)


CENTRE: Op = structural(  # a projection, which is its own transpose
    "centre", reduce.centre, ["x"], lambda g, axis: apply(CENTRE, g, axis=axis), jvp=LINEAR
)
VAR = weighted("var", reduce.var, _var_weights)
STD = weighted("std", reduce.std, _std_weights)
NORM = weighted("norm", reduce.euclidean, _direction)
P_NORM = structural("p_norm", reduce.p_norm, ["x", "p"], _p_vjp, None, jvp=[_p_jvp, None])


def centre(x: Any, axis: Axis = None) -> Any:
    """x less its mean over axes; exactly 0 where all elements are equal."""
    x = as_array(x)
    return apply(CENTRE, x, axis=normal_axes("centre", x, axis))


def var(
    x: Any,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """sum((x - mean(x)) ** 2) / (n - ddof) over axes, by default all n elements.

    Two passes, so that a large offset costs no digits. nan where n <= ddof. `correction` is
    PyTorch's word for ddof. Differs: PyTorch's default is 1, this and NumPy's is 0; NumPy gives
    inf where n <= ddof and elements differ.
    Raises: OptionError where ddof and correction are both given.
    """
    x = as_array(x)
    axes = normal_axes("var", x, axis)
    part = _part_left("var", count_of(x, axes), ddof, correction)
    y = apply(VAR, x, axis=axes, keepdims=keepdims)
    return y if part == 1 else divide(y, part)


def std(
    x: Any,
    axis: Axis = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    correction: float | None = None,
) -> Any:
    """sqrt(var(x)) over axes, by default all; its gradient is 0 where all elements are equal.

    ddof, correction, nan, Raises: as in `var`. Differs: deviations whose squares overflow or
    vanish do no harm.
    """
    x = as_array(x)
    axes = normal_axes("std", x, axis)
    part = _part_left("std", count_of(x, axes), ddof, correction)
    y = apply(STD, x, axis=axes, keepdims=keepdims)
    return y if part == 1 else divide(y, math.sqrt(part))


def _part_left(where: str, count: int, ddof: float, correction: float | None) -> float:
    """(n - ddof) / n; nan where nothing is left."""
    if correction is not None and ddof:
        got = f"ddof={ddof} and correction={correction}"
        raise OptionError(where, "ddof or correction", got, "they mean the same: give one")
    taken = ddof if correction is None else correction
    return (count - taken) / count if count > max(taken, 0) else math.nan


def norm(x: Any, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Any:
    """sum(|x| ** ord) ** (1 / ord) over axes, the largest |x| for ord inf.

    Any ord > 0; one that is below 1 gives no norm in the strict sense. x = 1e200 or 1e-200 is
    as good as 1. The gradient is 0 at the zero vector; for 1 < ord < 2 the second derivative,
    infinite where an element is 0, is given as 0 there, and the first, for ord < 1, too.
    Ties of ord inf share the gradient.
    Differs: axis None means all elements of a matrix too, and several axes are taken as one, as
    in torch.linalg.vector_norm; NumPy gives matrix norms for two axes.
    Raises: OptionError for another ord, ShapeError where there is nothing for ord inf.
    """
    _check_ord(ord)
    x = as_array(x)
    x = x if x.dtype.kind == "f" else astype(x, float)
    axes = normal_axes("norm", x, axis)
    if ord == math.inf:
        return max_(absolute(x), axes, keepdims)
    if ord == 1:
        return sum_(absolute(x), axes, keepdims)
    if ord == 2:
        return apply(NORM, x, axis=axes, keepdims=keepdims)
    return apply(P_NORM, x, float(ord), axis=axes, keepdims=keepdims)


def _check_ord(ord: Any) -> None:
    if isinstance(ord, str) or ord is None or not ord > 0:
        repair = "axis=None, ord=2 is the norm of all elements"
        raise OptionError("norm", "ord > 0 (1, 2, inf or another)", f"ord={ord!r}", repair)

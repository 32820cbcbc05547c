"""The affine map of dense layers, as one op."""

from __future__ import annotations

import math
from typing import Any

from ...kernels import ShapeError
from ...kernels import matmul as kernels
from ..fused import Fused
from ..op import structural
from ..tape import apply
from .broadcast import sum_
from .linear import matmul
from .shaping import as_array, reshape, swap_last

Shape = tuple[int, ...]


# Leading axes are rows of x. Where a vjp serves many gradients at once, `input_shape` has their
# number in front, and what was saved a 1.
def _of_x(g: Any, weight: Any, input_shape: Shape) -> Any:
    """g W."""
    return reshape(matmul(_rows(g, 1), reshape(weight, weight.shape[-2:])), input_shape)


def _of_weight(g: Any, x: Any, input_shape: Shape) -> Any:
    """g^T x."""
    return matmul(swap_last(_rows(g, len(input_shape) - 1)), _rows(x, 1))


def _of_bias(g: Any, input_shape: Shape) -> Any:
    """The sum of g over its rows."""
    return sum_(_rows(g, len(input_shape)), -2)


def _rows(x: Any, lead: int) -> Any:
    """x with all axes as one but the last, and but the first `lead - 1`."""
    kept = x.shape[: lead - 1]
    return reshape(x, (*kept, math.prod(x.shape[lead - 1 : -1]), x.shape[-1]))


LINEAR = structural(
    "linear",
    kernels.linear,
    ["x", "weight", "bias"],  # the last may be missing
    Fused(kernels.linear_x_vjp, _of_x),
    Fused(kernels.linear_weight_vjp, _of_weight),
    Fused(kernels.linear_bias_vjp, _of_bias),
    jvp=[lambda t, weight: affine(t, weight), lambda t, x: affine(x, t), lambda t: t],
)


def affine(x: Any, weight: Any, bias: Any = None) -> Any:
    """`linear`, for shapes that are known to fit."""
    return apply(LINEAR, x, weight) if bias is None else apply(LINEAR, x, weight, bias)


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x W^T + b, without b where there is none.

    Shapes: x (..., I), W (O, I), b (O,) -> (..., O). Raises: ShapeError where these differ.
    Differs: PyTorch takes a vector as W too; here that is `x @ w + b`.
    """
    x, weight = as_array(x), as_array(weight)
    bias = None if bias is None else as_array(bias)
    if (
        len(weight.shape) != 2
        or x.shape[-1:] != weight.shape[1:]
        or not (bias is None or bias.shape == weight.shape[:1])
    ):
        shapes = ", ".join(str(a.shape) for a in (x, weight, bias) if a is not None)
        rule = "x (..., I), weight (O, I) and bias (O,)"
        raise ShapeError("linear", rule, shapes, "transpose weight, or reshape x")
    return affine(x, weight, bias)

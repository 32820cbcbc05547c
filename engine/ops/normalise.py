"""What layers that normalise share: (x - mean) / sqrt(var + eps) weight + bias, as one op."""

from __future__ import annotations

from typing import Any

from ...kernels import norms
from ..fused import Fused
from ..op import Op, structural
from ..tape import apply
from .broadcast import Axis, normal_axes
from .elementwise import add, multiply, rsqrt, square, subtract
from .norms import centre
from .reductions import mean
from .shaping import as_array, astype


def _parts(x: Any, axis: Any, eps: float, is_centred: bool) -> tuple[Any, Any]:
    """x without its mean, divided by its size, and 1 / size, float16 in float32. In two passes,
    so that a large offset costs no digits: mean(x ** 2) - mean(x) ** 2 would cancel.

    Source: Chan, Golub & LeVeque 1983.
    """
    z = astype(x, "float32") if x.dtype == "float16" else x
    rest = centre(z, axis) if is_centred else z
    scale = rsqrt(add(mean(square(rest), axis, keepdims=True), eps))
    return multiply(rest, scale), scale


def _vjp(g: Any, x: Any, weight: Any, axis: Any, eps: float, is_centred: bool) -> Any:
    h, scale = _parts(x, axis, eps, is_centred)
    u = multiply(g, weight)
    slope = mean(multiply(u, h), axis, keepdims=True)
    level = centre(u, axis) if is_centred else u
    return multiply(subtract(level, multiply(h, slope)), scale)


def _vjp_weight(g: Any, x: Any, weight: Any, axis: Any, eps: float, is_centred: bool) -> Any:
    return multiply(g, _parts(x, axis, eps, is_centred)[0])


def _vjp_bias(g: Any, x: Any, weight: Any, axis: Any, eps: float, is_centred: bool) -> Any:
    return g


def _jvp(t: Any, x: Any, weight: Any, axis: Any, eps: float, is_centred: bool) -> Any:
    # Without a weight the Jacobian is its own transpose.
    return multiply(_vjp(t, x, 1.0, axis, eps, is_centred), weight)


NORMALISE: Op = structural(
    "normalise",
    norms.normalise,
    ["x", "weight", "bias"],
    Fused(norms.normalise_vjp, _vjp),
    Fused(norms.normalise_vjp_weight, _vjp_weight),
    Fused(norms.normalise_vjp_bias, _vjp_bias),
    jvp=[
        _jvp,
        lambda t, x, axis, eps, is_centred: multiply(t, _parts(x, axis, eps, is_centred)[0]),
        lambda t: t,
    ],
    expects="a weight and a bias that broadcast to x",
    repair="reshape them",
)


def normalise(
    x: Any,
    weight: Any = None,
    bias: Any = None,
    axis: Axis = -1,
    eps: float = 1e-5,
    is_centred: bool = True,
) -> Any:
    """(x - mean) / sqrt(var + eps) weight + bias, mean and var over axes; with `is_centred`
    False x / sqrt(mean(x ** 2) + eps) weight + bias.

    In two passes, so that a large offset costs no digits; equal elements become exactly the
    bias. float16 is computed in float32. Shapes: a weight and a bias broadcast to x; None is
    none of them. Source: Chan, Golub & LeVeque 1983.
    """
    x = as_array(x)
    axes = normal_axes("normalise", x, axis)
    scales = _scale(weight, 1.0), _scale(bias, 0.0)
    return apply(NORMALISE, x, *scales, axis=axes, eps=eps, is_centred=is_centred)


def _scale(given: Any, none: float) -> Any:
    """A weight or a bias as the kernel takes them."""
    if given is None:
        return none
    return float(given) if isinstance(given, (int, float)) else as_array(given)

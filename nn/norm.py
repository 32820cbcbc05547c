"""Normalisation of each example by itself: LayerNorm, RMSNorm, GroupNorm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.ops.create import sizes
from ..engine.ops.normalise import normalise
from ..engine.ops.shaping import reshape
from ..kernels import OptionError, ShapeError
from . import init
from .applied import floats
from .module import Module
from .parameter import Parameter


def laid(parameter: Any, shape: tuple[int, ...]) -> Any:
    """A parameter in the shape in which it broadcasts; None stays None."""
    is_so = parameter is None or parameter.shape == shape
    return parameter if is_so else reshape(parameter, shape)


def weight_and_bias(
    shape: tuple[int, ...], affine: bool, bias: bool
) -> tuple[Parameter | None, Parameter | None]:
    """A weight of ones and a bias of zeros, each where it is asked for."""
    return (
        Parameter(init.ones(shape), "weight") if affine else None,
        Parameter(init.zeros(shape), "bias") if affine and bias else None,
    )


class LayerNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, mean and var over the last axes.

    Shapes: x (..., *normalized_shape) -> the same; weight, bias normalized_shape. The weight
    begins with ones, the bias with zeros.
    Raises: ShapeError for another x, or for no axis to normalise over; DTypeError for integers.
    Source: Ba, Kiros & Hinton 2016, eq. 3, with eps as in PyTorch.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape, self.eps = _last_axes("LayerNorm", normalized_shape), eps
        self.weight, self.bias = weight_and_bias(
            self.normalized_shape, elementwise_affine, bias
        )

    def forward(self, x: Any) -> Any:
        x, axes = _checked("LayerNorm", x, self.normalized_shape)
        return normalise(x, self.weight, self.bias, axes, self.eps)

    def extra_repr(self) -> str:
        affine, bias = self.weight is not None, self.bias is not None
        shown = f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}"
        return f"{shown}, bias={bias}"


class RMSNorm(Module):
    """y = x / sqrt(mean(x ** 2) + eps) * weight, the mean over the last axes.

    Shapes: x (..., *normalized_shape) -> the same; weight normalized_shape, of ones at first.
    Where eps is None it is the distance from 1 to the next number of x's dtype, for float16 of
    float32, as in PyTorch.
    Raises: ShapeError for another x, or for no axis to normalise over; DTypeError for integers.
    Source: Zhang & Sennrich 2019, eq. 4, which has no eps.
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        self.normalized_shape, self.eps = _last_axes("RMSNorm", normalized_shape), eps
        self.weight, _ = weight_and_bias(self.normalized_shape, elementwise_affine, bias=False)

    def forward(self, x: Any) -> Any:
        x, axes = _checked("RMSNorm", x, self.normalized_shape)
        eps = _eps_of(x.dtype) if self.eps is None else self.eps
        return normalise(x, self.weight, None, axes, eps, is_centred=False)

    def extra_repr(self) -> str:
        affine = self.weight is not None
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={affine}"


class GroupNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, mean and var over each of num_groups
    groups of neighbouring channels of each example, and over all positions.

    Shapes: x (N, C, ...) -> the same; weight, bias (C,), ones and zeros at first.
    Raises: OptionError where num_groups does not divide num_channels; ShapeError for another x;
    DTypeError for integers. Differs: PyTorch refuses one number a group if N is 1 too; here, as
    for other N, it becomes 0. Source: Wu & He 2018, eq. 7.
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        num_groups, num_channels = sizes("GroupNorm", (num_groups, num_channels))
        if num_groups == 0 or num_channels % num_groups:
            rule, got = "num_groups that divides num_channels", f"{num_groups}, {num_channels}"
            raise OptionError("GroupNorm", rule, got, "change one of them")
        self.num_groups, self.num_channels, self.eps = num_groups, num_channels, eps
        self.weight, self.bias = weight_and_bias((num_channels,), affine, bias)

    def forward(self, x: Any) -> Any:
        x, groups, channels = floats("GroupNorm", x), self.num_groups, self.num_channels
        if x.shape[1:2] != (channels,):
            rule, repair = f"x of shape (N, {channels}, ...)", "put channels second"
            raise ShapeError("GroupNorm", rule, str(x.shape), repair)
        n, _, *positions = x.shape
        shape = (groups, channels // groups)
        parts = reshape(x, (n, *shape, *positions))
        beside = (*shape, *(1 for _ in positions))
        weight, bias = laid(self.weight, beside), laid(self.bias, beside)
        axes = tuple(range(2, len(parts.shape)))
        return reshape(normalise(parts, weight, bias, axes, self.eps), x.shape)

    def extra_repr(self) -> str:
        affine, bias = self.weight is not None, self.bias is not None
        shown = f"{self.num_groups}, {self.num_channels}, eps={self.eps}"
        return f"{shown}, affine={affine}, bias={bias}"


def _eps_of(dtype: Any) -> float:
    """From 1 to the next number; float16 is computed in float32."""
    return float(np.finfo(np.float32 if dtype == np.float16 else dtype).eps)


def _last_axes(where: str, normalized_shape: Any) -> tuple[int, ...]:
    """The lengths of the axes to normalise over."""
    shape = sizes(where, normalized_shape)
    if not shape:
        rule, repair = "normalized_shape of one axis or more", "give x's last lengths"
        raise ShapeError(where, rule, str(shape), repair)
    return shape


def _checked(where: str, x: Any, shape: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """x, which must end in a shape, and the axes that are that shape's."""
    x = floats(where, x)
    if x.shape[-len(shape) :] != shape:
        rule = f"x of shape (..., {', '.join(map(str, shape))})"
        repair = f"build {where} for this shape"
        raise ShapeError(where, rule, str(x.shape), repair)
    n = len(x.shape)
    return x, tuple(range(n - len(shape), n))

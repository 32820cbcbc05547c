"""Layers of weighted sums: of x, and of the products of two inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import CSR, Tensor
from ..engine.ops.dense import affine
from ..engine.ops.einsum import einsum
from ..engine.ops.sparse_products import csr_linear
from ..kernels import ShapeError
from . import init
from .applied import floats
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """y = x W^T + b.

    Shapes: x (..., in_features) -> (..., out_features); W (out_features, in_features), b
    (out_features,). W and b are drawn uniformly from +-1/sqrt(in_features), as PyTorch does.
    An x that is almost all zeros, as bags of words are, may be a `CSR`, which is a constant.
    Raises: ShapeError, DTypeError for an x that is not so.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator,
    ) -> None:
        _draw(self, (out_features, in_features), bias, rng)

    def forward(self, x: Any) -> Tensor:
        x = x if isinstance(x, CSR) else floats("Linear", x)
        if x.shape[-1:] != self.weight.shape[1:]:
            raise ShapeError(
                "Linear",
                f"x of shape (..., {self.weight.shape[1]})",
                str(x.shape),
                _repair(x.shape, self.weight.shape[1]),
            )
        if isinstance(x, CSR):
            return csr_linear(x, self.weight, self.bias)
        return affine(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        out, into = self.weight.shape
        return f"{into}, {out}, bias={self.bias is not None}"


class Bilinear(Module):
    """y_o = x1^T W_o x2 + b_o.

    Shapes: x1 (..., in1_features), x2 (..., in2_features) -> (..., out_features); W
    (out_features, in1_features, in2_features), b (out_features,). W and b are drawn uniformly
    from +-1/sqrt(in1_features), as PyTorch does.
    Raises: ShapeError, DTypeError for an x1 or x2 that is not so.
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        rng: np.random.Generator,
    ) -> None:
        _draw(self, (out_features, in1_features, in2_features), bias, rng)

    def forward(self, x1: Any, x2: Any) -> Tensor:
        x1, x2 = floats("Bilinear", x1, "x1"), floats("Bilinear", x2, "x2")
        _, first, second = self.weight.shape
        lead = x1.shape[:-1]
        if x1.shape != (*lead, first) or x2.shape != (*lead, second):
            raise ShapeError(
                "Bilinear",
                f"x1 (..., {first}) and x2 (..., {second}), alike in ...",
                f"{x1.shape} and {x2.shape}",
                "reshape one of them, or build Bilinear for these widths",
            )
        y = einsum("...i,oij,...j->...o", x1, self.weight, x2)
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        out, first, second = self.weight.shape
        return f"{first}, {second}, {out}, bias={self.bias is not None}"


def _draw(
    layer: Linear | Bilinear, shape: tuple[int, ...], bias: bool, rng: np.random.Generator
) -> None:
    """First values, uniform on +-1/sqrt(shape[1])."""
    bound = 1 / math.sqrt(max(shape[1], 1))
    layer.weight = Parameter(init.uniform(rng, shape, bound), "weight")
    layer.bias = Parameter(init.uniform(rng, shape[:1], bound), "bias") if bias else None


def _repair(shape: tuple[int, ...], width: int) -> str:
    if len(shape) > 2 and math.prod(shape[1:]) == width:
        return "put nn.Flatten() before it"
    return "reshape x, or build Linear for this width"

"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import linear
from ..engine.ops.shaping import as_array
from ..kernels import ShapeError
from . import init
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """y = x W^T + b.

    Shapes: x (..., in_features) -> (..., out_features); W (out_features, in_features), b
    (out_features,). W and b are drawn uniformly from +-1/sqrt(in_features), as PyTorch does.
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
        bound = 1 / math.sqrt(max(in_features, 1))
        self.weight = Parameter(init.uniform(rng, (out_features, in_features), bound), "weight")
        self.bias = (
            Parameter(init.uniform(rng, (out_features,), bound), "bias") if bias else None
        )

    def forward(self, x: Any) -> Tensor:
        x = as_array(x)
        if x.shape[-1:] != self.weight.shape[1:]:
            raise ShapeError(
                "Linear",
                f"x of shape (..., {self.weight.shape[1]})",
                str(x.shape),
                "reshape x, or build Linear for this width",
            )
        y = linear.matmul(x, self.weight.T)
        return y if self.bias is None else y + self.bias

    def extra_repr(self) -> str:
        out, into = self.weight.shape
        return f"{into}, {out}, bias={self.bias is not None}"

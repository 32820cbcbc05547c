"""LowRank: a linear layer on the outer product, without ever forming that product."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops.einsum import einsum
from ...nn import Parameter, init
from ..presence import Presence
from .fusion import Fusion, demand_sizes
from .tensor import with_one


class LowRank(Fusion):
    """h = sum_r w_r prod_m P_m[r] + b with P_m[r] = [1; f_m] U_m[r]: what a Linear of weights
    sum_r w_r U_1[r] (x) .. (x) U_M[r] makes of the outer product, for the price of R factors.

    Backward: dP_m = delta w_r prod of the other P_n, multiplied out and never divided by P_m,
    which may be 0; g_m = sum_r U_m[r] dP_m without the row of the 1; dU_m = [1; f_m]^T dP_m;
    dw_r = <delta, prod_m P_m[r]>.
    Shapes: f_m (B, d_m), U_m (R, d_m + 1, D), w (R,), b (D,) -> h (B, D). U_m is normal of
    variance 1/(d_m + 1), w_r = 1/sqrt(R) and b = 0: on features of variance 1 every P_m, their
    product, and h have variance 1, for any number of modalities.
    Raises: OptionError for a width or rank below 1.
    Differs: the paper's program draws all by Xavier's rule with the axes as they are, under
    which the product shrinks with every modality.
    Source: Liu, Shen et al. 2018.
    """

    factors: dict[str, Parameter]
    weight: Parameter
    bias: Parameter

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        rank: int = 4,
        *,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths)
        demand_sizes("LowRank", width=width, rank=rank)
        self._width, self.rank = width, rank
        self.factors = {
            name: Parameter(
                init.normal(rng, (rank, d + 1, width), 1 / math.sqrt(d + 1)),
                f"factors of {name}",
            )
            for name, d in self.widths.items()
        }
        self.weight = Parameter(init.constant((rank,), 1 / math.sqrt(rank)), "weight")
        self.bias = Parameter(init.zeros((width,)), "bias")

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        parts = [
            einsum("bi,rio->bro", with_one(f), self.factors[name])
            for name, f in features.items()
        ]
        product = parts[0]
        for part in parts[1:]:
            product = product * part
        return einsum("r,bro->bo", self.weight, product) + self.bias

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, width={self.width}, rank={self.rank}"

"""JointHidden: one hidden layer that all modalities feed."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import activations, elementwise, linear
from ...kernels import OptionError
from ...nn import Parameter, init
from ..presence import Presence
from .fusion import Fusion, demand_sizes

PHI = {
    "relu": activations.relu,
    "sigmoid": activations.sigmoid,
    "softplus": activations.softplus,
    "tanh": elementwise.tanh,
}


class JointHidden(Fusion):
    """z = phi(sum v_m W_m^T + b), with phi "relu", "sigmoid", "softplus" or "tanh".

    Backward: e = delta * phi'(sum v_m W_m^T + b) is one error for all; g_m = e W_m, and
    dL/dW_m = e^T v_m. Where phi is flat no branch learns, whoever drove it there.
    Shapes: v_m (B, d_m), W_m (D, d_m), b (D,) -> z (B, D). W and b are drawn as one Linear of
    the features side by side draws them: uniformly from +-1/sqrt(sum d_m).
    Raises: OptionError for another phi, or a width below 1.
    Differs: the paper trains its hidden layer as a Boltzmann machine first; here it is trained
    by the loss alone. What makes modalities complement each other are objectives beside it.
    Source: Ngiam et al. 2011.
    """

    weights: dict[str, Parameter]
    bias: Parameter

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        phi: str = "relu",
        *,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths)
        demand_sizes("JointHidden", width=width)
        if phi not in PHI:
            rule = f"phi in {', '.join(PHI)}"
            raise OptionError("JointHidden", rule, repr(phi), "choose one of these")
        self._width, self.phi = width, phi
        bound = 1 / math.sqrt(sum(self.widths.values()))
        self.weights = {
            name: Parameter(init.uniform(rng, (width, d), bound), f"weight of {name}")
            for name, d in self.widths.items()
        }
        self.bias = Parameter(init.uniform(rng, (width,), bound), "bias")

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        z: Tensor = self.bias
        for name, v in features.items():
            z = z + linear.matmul(v, self.weights[name].T)
        return PHI[self.phi](z)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, width={self.width}, phi={self.phi!r}"

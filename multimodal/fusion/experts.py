"""ProductOfExperts: every modality says what it believes, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...nn import Linear
from ..experts import product_of_experts
from ..meeting import Features
from ..presence import Presence, Present
from .fusion import Fusion, demand_sizes


class ProductOfExperts(Fusion):
    """The normal distribution that is the product of one expert N(mu_m, exp(lv_m)) for each
    modality and of the prior N(0, 1): with T_m = exp(-lv_m) and Z = 1 + sum T_m,

        mu = sum mu_m T_m / Z,  logvar = -log Z;  F = mu.

    mu_m = f_m W_m^T + b_m and lv_m, the same of other weights, are the heads of a branch.
    Backward: mu_m receives delta T_m / Z, and lv_m receives -delta T_m (mu_m - mu) / Z, plus
    delta_logvar T_m / Z where logvar is used too. A sure branch takes the error; one that says
    what all say is not told to be more or less sure.
    Shapes: f_m (B, d_m) -> F (B, D). A missing modality's term is left out; without any, mu and
    logvar are 0, the prior's. W and b are drawn as Linear draws.
    Raises: OptionError for a width below 1.
    Differs: as `product_of_experts`, which computes it, says.
    Source: Wu & Goodman 2018, section 2.2.
    """

    means: dict[str, Linear]
    logvars: dict[str, Linear]

    def __init__(
        self, widths: Mapping[str, int], width: int, *, rng: np.random.Generator
    ) -> None:
        super().__init__(widths)
        demand_sizes("ProductOfExperts", width=width)
        self._width = width
        self.means = {name: Linear(d, width, rng=rng) for name, d in self.widths.items()}
        self.logvars = {name: Linear(d, width, rng=rng) for name, d in self.widths.items()}

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        return self._posterior(features, here)[0]

    def posterior(
        self, features: Features, present: Present | None = None
    ) -> tuple[Tensor, Tensor]:
        """mu and logvar of the product, for what draws from it. Shapes: (B, D), (B, D).

        Raises: as for a call.
        """
        return self._posterior(*self.gathered(features, present))

    def _posterior(self, features: dict[str, Tensor], here: Presence) -> tuple[Tensor, Tensor]:
        mus = {name: self.means[name](f) for name, f in features.items()}
        logvars = {name: self.logvars[name](f) for name, f in features.items()}
        return product_of_experts(mus, logvars, here)

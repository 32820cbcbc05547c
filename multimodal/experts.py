"""Product of experts: what several Gaussians say together, with a standard normal prior."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..engine import Tensor
from ..engine.ops import elementwise
from ..engine.ops.reductions import logsumexp
from ..engine.ops.shaping import stack
from ..engine.ops.softmax import softmax
from ..kernels.device import to_device
from .presence import Presence, masked


def product_of_experts(
    mus: Mapping[str, Tensor], logvars: Mapping[str, Tensor], here: Presence
) -> tuple[Tensor, Tensor]:
    """mu = sum_m mu_m T_m / Z, logvar = -log Z, with T_m = exp(-logvar_m), Z = 1 + sum_m T_m.

    The 1 is the prior N(0, 1), which is left alone where a sample has no modality.
    Backward: dmu_m = delta_mu T_m / Z; dlogvar_m = -delta_mu (T_m / Z) (mu_m - mu) +
    delta_lv T_m / Z: who is sure takes the gradient, who is absent exactly 0.
    Shapes: mu_m, logvar_m (B, d) -> (B, d) each.
    Differs: T_m / Z is a softmax of [0, -logvar_1 .. -logvar_M], which no logvar makes
    overflow; no eps is added, since Z is 1 or more.
    Source: Wu & Goodman 2018; Cao & Fleet 2014.
    """
    names, first = list(mus), next(iter(mus.values()))
    prior = Tensor(to_device(np.zeros(first.shape, first.dtype), first.device))
    precisions = stack([prior, *(_log_precision(logvars[n], here[n]) for n in names)])
    shares = softmax(precisions, axis=0)  # (1 + M, B, d)
    mu = sum(
        (shares[k] * masked(mus[n], here[n]) for k, n in enumerate(names[1:], 2)),
        start=shares[1] * masked(first, here[names[0]]),
    )
    return mu, -logsumexp(precisions, axis=0)


def _log_precision(logvar: Tensor, mask: np.ndarray) -> Tensor:
    """-logvar, and -inf, which is no expert at all, where the mask is False."""
    if mask.all():
        return -logvar
    return elementwise.where(to_device(mask[:, None], logvar.device), -logvar, -np.inf)

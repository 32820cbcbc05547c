"""OGM and OGM-GE: hold back the branch that leads."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.ops import random
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn import Parameter
from ...nn.loss.checks import at_least
from ..network import Inputs, Multimodal
from ..presence import Present
from .method import Criterion, Step, added
from .own import dense, own_parameters, scale, set_aside
from .voices import Voiced, likelihoods, ratios


class OGM(Voiced):
    """g -> k_m g for the parameters of branch m, with k_m = 1 - tanh(alpha rho_m) where
    rho_m > 1, else 1; rho_m = s_m / mean of s_j over j != m; s_m = the mean over the rows that
    have m of p_m[i, y_i]. With `noise` (OGM-GE): g -> k_m g + N(0, std(g)).

    Backward: that of the fused loss; then the gradients of branches that lead shrink. Fusion
    and heads keep theirs, and so does a parameter that two parts of the network share.
    One forward, one backward; with logits="absent" M forwards more.
    alpha: the paper fixes none (its code: .1 on VGGSound, .8 on CREMA-D); here .8.
    Differs: two modalities give the paper's s_m / s_other exactly; for more, all others enter,
    by their mean. s_m is a mean, as a modality may be missing in some rows; with none missing,
    ratios are those of the paper's sums. The logits are a head's, not f_m times a slice of the
    fused head with a part of its bias, which exists for concatenation alone: `Voiced` says
    which. The noise is added after scaling, of the spread (over n, not n - 1) of one
    parameter's gradient before scaling, to all parameters of all branches in the batch; the
    authors' code draws it for weights of convolutions only, which are also all that it scales.
    A gradient of some rows becomes dense with noise.
    Raises: OptionError for alpha < 0, and for noise without rng; else as for `Voiced`.
    Source: Peng et al. 2022.
    """

    def __init__(
        self,
        alpha: float = 0.8,
        noise: bool = False,
        logits: str | None = None,
        criterion: Criterion = cross_entropy,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(logits, criterion)
        self.alpha, self.noise = at_least("OGM", "alpha", alpha, 0), noise
        if noise and rng is None:
            repair = "pass rng=np.random.default_rng(0)"
            raise OptionError("OGM with noise", "a generator", "rng=None", repair)
        self.rng = None if rng is None else random.generator(rng)

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        source, voices = self.hear(network, features, out, present)
        losses = self.unimodal_losses(out, target, voices)
        scores = likelihoods(voices, out.here, target)
        weight = {**dict.fromkeys(network.branches, 1.0), **held_back(scores, self.alpha)}
        own, probes = own_parameters(network), losses if source == "probe" else {}
        with set_aside(network.parameters()):
            self.backward_pass(added([loss, *probes.values()]))
            for name in voices:
                noise = _noise(own[name], self.rng) if self.noise else []
                scale(own[name], weight[name])
                for p, xi in noise:
                    p.grad = dense(p.grad) + xi
        return Step(loss, out, losses, weight, source)


def held_back(scores: dict[str, float], alpha: float) -> dict[str, float]:
    """k_m = 1 - tanh(alpha rho_m) where rho_m > 1, else 1.

    >>> held_back({"a": 0.6, "b": 0.3}, alpha=0.0)
    {'a': 1.0, 'b': 1.0}
    """
    found = ratios(scores)
    leads = {m: bool(alpha) and rho > 1 for m, rho in found.items()}  # 0 times inf is no lead
    return {m: 1 - math.tanh(alpha * rho) if leads[m] else 1.0 for m, rho in found.items()}


def _noise(
    parameters: Iterable[Parameter], rng: np.random.Generator | None
) -> list[tuple[Parameter, Any]]:
    """A draw of N(0, std(g)) for each parameter with a gradient that varies."""
    found = []
    for p in parameters:
        g = dense(p.grad)
        spread = 0.0 if g is None else _spread(g.data.astype("float64"))
        if g is not None and rng is not None and 0 < spread < math.inf:
            drawn = random.normal(rng, g.shape, 0.0, spread, g.dtype)
            found.append((p, to_device(drawn.data, g.device)))
    return found


def _spread(g: Any) -> float:
    """The root of the mean square of what is left of g without its mean."""
    count = max(g.size, 1)
    rest = g - g.sum() / count
    return math.sqrt(float((rest * rest).sum()) / count)

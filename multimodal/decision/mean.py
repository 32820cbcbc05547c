"""Means of what the modalities say, sample by sample over those that are there."""

from __future__ import annotations

import numpy as np

from ...engine import Tensor
from ...engine.ops import elementwise, reductions, shaping
from ...engine.ops.softmax import log_softmax
from ...kernels.device import to_device
from ..presence import Presence
from .decision import Decision


class MeanLogits(Decision):
    """z = the mean of z_m over the modalities present; 0 where none is.

    Backward: with cross-entropy dL/dz_m = (softmax(z) - y) / (M B): equal shares.
    Shapes: z_m (B, C) -> (B, C).
    """

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        first, *rest = features.values()
        for z in rest:
            first = first + z
        return first / here.count(first)


class MeanProbabilities(Decision):
    """z = log of the mean of softmax(z_m) over the modalities present: a mixture of experts.

    Backward: with cross-entropy dL/dz_m = q_m (p_m - y) / B, where q_m = p_m[label] / sum_j
    p_j[label] is the responsibility of m. All q_m sum to 1: who is right takes the gradient,
    who is wrong learns little.
    Shapes: z_m (B, C) -> (B, C), logarithms of probabilities; -log C where none is present.
    Differs: z is what cross-entropy takes, not the probabilities; computed as a logsumexp of
    log-softmax, so that nothing is lost where a probability rounds to 0.
    Source: Jacobs et al. 1991, of experts with equal weights.
    """

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        table = np.stack([here[name] for name in features])  # (M, B)
        table = table | ~table.any(axis=0)  # where none is present, all z_m are 0 and vote
        said = [_of_those(log_softmax(z), row) for z, row in zip(features.values(), table)]
        count = np.log(table.sum(axis=0))[:, None].astype(said[0].dtype)
        total: Tensor = reductions.logsumexp(shaping.stack(said), axis=0)
        return total - to_device(count, total.device)


def _of_those(log_p: Tensor, mask: np.ndarray) -> Tensor:
    """log p, and -inf, which adds nothing, where the mask is False."""
    if mask.all():
        return log_p
    return elementwise.where(to_device(mask[:, None], log_p.device), log_p, -np.inf)

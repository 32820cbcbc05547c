"""GMU: modalities compete for every element of F."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import elementwise
from ...engine.ops.shaping import concat, reshape, stack
from ...kernels.device import to_device
from ...nn import Linear
from ..presence import Presence
from .fusion import Fusion, demand_sizes
from .shares import shares


class GMU(Fusion):
    """F = sum s_m * h_m, h_m = tanh(f_m W_m^T), with s = softmax over the modalities of the
    logits [f_1 .. f_M] W_z^T, element by element; the last logit is 0. Of two modalities this
    is F = s * h_1 + (1 - s) * h_2 with s = sigmoid([f_1, f_2] W_z^T), as in the paper.

    Backward: a value path delta * s_m through tanh, and a gate path: logit m receives
    delta * s_m * (h_m - F), which reaches all branches through W_z. Where branches agree it is
    0: the gate does not learn whom to trust.
    Shapes: f_m (B, d_m), W_m (D, d_m), W_z ((M - 1) D, sum d_m) -> F (B, D). A missing modality
    has no share; a sample that has none is 0. All W are drawn as Linear draws.
    Raises: OptionError for a width below 1.
    Differs: for M > 2 the paper has a sigmoid gate for each modality, and they do not sum to 1.
    Source: Arevalo et al. 2017.
    """

    hidden: dict[str, Linear]
    gate: Linear | None  # none for one modality, which has nobody to compete with

    def __init__(
        self, widths: Mapping[str, int], width: int, *, rng: np.random.Generator
    ) -> None:
        super().__init__(widths)
        demand_sizes("GMU", width=width)
        self._width, others = width, len(self.widths) - 1
        self.hidden = {
            name: Linear(d, width, bias=False, rng=rng) for name, d in self.widths.items()
        }
        total = sum(self.widths.values())
        self.gate = Linear(total, others * width, bias=False, rng=rng) if others else None

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        h = stack([elementwise.tanh(self.hidden[n](f)) for n, f in features.items()], axis=1)
        if self.gate is None:
            return h[:, 0]
        rows, count, width = h.shape
        logits = reshape(self.gate(self.joined(features)), (rows, count - 1, width))
        zeros = to_device(np.zeros((rows, 1, width), logits.dtype), logits.device)
        s = shares(concat([logits, zeros], axis=1), here)
        return (s * h).sum(axis=1)

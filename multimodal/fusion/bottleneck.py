"""Bottleneck tokens: modalities meet in a few shared tokens and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import shaping
from ...engine.ops.broadcast import broadcast_to
from ...nn import Parameter, TransformerEncoderLayer
from ..presence import Presence, masked
from .fusion import demand_sizes
from .token_fusion import TokenFusion, encoder_layer, learned, left_out, mean_there


class Bottleneck(TokenFusion):
    """F = [mean h_1 .. mean h_M, mean b]; in each layer [h_m; b_m] = layer_m([h_m; b]), and
    b = the mean of b_m over the modalities that the sample has.

    h_m = f_m W_m^T + e_m; b begins as k learned tokens. A layer is self-attention, with norms
    first, of its own weights for each modality. One modality learns of another only through b,
    from the second layer on; b itself, and so F, from the first.

    Backward: what f_n gets of another's part of F passes two attentions, out of b and into b,
    and is divided by the number of modalities there; the last layer's b passes its part back to
    all of them alike.
    Shapes: f_m (B, T_m, d_m) or (B, d_m) -> F (B, (M + 1) width); 0 in the place of a modality
    that a sample lacks.
    Raises: OptionError for sizes that are not so.
    Differs: F is the means of tokens and of b, where the paper has a class token for each
    modality and averages their logits; there is no layer before the exchange begins: put those
    into the branches.
    Source: Nagrani et al. 2021, eq. 8, 9, with k = 4.
    """

    bottleneck: Parameter
    layers: list[dict[str, TransformerEncoderLayer]]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        heads: int = 1,
        layers: int = 2,
        tokens: int = 4,
        feedforward: int | None = None,
        *,
        dropout: float = 0.0,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, rng=rng)
        demand_sizes("Bottleneck", layers=layers, tokens=tokens)
        self.bottleneck = learned(rng, (tokens, width), "bottleneck")
        self.layers = [
            {n: encoder_layer(width, heads, feedforward, dropout, rng=rng) for n in widths}
            for _ in range(layers)
        ]

    @property
    def width(self) -> int:
        return self.inner * (len(self.widths) + 1)

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        h, masks = self.projected(features, here)
        b = broadcast_to(self.bottleneck, (here.rows, *self.bottleneck.shape))
        for layer in self.layers:
            for_all = None
            for name in h:
                h[name], own = _exchanged(layer[name], h[name], masks[name], b)
                own = masked(own, here[name])
                for_all = own if for_all is None else for_all + own
            b = for_all / here.count(b)[:, None]
        parts = [mean_there(x, masks[name]) for name, x in h.items()]
        return shaping.concat([*parts, b.mean(axis=1)], axis=-1)


def _exchanged(
    layer: TransformerEncoderLayer, h: Tensor, mask: np.ndarray, b: Tensor
) -> tuple[Tensor, Tensor]:
    """A modality's tokens and its view of the bottleneck, after one layer over both."""
    shared = np.ones((len(mask), b.shape[1]), bool)
    hidden = left_out(np.concatenate([mask, shared], axis=1))
    x = layer(shaping.concat([h, b], axis=1), src_key_padding_mask=hidden)
    return x[:, : h.shape[1]], x[:, h.shape[1] :]

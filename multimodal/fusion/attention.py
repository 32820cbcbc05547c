"""Attention among tokens: of all with all, or of each modality's with the others'."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import shaping
from ...nn import MultiheadAttention, TransformerEncoderLayer
from ..presence import Presence
from .fusion import demand_sizes
from .token_fusion import (
    TokenFusion,
    attend,
    encoder_layer,
    left_out,
    mean_there,
    side_by_side,
)


class SelfAttention(TokenFusion):
    """F = the mean of the tokens of layers([h_1; ..; h_M]), h_m = f_m W_m^T + e_m: all tokens
    of all modalities attend to one another.

    A layer is x = x + attention(norm(x)); x = x + W_2 gelu(W_1 norm(x) + b_1) + b_2, or with
    norm_first=False the paper's norm(x + attention(x)) and so on.

    Backward: delta / (number of tokens there) reaches each token by the way past; through
    attention, A^T delta_V reaches each token for what others took from it, and the paths of
    queries and keys for whom they looked at. Missing tokens get 0.
    Shapes: f_m (B, T_m, d_m) or (B, d_m) -> F (B, width); 0 for a sample that has no token.
    Raises: OptionError for sizes that are not so.
    Differs: there is no norm after the last layer, and there are no positions: put them into
    the branches.
    Source: Vaswani et al. 2017; one stream for all modalities: Li et al. 2019 (VisualBERT).
    """

    layers: list[TransformerEncoderLayer]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        heads: int = 1,
        layers: int = 1,
        feedforward: int | None = None,
        *,
        norm_first: bool = True,
        dropout: float = 0.0,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, rng=rng)
        demand_sizes(type(self).__name__, layers=layers)
        self.layers = [
            encoder_layer(width, heads, feedforward, dropout, norm_first, rng=rng)
            for _ in range(layers)
        ]

    @property
    def width(self) -> int:
        return self.inner

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        x, mask = side_by_side(*self.projected(features, here))
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=left_out(mask))
        return mean_there(x, mask)


class CrossAttention(TokenFusion):
    """F = [o_1 .. o_M], o_m = the mean over tokens of h_m + attention_m(query h_m, source all
    h_n with n other than m), h_m = f_m W_m^T + e_m.

    A modality alone has no others: it attends to itself. Where a sample has none of the others,
    attention gives the bias of its output alone. residual=False leaves h_m + away.

    Backward: with A = softmax(Q K^T / sqrt(d)) and O = A V: dV = A^T delta, dA = delta V^T,
    dS = A * (dA - rowsum(dA * A)), dQ = dS K / sqrt(d), dK = dS^T Q / sqrt(d). The target gets
    the query path (and the way past), the sources those of keys and values.
    Shapes: f_m (B, T_m, d_m) or (B, d_m) -> F (B, M width); 0 in the place of a modality that a
    sample lacks.
    Raises: OptionError for sizes that are not so.
    Differs: one layer, without norms and without a network for each position.
    Source: Lu et al. 2019 (ViLBERT); Tsai et al. 2019, section 3.1.
    """

    attention: dict[str, MultiheadAttention]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        heads: int = 1,
        *,
        residual: bool = True,
        dropout: float = 0.0,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, rng=rng)
        self.residual = residual
        self.attention = {
            name: MultiheadAttention(width, heads, dropout, batch_first=True, rng=rng)
            for name in widths
        }

    @property
    def width(self) -> int:
        return self.inner * len(self.widths)

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        h, masks = self.projected(features, here)
        parts = []
        for name, query in h.items():
            others = {n: x for n, x in h.items() if n != name} or h
            found = attend(self.attention[name], query, *side_by_side(others, masks))
            parts.append(mean_there(query + found if self.residual else found, masks[name]))
        return shaping.concat(parts, axis=-1)

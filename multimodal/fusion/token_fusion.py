"""What fusions of tokens share: one width for all modalities, and blocks that attend.

Legend: f_m (B, T_m, d_m) the tokens of a modality, h_m (B, T_m, D) the same in one width. Masks
are True for tokens that are there; the attention layers of `nn` ask for those that are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops import activations, shaping
from ...nn import (
    Dropout,
    LayerNorm,
    Linear,
    Module,
    MultiheadAttention,
    Parameter,
    TransformerEncoderLayer,
    init,
)
from ..meeting import mean_of_tokens
from ..presence import Presence, Tokens
from .fusion import Fusion, demand_sizes

STD = 0.02  # of learned vectors at first, as in BERT and its kin


class TokenFusion(Fusion):
    """Base of fusions of tokens: h_m = f_m W_m^T + e_m, with e_m the embedding of a modality.

    Shapes: f_m (B, T_m, d_m), or (B, d_m) for one token; lengths may differ.
    """

    takes_tokens = True
    project: dict[str, Linear]
    embedding: dict[str, Parameter]

    def __init__(
        self, widths: Mapping[str, int], width: int, *, rng: np.random.Generator
    ) -> None:
        super().__init__(widths)
        demand_sizes(type(self).__name__, width=width)
        self.inner = width
        self.project = {n: Linear(d, width, bias=False, rng=rng) for n, d in widths.items()}
        self.embedding = {n: learned(rng, (width,), f"embedding.{n}") for n in widths}

    def projected(
        self, features: Mapping[str, Tensor], here: Presence
    ) -> tuple[dict[str, Tensor], dict[str, np.ndarray]]:
        """h_m (B, T_m, D) and the masks (B, T_m), by modality."""
        h = {n: self.project[n](f) + self.embedding[n] for n, f in features.items()}
        return h, {n: here.tokens(n, x.shape[1]) for n, x in h.items()}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, width={self.inner}"


class CrossBlock(Module):
    """z = z + attention(norm(z), norm(y), norm(y)); z = z + W_2 gelu(W_1 norm(z) + b_1) + b_2.

    Backward: the target z has the way past and the query path alone, the source y the paths
    of keys and values.
    Shapes: z (B, T, D), y (B, S, D), present (B, S), True for tokens of y -> (B, T, D). Where
    a sample has no token of y, z meets the biases of attention only.
    Source: Tsai et al. 2019, section 3.1.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        feedforward: int,
        dropout: float = 0.0,
        *,
        rng: np.random.Generator,
    ) -> None:
        self.attention = MultiheadAttention(width, heads, dropout, batch_first=True, rng=rng)
        self.target_norm, self.source_norm, self.norm = (LayerNorm(width) for _ in range(3))
        self.linear1 = Linear(width, feedforward, rng=rng)
        self.linear2 = Linear(feedforward, width, rng=rng)
        self.dropout1, self.dropout2 = (Dropout(dropout, rng=rng) for _ in range(2))

    def forward(
        self, z: Tensor, y: Tensor, present: np.ndarray, is_causal: bool = False
    ) -> Tensor:
        source = self.source_norm(y)
        found = attend(self.attention, self.target_norm(z), source, present, is_causal)
        z = z + self.dropout1(found)
        wide = activations.gelu(self.linear1(self.norm(z)))
        out: Tensor = z + self.dropout2(self.linear2(wide))
        return out


def attend(
    attention: MultiheadAttention,
    query: Tensor,
    source: Tensor,
    present: np.ndarray,
    is_causal: bool = False,
) -> Tensor:
    """What queries find among the tokens of a source that are there."""
    y, _ = attention(
        query, source, source, left_out(present), need_weights=False, is_causal=is_causal
    )
    return y


def encoder_layer(
    width: int,
    heads: int,
    feedforward: int | None,
    dropout: float,
    norm_first: bool = True,
    *,
    rng: np.random.Generator,
) -> TransformerEncoderLayer:
    """A layer of self-attention with gelu, four times as wide between where none is given."""
    between = 4 * width if feedforward is None else feedforward
    return TransformerEncoderLayer(
        width, heads, between, dropout, "gelu", batch_first=True, norm_first=norm_first, rng=rng
    )


def side_by_side(
    tokens: Mapping[str, Tensor], masks: Mapping[str, np.ndarray]
) -> tuple[Tensor, np.ndarray]:
    """The tokens of all modalities as one sequence, and its mask."""
    joined = shaping.concat(list(tokens.values()), axis=1)
    return joined, np.concatenate([masks[name] for name in tokens], axis=1)


def left_out(present: np.ndarray) -> np.ndarray | None:
    """A mask as attention layers want it: True for what is left out; None where nothing is."""
    return None if present.all() else ~present


def mean_there(x: Tensor, mask: np.ndarray) -> Tensor:
    """The mean of the tokens that are there. Shapes: (B, T, D), (B, T) -> (B, D)."""
    return mean_of_tokens(Tokens(x, mask))


def learned(rng: np.random.Generator, shape: tuple[int, ...], name: str) -> Any:
    """Vectors to be learned, small at first."""
    return Parameter(init.normal(rng, shape, std=STD), name)

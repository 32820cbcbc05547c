"""MulT: transformers from each modality to each other, then memory along time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import shaping
from ...kernels import OptionError
from ...nn import SinusoidalPositions, TransformerEncoderLayer
from ..presence import Presence, masked
from .fusion import demand_sizes
from .token_fusion import CrossBlock, TokenFusion, encoder_layer, left_out, mean_there

POOLS = ("last", "mean")


class MulT(TokenFusion):
    """F = [p_1 .. p_M], p_t = the last token of memory_t([z_ts for all s other than t]), where
    z_ts begins as h_t and goes through `layers` blocks that query the tokens h_s.

    h_m = f_m W_m^T + e_m + position. A block is z = z + attention(norm(z), norm(h_s),
    norm(h_s)); z = z + W_2 gelu(W_1 norm(z)). memory_t is self-attention over the streams of t
    side by side, (M - 1) width wide; a modality alone has h_t for its stream. With `causal`, a
    token sees tokens 0 .. its own place, in blocks and memory. pool="mean" takes the mean of
    the tokens in place of the last one that is there.

    Backward: f_m gets, as target, what passes along its M - 1 streams and their queries; as
    source, what the keys and values of M - 1 other streams pass back.
    Shapes: f_m (B, T_m, d_m) or (B, d_m), lengths of any kind -> F (B, M (M - 1) width), or
    (B, width) for M = 1; 0 in the place of a modality that a sample lacks.
    Raises: OptionError for sizes and pools that are not so.
    Differs: lengths may differ, and what is padding the masks say, not zeros. The paper's code
    masks causally by default (key j <= i + |T_s - T_t|; here j <= i), scales h by sqrt(width),
    uses relu, shares one norm between target and source, has a norm after the last layer, and
    has 5 layers of 5 heads and 3 of memory; here they are 1, 1 and 1.
    Source: Tsai et al. 2019, section 3.
    """

    crossed: dict[str, dict[str, list[CrossBlock]]]
    memory: dict[str, list[TransformerEncoderLayer]]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        heads: int = 1,
        layers: int = 1,
        memory_layers: int = 1,
        feedforward: int | None = None,
        *,
        causal: bool = False,
        pool: str = "last",
        dropout: float = 0.0,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, rng=rng)
        demand_sizes("MulT", layers=layers, memory_layers=memory_layers)
        if pool not in POOLS:
            rule, repair = f"pool in {', '.join(POOLS)}", "choose one of these"
            raise OptionError("MulT", rule, repr(pool), repair)
        self.causal, self.pool = causal, pool
        self.positions = SinusoidalPositions(width, batch_first=True)
        between = 4 * width if feedforward is None else feedforward

        def block() -> CrossBlock:
            return CrossBlock(width, heads, between, dropout, rng=rng)

        def remember() -> TransformerEncoderLayer:
            return encoder_layer(self.stream, heads, feedforward, dropout, rng=rng)

        self.crossed = {
            t: {s: [block() for _ in range(layers)] for s in widths if s != t} for t in widths
        }
        self.memory = {t: [remember() for _ in range(memory_layers)] for t in widths}

    @property
    def stream(self) -> int:
        """How wide the streams of one target are, side by side."""
        return self.inner * max(len(self.widths) - 1, 1)

    @property
    def width(self) -> int:
        return self.stream * len(self.widths)

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        h, masks = self.projected(features, here)
        h = {name: self.positions(x) for name, x in h.items()}
        pooled = last_there if self.pool == "last" else mean_there
        parts = [pooled(self._remembered(t, h, masks), masks[t]) for t in h]
        return shaping.concat(parts, axis=-1)

    def _remembered(
        self, target: str, h: Mapping[str, Tensor], masks: Mapping[str, np.ndarray]
    ) -> Tensor:
        """The streams of a target, (B, T, stream), after memory."""
        streams = []
        for source, blocks in self.crossed[target].items():
            z = h[target]
            for block in blocks:
                z = block(z, h[source], masks[source], self.causal)
            streams.append(z)
        z = shaping.concat(streams, axis=-1) if streams else h[target]
        for layer in self.memory[target]:
            hidden = left_out(masks[target])
            z = layer(z, src_key_padding_mask=hidden, is_causal=self.causal)
        return z


def last_there(x: Tensor, mask: np.ndarray) -> Tensor:
    """The last token that is there, 0 where none is. Shapes: (B, T, D), (B, T) -> (B, D)."""
    later = np.cumsum(mask[:, ::-1], axis=1)[:, ::-1]  # itself, and those after it
    return masked(x, mask & (later == 1)).sum(axis=1)

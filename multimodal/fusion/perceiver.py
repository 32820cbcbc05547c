"""Perceiver: a few learned latents read all tokens of all modalities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops.broadcast import broadcast_to
from ...nn import Parameter, TransformerEncoderLayer
from ..presence import Presence
from .fusion import demand_sizes
from .token_fusion import CrossBlock, TokenFusion, encoder_layer, learned, side_by_side


class Perceiver(TokenFusion):
    """F = the mean of z, z = layers(read(Z, [h_1; ..; h_M])): N latents Z query all tokens, and
    then attend to one another.

    h_m = f_m W_m^T + e_m. `read` is z = Z + attention(norm(Z), norm(h), norm(h)); z = z + W_2
    gelu(W_1 norm(z)). It costs N sum T_m products, not (sum T_m)^2.

    Backward: every token gets the paths of keys and values, none a query path; Z the query path
    and the way past.
    Shapes: f_m (B, T_m, d_m) or (B, d_m) -> F (B, width). A sample that has no token at all
    reads nothing, and F is what the latents are by themselves.
    Raises: OptionError for sizes that are not so.
    Differs: one reading, where the paper may read again between layers with shared weights;
    gelu, not GEGLU; no Fourier positions; the paper has 512 latents of width 512, and 8 heads
    in the layers.
    Source: Jaegle et al. 2021, section 3.
    """

    latents: Parameter
    read: CrossBlock
    layers: list[TransformerEncoderLayer]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        heads: int = 1,
        layers: int = 1,
        latents: int = 8,
        feedforward: int | None = None,
        *,
        dropout: float = 0.0,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, rng=rng)
        demand_sizes("Perceiver", layers=layers, latents=latents)
        between = 4 * width if feedforward is None else feedforward
        self.latents = learned(rng, (latents, width), "latents")
        self.read = CrossBlock(width, heads, between, dropout, rng=rng)
        self.layers = [
            encoder_layer(width, heads, feedforward, dropout, rng=rng) for _ in range(layers)
        ]

    @property
    def width(self) -> int:
        return self.inner

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        tokens, mask = side_by_side(*self.projected(features, here))
        z = broadcast_to(self.latents, (here.rows, *self.latents.shape))
        z = self.read(z, tokens, mask)
        for layer in self.layers:
            z = layer(z)
        return z.mean(axis=1)

"""Transformer layers and their stacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.attention import LATER, PADDING, constant, normal
from tests.layer_cases.case import Case

Build = Callable[..., Any]
SHORT = PADDING[:, :3]
SIZES = {"d_model": 4, "nhead": 2, "dim_feedforward": 5, "dropout": 0.0}


def encoder(name: str, *shape: int, masks: Any = None, **settings: Any) -> Case:
    def call(layer: Any, x: Any) -> Any:
        return layer(x, **{k: constant(m, x) for k, m in (masks or {}).items()})

    def build(nn: Any, **rng: Any) -> Any:
        return nn.TransformerEncoderLayer(**{**SIZES, **made(nn, settings)}, **rng)

    modes = ("eval",) if settings.get("dropout") else ("train", "eval")
    return Case(f"encoder layer, {name}", build, normal(shape), call=call, modes=modes)


def decoder(name: str, *shapes: tuple[int, ...], masks: Any = None, **settings: Any) -> Case:
    def call(layer: Any, x: Any, memory: Any) -> Any:
        return layer(x, memory, **{k: constant(m, x) for k, m in (masks or {}).items()})

    def build(nn: Any, **rng: Any) -> Any:
        return nn.TransformerDecoderLayer(**{**SIZES, **made(nn, settings)}, **rng)

    modes = ("eval",) if settings.get("dropout") else ("train", "eval")
    return Case(f"decoder layer, {name}", build, normal(*shapes), call=call, modes=modes)


def made(nn: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, with an activation of its own made by the library."""
    silu = settings.get("activation") == "silu"
    return {**settings, "activation": nn.SiLU()} if silu else settings


ENCODERS = [
    encoder("plain", 3, 2, 4),
    encoder("norm first", 3, 2, 4, norm_first=True),
    encoder("batch first, gelu", 2, 3, 4, batch_first=True, activation="gelu"),
    encoder("silu, another eps", 1, 1, 4, activation="silu", layer_norm_eps=0.1),
    encoder("without bias", 3, 2, 4, bias=False),
    encoder("without a batch", 3, 4, norm_first=True, masks={"src_mask": LATER}),
    encoder("empty batch", 3, 0, 4),
    encoder("dropout that sleeps", 3, 2, 4, dropout=0.5),
    encoder("a mask of truths", 3, 2, 4, masks={"src_mask": LATER}),
    encoder("a mask of floats", 3, 2, 4, masks={"src_mask": nn.causal_mask(3)}),
    encoder("padding", 3, 2, 4, masks={"src_key_padding_mask": SHORT}),
    encoder("mask and padding, batch first", 2, 3, 4, batch_first=True,
            masks={"src_mask": LATER, "src_key_padding_mask": SHORT}),
    Case("encoder layer, causal",
         lambda nn, **rng: nn.TransformerEncoderLayer(**SIZES, **rng),
         normal((3, 2, 4)), call=lambda layer, x: layer(x, is_causal=True),
         torch_call=lambda layer, x: layer(x, src_mask=constant(LATER, x))),
]  # fmt: skip

EVERY = {
    "tgt_mask": LATER,
    "memory_mask": np.array([[0, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]], bool),
    "tgt_key_padding_mask": SHORT,
    "memory_key_padding_mask": PADDING,
}
MEMORY = ((3, 2, 4), (5, 2, 4))


def both_causal(layer: Any, x: Any, memory: Any) -> Any:
    return layer(x, memory, tgt_is_causal=True, memory_is_causal=True)


def both_masked(layer: Any, x: Any, memory: Any) -> Any:
    seen = constant(LATER, x), constant(~np.tri(3, 5, dtype=bool), x)
    return layer(x, memory, *seen)


DECODERS = [
    decoder("plain", *MEMORY),
    decoder("norm first, gelu", *MEMORY, norm_first=True, activation="gelu"),
    decoder("batch first", (2, 3, 4), (2, 5, 4), batch_first=True),
    decoder("silu, without bias", *MEMORY, bias=False, activation="silu"),
    decoder("without a batch", (3, 4), (5, 4)),
    decoder("dropout that sleeps", (1, 1, 4), (1, 1, 4), dropout=0.5),
    decoder("every mask", *MEMORY, masks=EVERY),
    decoder("every mask, norm first", *MEMORY, masks=EVERY, norm_first=True),
    Case("decoder layer, causal both ways",
         lambda nn, **rng: nn.TransformerDecoderLayer(**SIZES, **rng),
         normal(*MEMORY), call=both_causal, torch_call=both_masked),
]  # fmt: skip


# ---- stacks ---------------------------------------------------------------------------------
def stacked(
    kind: str, layers: int, norm: bool, **settings: Any
) -> dict[str, Callable[..., Any]]:
    """Ways to build a stack, here and in PyTorch."""

    def ours(nn: Any, **rng: Any) -> Any:
        def layer() -> Any:
            return getattr(nn, f"Transformer{kind}Layer")(**SIZES, **settings, **rng)

        last = nn.LayerNorm(4) if norm else None
        return getattr(nn, f"Transformer{kind}")(layer, layers, last)

    def theirs(torch: Any) -> Any:
        layer = getattr(torch.nn, f"Transformer{kind}Layer")(**SIZES, **settings)
        last = torch.nn.LayerNorm(4) if norm else None
        plain = {"enable_nested_tensor": False} if kind == "Encoder" else {}
        return getattr(torch.nn, f"Transformer{kind}")(layer, layers, last, **plain)

    return {"build": ours, "torch_build": theirs}


def masked_memory(layer: Any, x: Any, memory: Any) -> Any:
    return layer(x, memory, **{k: constant(m, x) for k, m in EVERY.items()})


def masked(layer: Any, x: Any) -> Any:
    return layer(x, constant(LATER, x), constant(SHORT, x))


STACKS = [
    Case("encoder, two layers", inputs=normal((3, 2, 4)), **stacked("Encoder", 2, False)),
    Case("encoder, norm last, masks", inputs=normal((3, 2, 4)), call=masked,
         **stacked("Encoder", 1, True, norm_first=True)),
    Case("decoder, two layers", inputs=normal(*MEMORY), **stacked("Decoder", 2, False)),
    Case("decoder, norm last, masks", inputs=normal(*MEMORY), call=masked_memory,
         **stacked("Decoder", 1, True)),
]  # fmt: skip
CASES = ENCODERS + DECODERS + STACKS


# ---- wrong use ------------------------------------------------------------------------------
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def encoder_layer(**settings: Any) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(**{**SIZES, **settings}, rng=rng())


def decoder_layer(**settings: Any) -> nn.TransformerDecoderLayer:
    return nn.TransformerDecoderLayer(**{**SIZES, **settings}, rng=rng())


def x(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return np.ones(shape, dtype)


REFUSED = [
    (lambda: encoder_layer(activation="swish"), OptionError,
     "TransformerEncoderLayer: expected activation relu, gelu or a function, got 'swish'; "
     "choose one of these"),
    (lambda: decoder_layer(activation=3), OptionError,
     "TransformerDecoderLayer: expected activation relu, gelu or a function, got 3; choose "
     "one of these"),
    (lambda: encoder_layer(nhead=3), OptionError,
     "MultiheadAttention: expected an embed_dim that num_heads divides, got embed_dim=4, "
     "num_heads=3; change either"),
    (lambda: encoder_layer()(x(3, 2, 5)), ShapeError,
     "TransformerEncoderLayer: expected src of shape (T, B, 4) or (T, 4), got (3, 2, 5); "
     "reshape it, or build the layer for this width"),
    (lambda: encoder_layer(batch_first=True)(x(3, 2, 4, dtype=int)), DTypeError,
     "TransformerEncoderLayer: expected src of floats, got int64; use astype(np.float32)"),
    (lambda: encoder_layer()(x(3, 2, 4), x(2, 2) > 0), ShapeError,
     "MultiheadAttention: expected attn_mask of shape (3, 3) or (4, 3, 3), got (2, 2); see "
     "its docstring for the shapes"),
    (lambda: decoder_layer()(x(3, 2, 4), x(3, 2, 5)), ShapeError,
     "TransformerDecoderLayer: expected memory of shape (T, B, 4) or (T, 4), got (3, 2, 5); "
     "reshape it, or build the layer for this width"),
    (lambda: decoder_layer()(x(4), x(3, 2, 4)), ShapeError,
     "TransformerDecoderLayer: expected tgt of shape (T, B, 4) or (T, 4), got (4,); reshape "
     "it, or build the layer for this width"),
    (lambda: nn.TransformerEncoder(encoder_layer(), 2), DTypeError,
     "TransformerEncoder: expected layers, or a function that makes one, got one "
     "TransformerEncoderLayer; write lambda: before its constructor"),
    (lambda: nn.TransformerDecoder(decoder_layer), OptionError,
     "TransformerDecoder: expected num_layers of 1 or more, got None; say how often to call "
     "the function"),
    (lambda: nn.TransformerEncoder([encoder_layer()], 2), OptionError,
     "TransformerEncoder: expected as many layers as num_layers, got 1 layers, num_layers=2; "
     "leave num_layers out"),
    (lambda: nn.TransformerEncoder([]), OptionError,
     "TransformerEncoder: expected as many layers as num_layers, got 0 layers, "
     "num_layers=None; leave num_layers out"),
    (lambda: nn.causal_mask(-1), OptionError,
     "causal_mask: expected a size of 0 or more, got -1; give the number of times"),
    (lambda: nn.causal_mask(2.5), OptionError,
     "causal_mask: expected a size of 0 or more, got 2.5; give the number of times"),
    (lambda: nn.TransformerEncoder(nn.Tanh, "2"), OptionError,
     "TransformerEncoder: expected num_layers of 1 or more, got 2; say how often to call the "
     "function"),
]  # fmt: skip

"""Attention: the function, and the layer of many heads."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case

LATER = ~np.tri(3, dtype=bool)  # what a causal mask leaves out
PADDING = np.array([[False, False, True, False, True], [False, True, True, True, True]])
SOME = np.array([[0, 1, 0, 0, 1], [1, 0, 0, 0, 0], [0, 0, 0, 1, 1]], bool)
BLIND = np.array([[0, 1, 0], [1, 1, 1], [0, 0, 0]], bool)  # the second query sees nothing
EACH_HEAD = np.stack([LATER, LATER.T, SOME[:, :3], np.eye(3, dtype=bool)])  # (B * H, L, S)


def normal(*shapes: tuple[int, ...]) -> Any:
    return lambda rng: tuple(rng.standard_normal(shape) for shape in shapes)


def constant(mask: np.ndarray, like: Any) -> Any:
    """A mask that is not differentiated, in the library that `like` is of."""
    if not type(like).__module__.startswith("torch"):
        return mask
    import torch

    return torch.tensor(mask, dtype=torch.bool if mask.dtype == bool else like.dtype)


# ---- the function, carried by a layer that does nothing -------------------------------------
def product(name: str, *shapes: tuple[int, ...], **settings: Any) -> Case:
    def ours(layer: Any, *given: Any) -> Any:
        return nn.scaled_dot_product_attention(*given, **settings)

    def theirs(layer: Any, *given: Any) -> Any:
        from torch.nn.functional import scaled_dot_product_attention

        masks = {k: constant(v, given[0]) for k, v in settings.items() if k == "attn_mask"}
        return scaled_dot_product_attention(*given, **{**settings, **masks})

    return Case(f"attention, {name}", lambda nn, **rng: nn.Identity(), normal(*shapes),
                call=ours, torch_call=theirs, modes=("eval",))  # fmt: skip


FUNCTION = [
    product("plain", (2, 3, 4), (2, 5, 4), (2, 5, 3)),
    product("in heads", (2, 2, 3, 4), (2, 2, 3, 4), (2, 2, 3, 4)),
    product("causal", (2, 3, 4), (2, 3, 4), (2, 3, 2), is_causal=True),
    product("causal, more keys", (3, 4), (5, 4), (5, 2), is_causal=True),
    product("another scale", (1, 3, 4), (1, 2, 4), (1, 2, 4), scale=0.3),
    product("no keys", (2, 3, 4), (2, 0, 4), (2, 0, 4)),
    product("empty batch", (0, 3, 4), (0, 2, 4), (0, 2, 4)),
    product("a mask of truths", (2, 3, 4), (2, 5, 4), (2, 5, 3), attn_mask=~SOME),
    product("a blind query", (2, 3, 4), (2, 3, 4), (2, 3, 3), attn_mask=~BLIND),
    product("a mask of floats", (2, 3, 4), (2, 5, 4), (2, 5, 3), (3, 5)),
    product("a mask of -inf", (2, 3, 4), (2, 3, 4), (2, 3, 4),
            attn_mask=np.where(BLIND, -np.inf, 0.5)),
]  # fmt: skip


# ---- the layer ------------------------------------------------------------------------------
def heads(name: str, *shapes: tuple[int, ...], masks: Any = None, call: Any = None,
          modes: Any = ("train", "eval"), **settings: Any) -> Case:  # fmt: skip
    """A layer of 4 features in 2 heads. `masks` by name; those of floats are not learned."""
    given = {"embed_dim": 4, "num_heads": 2, **settings}
    masks, call = masks or {}, call or {}

    def attend(layer: Any, *x: Any) -> Any:
        q, k, v = x if len(x) == 3 else (x * 3 if len(x) == 1 else (x[0], x[1], x[1]))
        seen = {k: constant(m, q) for k, m in masks.items()}
        return layer(q, k, v, **seen, **call)

    def build(nn: Any, **rng: Any) -> Any:
        return nn.MultiheadAttention(**given, **rng)

    return Case(f"heads, {name}", build, normal(*shapes), call=attend, modes=modes)


def learned_mask(layer: Any, x: Any, mask: Any) -> Any:
    return layer(x, x, x, attn_mask=mask)


def causal(layer: Any, x: Any) -> Any:
    return layer(x, x, x, is_causal=True)


def causal_of_torch(layer: Any, x: Any) -> Any:
    import torch

    return layer(x, x, x, attn_mask=torch.tensor(LATER))


APART = {"average_attn_weights": False}
LAYER = [
    heads("of one sequence", (3, 2, 4)),
    heads("of two", (3, 2, 4), (5, 2, 4), call=APART),
    heads("of three, batch first", (2, 3, 4), (2, 5, 4), (2, 5, 4), batch_first=True),
    heads("without weights", (3, 2, 4), call={"need_weights": False}),
    heads("without bias", (3, 2, 4), bias=False),
    heads("other widths", (3, 2, 4), (5, 2, 3), (5, 2, 5), kdim=3, vdim=5),
    heads("another width of values", (3, 2, 4), (3, 2, 4), (3, 2, 3), vdim=3, bias=False),
    heads("three heads", (2, 1, 6), embed_dim=6, num_heads=3),
    heads("one head", (3, 1, 3), embed_dim=3, num_heads=1),
    heads("one sequence without a batch", (3, 4), call=APART),
    heads("empty batch", (3, 0, 4)),
    heads("dropout that sleeps", (3, 2, 4), dropout=0.5, modes=("eval",)),
    heads("a mask", (3, 2, 4), (5, 2, 4), masks={"attn_mask": SOME}),
    heads("a mask for each head", (3, 2, 4), masks={"attn_mask": EACH_HEAD}, call=APART),
    heads("a mask for each head, no batch", (3, 4), masks={"attn_mask": EACH_HEAD[:2]}),
    heads("padding", (3, 2, 4), (5, 2, 4), masks={"key_padding_mask": PADDING}),
    heads("padding, no batch", (3, 4), (5, 4), masks={"key_padding_mask": PADDING[0]}),
    heads("padding, batch first", (2, 3, 4), (2, 5, 4), batch_first=True,
          masks={"key_padding_mask": PADDING}),
    heads("mask and padding", (3, 2, 4), (5, 2, 4),
          masks={"attn_mask": SOME & PADDING[1], "key_padding_mask": PADDING}),
    heads("masks of floats", (3, 2, 4), (5, 2, 4),
          masks={"attn_mask": np.where(SOME, -np.inf, 0.3),
                 "key_padding_mask": np.where(PADDING, -2.0, 0.0)}),
    heads("a blind query", (3, 2, 4), masks={"attn_mask": BLIND},
          call={"need_weights": False}),
    Case("heads, a mask that is learned",
         lambda nn, **rng: nn.MultiheadAttention(4, 2, **rng),
         normal((3, 2, 4), (3, 3)), call=learned_mask),
    Case("heads, causal", lambda nn, **rng: nn.MultiheadAttention(4, 2, **rng),
         normal((3, 2, 4)), call=causal, torch_call=causal_of_torch),
]  # fmt: skip
CASES = FUNCTION + LAYER


def layer(**settings: Any) -> nn.MultiheadAttention:
    given = {"embed_dim": 4, "num_heads": 2, **settings}
    return nn.MultiheadAttention(**given, rng=np.random.default_rng(0))


def x(*shape: int, dtype: Any = np.float64) -> np.ndarray:
    return np.ones(shape, dtype)


def attend(*given: Any, **settings: Any) -> Any:
    return nn.scaled_dot_product_attention(*given, **settings)


REFUSED = [
    (lambda: attend(x(3, 4, dtype=int), x(2, 4), x(2, 4)), DTypeError,
     "scaled_dot_product_attention: expected q of floats, got int64; use astype(np.float32)"),
    (lambda: attend(x(3, 4), x(2, 5), x(2, 4)), ShapeError,
     "scaled_dot_product_attention: expected q (..., L, D), k (..., S, D), v (..., S, E), "
     "got (3, 4), (2, 5) and (2, 4); reshape them, or exchange axes"),
    (lambda: attend(x(3, 4), x(2, 4), x(4)), ShapeError,
     "scaled_dot_product_attention: expected q (..., L, D), k (..., S, D), v (..., S, E), "
     "got (3, 4), (2, 4) and (4,); reshape them, or exchange axes"),
    (lambda: attend(x(2, 3, 4), x(3, 2, 4), x(2, 2, 4)), ShapeError,
     "scaled_dot_product_attention: expected q (..., L, D), k (..., S, D), v (..., S, E), "
     "got (2, 3, 4), (3, 2, 4) and (2, 2, 4); reshape them, or exchange axes"),
    (lambda: attend(x(3, 4), x(2, 4), x(2, 4), x(2, 2)), ShapeError,
     "scaled_dot_product_attention: expected attn_mask that broadcasts to (3, 2), got (2, 2); "
     "give one number for each query and key"),
    (lambda: attend(x(3, 4), x(2, 4), x(2, 4), x(3, 2, dtype=int)), DTypeError,
     "scaled_dot_product_attention: expected attn_mask of truth values or floats, got int64; "
     "write which are meant, as in mask > 0"),
    (lambda: attend(x(3, 4), x(2, 4), x(2, 4), dropout_p=0.5), DTypeError,
     "rng: expected a numpy Generator, got None; pass np.random.default_rng(0)"),
    (lambda: attend(x(3, 4), x(2, 4), x(2, 4), dropout_p=1.5), OptionError,
     "scaled_dot_product_attention: expected dropout_p in [0, 1], got 1.5; give a probability"),
    (lambda: layer(num_heads=3), OptionError,
     "MultiheadAttention: expected an embed_dim that num_heads divides, got embed_dim=4, "
     "num_heads=3; change either"),
    (lambda: layer(num_heads=0), OptionError,
     "MultiheadAttention: expected an embed_dim that num_heads divides, got embed_dim=4, "
     "num_heads=0; change either"),
    (lambda: layer(dropout=1.5), OptionError,
     "MultiheadAttention: expected dropout in [0, 1], got 1.5; give a probability"),
    (lambda: layer()(x(3, 2, 4, dtype=int), x(3, 2, 4), x(3, 2, 4)), DTypeError,
     "MultiheadAttention: expected query of floats, got int64; use astype(np.float32)"),
    (lambda: layer()(x(3, 2, 4), x(3, 2, 5), x(3, 2, 4)), ShapeError,
     "MultiheadAttention: expected key of shape (T, B, 4) or (T, 4), got (3, 2, 5); reshape "
     "it, or build the layer for this width"),
    (lambda: layer(batch_first=True)(x(4), x(3, 4), x(3, 4)), ShapeError,
     "MultiheadAttention: expected query of shape (B, T, 4) or (T, 4), got (4,); reshape "
     "it, or build the layer for this width"),
    (lambda: layer()(x(3, 2, 4), x(3, 2, 4), x(5, 2, 4)), ShapeError,
     "MultiheadAttention: expected query, key and value of one batch, and as many values as "
     "keys, got (3, 2, 4), (3, 2, 4) and (5, 2, 4); see its docstring for the shapes"),
    (lambda: layer()(x(3, 2, 4), x(3, 1, 4), x(3, 1, 4)), ShapeError,
     "MultiheadAttention: expected query, key and value of one batch, and as many values as "
     "keys, got (3, 2, 4), (3, 1, 4) and (3, 1, 4); see its docstring for the shapes"),
    (lambda: layer()(x(3, 2, 4), x(3, 4), x(3, 4)), ShapeError,
     "MultiheadAttention: expected query, key and value of one batch, and as many values as "
     "keys, got (3, 2, 4), (3, 4) and (3, 4); see its docstring for the shapes"),
    (lambda: layer()(*[x(3, 2, 4)] * 3, attn_mask=x(2, 3, 3) > 0), ShapeError,
     "MultiheadAttention: expected attn_mask of shape (3, 3) or (4, 3, 3), got (2, 3, 3); see "
     "its docstring for the shapes"),
    (lambda: layer()(*[x(3, 2, 4)] * 3, x(3, 2) > 0), ShapeError,
     "MultiheadAttention: expected key_padding_mask of shape (2, 3), got (3, 2); see its "
     "docstring for the shapes"),
    (lambda: layer()(*[x(3, 2, 4)] * 3, x(2, 3, dtype=int)), DTypeError,
     "MultiheadAttention: expected key_padding_mask of truth values or floats, got int64; "
     "write which are meant, as in mask > 0"),
]  # fmt: skip

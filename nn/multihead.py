"""Attention in several heads at once (Vaswani et al. 2017)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import linear, random
from ..engine.ops.dense import affine
from ..engine.ops.pieces import split
from ..engine.ops.shaping import reshape, transpose
from ..kernels import OptionError, ShapeError
from . import init
from .applied import floats
from .attention import attention_weights, demand_probability, read_mask
from .linear import Linear
from .module import Module
from .parameter import Parameter

WHERE = "MultiheadAttention"


class MultiheadAttention(Module):
    """Concat(head_1, ..., head_H) W_O^T + b_O, where head_h is attention over its share of
    query W_Q^T + b_Q, key W_K^T + b_K and value W_V^T + b_V.

    forward gives the result and, with `need_weights`, the weights (after dropout), averaged
    over heads with `average_attn_weights`; else None.

    WARNING: as in PyTorch, True in `attn_mask` and `key_padding_mask` means LEFT OUT, the
    opposite of `scaled_dot_product_attention`. Masks of floats are added in both.

    Shapes: query (L, B, embed_dim), key (S, B, kdim), value (S, B, vdim), attn_mask (L, S) or
    (B * num_heads, L, S), key_padding_mask (B, S) -> (L, B, embed_dim) and weights (B, L, S)
    or (B, num_heads, L, S). With `batch_first`, B comes before L and S; it may be missing from
    all of them. in_proj_weight is W_Q, W_K, W_V one below the other (3 embed_dim, embed_dim);
    where kdim or vdim differ they are q_proj_weight, k_proj_weight and v_proj_weight. They
    are drawn by `init.xavier_uniform`, W_O as in Linear; biases are 0.
    Raises: ShapeError, DTypeError for inputs and masks that are not so.
    Differs: a query that sees no key gets zeros (PyTorch gives nan where need_weights);
    `is_causal` is no hint but masks by itself, beside other masks; kdim, vdim and batch_first
    go by name; add_bias_kv and add_zero_attn are left out.
    Source: Vaswani et al. 2017, section 3.2.2.
    """

    in_proj_weight: Parameter | None = None
    q_proj_weight: Parameter | None = None
    k_proj_weight: Parameter | None = None
    v_proj_weight: Parameter | None = None
    in_proj_bias: Parameter | None
    out_proj: Linear

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        rng: np.random.Generator,
    ) -> None:
        _check_heads(embed_dim, num_heads)
        demand_probability(WHERE, "dropout", dropout)
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self.batch_first, self.rng = batch_first, random.generator(rng)

        def drawn(name: str, rows: int, width: int) -> Parameter:
            return Parameter(init.xavier_uniform(rng, (rows, width)), name)

        if self.kdim == self.vdim == embed_dim:
            self.in_proj_weight = drawn("in_proj_weight", 3 * embed_dim, embed_dim)
        else:
            self.q_proj_weight = drawn("q_proj_weight", embed_dim, embed_dim)
            self.k_proj_weight = drawn("k_proj_weight", embed_dim, self.kdim)
            self.v_proj_weight = drawn("v_proj_weight", embed_dim, self.vdim)
        zeros = init.zeros((3 * embed_dim,))
        self.in_proj_bias = Parameter(zeros, "in_proj_bias") if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, rng=rng)
        if self.out_proj.bias is not None:
            self.out_proj.bias.assign_(init.zeros((embed_dim,)))

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        given = self._read(query, key, value)
        q, k, v = (self._heads(x, *wb) for x, wb in zip(given, self._projections()))
        single, sizes = len(given[0].shape) == 2, (*q.shape[:3], k.shape[2])
        masks = self._masks(attn_mask, key_padding_mask, sizes, single)
        weights = attention_weights(q, k, masks, is_causal)  # (B, H, L, S)
        weights = random.dropout(weights, self.dropout, self.rng, self.training)
        y = self._joined(linear.matmul(weights, v), single)
        if not need_weights:
            return y, None
        weights = weights.mean(1) if average_attn_weights else weights
        return y, weights[0] if single else weights

    def extra_repr(self) -> str:
        shown = f"{self.embed_dim}, {self.num_heads}, dropout={self.dropout}"
        return shown + (", batch_first=True" if self.batch_first else "")

    # ---- into heads and back --------------------------------------------------------------
    def _projections(self) -> Iterator[tuple[Any, Any]]:
        """W and b of query, key and value."""
        weights: Any = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        if self.in_proj_weight is not None:
            weights = split(self.in_proj_weight, 3)
        bias = self.in_proj_bias
        return zip(weights, (None,) * 3 if bias is None else split(bias, 3))

    def _heads(self, x: Any, weight: Any, bias: Any) -> Any:
        """x W^T + b, cut into heads: (B, H, T, D)."""
        y = self._batch_first(affine(x, weight, bias))
        sizes = (*y.shape[:2], self.num_heads, self.embed_dim // self.num_heads)
        return transpose(reshape(y, sizes), (0, 2, 1, 3))

    def _joined(self, y: Any, single: bool) -> Tensor:
        """Heads (B, H, L, D) side by side, mixed by W_O, in the caller's order of axes."""
        y = transpose(y, (0, 2, 1, 3))
        y = self.out_proj(reshape(y, (*y.shape[:2], self.embed_dim)))
        return y[0] if single else self._batch_first(y)

    def _batch_first(self, x: Any) -> Any:
        """(B, T, E) from the caller's order of axes; and back, for it is its own inverse."""
        if len(x.shape) == 2:
            return x[None]
        return x if self.batch_first else transpose(x, (1, 0, 2))

    # ---- what it is given -----------------------------------------------------------------
    def _masks(
        self, attn: Any, padding: Any, sizes: tuple[int, ...], single: bool
    ) -> list[Any]:
        """The masks as `attention_weights` wants them, each to broadcast to (B, H, L, S)."""
        b, h, n, s = sizes
        masks = []
        if attn is not None:
            mask = _seen("attn_mask", attn, (n, s), (b * h, n, s))
            masks.append(mask if len(mask.shape) == 2 else reshape(mask, sizes))
        if padding is not None:
            mask = _seen("key_padding_mask", padding, (s,) if single else (b, s))
            masks.append(reshape(mask, (b, 1, 1, s)))
        return masks

    def _read(self, *given: Any) -> list[Any]:
        names, widths = ("query", "key", "value"), (self.embed_dim, self.kdim, self.vdim)
        read = [
            sequence(WHERE, name, x, width, self.batch_first)
            for name, x, width in zip(names, given, widths)
        ]
        query, key, value = (x.shape[:-1] for x in read)
        batch = slice(0, 1) if self.batch_first else slice(1, 2)
        single = len(query) == 1
        if key != value or len(query) != len(key) or not (single or query[batch] == key[batch]):
            rule = "query, key and value of one batch, and as many values as keys"
            got = "{}, {} and {}".format(*(x.shape for x in read))
            raise ShapeError(WHERE, rule, got, "see its docstring for the shapes")
        return read


def sequence(where: str, name: str, x: Any, width: int, batch_first: bool) -> Any:
    """x as an array or Tensor of vectors in time.

    Raises: DTypeError, ShapeError where it is not floats of (T, B, width) or, with batch_first,
    (B, T, width), or (T, width).
    """
    x = floats(where, x, name)
    if len(x.shape) not in (2, 3) or x.shape[-1] != width:
        rule = f"{name} of shape ({'B, T' if batch_first else 'T, B'}, {width}) or (T, {width})"
        repair = "reshape it, or build the layer for this width"
        raise ShapeError(where, rule, str(x.shape), repair)
    return x


def _seen(name: str, mask: Any, *shapes: tuple[int, ...]) -> Any:
    """A mask turned round, so that True means seen; one of floats as it is."""
    mask = read_mask(WHERE, name, mask)
    if mask.shape not in shapes:
        rule = f"{name} of shape {' or '.join(map(str, shapes))}"
        raise ShapeError(WHERE, rule, str(mask.shape), "see its docstring for the shapes")
    return ~mask if mask.dtype == bool else mask


def _check_heads(embed_dim: int, num_heads: int) -> None:
    if num_heads < 1 or embed_dim < 1 or embed_dim % num_heads:
        got = f"embed_dim={embed_dim}, num_heads={num_heads}"
        raise OptionError(WHERE, "an embed_dim that num_heads divides", got, "change either")

"""Attention: every query takes the values whose keys fit it (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.ops import linear, queries, random
from ..engine.ops.elementwise import where
from ..engine.ops.shaping import as_array, data_of, swap_last
from ..engine.ops.softmax import softmax
from ..engine.ops.updating import like
from ..kernels import DTypeError, OptionError, ShapeError, create
from ..kernels.device import device_of, to_device
from .applied import floats

WHERE = "scaled_dot_product_attention"


def scaled_dot_product_attention(
    q: Any,
    k: Any,
    v: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    *,
    rng: np.random.Generator | None = None,
) -> Any:
    """softmax(q k^T / sqrt(D) + mask) v: for each query a mean of the values, weighted by how
    well its key fits.

    `attn_mask` is of truth values, True where a key TAKES PART (in `MultiheadAttention` True is
    what is left out), or of floats, which are added. `is_causal` lets query i see keys 0 .. i.
    A query that sees no key gets zeros, and passes back zeros. `scale` replaces 1 / sqrt(D).
    Weights are dropped with probability `dropout_p`, by draws from `rng`.

    Shapes: q (..., L, D), k (..., S, D), v (..., S, E), attn_mask broadcasts to (..., L, S)
    -> (..., L, E).
    Raises: ShapeError, DTypeError for arrays or a mask that are not so; DTypeError where there
    is dropout but no rng.
    Differs: a mask and is_causal may both be given; PyTorch's enable_gqa is left out.
    Source: Vaswani et al. 2017, eq. 1.
    """
    q, k, v = (floats(WHERE, x, name) for name, x in (("q", q), ("k", k), ("v", v)))
    mask = None if attn_mask is None else read_mask(WHERE, "attn_mask", attn_mask)
    _check(q, k, v, mask)
    demand_probability(WHERE, "dropout_p", dropout_p)
    weights = attention_weights(q, k, [] if mask is None else [mask], is_causal, scale)
    if dropout_p > 0:
        weights = random.dropout(weights, dropout_p, random.generator(rng))
    return linear.matmul(weights, v)


def attention_weights(
    q: Any, k: Any, masks: Sequence[Any], is_causal: bool = False, scale: Any = None
) -> Any:
    """softmax(q k^T scale + masks) over the keys; zeros where there is no key to look at.

    Shapes: q (..., L, D), k (..., S, D), masks as above -> (..., L, S).
    """
    scale = 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else scale
    scores = linear.matmul(q * like(scale, q), swap_last(k))
    if is_causal:
        masks = [*masks, create.lower_triangle(data_of(scores), k=0)]
    for mask in masks:
        scores = _masked(scores, mask)
    return _softmax_or_zeros(scores) if masks else softmax(scores)


def _masked(scores: Any, mask: Any) -> Any:
    """The scores that a mask lets through, -inf for others; or scores plus a mask of floats."""
    if mask.dtype != bool:
        return scores + like(mask, scores)
    return where(to_device(data_of(mask), device_of(data_of(scores))), scores, -math.inf)


def _softmax_or_zeros(scores: Any) -> Any:
    """softmax along the last axis, and 0, not 0 / 0, where all scores are -inf."""
    alive = queries.any_(data_of(scores) != -math.inf, -1, keepdims=True)
    if alive.all():
        return softmax(scores)
    return where(alive, softmax(where(alive, scores, 0.0)), 0.0)


def read_mask(where: str, name: str, mask: Any) -> Any:
    """A mask as an array or a Tensor.

    Raises: DTypeError where it is neither of truth values nor of floats.
    """
    mask = as_array(mask)
    if mask.dtype.kind not in "bf":
        repair = "write which are meant, as in mask > 0"
        raise DTypeError(where, f"{name} of truth values or floats", str(mask.dtype), repair)
    return mask


def demand_probability(where: str, name: str, p: float) -> None:
    """Raises: OptionError where p is none."""
    if not 0 <= p <= 1:
        raise OptionError(where, f"{name} in [0, 1]", f"{p}", "give a probability")


def _check(q: Any, k: Any, v: Any, mask: Any) -> None:
    fits = min(len(x.shape) for x in (q, k, v)) >= 2
    fits = fits and q.shape[-1] == k.shape[-1] and k.shape[-2] == v.shape[-2]
    batch = _together(*(x.shape[:-2] for x in (q, k, v))) if fits else None
    if batch is None:
        got, repair = f"{q.shape}, {k.shape} and {v.shape}", "reshape them, or exchange axes"
        raise ShapeError(WHERE, "q (..., L, D), k (..., S, D), v (..., S, E)", got, repair)
    scores = (*batch, q.shape[-2], k.shape[-2])
    if mask is not None and _together(scores, mask.shape) != scores:
        got, repair = str(mask.shape), "give one number for each query and key"
        raise ShapeError(WHERE, f"attn_mask that broadcasts to {scores}", got, repair)


def _together(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that these broadcast to; None where they do not."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None

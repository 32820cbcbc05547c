"""Transformer layers: attention and a network for each position, each beside the way past it.

T times of the target or of the source, S times of the memory, B batch, E = d_model. In masks
True is what is LEFT OUT, as everywhere around `MultiheadAttention`; floats are added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import activations
from ..kernels import OptionError
from .dropout import Dropout
from .linear import Linear
from .module import Module
from .multihead import MultiheadAttention, sequence
from .norm import LayerNorm

ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "relu": activations.relu,
    "gelu": activations.gelu,
}


def causal_mask(size: int, dtype: Any = np.float32) -> np.ndarray:
    """0 for keys j <= i, -inf for later ones: added to the scores, whatever True may mean.

    PyTorch's name is generate_square_subsequent_mask. Shapes: -> (size, size).

    >>> causal_mask(2)
    array([[  0., -inf],
           [  0.,   0.]], dtype=float32)
    """
    if not hasattr(size, "__index__") or size < 0:
        repair = "give the number of times"
        raise OptionError("causal_mask", "a size of 0 or more", f"{size}", repair)
    return np.where(np.tri(size, dtype=bool), 0.0, -np.inf).astype(dtype)


class TransformerLayer(Module):
    """What the layers of both sides share: the network, and how a part is wrapped."""

    linear1: Linear
    dropout: Dropout
    linear2: Linear
    activation: Callable[..., Any]
    self_attn: MultiheadAttention
    norm_first: bool

    def _feed_forward(self, x: Any) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _beside(
        self, x: Any, part: Callable[[Any], Any], norm: LayerNorm, dropout: Dropout
    ) -> Any:
        """x + part(norm(x)), or norm(x + part(x)) as in the paper."""
        if self.norm_first:
            return x + dropout(part(norm(x)))
        return norm(x + dropout(part(x)))

    def _read(self, name: str, x: Any) -> Any:
        attn, where = self.self_attn, type(self).__name__
        return sequence(where, name, x, attn.embed_dim, attn.batch_first)


class TransformerEncoderLayer(TransformerLayer):
    """x = norm1(x + attention(x)); x = norm2(x + W2 f(W1 x + b1) + b2).

    With `norm_first`, x + attention(norm1(x)) and so on. In training each part is dropped
    from with probability `dropout`, as are the weights of attention and f's output.
    `activation` is relu, gelu or a function. `is_causal` lets time i see times 0 .. i.

    Shapes: src (T, B, E), with `batch_first` (B, T, E), or (T, E); src_mask (T, T) or
    (B * nhead, T, T); src_key_padding_mask (B, T) -> as src.
    Raises: ShapeError, DTypeError for inputs that are not so, OptionError for settings.
    Differs: is_causal is no hint but masks by itself.
    Source: Vaswani et al. 2017, section 3.1; norm_first: Xiong et al. 2020.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[..., Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: np.random.Generator,
    ) -> None:
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng)
        self.norm_first = norm_first
        self.norm1, self.norm2 = (
            LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2)
        )
        self.dropout1, self.dropout2 = (Dropout(dropout, rng=rng) for _ in range(2))
        self.activation = _activation("TransformerEncoderLayer", activation)

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Any) -> Any:
            return self.self_attn(
                x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal
            )[0]

        x = self._read("src", src)
        x = self._beside(x, attend, self.norm1, self.dropout1)
        return self._beside(x, self._feed_forward, self.norm2, self.dropout2)


class TransformerDecoderLayer(TransformerLayer):
    """x = norm1(x + attention(x)); x = norm2(x + attention(x, memory));
    x = norm3(x + W2 f(W1 x + b1) + b2).

    Settings as in `TransformerEncoderLayer`.

    Shapes: tgt (T, B, E), memory (S, B, E), with `batch_first` B first, or both without B;
    tgt_mask (T, T), memory_mask (T, S), or either (B * nhead, ...);
    tgt_key_padding_mask (B, T), memory_key_padding_mask (B, S) -> as tgt.
    Raises: ShapeError, DTypeError for inputs that are not so, OptionError for settings.
    Differs: tgt_is_causal and memory_is_causal are no hints but mask by themselves.
    Source: Vaswani et al. 2017, section 3.1; norm_first: Xiong et al. 2020.
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[..., Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        rng: np.random.Generator,
    ) -> None:
        def attention() -> MultiheadAttention:
            return MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, rng=rng
            )

        self.self_attn, self.multihead_attn = attention(), attention()
        self.linear1 = Linear(d_model, dim_feedforward, bias, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.linear2 = Linear(dim_feedforward, d_model, bias, rng=rng)
        self.norm_first = norm_first
        self.norm1, self.norm2, self.norm3 = (
            LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(3)
        )
        self.dropout1, self.dropout2, self.dropout3 = (
            Dropout(dropout, rng=rng) for _ in range(3)
        )
        self.activation = _activation("TransformerDecoderLayer", activation)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Any) -> Any:
            return self.self_attn(
                x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal
            )[0]

        def look_up(x: Any) -> Any:
            return self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask,
                is_causal=memory_is_causal,
            )[0]  # fmt: skip

        x, memory = self._read("tgt", tgt), self._read("memory", memory)
        x = self._beside(x, attend, self.norm1, self.dropout1)
        x = self._beside(x, look_up, self.norm2, self.dropout2)
        return self._beside(x, self._feed_forward, self.norm3, self.dropout3)


def _activation(where: str, given: Any) -> Callable[..., Any]:
    found = ACTIVATIONS.get(given) if isinstance(given, str) else given
    if not callable(found):
        rule = f"activation {', '.join(ACTIVATIONS)} or a function"
        raise OptionError(where, rule, repr(given), "choose one of these")
    return found

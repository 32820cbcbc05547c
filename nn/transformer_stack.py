"""Transformer layers one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..engine import Tensor
from ..kernels import DTypeError, OptionError
from .container import ModuleList
from .module import Module

Layers = Iterable[Any] | Callable[[], Any]


class TransformerStack(Module):
    """layer_n(... layer_1(x)), and a norm at the end where there is one.

    `layers` are modules, or a function that makes one, which is then called `num_layers` times.
    Raises: DTypeError for what is neither, OptionError for a number that does not fit.
    Differs: PyTorch copies one layer, so that all begin with the same weights; here each is
    drawn for itself.
    """

    layers: ModuleList
    norm: Module | None

    def __init__(
        self, layers: Layers, num_layers: int | None = None, norm: Module | None = None
    ) -> None:
        self.layers = ModuleList(_made(type(self).__name__, layers, num_layers))
        self.norm = norm

    def _through(self, x: Any, *others: Any) -> Tensor:
        for layer in self.layers:
            x = layer(x, *others)
        return x if self.norm is None else self.norm(x)


class TransformerEncoder(TransformerStack):
    """layer_n(... layer_1(src)), then `norm`; called as `TransformerEncoderLayer` is.

    `layers` are modules, or a function that makes one, which is called `num_layers` times:
    TransformerEncoder(lambda: TransformerEncoderLayer(8, 2, rng=rng), 6).
    Raises: DTypeError, OptionError for layers that are not so. Differs: each layer draws its
    own weights; PyTorch copies one. Source: Vaswani et al. 2017, section 3.1.
    """

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Tensor:
        return self._through(src, mask, src_key_padding_mask, is_causal)


class TransformerDecoder(TransformerStack):
    """layer_n(... layer_1(tgt, memory), memory), then `norm`; called as
    `TransformerDecoderLayer` is.

    `layers` are modules, or a function that makes one, which is called `num_layers` times.
    Raises: DTypeError, OptionError for layers that are not so. Differs: each layer draws its
    own weights; PyTorch copies one. Source: Vaswani et al. 2017, section 3.1.
    """

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
        return self._through(
            tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask,
            memory_key_padding_mask, tgt_is_causal, memory_is_causal,
        )  # fmt: skip


def _made(where: str, layers: Any, num_layers: int | None) -> list[Any]:
    if callable(layers) and not isinstance(layers, Module):
        if num_layers is None or not hasattr(num_layers, "__index__") or num_layers < 1:
            repair = "say how often to call the function"
            raise OptionError(where, "num_layers of 1 or more", f"{num_layers}", repair)
        return [layers() for _ in range(num_layers)]
    if not isinstance(layers, Iterable):
        got, repair = f"one {type(layers).__name__}", "write lambda: before its constructor"
        raise DTypeError(where, "layers, or a function that makes one", got, repair)
    made = list(layers)
    if not made or num_layers not in (None, len(made)):
        got = f"{len(made)} layers, num_layers={num_layers}"
        raise OptionError(where, "as many layers as num_layers", got, "leave num_layers out")
    return made

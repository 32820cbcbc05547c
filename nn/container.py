"""Modules that hold modules."""

from __future__ import annotations

from typing import Any

from ..kernels import DTypeError
from .module import Module


class Sequential(Module):
    """Layers one after another; parameters are named by position, as in PyTorch."""

    def __init__(self, *layers: Module) -> None:
        for layer in layers:
            _check(layer)
        self.layers = layers

    def forward(self, x: Any, *more: Any) -> Any:
        """The first layer takes all arguments, each later one the result before it."""
        for layer in self.layers:
            x = layer(x, *more)
            more = ()
        return x

    def named_children(self) -> Any:
        return ((str(i), layer) for i, layer in enumerate(self.layers))

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, index: int) -> Module:
        return self.layers[index]


def _check(layer: Any) -> None:
    if isinstance(layer, Module):
        return
    got, repair = repr(layer), "pass modules such as nn.Tanh()"
    if isinstance(layer, type):
        ours = "nn." if layer.__module__.startswith(__package__) else ""
        got, repair = f"the class {layer.__name__}", f"write {ours}{layer.__name__}()"
    elif isinstance(layer, (list, tuple)):
        got, repair = f"a {type(layer).__name__}", "unpack it: nn.Sequential(*layers)"
    raise DTypeError("Sequential", "modules", got, repair)

"""Modules that hold modules."""

from __future__ import annotations

from typing import Any

from .module import Module


class Sequential(Module):
    """Layers one after another; parameters are named by position, as in PyTorch."""

    def __init__(self, *layers: Module) -> None:
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

"""Activations as layers: each is the elementwise op of its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import activations, elementwise, random
from ..kernels import OptionError
from .module import Module


class Activation(Module):
    """Applies one elementwise op; shapes are kept."""

    op: Callable[..., Any]

    def forward(self, x: Any) -> Tensor:
        return type(self).op(x)


class ReLU(Activation):
    """max(x, 0)."""

    op = staticmethod(activations.relu)


class Tanh(Activation):
    """tanh(x)."""

    op = staticmethod(elementwise.tanh)


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    op = staticmethod(activations.sigmoid)


class Softplus(Activation):
    """log(1 + exp(x))."""

    op = staticmethod(activations.softplus)


class GELU(Activation):
    """x times the share of a standard normal below x. Source: Hendrycks & Gimpel 2016."""

    op = staticmethod(activations.gelu)


class SiLU(Activation):
    """x / (1 + exp(-x)). Source: Elfwing et al. 2018."""

    op = staticmethod(activations.silu)


class Dropout(Module):
    """In training, each element is 0 with probability p, else x / (1 - p); in evaluation, x.

    Source: Srivastava et al. 2014, scaled in training as PyTorch does.
    """

    def __init__(self, p: float = 0.5, *, rng: np.random.Generator) -> None:
        if not 0 <= p < 1:
            raise OptionError("Dropout", "p in [0, 1)", f"p={p}", "give a probability")
        self.p, self.rng = p, random.generator(rng)

    def forward(self, x: Any) -> Any:
        return random.dropout(x, self.p, self.rng, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}"

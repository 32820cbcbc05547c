"""log p(x | what a decoder says), for each element. Units: nats."""

from __future__ import annotations

from collections.abc import Callable

from ...engine import Tensor
from ...engine.ops.elementwise import square
from ...engine.ops.losses import bce_with_logits
from ...nn.loss.likelihood import HALF_LOG_2PI


def gaussian(mean: Tensor, x: Tensor) -> Tensor:
    """-(x - mean)^2 / 2 - log(2 pi) / 2: variance 1."""
    return square(x - mean) * -0.5 - HALF_LOG_2PI


def bernoulli(logits: Tensor, x: Tensor) -> Tensor:
    """x log p + (1 - x) log(1 - p) with p = sigmoid(logits), x in [0, 1]."""
    negative: Tensor = -bce_with_logits(logits, x, 1.0)
    return negative


LIKELIHOODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "gaussian": gaussian,
    "bernoulli": bernoulli,
}

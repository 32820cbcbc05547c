"""Losses of pairs and triplets of vectors: near where they belong together, far where not.

Raises: ShapeError where shapes differ, DTypeError for vectors that are not of floats,
OptionError for targets other than 1 and -1.
"""

from __future__ import annotations

from typing import Any

from ...engine import Tensor
from ...engine.ops.activations import relu
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import add, minimum, multiply, ratio, subtract, where
from ...engine.ops.norms import norm
from ...kernels import ShapeError
from .base import Loss
from .checks import above, alike, signs, within


def cosine(x1: Any, x2: Any) -> Any:
    """The cosine of the angle between vectors, 0 where one of them is 0. Shapes: (..., D) twice
    -> (...)."""
    units = (ratio(x, norm(x, axis=-1, keepdims=True)) for x in (x1, x2))
    return sum_(multiply(*units), -1)


class CosineEmbeddingLoss(Loss):
    """1 - cos(x1, x2) where target = 1, max(0, cos(x1, x2) - margin) where target = -1.

    Shapes: x1, x2 (N, D) or (D,), targets (N,) or () -> () or, with reduction "none", the shape
    of the targets. Differs: PyTorch adds 1e-12 to squared lengths; here the vector 0 alone is
    special, at a right angle to all, and no square overflows.
    """

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = within(self.name, "margin", margin, -1, 1)

    def forward(self, x1: Any, x2: Any, targets: Any) -> Tensor:
        x1, x2 = alike(self.name, x1, x2, ("x1", "x2"))
        demand_vectors(self.name, x1)
        targets = signs(self.name, targets, x1, x1.shape[:-1])
        cos = cosine(x1, x2)
        far = relu(subtract(cos, self.margin))
        return self.reduced(where(targets == 1, subtract(1.0, cos), far))

    def settings(self) -> dict[str, Any]:
        return {"margin": self.margin}


class TripletMarginLoss(Loss):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d(x, y) = |x - y + eps|_p.

    With `swap` the negative's distance is min(d(anchor, negative), d(positive, negative)).
    Shapes: three of (N, D) or (D,) -> () or, with reduction "none", (N,) or ().
    Source: Balntas et al. 2016, "Learning local feature descriptors with triplets", eq. 3;
    sec. 3 (swap). The eps, PyTorch's, keeps equal vectors off the tip of the norm.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        *,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin, self.p = above(self.name, "margin", margin), above(self.name, "p", p)
        self.eps, self.swap = eps, swap

    def distance(self, x: Any, y: Any) -> Any:
        """|x - y + eps|_p. Shapes: (..., D) twice -> (...)."""
        return norm(add(subtract(x, y), self.eps), self.p, axis=-1)

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Tensor:
        anchor, positive = alike(self.name, anchor, positive, ("an anchor", "a positive"))
        anchor, negative = alike(self.name, anchor, negative, ("an anchor", "a negative"))
        demand_vectors(self.name, anchor)
        far = self.distance(anchor, negative)
        if self.swap:
            far = minimum(far, self.distance(positive, negative))
        near = self.distance(anchor, positive)
        return self.reduced(relu(add(subtract(near, far), self.margin)))

    def settings(self) -> dict[str, Any]:
        return {"margin": self.margin, "p": self.p, "eps": self.eps, "swap": self.swap}


def demand_vectors(where: str, x: Any) -> None:
    """Raises: ShapeError for another shape than (N, D) or (D,)."""
    if len(x.shape) not in (1, 2):
        got, repair = str(x.shape), "reshape them"
        raise ShapeError(where, "vectors of shape (N, D) or (D,)", got, repair)

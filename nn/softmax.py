"""softmax and its logarithm as layers."""

from __future__ import annotations

from ..engine.ops import softmax
from .applied import Applied


class Softmax(Applied):
    """exp(x) / sum(exp(x)) along the axis `dim`, and 1 in sum.

    Raises: ShapeError for an axis that x does not have. Differs: dim must be given; PyTorch
    guesses one, and warns.
    """

    op, settings = staticmethod(softmax.softmax), ("dim",)

    def __init__(self, dim: int) -> None:
        self.dim = dim


class LogSoftmax(Softmax):
    """x - log(sum(exp(x))) along the axis `dim`. Units: nats. Else as Softmax."""

    op = staticmethod(softmax.log_softmax)

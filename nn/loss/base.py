"""What all losses share: many numbers made one."""

from __future__ import annotations

from typing import Any, ClassVar

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...engine.ops.reductions import mean
from ...kernels import OptionError
from ..module import Module


class Loss(Module):
    """Base of losses. `reduction` says what becomes of one number an element, row or sequence:
    their "mean", their "sum", or, with "none", all of them.

    The mean of none is nan, as in PyTorch. Differs: options behind those of the formula are
    given by name; PyTorch's size_average and reduce, long deprecated, are not there.
    Raises: OptionError for another reduction.
    """

    reductions: ClassVar[tuple[str, ...]] = ("mean", "sum", "none")

    def __init__(self, *, reduction: str = "mean") -> None:
        if reduction not in self.reductions:
            rule = f"reduction in {', '.join(self.reductions)}"
            raise OptionError(self.name, rule, repr(reduction), "choose one of these")
        self.reduction = reduction

    @property
    def name(self) -> str:
        """What errors call this loss."""
        return type(self).__name__

    def reduced(self, losses: Any) -> Tensor:
        """The losses, their mean or their sum. Shapes: any -> () or, with "none", the same."""
        if self.reduction == "none":
            return losses
        return mean(losses) if self.reduction == "mean" else sum_(losses)

    def settings(self) -> dict[str, Any]:
        """What `repr` shows before the reduction."""
        return {}

    def extra_repr(self) -> str:
        shown = {**self.settings(), "reduction": self.reduction}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items())

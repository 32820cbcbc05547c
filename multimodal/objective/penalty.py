"""Weight decay as what it is in the objective: a penalty on the squares of weights."""

from __future__ import annotations

from collections.abc import Callable

from ...engine import Tensor
from ...engine.ops.elementwise import square
from ...kernels import OptionError
from ...nn import Module, Parameter
from ...nn.loss.checks import at_least
from .batch import added


def is_weight(name: str, parameter: Parameter) -> bool:
    """Whether a parameter has two axes or more: biases and scales of norms have one."""
    return len(parameter.shape) >= 2


class L2Penalty(Module):
    """(lambda / 2) sum ||W||^2 over the weights of a model; J = L + L2Penalty(model)().

    Weights are the parameters of two axes or more: biases, scales of norms and single numbers
    are free. `chosen(name, parameter)` picks others. They are those that the model has when the
    penalty is built.
    Backward: dW += lambda W. Under SGD that is its weight_decay; under Adam it is not AdamW's.
    Raises: OptionError for a negative weight_decay, or a model with no weights.
    Source: Krogh & Hertz 1992.
    """

    def __init__(
        self,
        model: Module,
        weight_decay: float = 1e-4,
        chosen: Callable[[str, Parameter], bool] = is_weight,
    ) -> None:
        where = type(self).__name__
        self.weight_decay = at_least(where, "weight_decay", weight_decay, 0)
        self.weights = [p for name, p in model.named_parameters() if chosen(name, p)]
        if not self.weights:
            repair = "see its named_parameters, or give chosen="
            raise OptionError(where, "a model with weights", "none", repair)

    def forward(self) -> Tensor:
        squares = [square(w).sum() for w in self.weights]
        return added(squares, self.weights[0]) * (self.weight_decay / 2)

    def extra_repr(self) -> str:
        return f"{len(self.weights)} weights, weight_decay={self.weight_decay}"

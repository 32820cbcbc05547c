"""Averages of the parameters along the way, around any optimizer: section 7.2 of Adam's paper.

Both are written as steps towards theta, so that a theta that stands still comes back exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError, ShapeError, Update, device
from ..kernels.shape import assign, copy
from .launch import tensors_of
from .memory import precision
from .optimizer import Optimizer


def exponential(theta: Any, theta_hat: Any, *, t: Any, beta2: Any) -> Any:
    theta_hat = theta_hat + (1 - beta2) / (1 - beta2**t) * (theta - theta_hat)
    return (theta_hat,)


def polyak(theta: Any, theta_bar: Any, *, t: Any) -> Any:
    theta_bar = theta_bar + 1 / t * (theta - theta_bar)
    return (theta_bar,)


RULES = {"exponential": Update(exponential), "polyak": Update(polyak)}


class Averaged:
    """An optimizer that also keeps the average of its parameters over its steps.

    exponential: thetabar_t = beta2 thetabar_(t-1) + (1 - beta2) theta_t, divided by
    1 - beta2^t. polyak: the mean of theta_1 ... theta_t. Source: Kingma & Ba, arXiv
    1412.6980v9, section 7.2; Polyak & Juditsky 1992; Ruppert 1988.

    >>> from .sgd import SGD
    >>> p = Tensor([0.0], requires_grad=True)
    >>> averaged = Averaged(SGD([p], lr=1.0), "polyak")
    >>> for g in (-1.0, -3.0):  # theta is 1, then 4
    ...     p.grad = Tensor([g])
    ...     averaged.step()
    >>> averaged.average(p)
    Tensor([2.5])
    >>> with averaged.applied():
    ...     print(p.numpy())
    [2.5]
    """

    def __init__(
        self, optimizer: Optimizer, mean: str = "exponential", beta2: float = 0.999
    ) -> None:
        if mean not in RULES:
            expected, repair = f"mean in {', '.join(RULES)}", "choose one of these"
            raise OptionError("Averaged", expected, repr(mean), repair)
        if not 0 <= beta2 < 1:
            repair = "give a value in the range"
            raise OptionError("Averaged", "0 <= beta2 < 1", f"beta2={beta2}", repair)
        self.optimizer, self.mean, self.beta2, self.t = optimizer, mean, beta2, 0
        self.averages: dict[Tensor, Any] = {}

    def step(self, closure: Any = None) -> Any:
        """A step of the optimizer, then of the average."""
        result = self.optimizer.step(closure)
        self.t += 1
        update = RULES[self.mean]
        known = {"t": self.t, "beta2": self.beta2}
        scalars = {name: known[name] for name in update.program.scalars}
        for p in tensors_of(self.optimizer.param_groups):
            fine = p.data.astype(precision(p))
            if p not in self.averages:
                self.averages[p] = copy(fine)
            update([(fine, self.averages[p])], **scalars)
        return result

    def average(self, p: Tensor) -> Tensor:
        """The average of one parameter; the parameter itself before the first step."""
        return Tensor(copy(self.averages.get(p, p.data)), dtype=p.dtype)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Averages in place of the parameters in this block, for evaluation."""
        parameters = tensors_of(self.optimizer.param_groups)
        held = [copy(p.data) for p in parameters]
        try:
            for p in parameters:
                assign(p.data, self.averages.get(p, p.data))
                p.changed()
            yield
        finally:
            for p, data in zip(parameters, held, strict=True):
                assign(p.data, data)
                p.changed()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        self.optimizer.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's state, and the averages with their count; copies all."""
        parameters = tensors_of(self.optimizer.param_groups)
        held = {k: p for k, p in enumerate(parameters) if p in self.averages}
        averages = {
            k: device.to_device(self.averages[p], "cpu").copy() for k, p in held.items()
        }
        return {
            "optimizer": self.optimizer.state_dict(),
            "averages": averages,
            "mean": self.mean,
            "t": self.t,
        }

    def load_state_dict(self, state: Any) -> None:
        """Continue from `state_dict`. Raises: as the optimizer's; OptionError for what is no
        state of this mean, ShapeError for an average of another shape; nothing changes then."""
        names = {"optimizer", "averages", "mean", "t"}
        held = state if isinstance(state, Mapping) and state.keys() == names else {}
        if held.get("mean") != self.mean:
            got = f"one of {held['mean']!r}" if held else "none"
            repair = "load what state_dict of the same gave"
            raise OptionError("Averaged", f"a state of the mean {self.mean!r}", got, repair)
        parameters = dict(enumerate(tensors_of(self.optimizer.param_groups)))
        for k, value in state["averages"].items():
            if k not in parameters or value.shape != parameters[k].shape:
                expected, repair = "the averages of these parameters", "load the same network's"
                raise ShapeError("Averaged", expected, f"{k}: {value.shape}", repair)
        self.optimizer.load_state_dict(state["optimizer"])
        self.t = int(state["t"])
        self.averages = {
            p: device.to_device(np.array(state["averages"][k], precision(p)), p.device)
            for k, p in parameters.items()
            if k in state["averages"]
        }

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
from ..kernels.shape import assign, astype, copy
from .launch import tensors_of
from .memory import precision
from .optimizer import Optimizer
from .settings import check_ranges


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
        if not isinstance(optimizer, Optimizer):
            got, repair = type(optimizer).__name__, "build it first"
            raise OptionError("Averaged", "an optimizer", got, repair)
        if mean not in RULES:
            expected, repair = f"mean in {', '.join(RULES)}", "choose one of these"
            raise OptionError("Averaged", expected, repr(mean), repair)
        check_ranges("Averaged", {"beta2": beta2}, 1)
        self.optimizer, self.mean, self.beta2 = optimizer, mean, beta2
        self.averages: dict[Tensor, Any] = {}
        self.counts: dict[Tensor, int] = {}
        self._is_applied = False

    def step(self, closure: Any = None) -> Any:
        """A step of the optimizer, then of the average; a step left out counts for neither.

        Raises: OptionError inside `applied`, after which the step would be forgotten.
        """
        if self._is_applied:
            got, repair = "averages in their place", "leave applied() first"
            raise OptionError("Averaged.step", "parameters in training", got, repair)
        skipped = self.optimizer.skipped
        result = self.optimizer.step(closure)
        if self.optimizer.skipped == skipped:
            for p in tensors_of(self.optimizer.param_groups):
                self._follow(p)
        return result

    def _follow(self, p: Tensor) -> None:
        update, fine = RULES[self.mean], astype(p.data, dtype=precision(p))
        if p not in self.averages:
            self.averages[p] = copy(fine)
        self.counts[p] = t = self.counts.get(p, 0) + 1
        known = {"t": t, "beta2": self.beta2}
        scalars = {name: known[name] for name in update.program.scalars}
        update([(fine, self.averages[p])], **scalars)

    def average(self, p: Tensor) -> Tensor:
        """The average of one parameter; the parameter itself before the first step."""
        return Tensor(copy(self.averages.get(p, p.data)), dtype=p.dtype)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Averages in place of the parameters in this block, for evaluation."""
        parameters = tensors_of(self.optimizer.param_groups)
        held = [copy(p.data) for p in parameters]
        self._is_applied = True
        try:
            for p in parameters:
                assign(p.data, self.averages.get(p, p.data))
                p.changed()
            yield
        finally:
            self._is_applied = False
            for p, data in zip(parameters, held, strict=True):
                assign(p.data, data)
                p.changed()

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of the optimizer."""
        return self.optimizer.param_groups

    def __repr__(self) -> str:
        return f"Averaged({self.optimizer!r}, {self.mean!r}, beta2={self.beta2})"

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        self.optimizer.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """The optimizer's state, and each average with its count; copies all."""
        held = {k: p for k, p in self._numbered().items() if p in self.averages}
        return {
            "optimizer": self.optimizer.state_dict(),
            "mean": self.mean,
            "beta2": self.beta2,
            "averages": {
                k: device.to_device(self.averages[p], "cpu").copy() for k, p in held.items()
            },
            "counts": {k: self.counts[p] for k, p in held.items()},
        }

    def load_state_dict(self, state: Any) -> None:
        """Continue from `state_dict`. Raises: as the optimizer's; OptionError for what is no
        state of this mean, ShapeError for an average of another shape; nothing changes then."""
        names = {"optimizer", "mean", "beta2", "averages", "counts"}
        held = state if isinstance(state, Mapping) and state.keys() == names else {}
        if held.get("mean") != self.mean:
            got = f"one of {held['mean']!r}" if held else "none"
            repair = "load what state_dict of the same gave"
            raise OptionError("Averaged", f"a state of the mean {self.mean!r}", got, repair)
        parameters = self._numbered()
        for k, value in state["averages"].items():
            if k not in parameters or np.shape(value) != parameters[k].shape:
                expected, repair = "the averages of these parameters", "load the same network's"
                raise ShapeError("Averaged", expected, f"{k}: {np.shape(value)}", repair)
        check_ranges("Averaged", {"beta2": state["beta2"]}, 1)
        self.optimizer.load_state_dict(state["optimizer"])
        self.beta2 = state["beta2"]
        self.averages = {
            p: device.to_device(np.array(state["averages"][k], precision(p)), p.device)
            for k, p in parameters.items()
            if k in state["averages"]
        }
        self.counts = {parameters[k]: int(count) for k, count in state["counts"].items()}

    def _numbered(self) -> dict[int, Tensor]:
        return dict(enumerate(tensors_of(self.optimizer.param_groups)))

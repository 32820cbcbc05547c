"""vSGD: no learning rate to set; each parameter has the best one for a noisy quadratic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Unpack

import numpy as np

from ..engine import Tensor
from ..engine.variables import gradients_of
from ..kernels import DTypeError, OptionError
from ..kernels.device import to_device
from ..kernels.words import ratio, where
from .launch import tensors_of
from .optimizer import Optimizer
from .parameters import Params
from .schedules import at
from .settings import Options


def vsgd(
    theta: Any,
    g: Any,
    h: Any,
    g_bar: Any,
    v_bar: Any,
    h_bar: Any,
    tau: Any,
    *,
    t: Any,
    n0: Any,
    c: Any,
) -> Any:
    rate = where(t <= n0, 1 / t, 1 / tau)
    boost = where(t <= n0, c, 1)
    g_bar = (1 - rate) * g_bar + rate * g
    v_bar = (1 - rate) * v_bar + rate * boost * g * g
    h_bar = (1 - rate) * h_bar + rate * boost * abs(h)
    eta = ratio(g_bar * g_bar, h_bar * v_bar)
    theta = theta - where(t <= n0, 0, eta * g)
    tau = where(t <= n0, tau, (1 - ratio(g_bar * g_bar, v_bar)) * tau + 1)
    return theta, g_bar, v_bar, h_bar, tau


class VSGD(Optimizer):
    """eta = g_bar^2 / (h_bar v_bar), averages over the last tau steps, tau shrinking where the
    gradient stands out of its noise.

    `step` needs a closure that computes the loss and nothing else: the gradient and the
    curvature h come from it. The first `slow_start` steps only average, with v and h
    `overestimate` times as large. Differs: h is z * (H z), exact for a Hessian that is
    diagonal and right on average for any other, z being signs from `rng`; the paper propagates
    the diagonal of Gauss and Newton. Source: Schaul, Zhang & LeCun 2013, arXiv 1206.1106,
    Algorithm 1 (vSGD-l).

    >>> p = Tensor([3.0, -1.0], requires_grad=True)
    >>> optimizer = VSGD([p], rng=np.random.default_rng(0), slow_start=1, overestimate=1.0)
    >>> for _ in range(3):
    ...     loss = optimizer.step(lambda: (p * p * Tensor([1.0, 50.0])).sum())
    >>> p.numpy()  # no noise: the step is Newton's
    array([0., 0.])
    """

    rule = staticmethod(vsgd)
    state_names = ("g_bar", "v_bar", "h_bar", "tau")
    measures = ("h",)
    starts = MappingProxyType({"tau": "slow_start"})

    def __init__(
        self,
        params: Params,
        *,
        rng: np.random.Generator,
        slow_start: int = 10,
        overestimate: float = 10.0,
        **options: Unpack[Options],
    ) -> None:
        self.rng, self.curvature = rng, dict[Tensor, Any]()
        super().__init__(params, slow_start=slow_start, overestimate=overestimate, **options)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Compute the loss, its gradients and curvatures, and update; gives the loss.

        Raises: OptionError without a closure, DTypeError where it returns no Tensor.
        """
        if closure is None:
            got, repair = "none", "pass a function that computes the loss"
            raise OptionError("VSGD.step", "a closure", got, repair)
        loss = closure()
        if not isinstance(loss, Tensor):
            got, repair = type(loss).__name__, "return the loss, and leave backward to step"
            raise DTypeError("VSGD.step", "a closure that returns a Tensor", got, repair)
        parameters = [p for p in tensors_of(self.param_groups) if p.requires_grad]
        self.zero_grad()
        loss.backward(create_graph=True, inputs=parameters)
        self._measure([p for p in parameters if p.grad is not None])
        super().step()
        return loss.detach()

    def _measure(self, held: list[Any]) -> None:
        """The curvature wherever there is a gradient; and the gradient out of its graph."""
        decays = {p: g["weight_decay"] for g in self.param_groups for p in g["params"]}
        signs = [self._signs(p) for p in held]
        along = sum((p.grad * z).sum() for p, z in zip(held, signs, strict=True))
        curved = [Tensor(0.0)] * len(held)
        if isinstance(along, Tensor) and along.requires_grad:
            curved = gradients_of(along, held)
        for p, z, hz in zip(held, signs, curved, strict=True):
            t = self.state[p]["step"] + 1 if p in self.state else 1
            self.curvature[p] = (z * hz + at(decays[p], t)).data
            p.grad = p.grad.detach()

    def measured(self, p: Tensor) -> Mapping[str, Any]:
        """The curvature at p of the last closure. Raises: OptionError before the first."""
        if p not in self.curvature:
            got, repair = "a gradient alone", "call step(closure) first"
            raise OptionError("VSGD", "a curvature measured by step", got, repair)
        return {"h": self.curvature[p]}

    def _signs(self, p: Tensor) -> Tensor:
        draws = self.rng.integers(0, 2, p.shape) * 2 - 1
        return Tensor(to_device(draws.astype(p.dtype), p.device))

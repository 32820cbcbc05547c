"""One step of an optimizer on ten million parameters, flat and as a hundred tensors.

Gradients are the same at every step, so that no state fades: a state of numbers below 1e-38
is slow to compute with, and is measured by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .. import place
from ..case import Arrays, Case, Floor, Work
from . import denormal

TOTAL, COUNT = 10_000_000, 100
SMALLEST, LARGEST = 100, 1_000_000  # tensors of a network: biases, and matrices
CHECKED = 2  # steps
TOLERANCE = 1e-5  # parameters are as small as 0.01, and a step is 0.001 or more


class Method(NamedTuple):
    """An optimizer by its name in each library, with settings that make them agree."""

    ours: str
    torch: str
    optax: str
    options: Mapping[str, float]  # of ours and torch
    optax_options: Mapping[str, float]
    states: int
    rule: Callable[..., Any]  # (theta, g, t, *states) -> theta, *states in float64
    goals: Mapping[str, float]
    fused: bool = False  # whether torch has one kernel for it


def adam_rule(theta: Any, g: Any, t: int, m: Any, v: Any) -> Any:
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    root = np.sqrt(v / (1 - 0.999**t)) + 1e-8
    return theta - 1e-3 * (m / (1 - 0.9**t)) / root, m, v


def adamax_rule(theta: Any, g: Any, t: int, m: Any, u: Any) -> Any:
    m, u = 0.9 * m + 0.1 * g, np.maximum(0.999 * u, np.abs(g))
    return theta - 2e-3 / (1 - 0.9**t) * m / u, m, u


def rmsprop_rule(theta: Any, g: Any, t: int, v: Any) -> Any:
    v = 0.9 * v + 0.1 * g * g
    return theta - 1e-3 * g / (np.sqrt(v) + 1e-8), v


def adagrad_rule(theta: Any, g: Any, t: int, s: Any) -> Any:
    s = s + g * g
    return theta - 1e-2 * g / (np.sqrt(s) + 1e-10), s


METHODS = {
    "Adam": Method(
        "Adam", "Adam", "adam", {"lr": 1e-3}, {"learning_rate": 1e-3}, 2, adam_rule,
        {"torch fused": 0.95, "torch": 0.25}, fused=True,
    ),
    "AdaMax": Method(
        "AdaMax", "Adamax", "adamax", {"lr": 2e-3}, {"learning_rate": 2e-3}, 2,
        adamax_rule, {"torch": 0.45},
    ),
    "RMSProp": Method(
        "RMSProp", "RMSprop", "rmsprop", {"lr": 1e-3, "alpha": 0.9},
        {"learning_rate": 1e-3, "decay": 0.9, "eps_in_sqrt": False}, 1, rmsprop_rule,
        {"torch": 0.30},
    ),
    "Adagrad": Method(
        "Adagrad", "Adagrad", "adagrad", {"lr": 1e-2, "eps": 1e-10},
        {"learning_rate": 1e-2, "initial_accumulator_value": 0.0, "eps": 1e-20}, 1,
        adagrad_rule, {"torch": 0.25}, fused=True,
    ),
}  # fmt: skip


def sizes(total: int, count: int) -> list[int]:
    """Sizes of tensors that make `total`: evenly spread in their logarithm, in mixed order."""
    if count == 1:
        return [total]
    spread = np.geomspace(SMALLEST, LARGEST, count)
    made = np.maximum(1, (spread * total / spread.sum()).astype(int))
    made[-1] += total - made.sum()
    return [int(n) for n in np.random.default_rng(4).permutation(made)]


def tensors(lengths: Sequence[int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Parameters and gradients; no gradient is near 0, where a step hangs on its last digit."""
    rng = np.random.default_rng(5)
    values = [rng.standard_normal(n, np.float32) / np.float32(100) for n in lengths]
    signs = [rng.integers(0, 2, n).astype(np.float32) * 2 - 1 for n in lengths]
    return values, [s * (rng.random(s.size, np.float32) + np.float32(0.1)) for s in signs]


def _truth(method: Method, lengths: Sequence[int]) -> Arrays:
    found = []
    for theta, g in zip(*tensors(lengths)):
        g, states = g.astype(np.float64), [np.zeros(g.size)] * method.states
        theta = theta.astype(np.float64)
        for t in range(1, CHECKED + 1):
            theta, *states = method.rule(theta, g, t, *states)
        found.append(theta)
    return found


def _checked(step: Callable[[], object], parameters: Callable[[], Arrays]) -> Arrays:
    for _ in range(CHECKED):
        step()
    return parameters()


def fusegrad(method: Method, lengths: Sequence[int]) -> Work:
    fg = import_module("fusegrad")
    values, gradients = tensors(lengths)
    parameters = [place.ours(v, requires_grad=True) for v in values]
    optimizer = getattr(fg.optim, method.ours)(parameters, **method.options)
    _give(parameters, map(place.ours, gradients))
    return Work(
        optimizer.step,
        lambda: _checked(optimizer.step, lambda: [p.numpy() for p in parameters]),
    )


def _give(parameters: Sequence[Any], gradients: Any) -> None:
    for p, g in zip(parameters, gradients):
        p.grad = g


def torch(method: Method, lengths: Sequence[int], fused: bool = False) -> Work:
    """By default, torch goes through the tensors op by op; `fused` is one kernel."""
    torch = import_module("torch")
    values, gradients = tensors(lengths)
    parameters = [place.theirs(v).requires_grad_() for v in values]
    options = {**method.options, **({"fused": True} if fused else {})}
    optimizer = getattr(torch.optim, method.torch)(parameters, **options)
    _give(parameters, map(place.theirs, gradients))

    def found() -> Arrays:
        return [*map(place.host, parameters)]

    return Work(optimizer.step, lambda: _checked(optimizer.step, found))


def jax(method: Method, lengths: Sequence[int]) -> Work:
    """optax under jit; parameters and states give their memory to the new ones."""
    jax, optax = import_module("jax"), import_module("optax")
    rule = getattr(optax, method.optax)(**method.optax_options)
    values, gradients = tensors(lengths)
    held: dict[str, Any] = {"parameters": [*map(jax.numpy.asarray, values)]}
    given = [*map(jax.numpy.asarray, gradients)]
    held["state"] = rule.init(held["parameters"])

    def both(parameters: Any, state: Any, given: Any) -> Any:
        updates, state = rule.update(given, state, parameters)
        return optax.apply_updates(parameters, updates), state

    run = jax.jit(both, donate_argnums=(0, 1))

    def step() -> None:
        made = run(held["parameters"], held["state"], given)
        held["parameters"], held["state"] = jax.block_until_ready(made)

    return Work(step, lambda: _checked(step, lambda: held["parameters"]))


def case(name: str, total: int, count: int) -> Case:
    """One optimizer on tensors that make `total`."""
    method, lengths = METHODS[name], sizes(total, count)
    builders: dict[str, Callable[[], Work]] = {"fusegrad": partial(fusegrad, method, lengths)}
    if method.fused:
        builders["torch fused"] = partial(torch, method, lengths, fused=True)
    builders["torch"] = partial(torch, method, lengths)
    builders["jax jit"] = partial(jax, method, lengths)
    shown = "flat" if count == 1 else f"{count} tensors"
    moved = 4.0 * total * (3 + 2 * method.states)  # g, and all others read and written
    return Case(
        f"{name}, {total:,} parameters, {shown}",
        builders,
        partial(_truth, method, lengths),
        TOLERANCE,
        Floor(bytes=moved),
        method.goals,
    )


def cases(total: int = TOTAL, count: int = COUNT) -> list[Case]:
    """Every optimizer flat and in pieces, and Adam on a state of denormal numbers."""
    found = [case(name, total, n) for name in METHODS for n in (1, count)]
    return [*found, denormal.case(total)]

"""Logistic regression, and the network with dropout of Adam's paper, on random inputs."""

from __future__ import annotations

import math
from functools import partial
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np

from ..case import Case, Floor
from . import by_hand
from .train import LR, Batch, Task, Weights, contenders

BATCH, ROUND = 128, 8  # rows; batches that training goes round
ALL = ("fusegrad", "torch fused", "torch", "torch compile", "jax jit")
REGRESSION, NETWORK = (784, 10), (784, 1000, 1000, 10)
SPACING = 3  # layers from one Linear to the next in the list: Linear, ReLU, Dropout


def names_of(sizes: tuple[int, ...]) -> list[str]:
    return [str(SPACING * k) for k in range(len(sizes) - 1)]


def drawn(sizes: tuple[int, ...]) -> Weights:
    """Weights as large as PyTorch draws them."""
    rng, made = np.random.default_rng(7), {}
    for name, into, out in zip(names_of(sizes), sizes, sizes[1:]):
        bound = 1 / math.sqrt(into)
        made[f"{name}.weight"] = rng.uniform(-bound, bound, (out, into)).astype(np.float32)
        made[f"{name}.bias"] = rng.uniform(-bound, bound, out).astype(np.float32)
    return made


def batches(sizes: tuple[int, ...], rows: int, count: int) -> list[Batch]:
    """Inputs in [0, 1), labels at random."""
    rng = np.random.default_rng(8)
    return [
        (rng.random((rows, sizes[0]), np.float32), rng.integers(sizes[-1], size=rows))
        for _ in range(count)
    ]


def build(sizes: tuple[int, ...], nn: Any, draws: dict[str, Any]) -> Any:
    """Linear, ReLU, Dropout, ... , Linear."""
    layers: list[Any] = []
    for into, out in pairwise(sizes):
        layers += [nn.Linear(into, out, **draws), nn.ReLU(), nn.Dropout(0.5, **draws)]
    return nn.Sequential(*layers[: 1 - SPACING])


def classified(m: Any, nn: Any, net: Any, x: Any, labels: Any) -> Any:
    """The cross-entropy of a network's logits."""
    return nn.CrossEntropyLoss()(net(x), labels)


def jax_cross_entropy(logits: Any, labels: Any) -> Any:
    jax = import_module("jax")
    logs = jax.nn.log_softmax(logits)
    return -jax.numpy.mean(jax.numpy.take_along_axis(logs, labels[:, None], 1))


def _jax_loss(sizes: tuple[int, ...], w: Any, key: Any, x: Any, labels: Any) -> Any:
    jax = import_module("jax")
    *hidden, last = names_of(sizes)
    for k, name in enumerate(hidden):
        x = jax.nn.relu(x @ w[f"{name}.weight"].T + w[f"{name}.bias"])
        if key is not None:
            kept = jax.random.bernoulli(jax.random.fold_in(key, k), 0.5, x.shape)
            x = jax.numpy.where(kept, 2 * x, 0)
    return jax_cross_entropy(x @ w[f"{last}.weight"].T + w[f"{last}.bias"], labels)


def _by_hand(sizes: tuple[int, ...], w: Weights, x: Any, labels: Any) -> tuple[float, Weights]:
    names, inputs = names_of(sizes), [x]
    found: Weights = {}
    for name in names:
        y = by_hand.linear(inputs[-1], w[f"{name}.weight"], w[f"{name}.bias"])
        inputs.append(np.maximum(y, 0))
    loss, g = by_hand.cross_entropy(y, labels)
    for name, x in reversed([*zip(names, inputs)]):
        g, dw, db = by_hand.linear_back(g, x, w[f"{name}.weight"])
        g = g * (x > 0)
        found |= {f"{name}.weight": dw, f"{name}.bias": db}
    return float(loss), found


def task(sizes: tuple[int, ...], rows: int) -> Task:
    """Layers of these sizes; of two it is logistic regression."""
    return Task(
        weights=partial(drawn, sizes),
        batches=partial(batches, sizes, rows, ROUND),
        check=lambda: batches(sizes, rows, 1)[0],
        build=partial(build, sizes),
        loss=classified,
        by_hand=partial(_by_hand, sizes),
        jax_loss=partial(_jax_loss, sizes),
        lr=LR if len(sizes) == 2 else LR / 10,
    )


def floor(sizes: tuple[int, ...], rows: int) -> Floor:
    """Products; gradients written and read, parameters and two states read and written."""
    pairs = [*pairwise(sizes)]
    weights = sum(a * b + b for a, b in pairs)
    products = 3 * sum(a * b for a, b in pairs) - sizes[0] * sizes[1]
    return Floor(bytes=4.0 * 8 * weights, flops=2.0 * rows * products)


def case(name: str, sizes: tuple[int, ...], goals: dict[str, float], rows: int = BATCH) -> Case:
    """A step on a batch of so many rows."""
    made, shown = task(sizes, rows), "-".join(map(str, sizes))
    return Case(
        f"{name} {shown}, batch {rows}",
        contenders(made, ALL),
        made.truth,
        floor=floor(sizes, rows),
        goals=goals,
    )


def cases() -> list[Case]:
    return [
        case("logistic regression", REGRESSION, {"torch fused": 0.5}),
        case("MLP with dropout", NETWORK, {"torch fused": 0.85}),
    ]

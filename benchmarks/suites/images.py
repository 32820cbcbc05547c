"""The convolutional network of Adam's paper, c64-c64-c128-1000, on random 32x32x3 images."""

from __future__ import annotations

import math
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ..case import Case, Floor
from . import by_hand
from .dense import ROUND, classified, jax_cross_entropy
from .train import LR, Batch, Task, Weights, contenders

BATCH, CHECKED = 128, 4  # rows of a step, and of what is checked
ALL = ("fusegrad", "torch fused", "torch channels_last", "torch", "torch compile", "jax jit")
GOALS = {"torch fused": 0.8, "torch channels_last": 1.2}
KERNEL, POOL, STRIDE, PAD = 5, 3, 2, 1
CONVS, DENSE = ("0", "3", "6"), ("10", "12")  # places in the list of layers


class Net(NamedTuple):
    """Sizes; each pool halves height and width."""

    side: int = 32
    channels: tuple[int, ...] = (3, 64, 64, 128)
    hidden: int = 1000
    classes: int = 10

    @property
    def flat(self) -> int:
        return self.channels[-1] * (self.side >> len(CONVS)) ** 2


FULL = Net()


def _drawn(net: Net) -> Weights:
    rng, made = np.random.default_rng(9), {}
    shapes = [
        *((b, a, KERNEL, KERNEL) for a, b in zip(net.channels, net.channels[1:])),
        (net.hidden, net.flat),
        (net.classes, net.hidden),
    ]
    for name, shape in zip((*CONVS, *DENSE), shapes):
        bound = math.sqrt(3 / math.prod(shape[1:]))  # keeps what passes of one size
        made[f"{name}.weight"] = rng.uniform(-bound, bound, shape).astype(np.float32)
        made[f"{name}.bias"] = rng.uniform(-0.1, 0.1, shape[0]).astype(np.float32)
    return made


def _batches(net: Net, rows: int, count: int) -> list[Batch]:
    rng, shape = np.random.default_rng(8), (rows, net.channels[0], net.side, net.side)
    return [
        (rng.standard_normal(shape, np.float32), rng.integers(net.classes, size=rows))
        for _ in range(count)
    ]


def _build(net: Net, nn: Any, draws: dict[str, Any]) -> Any:
    layers: list[Any] = []
    for into, out in zip(net.channels, net.channels[1:]):
        conv = nn.Conv2d(into, out, KERNEL, padding=KERNEL // 2, **draws)
        layers += [conv, nn.ReLU(), nn.MaxPool2d(POOL, STRIDE, PAD)]
    layers += [nn.Flatten(), nn.Linear(net.flat, net.hidden, **draws), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(net.hidden, net.classes, **draws))


def _jax_loss(w: Any, key: Any, x: Any, labels: Any) -> Any:
    jax, edges = import_module("jax"), ((0, 0), (0, 0), (PAD, PAD), (PAD, PAD))
    lax, window, stride = jax.lax, (1, 1, POOL, POOL), (1, 1, STRIDE, STRIDE)
    for name in CONVS:
        x = lax.conv_general_dilated(x, w[f"{name}.weight"], (1, 1), "SAME")
        x = jax.nn.relu(x + w[f"{name}.bias"][:, None, None])
        x = lax.reduce_window(x, -np.inf, lax.max, window, stride, edges)
    first, last = DENSE
    x = x.reshape(len(x), -1)
    x = jax.nn.relu(x @ w[f"{first}.weight"].T + w[f"{first}.bias"])
    return jax_cross_entropy(x @ w[f"{last}.weight"].T + w[f"{last}.bias"], labels)


def _convs(w: Weights, x: Any) -> tuple[Any, list[tuple[Any, ...]]]:
    """What comes out; of every layer its input, what it made, and where the largest stood."""
    seen = []
    for name in CONVS:
        y = np.maximum(by_hand.conv(x, w[f"{name}.weight"], w[f"{name}.bias"]), 0)
        pooled, place = by_hand.max_pool(y, POOL, STRIDE, PAD)
        seen.append((name, x, y, place))
        x = pooled
    return x, seen


def _by_hand(w: Weights, x: Any, labels: Any) -> tuple[float, Weights]:
    x, seen = _convs(w, x)
    (a, b), (c, d) = ((f"{n}.weight", f"{n}.bias") for n in DENSE)
    flat = x.reshape(len(x), -1)
    h = np.maximum(by_hand.linear(flat, w[a], w[b]), 0)
    loss, g = by_hand.cross_entropy(by_hand.linear(h, w[c], w[d]), labels)
    found: Weights = {}
    g, found[c], found[d] = by_hand.linear_back(g, h, w[c])
    g, found[a], found[b] = by_hand.linear_back(g * (h > 0), flat, w[a])
    g = g.reshape(x.shape)
    for name, given, y, place in reversed(seen):
        g = by_hand.max_pool_back(g, y, place, POOL, STRIDE, PAD) * (y > 0)
        weight = f"{name}.weight"
        g, found[weight], found[f"{name}.bias"] = by_hand.conv_back(g, given, w[weight])
    return float(loss), found


def task(net: Net, rows: int, checked: int = CHECKED) -> Task:
    return Task(
        weights=partial(_drawn, net),
        batches=partial(_batches, net, rows, ROUND),
        check=lambda: _batches(net, checked, 1)[0],
        build=partial(_build, net),
        loss=classified,
        by_hand=_by_hand,
        jax_loss=_jax_loss,
        lr=LR / 10,
    )


def floor(net: Net, rows: int) -> Floor:
    """Three products a layer; of the first convolution two, for images ask for nothing."""
    sides = [net.side >> k for k in range(len(CONVS))]
    pairs = [*zip(net.channels, net.channels[1:])]
    each = [s * s * a * b * KERNEL**2 for s, (a, b) in zip(sides, pairs)]
    dense = net.flat * net.hidden + net.hidden * net.classes
    return Floor(flops=2.0 * rows * (3 * (sum(each) + dense) - each[0]))


def case(net: Net = FULL, rows: int = BATCH) -> Case:
    made = task(net, rows)
    shown = "-".join([*(f"c{n}" for n in net.channels[1:]), str(net.hidden)])
    return Case(
        f"CNN {shown}, batch {rows}",
        contenders(made, ALL),
        made.truth,
        floor=floor(net, rows),
        goals=GOALS,
    )

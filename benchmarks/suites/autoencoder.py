"""The variational autoencoder of Adam's paper: 500 softplus units, 50 latent numbers."""

from __future__ import annotations

import math
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..case import Case
from . import by_hand
from .dense import ALL, BATCH, ROUND, floor
from .elementwise import logistic
from .train import Batch, Task, Weights, contenders

SIZES = (784, 500, 50)  # pixels, units, latent
PARTS = ("weight", "bias")
GOALS = {"torch fused": 0.9}
DRAWS = np.random.default_rng(11)  # of noise while it is timed


def _layers(sizes: tuple[int, int, int]) -> dict[str, tuple[int, int]]:
    pixels, units, latent = sizes
    return {
        "encoder": (pixels, units),
        "mu": (units, latent),
        "logvar": (units, latent),
        "decoder": (latent, units),
        "logits": (units, pixels),
    }


def _drawn(sizes: tuple[int, int, int]) -> Weights:
    rng, made = np.random.default_rng(12), {}
    for name, (into, out) in _layers(sizes).items():
        bound = 1 / math.sqrt(into)
        made[f"{name}.weight"] = rng.uniform(-bound, bound, (out, into)).astype(np.float32)
        made[f"{name}.bias"] = rng.uniform(-bound, bound, out).astype(np.float32)
    return made


def _batches(sizes: tuple[int, int, int], rows: int) -> list[Batch]:
    rng = np.random.default_rng(8)
    return [(rng.random((rows, sizes[0]), np.float32),) for _ in range(ROUND)]


def _check(sizes: tuple[int, int, int], rows: int) -> Batch:
    """A batch, and the noise that is to be taken."""
    noise = np.random.default_rng(13).standard_normal((rows, sizes[2]), np.float32)
    return (*_batches(sizes, rows)[0], noise)


def _build(sizes: tuple[int, int, int], nn: Any, draws: dict[str, Any]) -> Any:
    made = {name: nn.Linear(*shape, **draws) for name, shape in _layers(sizes).items()}
    return nn.ModuleDict(made)


def _noise(m: Any, like: Any) -> Any:
    """As a user of each would draw it."""
    if m.__name__ == "torch":
        return m.randn_like(like)
    return m.random.normal(DRAWS, like.shape, dtype=np.float32)


def _loss(m: Any, nn: Any, net: Any, x: Any, noise: Any = None) -> Any:
    """Minus the bound of log p(x), a mean over rows."""
    h = nn.Softplus()(net["encoder"](x))
    mu, logvar = net["mu"](h), net["logvar"](h)
    noise = _noise(m, mu) if noise is None else noise
    z = mu + noise * m.exp(logvar * 0.5)
    logits = net["logits"](nn.Softplus()(net["decoder"](z)))
    missed = nn.BCEWithLogitsLoss(reduction="sum")(logits, x)
    told = (m.exp(logvar) + mu * mu - 1.0 - logvar).sum() * 0.5
    return (missed + told) / x.shape[0]


def _jax_loss(w: Any, key: Any, x: Any, noise: Any = None) -> Any:
    jax = import_module("jax")

    def layer(name: str, x: Any) -> Any:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    h = jax.nn.softplus(layer("encoder", x))
    mu, logvar = layer("mu", h), layer("logvar", h)
    noise = jax.random.normal(key, mu.shape) if noise is None else noise
    z = mu + noise * jax.numpy.exp(logvar * 0.5)
    logits = layer("logits", jax.nn.softplus(layer("decoder", z)))
    missed = jax.numpy.sum(jax.nn.softplus(logits) - x * logits)
    told = 0.5 * jax.numpy.sum(jax.numpy.exp(logvar) + mu * mu - 1 - logvar)
    return (missed + told) / len(x)


class _Layers:
    """The layers by name, forward and backward; the gradients of their weights are kept."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.found: Weights = {}

    def forward(self, name: str, x: Any) -> Any:
        return by_hand.linear(x, *(self.weights[f"{name}.{part}"] for part in PARTS))

    def back(self, name: str, g: Any, x: Any) -> Any:
        weight, bias = (f"{name}.{part}" for part in PARTS)
        dx, dw, db = by_hand.linear_back(g, x, self.weights[weight])
        self.found |= {weight: dw, bias: db}
        return dx


def _by_hand(w: Weights, x: Any, noise: Any) -> tuple[float, Weights]:
    layers = _Layers(w)
    layer, back = layers.forward, layers.back
    a = layer("encoder", x)
    h = np.logaddexp(0, a)
    mu, logvar = layer("mu", h), layer("logvar", h)
    spread = np.exp(0.5 * logvar)
    z = mu + noise * spread
    b = layer("decoder", z)
    logits = layer("logits", np.logaddexp(0, b))
    missed = np.sum(np.logaddexp(0, logits) - x * logits)
    told = 0.5 * np.sum(spread**2 + mu * mu - 1 - logvar)
    g = back("logits", (logistic(logits) - x) / len(x), np.logaddexp(0, b))
    dz = back("decoder", g * logistic(b), z)
    dh = back("mu", dz + mu / len(x), h)
    dh += back("logvar", dz * noise * spread / 2 + (spread**2 - 1) / 2 / len(x), h)
    back("encoder", dh * logistic(a), x)
    return float((missed + told) / len(x)), layers.found


def task(sizes: tuple[int, int, int], rows: int) -> Task:
    return Task(
        weights=partial(_drawn, sizes),
        batches=partial(_batches, sizes, rows),
        check=partial(_check, sizes, rows),
        build=partial(_build, sizes),
        loss=_loss,
        by_hand=_by_hand,
        jax_loss=_jax_loss,
    )


def case(sizes: tuple[int, int, int] = SIZES, rows: int = BATCH) -> Case:
    """A step, with new noise each time."""
    made, (pixels, units, latent) = task(sizes, rows), sizes
    return Case(
        f"VAE {pixels}-{units}-{latent}, batch {rows}",
        contenders(made, ALL),
        made.truth,
        floor=floor((pixels, units, 2 * latent, units, pixels), rows),
        goals=GOALS,
    )

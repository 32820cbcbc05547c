"""What activations and losses of a wide layer cost, forward and backward: four have goals."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..case import Arrays, Case, Floor
from . import by_hand, elementwise
from .differentiate import Problem, contenders, normal

SHAPE = (4096, 1024)
GOAL = 0.65
EPS = 1e-5
WITH_TORCH = ("fusegrad", "torch", "torch compile", "jax jit", "autograd")


def _layer_norm_by_hand(g: Any, x: Any, weight: Any, bias: Any) -> Arrays:
    y, rows, scale = by_hand.layer_norm(x, weight, bias, EPS)
    return y, *by_hand.layer_norm_back(g, rows, scale, weight)


def _fusegrad_norm(m: Any, x: Any, weight: Any, bias: Any) -> Any:
    layer = m.nn.LayerNorm(x.shape[-1], EPS, elementwise_affine=False)
    layer.weight, layer.bias = weight, bias
    return layer(x)


def _torch_norm(m: Any, x: Any, weight: Any, bias: Any) -> Any:
    return m.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, EPS)


def _plain_norm(m: Any, x: Any, weight: Any, bias: Any) -> Any:
    rest = x - m.mean(x, axis=1, keepdims=True)
    var = m.mean(rest * rest, axis=1, keepdims=True)
    return rest / m.sqrt(var + np.float32(EPS)) * weight + bias


def layer_norm(rows: int, width: int) -> Problem:
    """With weight and bias, over rows."""

    def draw() -> tuple[list[np.ndarray], list[np.ndarray]]:
        return [normal(2, rows, width), 1 + normal(3, width) / 10, normal(4, width)], []

    forms = {"": _plain_norm, "fusegrad": _fusegrad_norm, "torch": _torch_norm}
    return Problem(forms, _layer_norm_by_hand, draw, (rows, width))


def _loss_by_hand(g: Any, logits: Any, labels: Any) -> Arrays:
    return by_hand.cross_entropy(logits, labels)


def _jax_loss(m: Any, logits: Any, labels: Any) -> Any:
    logs = import_module("jax").nn.log_softmax(logits)
    return -m.mean(m.take_along_axis(logs, labels[:, None], 1))


def _plain_loss(m: Any, logits: Any, labels: Any) -> Any:
    z = logits - m.max(logits, axis=1, keepdims=True)
    logs = z - m.log(m.sum(m.exp(z), axis=1, keepdims=True))
    return -m.mean(logs[np.arange(len(labels)), labels])


def _mygrad_loss(m: Any, logits: Any, labels: Any) -> Any:
    return import_module("mygrad.nnet.losses").softmax_crossentropy(logits, labels)


def cross_entropy(rows: int, classes: int) -> Problem:
    """softmax and the mean of its cross-entropy with labels."""

    def draw() -> tuple[list[np.ndarray], list[np.ndarray]]:
        labels = np.random.default_rng(3).integers(classes, size=rows)
        return [normal(2, rows, classes)], [labels]

    forms = {
        "fusegrad": lambda m, z, labels: m.cross_entropy(z, labels),
        "torch": lambda m, z, labels: m.nn.functional.cross_entropy(z, labels),
        "jax": _jax_loss,
        "mygrad": _mygrad_loss,
        "": _plain_loss,
    }
    return Problem(forms, _loss_by_hand, draw)


def problems(rows: int, width: int) -> dict[str, tuple[Problem, tuple[str, ...]]]:
    """The four, each with its contenders."""
    more = (*WITH_TORCH, "mygrad", "numpy")
    return {
        "gelu": (elementwise.problem("gelu", rows, width), WITH_TORCH),
        "softplus": (elementwise.problem("softplus", rows, width), more),
        "layer norm": (layer_norm(rows, width), (*WITH_TORCH, "numpy")),
        "softmax cross-entropy": (cross_entropy(rows, width), more),
    }


def cases(rows: int = SHAPE[0], width: int = SHAPE[1]) -> list[Case]:
    """The four, with the goal that all have. Of a loss x is read twice and dx written; else x
    and y, then g, x and dx must be moved."""
    return [
        Case(
            f"{name} ({rows}, {width})",
            contenders(made, names),
            made.truth,
            floor=Floor(bytes=4.0 * (3 if made.shape is None else 5) * rows * width),
            goals={"torch": GOAL},
        )
        for name, (made, names) in problems(rows, width).items()
    ]

"""Functions element by element, forward and backward, of a hundred to ten million elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from ..case import Arrays, Case, Floor
from .differentiate import Form, Problem, contenders, normal

SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
ALL = ("fusegrad", "torch", "jax jit", "autograd", "mygrad", "numpy")
FLOAT = 4  # bytes


class Function(NamedTuple):
    """`by_hand(g, *inputs)` gives y and the gradients; `moved` counts the arrays that must be
    read or written for that."""

    forms: Mapping[str, Form]
    by_hand: Callable[..., Arrays]
    moved: int = 5  # x and y, then g, x or y, and dx
    inputs: int = 1
    names: tuple[str, ...] = ALL


def words(name: str, module: str = "jax.nn", **options: Any) -> Form:
    """A function that lives beside a framework's module of arrays."""
    return lambda m, x: getattr(import_module(module), name)(x, **options)


def logistic(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def erf(x: np.ndarray) -> np.ndarray:
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def exp_by_hand(g: Any, x: Any) -> Arrays:
    y = np.exp(x)
    return y, g * y


def tanh_by_hand(g: Any, x: Any) -> Arrays:
    y = np.tanh(x)
    return y, g * (1 - y * y)


def sigmoid_by_hand(g: Any, x: Any) -> Arrays:
    y = logistic(x)
    return y, g * (y * (1 - y))


def gelu_by_hand(g: Any, x: Any) -> Arrays:
    below = 0.5 * (1 + erf(x / math.sqrt(2)))  # the share of a normal that lies below x
    return x * below, g * (below + x * np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi))


def softplus_by_hand(g: Any, x: Any) -> Arrays:
    return np.logaddexp(x.dtype.type(0), x), g * logistic(x)


def plain_sigmoid(m: Any, x: Any) -> Any:
    return 1 / (1 + m.exp(-x))


def plain_relu(m: Any, x: Any) -> Any:
    return m.maximum(x, np.float32(0))


def plain_softplus(m: Any, x: Any) -> Any:
    return m.logaddexp(np.float32(0), x)


def autograd_gelu(m: Any, x: Any) -> Any:
    special = import_module("autograd.scipy.special")
    return np.float32(0.5) * x * (1 + special.erf(x / np.float32(math.sqrt(2))))


OWN_F = "torch.nn.functional"
FUNCTIONS = {
    "add": Function({"": lambda m, a, b: a + b}, lambda g, a, b: (a + b, g, g), 3, 2),
    "mul": Function({"": lambda m, a, b: a * b}, lambda g, a, b: (a * b, g * b, g * a), 8, 2),
    "exp": Function({"": lambda m, x: m.exp(x)}, exp_by_hand),
    "tanh": Function({"": lambda m, x: m.tanh(x)}, tanh_by_hand),
    "relu": Function(
        {
            "": lambda m, x: m.relu(x),
            "jax": words("relu"),
            "autograd": plain_relu,
            "mygrad": plain_relu,
        },
        lambda g, x: (np.maximum(x, 0), g * (x > 0)),
    ),
    "sigmoid": Function(
        {
            "": lambda m, x: m.sigmoid(x),
            "jax": words("sigmoid"),
            "autograd": plain_sigmoid,
            "mygrad": plain_sigmoid,
        },
        sigmoid_by_hand,
    ),
    "gelu": Function(
        {
            "fusegrad": lambda m, x: m.gelu(x),
            "torch": words("gelu", OWN_F),
            "jax": words("gelu", approximate=False),
            "autograd": autograd_gelu,
        },
        gelu_by_hand,
        names=("fusegrad", "torch", "jax jit", "autograd"),  # NumPy and mygrad have no erf
    ),
    "softplus": Function(
        {
            "fusegrad": lambda m, x: m.softplus(x),
            "torch": words("softplus", OWN_F),
            "jax": words("softplus"),
            "": plain_softplus,
        },
        softplus_by_hand,
    ),
}


def _draw(inputs: int, shape: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [normal(2 + k, *shape) for k in range(inputs)], []


def problem(name: str, *shape: int) -> Problem:
    """A function of arrays of a shape."""
    f = FUNCTIONS[name]
    return Problem(f.forms, f.by_hand, partial(_draw, f.inputs, shape), shape)


def cases(sizes: tuple[int, ...] = SIZES) -> list[Case]:
    """Every function at every size."""
    found = []
    for name, f in FUNCTIONS.items():
        for n in sizes:
            made = problem(name, n)
            found.append(
                Case(
                    f"{name} of {n:,}",
                    contenders(made, f.names),
                    made.truth,
                    floor=Floor(bytes=FLOAT * f.moved * n),
                    family=f"{name}, forward and backward",
                    size=n,
                )
            )
    return found

"""What recording costs: chains of ops on eight elements, and a network that is as small.

A round of the chain is five ops, x -> maximum(tanh(x c + b), low) - s, about a point where its
slope is 1, so that a thousand ops leave a gradient of size.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from ..case import Arrays, Case
from .differentiate import Problem, contenders, normal

ELEMENTS, OPS_A_ROUND = 8, 5
LENGTHS = (100, 1_000)
SHIFT, LOW = np.float32(0.1), np.float32(-0.9)
ALL = ("fusegrad", "torch", "torch compile", "jax", "jax jit", "autograd", "mygrad", "numpy")
SLOW = ("jax", "torch compile", "jax jit")  # minutes to trace or to run a thousand ops
NETWORK = (8, 16, 16, 16, 1)  # rows, inputs, two hidden layers, output
GOALS = {"torch": 0.40, "autograd": 0.15, "mygrad": 0.30}


def _start(elements: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    c = (1 + normal(3, elements) / 100) / np.float32(1 - SHIFT * SHIFT)
    b = np.full(elements, math.atanh(SHIFT), np.float32)
    ends = [np.full(elements, LOW), np.full(elements, SHIFT)]
    return [normal(2, elements) / 10], [c, b, *ends]


def _chain(rounds: int, m: Any, x: Any, c: Any, b: Any, low: Any, shift: Any) -> Any:
    for _ in range(rounds):
        x = m.maximum(m.tanh(x * c + b), low) - shift
    return x


def _chain_by_hand(rounds: int, g: Any, x: Any, c: Any, b: Any, low: Any, shift: Any) -> Arrays:
    slopes = []
    for _ in range(rounds):
        t = np.tanh(x * c + b)
        slopes.append((t > low) * (1 - t * t) * c)
        x = np.maximum(t, low) - shift
    for slope in reversed(slopes):
        g = g * slope
    return x, g


def chain(length: int, elements: int = ELEMENTS) -> Problem:
    """A chain of about so many ops; `length` is a multiple of five."""
    rounds = length // OPS_A_ROUND
    forms = {"": partial(_chain, rounds)}
    by_hand, draw = partial(_chain_by_hand, rounds), partial(_start, elements)
    return Problem(forms, by_hand, draw, (elements,))


def _weights(sizes: tuple[int, ...]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rows, *widths = sizes
    made: list[np.ndarray] = []
    for k, (into, out) in enumerate(pairwise(widths)):
        made += [normal(10 + k, into, out) / np.float32(math.sqrt(into))]
        made += [normal(20 + k, out) / 10]
    return made, [normal(2, rows, widths[0])]


def _network(m: Any, w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any, x: Any) -> Any:
    y = m.tanh(m.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    return (y * y).mean()


def _network_by_hand(g: Any, *given: Any) -> Arrays:
    *weights, x = given
    (w1, b1), (w2, b2), (w3, b3) = zip(weights[::2], weights[1::2])
    h1 = np.tanh(x @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    y = h2 @ w3 + b3
    d3 = y * (2 / y.dtype.type(y.size))
    d2 = d3 @ w3.T * (1 - h2 * h2)
    d1 = d2 @ w2.T * (1 - h1 * h1)
    back = [(x.T @ d1, d1), (h1.T @ d2, d2), (h2.T @ d3, d3)]
    return (y * y).mean(), *(part for dw, d in back for part in (dw, d.sum(0)))


def network(sizes: tuple[int, ...] = NETWORK) -> Problem:
    """tanh, tanh, linear, and the mean of squares, in plain ops."""
    return Problem({"": _network}, _network_by_hand, partial(_weights, sizes))


def cases(lengths: tuple[int, ...] = LENGTHS) -> list[Case]:
    """Chains, and the tiny network."""
    chains = [
        Case(
            f"chain of {length:,} ops on {ELEMENTS}",
            contenders(made, [n for n in ALL if length <= LENGTHS[0] or n not in SLOW]),
            made.truth,
            goals={"torch": GOALS["torch"]},
            family="chain of ops",
            size=length,
        )
        for length, made in ((length, chain(length)) for length in lengths)
    ]
    made, (rows, *widths) = network(), NETWORK
    name = f"tiny MLP {rows}x{'-'.join(map(str, widths))}"
    return [*chains, Case(name, contenders(made, ALL), made.truth, goals=GOALS)]

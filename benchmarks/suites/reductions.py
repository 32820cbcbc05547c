"""Sums, means and largest elements, along rows, columns and all, forward and backward."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..case import Arrays, Case, Floor
from .differentiate import Problem, contenders

SHAPES = ((100, 100), (1_000, 1_000), (4_000, 2_500))
AXES = {"all": None, "columns": 0, "rows": 1}
NAMES = ("fusegrad", "torch", "jax jit", "autograd", "mygrad", "numpy")
IN_TORCH = {"max": "amax"}  # which, like all others, knows no index


def _by_hand(name: str, axis: int | None, g: Any, x: Any) -> Arrays:
    y = getattr(np, name)(x, axis=axis)
    whole = x.dtype.type(1) if g is None else g if axis is None else np.expand_dims(g, axis)
    if name == "max":
        top = y if axis is None else np.expand_dims(y, axis)
        return y, whole * (x == top)
    count = x.size / y.size if name == "mean" else 1
    return y, np.broadcast_to(whole / count, x.shape).copy()


def _form(name: str, axis: int | None, m: Any, x: Any) -> Any:
    return getattr(m, name)(x, axis=axis)


def _torch_form(name: str, axis: int | None, m: Any, x: Any) -> Any:
    reduce = getattr(m, IN_TORCH.get(name, name))
    return reduce(x) if axis is None else reduce(x, axis)


def problem(name: str, axis: int | None, shape: tuple[int, int]) -> Problem:
    """A reduction of a matrix; no two elements are alike, so that the largest is one."""
    n = shape[0] * shape[1]

    def draw() -> tuple[list[np.ndarray], list[np.ndarray]]:
        ranks = np.random.default_rng(2).permutation(n)
        return [(ranks.reshape(shape) / n).astype(np.float32)], []

    forms = {"": partial(_form, name, axis), "torch": partial(_torch_form, name, axis)}
    left = None if axis is None else (shape[1 - axis],)
    return Problem(forms, partial(_by_hand, name, axis), draw, left)


def cases(shapes: tuple[tuple[int, int], ...] = SHAPES) -> list[Case]:
    """Every reduction, along every axis, of every shape."""
    found = []
    for name in ("sum", "mean", "max"):
        for along, axis in AXES.items():
            for shape in shapes:
                made, n = problem(name, axis, shape), shape[0] * shape[1]
                found.append(
                    Case(
                        f"{name} of {along}, {shape[0]:,}x{shape[1]:,}",
                        contenders(made, NAMES),
                        made.truth,
                        floor=Floor(bytes=4 * n * (3 if name == "max" else 2)),
                        family=f"{name} of {along}, forward and backward",
                        size=n,
                    )
                )
    return found

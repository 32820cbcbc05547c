"""What one call costs: a sum of eight elements, which takes no time itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..case import Case, Work
from .differentiate import normal

ELEMENTS = 8


def _given(elements: int) -> tuple[np.ndarray, np.ndarray]:
    return normal(2, elements), normal(3, elements)


def fusegrad(gradient: bool, elements: int) -> Work:
    fg = import_module("fusegrad")
    a, b = map(fg.Tensor, _given(elements))
    a.requires_grad_(gradient)
    return Work(lambda: a + b, lambda: [(a + b).numpy()])


def torch(gradient: bool, elements: int) -> Work:
    a, b = map(import_module("torch").from_numpy, _given(elements))
    a.requires_grad_(gradient)
    return Work(lambda: a + b, lambda: [(a + b).detach().numpy()])


def jax(gradient: bool, elements: int) -> Work:
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    a, b = map(jnp.asarray, _given(elements))

    def step() -> Any:
        y = jax.vjp(lambda a: a + b, a)[0] if gradient else a + b
        return jax.block_until_ready(y)

    return Work(step, lambda: [step()])


def autograd(gradient: bool, elements: int) -> Work:
    a, b = _given(elements)
    if not gradient:  # its arrays are NumPy's
        return Work(lambda: a + b, lambda: [a + b])
    recorded = import_module("autograd").make_vjp(lambda a: a + b)
    return Work(lambda: recorded(a), lambda: [recorded(a)[1]])


def mygrad(gradient: bool, elements: int) -> Work:
    m = import_module("mygrad")
    a, b = (m.tensor(x, constant=not gradient) for x in _given(elements))
    return Work(lambda: a + b, lambda: [(a + b).data])


def numpy(gradient: bool, elements: int) -> Work:
    a, b = _given(elements)
    return Work(lambda: a + b, lambda: [a + b])


WAYS: dict[str, Callable[[bool, int], Work]] = {
    f.__name__: f for f in (fusegrad, torch, jax, autograd, mygrad, numpy)
}


def cases(elements: int = ELEMENTS) -> list[Case]:
    """Forward only, and what recording it for a way back adds."""

    def truth() -> list[np.ndarray]:
        a, b = _given(elements)
        return [a.astype(np.float64) + b]

    return [
        Case(
            f"call: add of {elements}, {'recorded' if gradient else 'no gradient'}",
            {
                name: partial(way, gradient, elements)
                for name, way in WAYS.items()
                if not (gradient and way is numpy)  # which records nothing
            },
            truth,
        )
        for gradient in (False, True)
    ]

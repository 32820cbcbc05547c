"""Matrix products, the convolutions and pools of the network of Adam's paper."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..case import Arrays, Case, Floor
from . import by_hand
from .differentiate import Problem, contenders, normal

SQUARES = (16, 32, 64, 128, 256, 512, 1024)
WIDE = (128, 1000, 1000)
MATMUL = ("fusegrad", "torch", "jax jit", "autograd", "mygrad", "numpy")
IMAGES = ("fusegrad", "torch", "torch channels_last", "jax jit")
CONVS = ((32, 3, 64), (16, 64, 64), (8, 64, 128))  # height and width, channels in, out
POOLS = ((32, 64), (16, 64), (8, 128))  # height and width, channels
BATCH, KERNEL, POOL, STRIDE, PAD = 32, 5, 3, 2, 1


def _matmul_by_hand(g: Any, a: Any, b: Any) -> Arrays:
    return a @ b, g @ b.T, a.T @ g


def _matrices(m: int, k: int, n: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    return [normal(2, m, k), normal(3, k, n)], []


def matmul(m: int, k: int, n: int) -> Case:
    """(m, k) times (k, n), and both gradients."""
    forms = {"": lambda _, a, b: a @ b}
    made = Problem(forms, _matmul_by_hand, partial(_matrices, m, k, n), (m, n))
    moved = 4 * (4 * m * k + 4 * k * n + 2 * m * n)
    return Case(
        f"matmul {m}x{k}x{n}",
        contenders(made, MATMUL),
        made.truth,
        floor=Floor(bytes=moved, flops=6.0 * m * k * n),
        family="matmul, forward and backward" if m == k == n else "",
        size=float(m * k * n),
    )


def _conv_by_hand(first: bool, g: Any, *given: Any) -> Arrays:
    x, weight, bias = (*given[-1:], *given[:-1]) if first else given
    gradients = by_hand.conv_back(g, x, weight)
    return by_hand.conv(x, weight, bias), *(gradients[1:] if first else gradients)


def _filters(
    first: bool, batch: int, side: int, into: int, out: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    x, weight = normal(2, batch, into, side, side), normal(3, out, into, KERNEL, KERNEL)
    weight /= np.float32(np.sqrt(into * KERNEL * KERNEL))
    return ([weight, normal(4, out)], [x]) if first else ([x, weight, normal(4, out)], [])


def _conv_form(first: bool, run: Any, *given: Any) -> Any:
    x, weight, bias = (*given[-1:], *given[:-1]) if first else given
    return run(x, weight, bias)


def _jax_conv(x: Any, weight: Any, bias: Any) -> Any:
    y = import_module("jax").lax.conv_general_dilated(x, weight, (1, 1), "SAME")
    return y + bias[:, None, None]


def conv(side: int, into: int, out: int, batch: int = BATCH) -> Case:
    """5x5, same; images themselves, of three channels, ask for no gradient."""
    first, reach = into == 3, KERNEL // 2
    forms = {
        "fusegrad": lambda m, *v: _conv_form(first, partial(m.conv2d, padding=reach), *v),
        "torch": lambda m, *v: _conv_form(first, partial(m.conv2d, padding=reach), *v),
        "jax": lambda m, *v: _conv_form(first, _jax_conv, *v),
    }
    draw = partial(_filters, first, batch, side, into, out)
    made = Problem(forms, partial(_conv_by_hand, first), draw, (batch, out, side, side))
    each = 2.0 * batch * side * side * into * out * KERNEL * KERNEL
    return Case(
        f"conv 5x5 {into} to {out}, {batch}x{side}x{side}",
        contenders(made, IMAGES),
        made.truth,
        floor=Floor(flops=each * (2 if first else 3)),
    )


def _pool_by_hand(g: Any, x: Any) -> Arrays:
    y, place = by_hand.max_pool(x, POOL, STRIDE, PAD)
    return y, by_hand.max_pool_back(g, x, place, POOL, STRIDE, PAD)


def _jax_pool(m: Any, x: Any) -> Any:
    lax, edges = import_module("jax").lax, ((0, 0), (0, 0), (PAD, PAD), (PAD, PAD))
    window, stride = (1, 1, POOL, POOL), (1, 1, STRIDE, STRIDE)
    return lax.reduce_window(x, -np.inf, lax.max, window, stride, edges)


def pool(side: int, channels: int, batch: int = BATCH) -> Case:
    """The largest of 3x3, every second place."""
    forms = {
        "fusegrad": lambda m, x: m.max_pool2d(x, POOL, STRIDE, PAD),
        "torch": lambda m, x: m.max_pool2d(x, POOL, STRIDE, PAD),
        "jax": _jax_pool,
    }
    left = (side + 2 * PAD - POOL) // STRIDE + 1
    whole, shape = (batch, channels, side, side), (batch, channels, left, left)
    made = Problem(forms, _pool_by_hand, lambda: ([normal(2, *whole)], []), shape)
    return Case(
        f"max pool 3x3, {batch}x{channels}x{side}x{side}",
        contenders(made, IMAGES),
        made.truth,
        floor=Floor(bytes=4.0 * batch * channels * (2 * side * side + 2 * left * left)),
    )


def cases() -> list[Case]:
    """Products by size, then the layers of the network in its order."""
    return [
        *(matmul(n, n, n) for n in SQUARES),
        matmul(*WIDE),
        *(conv(*shape) for shape in CONVS),
        *(pool(*shape) for shape in POOLS),
    ]

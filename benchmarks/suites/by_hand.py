"""Layers forward and backward in plain NumPy, in the precision of what they are given.

They are the truths of the suites, so they are simple before they are fast; tests hold them
against finite differences. A backward function takes the gradient g of the result first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = Any  # of floats


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x W^T + b."""
    return x @ weight.T + bias


def linear_back(g: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Gradients of x, W and b."""
    return g @ weight, g.T @ x, g.sum(0)


def log_softmax(z: Array) -> Array:
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def cross_entropy(logits: Array, labels: Array) -> tuple[Array, Array]:
    """The mean of -log softmax(logits)[label], and its gradient."""
    logs, rows = log_softmax(logits), np.arange(len(labels))
    g = np.exp(logs)
    g[rows, labels] -= 1
    return -logs[rows, labels].mean(), g / logits.dtype.type(len(labels))


def conv(x: Array, weight: Array, bias: Array) -> Array:
    """A cross-correlation that keeps the shape. (N, C, H, W), (O, C, K, K) -> (N, O, H, W)."""
    reach = weight.shape[2] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    y = np.tensordot(windows, weight, ((1, 4, 5), (1, 2, 3)))
    return y.transpose(0, 3, 1, 2) + bias[:, None, None]


def conv_back(g: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Gradients of x, W and b: with odd K, that of x is the same with W turned around."""
    reach = weight.shape[2] // 2
    padded = np.pad(x, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    windows = sliding_window_view(padded, weight.shape[2:], axis=(2, 3))
    turned = weight[:, :, ::-1, ::-1].swapaxes(0, 1)
    dx = conv(g, turned, np.zeros(len(turned), x.dtype))
    return dx, np.tensordot(g, windows, ((0, 2, 3), (0, 2, 3))), g.sum((0, 2, 3))


def max_pool(x: Array, size: int, stride: int, pad: int) -> tuple[Array, Array]:
    """The largest of each window, and where it stands in it."""
    edges = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    padded = np.pad(x, edges, constant_values=-np.inf)
    windows = sliding_window_view(padded, (size, size), axis=(2, 3))
    flat = windows[:, :, ::stride, ::stride].reshape(*x.shape[:2], -1, size * size)
    width = (x.shape[3] + 2 * pad - size) // stride + 1
    place = flat.argmax(-1)
    y = np.take_along_axis(flat, place[..., None], -1)[..., 0]
    return y.reshape(*x.shape[:2], -1, width), place


def max_pool_back(g: Array, x: Array, place: Array, size: int, stride: int, pad: int) -> Array:
    """Every element's gradient, added where its largest stood."""
    rows, channels, height, width = x.shape
    padded = np.zeros((rows, channels, height + 2 * pad, width + 2 * pad), x.dtype)
    place = place.reshape(g.shape)
    n, c, i, j = np.indices(g.shape)
    np.add.at(padded, (n, c, i * stride + place // size, j * stride + place % size), g)
    return padded[:, :, pad : pad + height, pad : pad + width]


def layer_norm(x: Array, weight: Array, bias: Array, eps: float = 1e-5) -> tuple[Array, ...]:
    """The result; and, for the way back, normalised rows and 1 / their deviation."""
    rest = x - x.mean(1, keepdims=True)
    scale = 1 / np.sqrt((rest * rest).mean(1, keepdims=True) + x.dtype.type(eps))
    rows = rest * scale
    return rows * weight + bias, rows, scale


def layer_norm_back(g: Array, rows: Array, scale: Array, weight: Array) -> tuple[Array, ...]:
    """Gradients of x, weight and bias."""
    h = g * weight
    lost = h.mean(1, keepdims=True) + rows * (h * rows).mean(1, keepdims=True)
    return (h - lost) * scale, (g * rows).sum(0), g.sum(0)


def adam(theta: Array, g: Array, lr: float = 1e-3, eps: float = 1e-8) -> Array:
    """The first step of Adam: both averages are corrected to g and g^2 themselves."""
    return theta - lr * g / (np.abs(g) + eps)

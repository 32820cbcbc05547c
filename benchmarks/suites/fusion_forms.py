"""Fusions as plain formulas, for PyTorch to run and for NumPy to check: F of features and
weights, by the names that the weights have in `fusegrad.multimodal`.

f is the list of features (B, d), w the dict of weights, m the module of arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import combinations
from typing import Any

import numpy as np

Form = Callable[[Any, dict[str, Any], list[Any]], Any]
NAMES = "abcd"  # of modalities


def is_torch(m: Any) -> bool:
    return bool(m.__name__ == "torch")


def sigmoid(m: Any, x: Any) -> Any:
    return m.sigmoid(x) if is_torch(m) else 1 / (1 + np.exp(-x))


def softmax(m: Any, x: Any) -> Any:
    """Along axis 1."""
    if is_torch(m):
        return m.softmax(x, 1)
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def linear(w: dict[str, Any], name: str, x: Any) -> Any:
    y = x @ w[f"{name}.weight"].T
    return y + w[f"{name}.bias"] if f"{name}.bias" in w else y


def product(parts: list[Any]) -> Any:
    return reduce(lambda a, b: a * b, parts)


def with_one(m: Any, x: Any) -> Any:
    return m.concatenate([m.ones_like(x[:, :1]), x], 1)


def concat(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    return m.concatenate(f, 1)


def gate(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    u = m.concatenate(f, 1)
    return sigmoid(m, linear(w, "gate", u)) * u


def weighted(m: Any, s: Any, f: list[Any]) -> Any:
    """sum s_m f_m, s (B, M) or (1, M)."""
    return sum(s[:, k : k + 1] * x for k, x in enumerate(f))


def gmu(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    hidden = [m.tanh(linear(w, f"hidden.{n}", x)) for n, x in zip(NAMES, f)]
    h, width = m.stack(hidden, 1), hidden[0].shape[1]
    logits = linear(w, "gate", m.concatenate(f, 1)).reshape(-1, len(f) - 1, width)
    last = m.zeros_like(logits[:, :1])
    return (softmax(m, m.concatenate([logits, last], 1)) * h).sum(1)


def joint(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    z = sum(x @ w[f"weights.{n}"].T for n, x in zip(NAMES, f)) + w["bias"]
    return m.relu(z) if is_torch(m) else np.maximum(z, 0)


def tensor(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    parts = [with_one(m, linear(w, f"projections.{n}", x)) for n, x in zip(NAMES, f)]
    rows = len(f[0])
    return reduce(lambda a, b: (a[:, :, None] * b[:, None]).reshape(rows, -1), parts)


def low_rank(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    parts = [
        m.einsum("bi,rio->bro", with_one(m, x), w[f"factors.{n}"]) for n, x in zip(NAMES, f)
    ]
    return m.einsum("r,bro->bo", w["weight"], product(parts)) + w["bias"]


def multiplicative(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    named = dict(zip(NAMES, f))
    h = sum(x @ w[f"linears.{n}"] for n, x in named.items()) + w["bias"]
    for a, b in combinations(named, 2):
        rows, (i, o, j) = len(named[a]), w[f"pairs.{a} {b}"].shape
        from_a = (named[a] @ w[f"pairs.{a} {b}"].reshape(i, o * j)).reshape(rows, o, j)
        h = h + (from_a * named[b][:, None]).sum(2)
    return h


def projected(m: Any, w: dict[str, Any], f: list[Any]) -> list[Any]:
    return [m.tanh(linear(w, f"projections.{n}", x)) for n, x in zip(NAMES, f)]


def mutan(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    t = projected(m, w, f)
    parts = [m.einsum("bi,rio->bro", x, w[f"factors.{n}"]) for n, x in zip(NAMES, t)]
    return linear(w, "output", product(parts).sum(1))


def film(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    y, x = f[0], m.concatenate(f[1:], 1)
    return (1 + linear(w, "gamma", x)) * y + linear(w, "beta", x)


def experts(m: Any, w: dict[str, Any], f: list[Any]) -> Any:
    named = dict(zip(NAMES, f))
    weight = [m.exp(-linear(w, f"logvars.{n}", x)) for n, x in named.items()]
    means = [linear(w, f"means.{n}", x) for n, x in named.items()]
    return sum(t * mu for t, mu in zip(weight, means)) / (1 + sum(weight))


FORMS: dict[str, Form] = {
    "concat": concat,
    "sum": lambda m, w, f: sum(f[1:], f[0]),
    "gate": gate,
    "weighted-sum": lambda m, w, f: weighted(m, w["weight"][None], f),
    "weighted-average": lambda m, w, f: weighted(m, softmax(m, w["weight"][None]), f),
    "scored-average": lambda m, w, f: weighted(
        m, softmax(m, linear(w, "score", m.concatenate(f, 1))), f
    ),
    "gmu": gmu,
    "joint": joint,
    "tensor": tensor,
    "low-rank": low_rank,
    "multiplicative": multiplicative,
    "mlb": lambda m, w, f: linear(w, "output", product(projected(m, w, f))),
    "mutan": mutan,
    "film": film,
    "experts": experts,
}

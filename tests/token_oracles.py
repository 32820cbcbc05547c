"""Fusions of tokens in plain NumPy, one sample at a time, on the tokens that are there alone:
no masks, so that none can be wrong. A state is `fusion.state_dict()` in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

State = Mapping[str, np.ndarray]
Sample = Mapping[str, np.ndarray]  # (T_m, d_m) by modality, of real tokens; (0, d_m) for none
erf = np.vectorize(math.erf, otypes=[float])


def gelu(x: np.ndarray) -> np.ndarray:
    return x * (1 + erf(x / math.sqrt(2))) / 2


def under(state: State, prefix: str) -> State:
    return {k[len(prefix) + 1 :]: v for k, v in state.items() if k.startswith(prefix + ".")}


def norm(state: State, x: np.ndarray) -> np.ndarray:
    deviation = x - x.mean(-1, keepdims=True)
    size = np.sqrt((deviation**2).mean(-1, keepdims=True) + 1e-5)
    return deviation / size * state["weight"] + state["bias"]


def linear(state: State, x: np.ndarray) -> np.ndarray:
    return x @ state["weight"].T + state.get("bias", 0.0)


def attention(
    state: State, query: np.ndarray, source: np.ndarray, heads: int, seen: np.ndarray | None
) -> np.ndarray:
    """Heads one by one; seen (L, S) is True where a query sees a token."""
    width = query.shape[1]
    weights = np.split(state["in_proj_weight"], 3)
    biases = np.split(state["in_proj_bias"], 3)
    q, k, v = (
        x @ w.T + b for x, w, b in zip((query, source, source), weights, biases, strict=True)
    )
    found = np.zeros((len(query), width))
    for part in np.split(np.arange(width), heads):
        for i in range(len(query)):
            keys = np.arange(len(source)) if seen is None else np.flatnonzero(seen[i])
            scores = np.exp(k[keys][:, part] @ q[i, part] / math.sqrt(len(part)))
            if len(keys):
                found[i, part] = scores / scores.sum() @ v[keys][:, part]
    return linear(under(state, "out_proj"), found)


def encoder(
    state: State,
    x: np.ndarray,
    heads: int,
    norm_first: bool = True,
    seen: np.ndarray | None = None,
) -> np.ndarray:
    def attend(y: np.ndarray) -> np.ndarray:
        return attention(under(state, "self_attn"), y, y, heads, seen)

    def forward(y: np.ndarray) -> np.ndarray:
        return linear(under(state, "linear2"), gelu(linear(under(state, "linear1"), y)))

    first, second = under(state, "norm1"), under(state, "norm2")
    if norm_first:
        x = x + attend(norm(first, x))
        return x + forward(norm(second, x))
    x = norm(first, x + attend(x))
    return norm(second, x + forward(x))


def cross_block(
    state: State, z: np.ndarray, y: np.ndarray, heads: int, seen: np.ndarray | None = None
) -> np.ndarray:
    query, source = norm(under(state, "target_norm"), z), norm(under(state, "source_norm"), y)
    z = z + attention(under(state, "attention"), query, source, heads, seen)
    hidden = gelu(linear(under(state, "linear1"), norm(under(state, "norm"), z)))
    return z + linear(under(state, "linear2"), hidden)


def projected(state: State, sample: Sample) -> dict[str, np.ndarray]:
    return {
        n: linear(under(state, f"project.{n}"), x) + state[f"embedding.{n}"]
        for n, x in sample.items()
    }


def mean(x: np.ndarray) -> np.ndarray:
    return x.mean(0) if len(x) else np.zeros(x.shape[1])


def self_attention(
    state: State, sample: Sample, heads: int, layers: int, norm_first: bool = True
) -> np.ndarray:
    x = np.concatenate(list(projected(state, sample).values()))
    for i in range(layers if len(x) else 0):
        x = encoder(under(state, f"layers.{i}"), x, heads, norm_first)
    return mean(x)


def cross_attention(state: State, sample: Sample, heads: int) -> np.ndarray:
    h = projected(state, sample)
    parts = []
    for name, x in h.items():
        others = [y for n, y in h.items() if n != name] or [x]
        source = np.concatenate(others)
        found = attention(under(state, f"attention.{name}"), x, source, heads, None)
        parts.append(mean(x + found))
    return np.concatenate(parts)


def waves(times: np.ndarray, width: int) -> np.ndarray:
    table = np.zeros((len(times), width))
    for i in range(width):
        angle = times / 10000 ** ((i - i % 2) / width)
        table[:, i] = np.cos(angle) if i % 2 else np.sin(angle)
    return table


def mult(
    state: State,
    sample: Sample,
    times: Mapping[str, np.ndarray],
    heads: int,
    layers: int,
    causal: bool,
    pool: str,
) -> np.ndarray:
    """`times` say where the tokens stood among those that are not there."""
    h = projected(state, sample)
    h = {n: x + waves(times[n], x.shape[1]) for n, x in h.items()}

    def seen(t: str, s: str) -> np.ndarray | None:
        return times[s][None] <= times[t][:, None] if causal else None

    parts = []
    for t in h:
        streams = []
        for s in (s for s in h if s != t):
            z = h[t]
            for i in range(layers):
                z = cross_block(
                    under(state, f"crossed.{t}.{s}.{i}"), z, h[s], heads, seen(t, s)
                )
            streams.append(z)
        z = np.concatenate(streams or [h[t]], axis=1)
        z = encoder(under(state, f"memory.{t}.0"), z, heads, seen=seen(t, t))
        parts.append(mean(z) if pool == "mean" else mean(z[-1:]))
    return np.concatenate(parts)


def bottleneck(state: State, sample: Sample, heads: int, layers: int) -> np.ndarray:
    h, b = projected(state, sample), state["bottleneck"]
    for i in range(layers):
        views = []
        for name, x in h.items():
            if len(x):
                y = encoder(under(state, f"layers.{i}.{name}"), np.concatenate([x, b]), heads)
                h[name], view = y[: len(x)], y[len(x) :]
                views.append(view)
        b = sum(views) / len(views) if views else np.zeros_like(b)
    return np.concatenate([*map(mean, h.values()), b.mean(0)])


def perceiver(state: State, sample: Sample, heads: int, layers: int) -> np.ndarray:
    tokens = np.concatenate(list(projected(state, sample).values()))
    z = cross_block(under(state, "read"), state["latents"], tokens, heads)
    for i in range(layers):
        z = encoder(under(state, f"layers.{i}"), z, heads)
    return z.mean(0)


def mmtm(state: State, maps: Sample, there: Mapping[str, bool]) -> dict[str, np.ndarray]:
    """Maps (C_m, ...) of one sample."""
    s = [
        x.reshape(len(x), -1).mean(1) if there[n] else np.zeros(len(x)) for n, x in maps.items()
    ]
    e = np.maximum(linear(under(state, "squeeze"), np.concatenate(s)), 0)
    scaled = {}
    for n, x in maps.items():
        gate = 2 / (1 + np.exp(-linear(under(state, f"excite.{n}"), e)))
        scaled[n] = x * gate.reshape(-1, *[1] * (x.ndim - 1)) if there[n] else 0 * x
    return scaled

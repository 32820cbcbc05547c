"""Transformer layers: what cannot reach what, and which dropout stands where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusegrad import nn
from tests.ops_sample import leaf

T, S, B, E, H = 4, 5, 2, 6, 3


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return rng(seed).standard_normal(shape)


@pytest.mark.parametrize("way", ["is_causal", "truths", "floats"])
def test_a_later_time_cannot_change_an_earlier_one(way: str) -> None:
    """To the bit, through two layers of an encoder, in values and in gradients."""
    settings = {
        "is_causal": {"is_causal": True},
        "truths": {"mask": ~np.tri(T, dtype=bool)},
        "floats": {"mask": nn.causal_mask(T)},
    }[way]
    r = rng()
    encoder = nn.TransformerEncoder(lambda: nn.TransformerEncoderLayer(E, H, 8, 0.0, rng=r), 2)
    x = normal(T, B, E)
    changed = x.copy()
    changed[2:] = 1e6 * normal(2, B, E, seed=5)
    before, after = (encoder(a, **settings).numpy() for a in (x, changed))
    assert np.array_equal(before[:2], after[:2]) and not np.allclose(before[2:], after[2:])
    x = leaf(x)
    (encoder(x, **settings)[1] * normal(B, E)).sum().backward()
    assert not x.grad.numpy()[2:].any() and x.grad.numpy()[:2].all()


def test_what_is_padded_cannot_change_anything() -> None:
    r = rng()
    decoder = nn.TransformerDecoderLayer(E, H, 8, 0.0, batch_first=True, rng=r)
    padding = np.array([[0, 0, 0, 1, 1], [0, 0, 1, 0, 1]], bool)
    x, memory = normal(B, T, E), normal(B, S, E, seed=2)
    changed = np.where(padding[:, :, None], 1e6 * normal(B, S, E, seed=3), memory)
    mask = {"memory_key_padding_mask": padding}
    assert np.array_equal(decoder(x, memory, **mask), decoder(x, changed, **mask))
    memory = leaf(memory)
    (decoder(x, memory, **mask) * normal(B, T, E, seed=4)).sum().backward()
    assert not memory.grad.numpy()[padding].any() and memory.grad.numpy()[~padding].all()


def test_layers_of_a_stack_begin_apart() -> None:
    r = rng()
    stack = nn.TransformerEncoder(lambda: nn.TransformerEncoderLayer(E, H, 8, rng=r), 2)
    first, second = (layer.linear1.weight.numpy() for layer in stack.layers)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("dropped", [1, 2, 3])
@pytest.mark.parametrize("norm_first", [False, True])
def test_each_dropout_stands_behind_its_own_part(dropped: int, norm_first: bool) -> None:
    """One that drops everything leaves the layer without that part."""
    r = rng()
    layer = nn.TransformerDecoderLayer(E, H, 8, 0.0, norm_first=norm_first, rng=r)
    getattr(layer, f"dropout{dropped}").p = 1.0
    x, memory = normal(T, B, E), normal(S, B, E, seed=2)
    parts: list[Any] = [
        lambda x: layer.self_attn(x, x, x)[0],
        lambda x: layer.multihead_attn(x, memory, memory)[0],
        lambda x: layer.linear2(layer.linear1(x).relu()),
    ]
    parts[dropped - 1] = lambda x: 0.0 * x
    wanted = x
    for part, norm in zip(parts, (layer.norm1, layer.norm2, layer.norm3)):
        if norm_first:
            wanted = wanted + part(norm(wanted))
        else:
            wanted = norm(wanted + part(wanted))
    assert abs((layer(x, memory) - wanted).numpy()).max() < 1e-13


def test_a_stack_of_layers_in_a_list_is_one_after_the_other() -> None:
    r = rng()
    layers = [nn.TransformerEncoderLayer(E, H, 8, 0.0, rng=r) for _ in range(3)]
    x = normal(T, B, E)
    y = nn.TransformerEncoder(layers)(x, is_causal=True)
    for layer in layers:
        x = layer(x, is_causal=True)
    assert np.array_equal(x, y)

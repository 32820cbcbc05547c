"""Attention: what masks mean, what they keep out, and what dropout and blind queries do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor
from tests.ops_sample import leaf

T, S, B, E, H = 4, 5, 2, 6, 3


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    return rng(seed).standard_normal(shape)


def made(seed: int = 0, **settings: Any) -> nn.MultiheadAttention:
    """A layer in float64 with biases that are not 0."""
    layer = nn.MultiheadAttention(E, H, **settings, rng=rng(seed)).to(np.float64)
    for p in layer.parameters():
        p.assign_(p.numpy() + 0.1 * rng(2).standard_normal(p.shape))
    return layer


# ---- against loops --------------------------------------------------------------------------
def one_by_one(q: Any, k: Any, v: Any, seen: Any, scale: float) -> tuple[Any, Any]:
    """Attention of one head in one sequence: a loop over queries and the keys they see."""
    y, weights = np.zeros((len(q), v.shape[1])), np.zeros((len(q), len(k)))
    for i in range(len(q)):
        keys = [j for j in range(len(k)) if seen[i, j]]
        likes = [np.exp(scale * sum(q[i, d] * k[j, d] for d in range(len(q[i])))) for j in keys]
        for j, like in zip(keys, likes):
            weights[i, j] = like / sum(likes)
            y[i] += weights[i, j] * v[j]
    return y, weights


@pytest.mark.parametrize("scale", [None, 0.7])
def test_attention_is_a_loop_over_queries_and_the_keys_they_see(scale: float | None) -> None:
    q, k, v = normal(T, 3), normal(S, 3, seed=2), normal(S, 2, seed=3)
    seen = rng().random((T, S)) < 0.6
    seen[1] = False
    wanted, _ = one_by_one(q, k, v, seen, 3**-0.5 if scale is None else scale)
    got = nn.scaled_dot_product_attention(q, k, v, seen, scale=scale)
    assert isinstance(got, np.ndarray) and abs(got - wanted).max() < 1e-14
    likewise = nn.scaled_dot_product_attention(Tensor(q), k, v, Tensor(seen), scale=scale)
    assert np.array_equal(likewise.numpy(), got)


def test_many_heads_are_a_loop_over_heads() -> None:
    """Each head has its rows of the three matrices and its columns of the one at the end."""
    layer, x, memory = made(), normal(T, B, E), normal(S, B, E, seed=3)
    out = rng().random((T, S)) < 0.4
    padding = np.array([[0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], bool)
    y, weights = layer(x, memory, memory, padding, True, out, average_attn_weights=False)
    w, b, d = layer.in_proj_weight.numpy(), layer.in_proj_bias.numpy(), E // H
    for n in range(B):
        heads = []
        for h in range(H):
            q, k, v = (
                a @ w[p * E + h * d :][:d].T + b[p * E + h * d :][:d]
                for p, a in enumerate((x[:, n], memory[:, n], memory[:, n]))
            )
            head, found = one_by_one(q, k, v, ~(out | padding[n]), d**-0.5)
            heads.append(head)
            assert abs(weights.numpy()[n, h] - found).max() < 1e-14
        w_o, b_o = layer.out_proj.weight.numpy(), layer.out_proj.bias.numpy()
        assert abs(y.numpy()[:, n] - (np.hstack(heads) @ w_o.T + b_o)).max() < 1e-14


# ---- masks ----------------------------------------------------------------------------------
def test_true_takes_part_in_the_function_and_is_left_out_of_the_layer() -> None:
    """The trap that PyTorch has, too: the docstrings of both say so."""
    q, k, v = normal(1, 2), normal(2, 2), np.array([[1.0], [2.0]])
    first = np.array([[True, False]])
    assert nn.scaled_dot_product_attention(q, k, v, first).item() == 1.0
    _, weights = made()(normal(1, E), normal(2, E), normal(2, E), attn_mask=first)
    assert np.array_equal(weights.numpy(), [[0.0, 1.0]])
    assert "TAKES PART" in str(nn.scaled_dot_product_attention.__doc__)
    assert "LEFT OUT" in str(nn.MultiheadAttention.__doc__)


def test_masks_of_truths_of_floats_and_causal_say_the_same_bits() -> None:
    layer, x = made(), normal(T, B, E)
    later = ~np.tri(T, dtype=bool)
    ways = [
        {"is_causal": True},
        {"attn_mask": later},
        {"attn_mask": nn.causal_mask(T)},
        {"attn_mask": np.broadcast_to(later, (B * H, T, T))},
        {"attn_mask": later, "is_causal": True},
    ]
    first, *others = [layer(x, x, x, **way)[0].numpy() for way in ways]
    assert all(np.array_equal(first, other) for other in others)


@pytest.mark.parametrize("floats", [False, True])
def test_a_query_that_sees_nothing_gets_zeros_and_passes_zeros_back(floats: bool) -> None:
    q, k, v = (leaf(normal(3, 2, seed=i)) for i in range(3))
    seen = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 1]], bool)
    mask = leaf(np.where(seen, 0.0, -np.inf)) if floats else seen
    y = nn.scaled_dot_product_attention(q, k, v, mask)
    assert not y.numpy()[1].any() and y.numpy()[[0, 2]].all()
    y.sum().backward()
    grads = [t.grad.numpy() for t in (q, k, v, *([mask] if floats else []))]
    assert all(np.isfinite(g).all() for g in grads)
    assert not grads[0][1].any() and grads[0][0].any()
    everything = nn.scaled_dot_product_attention(q, k, v, np.zeros((3, 3), bool))
    assert np.array_equal(everything, np.zeros((3, 2)))


def test_the_weights_of_a_layer_sum_to_one_but_for_blind_queries() -> None:
    layer, x = made(), normal(T, B, E)
    blind = np.zeros((T, T), bool)
    blind[2] = True
    y, weights = layer(x, x, x, attn_mask=blind)
    assert weights.shape == (B, T, T) and (weights.numpy() >= 0).all()
    assert abs(weights.sum(-1).numpy() - [1.0, 1.0, 0.0, 1.0]).max() < 1e-15
    assert np.array_equal(y.numpy()[2], np.tile(layer.out_proj.bias.numpy(), (B, 1)))
    _, each = layer(x, x, x, attn_mask=blind, average_attn_weights=False)
    assert abs(each.numpy().mean(1) - weights.numpy()).max() < 1e-16
    same, none = layer(x, x, x, attn_mask=blind, need_weights=False)
    assert none is None and np.array_equal(same, y)


def test_neither_masks_nor_scales_of_float64_widen_float32() -> None:
    q = normal(3, 4).astype(np.float32)
    masks: list[Any] = [None, np.zeros((3, 3)), np.eye(3) > 0, np.zeros((3, 3), bool)]
    for mask in masks:
        for x in (q, Tensor(q)):
            y = nn.scaled_dot_product_attention(x, x, x, mask, scale=np.float64(0.3))
            assert y.dtype == np.float32 and type(y) is type(x)


def test_nan_where_nothing_is_masked_is_not_hidden() -> None:
    q = np.array([[np.nan, 1.0], [1.0, 1.0]])
    y = nn.scaled_dot_product_attention(q, np.ones((2, 2)), np.ones((2, 2)), is_causal=True)
    assert np.isnan(y[0]).all() and np.isfinite(y[1]).all()


# ---- dropout, first values ------------------------------------------------------------------
def test_dropout_drops_weights_at_its_rate_and_keeps_their_mean() -> None:
    n, p = 200, 0.3
    q = np.zeros((n, 2))  # each weight is 1 / n
    kept = nn.scaled_dot_product_attention(q, q, np.eye(n), dropout_p=p, rng=rng())
    values = np.unique(np.round(kept * n * (1 - p), 12))
    assert np.array_equal(values, [0.0, 1.0])
    share = (kept > 0).mean()
    assert abs(share - (1 - p)) < 5 * np.sqrt(p * (1 - p) / n**2)  # 5 standard deviations
    again = nn.scaled_dot_product_attention(q, q, np.eye(n), dropout_p=p, rng=rng())
    assert np.array_equal(kept, again)  # one seed, one draw


def test_a_layer_drops_in_training_alone() -> None:
    layer, x = made(dropout=0.5), normal(T, B, E)
    one, other = (layer(x, x, x)[1].numpy() for _ in range(2))
    assert not np.array_equal(one, other)
    layer.eval()
    whole, again = (layer(x, x, x)[1].numpy() for _ in range(2))
    assert np.array_equal(whole, again) and (whole > 0).all()
    dropped = layer.train()(x, x, x, average_attn_weights=False)[1].numpy()
    found = layer.eval()(x, x, x, average_attn_weights=False)[1].numpy()
    assert np.allclose(dropped, np.where(dropped > 0, found / 0.5, 0.0), rtol=1e-14)


def test_first_values_are_those_of_pytorch() -> None:
    """Glorot's for the three matrices as one, 1 / sqrt(E) for the last, zero biases."""
    wide = nn.MultiheadAttention(64, 4, rng=rng())
    bound = np.sqrt(6 / (64 + 3 * 64))
    w = wide.in_proj_weight.numpy()
    assert abs(w).max() <= bound and abs(w.std() - bound / np.sqrt(3)) < 0.01 * bound
    assert 0.99 / 8 < abs(wide.out_proj.weight.numpy()).max() <= 1 / 8
    assert not wide.in_proj_bias.numpy().any() and not wide.out_proj.bias.numpy().any()
    other = nn.MultiheadAttention(64, 4, kdim=32, vdim=64, rng=rng())
    bound = np.sqrt(6 / (64 + 32))
    assert 0.99 * bound < abs(other.k_proj_weight.numpy()).max() <= bound


def test_a_layer_learns_to_look_back() -> None:
    """Attention finds the value that stood two steps ago, which no layer of one step could."""
    r = rng()
    layer = nn.MultiheadAttention(8, 1, batch_first=True, rng=r).to(np.float64)
    places = np.eye(8)[None].repeat(16, 0)

    def loss(mask: Any) -> Tensor:
        value = r.standard_normal((16, 8, 8))
        y, _ = layer(places, places, value, attn_mask=mask, need_weights=False)
        return fg.mean(fg.square(y[:, 2:] - value[:, :-2]))

    first = loss(None).item()
    optimizer = fg.optim.Adam(list(layer.parameters()), lr=0.03)
    for _ in range(150):
        optimizer.zero_grad()
        loss(None).backward()
        optimizer.step()
    assert loss(None).item() < first / 10

"""Fusions of tokens against plain NumPy, sample by sample; what is absent acts nowhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from tests import token_oracles as oracle

GOLDEN = 1e-6  # the golden vectors show six decimals
CLOSE = 1e-12  # float64, a few layers deep
WIDTHS, LENGTHS = {"a": 3, "b": 4, "c": 2}, {"a": 3, "b": 1, "c": 2}
ROWS, WIDTH, HEADS = 5, 4, 2
# Row 0 has all; 1 lacks b and two tokens of a; 2 lacks c and a's last; 3 has c's last alone; 4
# has nothing.
MASKS = {
    "a": np.array([[1, 1, 1], [0, 1, 0], [1, 1, 0], [0, 0, 0], [0, 0, 0]], bool),
    "b": np.array([1, 0, 1, 0, 0], bool),
    "c": np.array([[1, 1], [1, 1], [0, 0], [0, 1], [0, 0]], bool),
}
Make = Callable[[dict[str, int]], mm.Fusion]
MADE: dict[str, Make] = {
    "self": lambda w: mm.SelfAttention(w, WIDTH, HEADS, 2, rng=rng()),
    "self, norm after": lambda w: mm.SelfAttention(
        w, WIDTH, HEADS, 2, norm_first=False, rng=rng()
    ),
    "cross": lambda w: mm.CrossAttention(w, WIDTH, HEADS, rng=rng()),
    "mult": lambda w: mm.MulT(w, WIDTH, HEADS, 2, feedforward=5, rng=rng()),
    "mult, causal": lambda w: mm.MulT(w, WIDTH, HEADS, causal=True, pool="mean", rng=rng()),
    "bottleneck": lambda w: mm.Bottleneck(w, WIDTH, HEADS, feedforward=5, rng=rng()),
    "perceiver": lambda w: mm.Perceiver(w, WIDTH, HEADS, 2, 3, rng=rng()),
}


def rng(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def made(name: str, count: int = 3) -> mm.Fusion:
    """A fusion of the first modalities, in float64, its parameters off their first values."""
    fusion = MADE[name](dict(list(WIDTHS.items())[:count])).to(np.float64)
    draws = rng(4)
    for p in fusion.parameters():
        p.assign_(p.numpy() + 0.3 * draws.standard_normal(p.shape))
    return fusion


def tokens(count: int = 3, rows: int = ROWS) -> dict[str, np.ndarray]:
    draws = rng(5)
    return {
        n: draws.standard_normal((rows, LENGTHS[n], d)) for n, d in list(WIDTHS.items())[:count]
    }


def masks(count: int = 3) -> dict[str, np.ndarray]:
    return dict(list(MASKS.items())[:count])


def expected(name: str, fusion: Any, sample: Any, times: Any) -> np.ndarray:
    state = {k: v.astype(np.float64) for k, v in fusion.state_dict().items()}
    if name.startswith("self"):
        return oracle.self_attention(state, sample, HEADS, 2, name == "self")
    if name == "cross":
        return oracle.cross_attention(state, sample, HEADS)
    if name.startswith("mult"):
        layers = 2 if name == "mult" else 1
        return oracle.mult(state, sample, times, HEADS, layers, fusion.causal, fusion.pool)
    solved = {"bottleneck": oracle.bottleneck, "perceiver": oracle.perceiver}[name]
    return solved(state, sample, HEADS, 2)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", MADE)
def test_a_fusion_is_its_formula_on_the_tokens_that_are_there(name: str, count: int) -> None:
    fusion, x, present = made(name, count), tokens(count), masks(count)
    got = fusion(x, present).numpy()
    assert got.shape == (ROWS, fusion.width)
    whole = {n: m if m.ndim == 2 else m[:, None] for n, m in present.items()}
    for row in range(ROWS):
        times = {n: np.flatnonzero(m[row]) for n, m in whole.items()}
        sample = {n: x[n][row, times[n]] for n in x}
        want = expected(name, fusion, sample, times)
        assert np.allclose(got[row], want, rtol=CLOSE, atol=CLOSE), row


@pytest.mark.parametrize("name", MADE)
def test_missing_tokens_neither_act_nor_learn(name: str) -> None:
    fusion, x = made(name), tokens()
    whole = {n: m if m.ndim == 2 else m[:, None] for n, m in MASKS.items()}
    broken = {n: np.where(whole[n][..., None], v, np.nan) for n, v in x.items()}
    given = {n: fg.Tensor(v, requires_grad=True) for n, v in broken.items()}
    value = fusion({n: mm.Tokens(v, whole[n]) for n, v in given.items()})
    assert np.array_equal(value.numpy(), fusion(x, MASKS).numpy())
    (value * rng(6).standard_normal(value.shape)).sum().backward()
    for n, v in given.items():
        assert not v.grad.numpy()[~whole[n]].any()
        assert v.grad.numpy()[0].any()
    assert all(np.isfinite(p.grad.numpy()).all() for p in fusion.parameters())


@pytest.mark.parametrize("name", MADE)
def test_padding_at_the_end_changes_nothing(name: str) -> None:
    fusion, x = made(name), tokens()
    plain = fusion(x).numpy()
    longer = {n: np.concatenate([v, np.full_like(v, 9.0)], axis=1) for n, v in x.items()}
    real = {n: np.arange(v.shape[1]) < LENGTHS[n] for n, v in longer.items()}
    padded = fusion({n: mm.Tokens(v, np.tile(real[n], (ROWS, 1))) for n, v in longer.items()})
    assert np.allclose(padded.numpy(), plain, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("name", MADE)
def test_a_token_of_zeros_is_a_token(name: str) -> None:
    fusion, x = made(name), tokens()
    x["a"][:, -1] = 0
    here = {"a": np.tile([True, True, False], (ROWS, 1))}
    assert not np.allclose(fusion(x).numpy(), fusion(x, here).numpy())


@pytest.mark.parametrize("name", MADE)
def test_one_vector_is_one_token_and_a_missing_key_a_mask(name: str) -> None:
    fusion, x = made(name), tokens()
    x["a"] = x["a"][:, 0]
    single = {**x, "a": x["a"][:, None]}
    assert np.array_equal(fusion(x).numpy(), fusion(single).numpy())
    rest = {n: v for n, v in x.items() if n != "a"}
    nobody = fusion(single, {"a": np.zeros((ROWS, 1), bool)})
    assert np.array_equal(
        fusion(rest, {"a": np.zeros((ROWS, 7), bool)}).numpy(), nobody.numpy()
    )
    pooled = fusion(x, {"a": np.ones((ROWS, 7), bool)})  # a mask of what the branch pooled
    assert np.array_equal(pooled.numpy(), fusion(x).numpy())


@pytest.mark.parametrize("name", MADE)
def test_samples_do_not_mix_and_dtypes_stay(name: str) -> None:
    fusion, x, order = made(name), tokens(), rng(7).permutation(ROWS)
    moved = fusion({n: v[order] for n, v in x.items()}, {n: m[order] for n, m in MASKS.items()})
    kept = fusion(x, MASKS).numpy()[order]
    assert np.allclose(moved.numpy(), kept, rtol=CLOSE, atol=CLOSE)
    alone = fusion({n: v[:1] for n, v in x.items()}).numpy()
    assert np.allclose(alone, fusion(x).numpy()[:1], rtol=CLOSE, atol=CLOSE)
    small = fusion.to(np.float32)({n: v.astype(np.float32) for n, v in x.items()}, MASKS)
    assert small.dtype == np.float32


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("name", MADE)
def test_every_parameter_is_reached(name: str, count: int) -> None:
    fusion = made(name, count)
    x = {n: rng(8).standard_normal((2, 3, d)) for n, d in fusion.widths.items()}
    value = fusion(x)
    (value * rng(9).standard_normal(value.shape)).sum().backward()
    dead = [n for n, p in fusion.named_parameters() if p.grad is None or not p.grad.data.any()]
    assert not dead


def test_modalities_meet_in_the_bottleneck_alone() -> None:
    for layers, meets in ((1, False), (2, True)):
        fusion = mm.Bottleneck({"a": 3, "b": 3}, WIDTH, layers=layers, rng=rng()).to(np.float64)
        x = {n: fg.Tensor(rng(5).standard_normal((2, 2, 3)), requires_grad=True) for n in "ab"}
        value = fusion(x)
        value[:, :WIDTH].sum().backward(retain_graph=True)  # the part of a
        reached = x["b"].grad is not None and bool(x["b"].grad.numpy().any())
        assert reached is meets
        x["b"].grad = None
        (value[:, 2 * WIDTH :] * rng(6).standard_normal((2, WIDTH))).sum().backward()
        assert x["b"].grad.numpy().any()  # the bottleneck itself


REFUSED = [
    (
        lambda: mm.SelfAttention(WIDTHS, 0, rng=rng()),
        "SelfAttention: expected a whole width of",
    ),
    (lambda: mm.SelfAttention(WIDTHS, 4, 3, rng=rng()), "an embed_dim that num_heads divides"),
    (lambda: mm.SelfAttention(WIDTHS, 4, layers=0, rng=rng()), "whole layers of 1 or more"),
    (
        lambda: mm.CrossAttention(WIDTHS, 4.5, rng=rng()),
        "CrossAttention: expected a whole width",
    ),
    (
        lambda: mm.MulT(WIDTHS, 4, memory_layers=0, rng=rng()),
        "a whole memory_layers of 1 or more",
    ),
    (
        lambda: mm.MulT(WIDTHS, 4, pool="max", rng=rng()),
        "MulT: expected pool in last, mean, got 'max'; choose one of these",
    ),
    (
        lambda: mm.Bottleneck(WIDTHS, 4, tokens=0, rng=rng()),
        "Bottleneck: expected a whole tokens",
    ),
    (
        lambda: mm.Perceiver(WIDTHS, 4, latents=0, rng=rng()),
        "Perceiver: expected a whole latents",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_sizes_are_refused(call: Any, text: str) -> None:
    with pytest.raises(fg.OptionError, match=text):
        call()

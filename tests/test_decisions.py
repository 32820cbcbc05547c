"""Decisions: closed forms of their values and splits, identities, and who is not there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn

CLOSE = 1e-12
NAMES, B, C = ["a", "b", "c"], 5, 4
LABELS = np.array([0, 3, 1, 2, 2])
PRESENT = {"b": np.array([1, 0, 1, 0, 0], bool), "c": np.array([1, 1, 0, 0, 0], bool)}
NOBODY = {**PRESENT, "a": np.array([1, 1, 1, 1, 0], bool)}  # in the last row


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def votes(names: list[str] = NAMES, scale: float = 1.0) -> dict[str, fg.Tensor]:
    draws = rng()
    return {
        n: fg.Tensor(scale * draws.standard_normal((B, C)), requires_grad=True) for n in names
    }


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def there(present: dict[str, np.ndarray]) -> np.ndarray:
    """(B, M) of ones and zeros."""
    return np.stack([present.get(n, np.ones(B, bool)) for n in NAMES], 1).astype(float)


def values(z: dict[str, fg.Tensor]) -> np.ndarray:
    """(B, M, C)"""
    return np.stack([v.numpy() for v in z.values()], 1)


def close(got: Any, want: Any) -> bool:
    return np.allclose(got, want, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize("present", [{}, PRESENT, NOBODY])
def test_weighted_logits(present: dict[str, np.ndarray]) -> None:
    decision, z = mm.WeightedLogits(NAMES).to(np.float64), votes()
    assert close(decision(z).numpy(), values(z).sum(1))  # w = 1 at first
    w = np.array([0.5, -2.0, 3.0])
    decision.weight.assign_(w)
    value, delta = decision(z, present), rng(2).standard_normal((B, C))
    assert close(value.numpy(), np.einsum("bm,m,bmc->bc", there(present), w, values(z)))
    (value * delta).sum().backward()
    c = there(present) * np.einsum("bc,bmc->bm", delta, values(z))
    assert close(decision.weight.grad.numpy(), c.sum(0))
    for m, n in enumerate(NAMES):
        assert close(z[n].grad.numpy(), there(present)[:, m : m + 1] * w[m] * delta)


@pytest.mark.parametrize("present", [{}, PRESENT, NOBODY])
def test_average_logits(present: dict[str, np.ndarray]) -> None:
    decision, z = mm.AverageLogits(NAMES).to(np.float64), votes()
    assert close(decision(z, present).numpy(), mm.MeanLogits(NAMES)(z, present).numpy())
    a = np.array([0.5, -2.0, 3.0])
    decision.weight.assign_(a)
    table = there(present)
    w = table * np.exp(a)
    w = w / np.maximum(w.sum(1, keepdims=True), 1e-300)
    value, delta = decision(z, present), rng(2).standard_normal((B, C))
    assert close(value.numpy(), np.einsum("bm,bmc->bc", w, values(z)))
    (value * delta).sum().backward()
    c = np.einsum("bc,bmc->bm", delta, values(z))
    want = (w * (c - (w * c).sum(1, keepdims=True))).sum(0)
    assert close(decision.weight.grad.numpy(), want)
    assert abs(decision.weight.grad.numpy().sum()) < CLOSE
    for m, n in enumerate(NAMES):
        assert close(z[n].grad.numpy(), w[:, m : m + 1] * delta)


@pytest.mark.parametrize("present", [{}, PRESENT])
def test_mean_probabilities_gives_the_error_to_who_was_right(
    present: dict[str, np.ndarray],
) -> None:
    z = votes()
    value = mm.MeanProbabilities(NAMES)(z, present)
    table, p = there(present), softmax(values(z))
    mixed = np.einsum("bm,bmc->bc", table, p) / table.sum(1, keepdims=True)
    assert close(np.exp(value.numpy()), mixed)
    loss = fg.cross_entropy(value, LABELS)
    assert close(float(loss), -np.log(mixed[np.arange(B), LABELS]).mean())
    loss.backward()
    right = table * p[np.arange(B), :, LABELS]
    q = right / right.sum(1, keepdims=True)
    assert close(q.sum(1), 1)
    for m, n in enumerate(NAMES):
        want = q[:, m : m + 1] * (p[:, m] - np.eye(C)[LABELS]) / B
        assert close(z[n].grad.numpy(), want)
    # What the branches got, in the place of the label, over 1 - p, is q: it sums to 1.
    gone = [-B * z[n].grad.numpy()[np.arange(B), LABELS] for n in NAMES]
    shares = [g / (1 - p[np.arange(B), m, LABELS]) for m, g in enumerate(gone)]
    assert close(sum(shares), 1)


def test_mean_probabilities_is_stable_and_uniform_where_nobody_is() -> None:
    z = votes(scale=2000.0)
    value = mm.MeanProbabilities(NAMES)(z, NOBODY)
    loss = fg.cross_entropy(value, LABELS)
    loss.backward()
    assert np.isfinite(value.numpy()).all() and np.isfinite(float(loss))
    assert all(np.isfinite(v.grad.numpy()).all() for v in z.values())
    assert close(value.numpy()[-1], -np.log(C))
    assert not any(v.grad.numpy()[-1].any() for v in z.values())
    small = {n: v.numpy().astype(np.float32) for n, v in votes().items()}
    assert mm.MeanProbabilities(NAMES)(small, NOBODY).dtype == np.float32


@pytest.mark.parametrize("reads", ["log-probabilities", "logits"])
@pytest.mark.parametrize("detach", [False, True])
def test_stacking(reads: str, detach: bool) -> None:
    decision = mm.Stacking(NAMES, C, reads=reads, detach=detach, rng=rng()).to(np.float64)
    z, table = votes(), there(NOBODY)
    u = np.log(softmax(values(z))) if reads != "logits" else values(z)
    x = np.concatenate([(table[..., None] * u).reshape(B, -1), table], axis=1)
    W, b = decision.learner.weight.numpy(), decision.learner.bias.numpy()
    value = decision(z, NOBODY)
    assert close(value.numpy(), x @ W.T + b)
    fg.cross_entropy(value, LABELS).backward()
    delta = (softmax(x @ W.T + b) - np.eye(C)[LABELS]) / B
    assert close(decision.learner.weight.grad.numpy(), delta.T @ x)
    back = (delta @ W)[:, : 3 * C].reshape(B, 3, C) * table[..., None]
    if reads != "logits":
        back = back - softmax(values(z)) * back.sum(-1, keepdims=True)
    for m, n in enumerate(NAMES):
        if detach:
            assert z[n].grad is None
        else:
            assert close(z[n].grad.numpy(), back[:, m])


def test_stacking_takes_a_learner() -> None:
    draws = rng()
    size = len(NAMES) * (C + 1)
    learner = nn.Sequential(
        nn.Linear(size, 7, rng=draws), nn.Tanh(), nn.Linear(7, C, rng=draws)
    )
    decision = mm.Stacking(NAMES, C, learner).to(np.float64)
    assert decision(votes()).shape == (B, C)
    assert decision.count_parameters() == learner.count_parameters()
    assert "detach=False" in repr(mm.Stacking(NAMES, C, nn.Tanh()).extra_repr())


def test_summed_unimodal_logits_are_concat_with_a_linear_head() -> None:
    draws, widths = rng(3), {"a": 3, "b": 2}
    W = {n: draws.standard_normal((d, C)) for n, d in widths.items()}
    x = {n: draws.standard_normal((B, d)) for n, d in widths.items()}
    apart = {n: fg.Tensor(v, requires_grad=True) for n, v in x.items()}
    whole = {n: fg.Tensor(v, requires_grad=True) for n, v in x.items()}
    summed = mm.SumLogits(list(W))({n: apart[n] @ W[n] for n in W})
    joined = mm.Concat(widths)(whole) @ np.concatenate(list(W.values()))
    assert close(summed.numpy(), joined.numpy())
    for value in (summed, joined):
        fg.cross_entropy(value, LABELS).backward()
    residual = (softmax(summed.numpy()) - np.eye(C)[LABELS]) / B  # one for all branches
    for n in W:
        assert close(apart[n].grad.numpy(), whole[n].grad.numpy())
        assert close(apart[n].grad.numpy(), residual @ W[n].T)


@pytest.mark.parametrize("name", mm.DECISIONS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_table_decides_without_who_is_missing(name: str, count: int) -> None:
    names = NAMES[:count]
    decision = mm.DECISIONS[name].make(names, C, rng()).to(np.float64)
    z, last = votes(names), names[-1]
    absent = {last: np.arange(B) % 2 == 0}
    value = decision(z, absent)
    assert value.shape == (B, C) and np.isfinite(value.numpy()).all()
    broken = np.where(absent[last][:, None], z[last].numpy(), np.nan)
    assert np.array_equal(decision({**z, last: broken}, absent).numpy(), value.numpy())
    (value * rng(4).standard_normal((B, C))).sum().backward()
    assert not z[last].grad.numpy()[1::2].any() and z[last].grad.numpy()[::2].any()
    if count > 1:
        rest = {n: v for n, v in z.items() if n != last}
        nobody = decision(z, {last: np.zeros(B, bool)}).numpy()
        assert np.array_equal(decision(rest).numpy(), nobody)


REFUSED = [
    (lambda: mm.MeanLogits("ab"), "MeanLogits: expected a list of distinct names, got 'ab'"),
    (lambda: mm.MeanLogits(["a", "a"]), r"distinct names, got \['a', 'a'\]; pass a list such"),
    (lambda: mm.MeanLogits([]), "MeanLogits: expected one modality or more, got none"),
    (
        lambda: mm.SumLogits(["a", "b"])({"a": np.ones((2, 3)), "b": np.ones((2, 1))}),
        r"SumLogits: expected logits of one number of classes, got .*\(2, 1\)\}; let every",
    ),
    (
        lambda: mm.Stacking(NAMES, C, reads="votes"),
        "Stacking: expected reads in log-probabilities, logits, got 'votes'; choose",
    ),
    (lambda: mm.Stacking(NAMES, C), "rng: expected a numpy Generator, got None"),
    (
        lambda: mm.Stacking(NAMES, C, rng=rng())({"a": np.ones((2, 3))}),
        r"Stacking, a: expected a feature \(2, 4\), got \(2, 3\); end the branch",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_votes_are_refused(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call()

"""Masks: how they are read and joined, what they zero, and every way to get them wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.meeting import Meeting
from fusegrad.multimodal.presence import joined, masked, read_presence

NAMES, B = ["a", "b"], 3
SOME = np.array([True, False, True])
TOKENS = np.array([[1, 0], [1, 1], [0, 0]], bool)


def test_masks_read_as_they_were_given() -> None:
    here = read_presence(NAMES, B, {"a": SOME, "b": None})
    like = fg.Tensor(np.ones((B, 2), np.float32))
    assert np.array_equal(here["a"], SOME) and here["b"].all() and not here.is_whole
    assert here.table(like).dtype == here.count(like).dtype == np.float32
    assert np.array_equal(here.table(like), [[1, 1], [0, 1], [1, 1]])
    assert np.array_equal(here.count(like), [[2], [1], [2]])
    assert np.array_equal(here.column("a", like), SOME[:, None])
    assert np.array_equal(here.together("a", "b"), [0, 2])
    assert np.array_equal(here.tokens("a", 2), [[1, 1], [0, 0], [1, 1]])
    assert read_presence(NAMES, B, {"a": np.ones(B, bool)}).is_whole
    nobody = read_presence(NAMES, B, dict.fromkeys(NAMES, np.zeros(B, bool)))
    assert np.array_equal(nobody.count(like), np.ones((B, 1)))  # to divide by


def test_a_mask_of_tokens_is_one_of_samples_too() -> None:
    here = read_presence(NAMES, B, {"a": TOKENS})
    assert np.array_equal(here["a"], [True, True, False])
    assert np.array_equal(here.tokens("a", 2), TOKENS)
    listed = read_presence(NAMES, B, {"a": SOME.tolist()})
    assert np.array_equal(listed["a"], SOME)


def test_masks_of_tokens_join_those_of_samples() -> None:
    x = fg.Tensor(np.ones((B, 2, 1)))
    alone = joined({"a": mm.Tokens(x, TOKENS), "b": mm.Tokens(x), "c": x}, None)
    assert list(alone) == ["a"] and np.array_equal(alone["a"], TOKENS)
    both = joined({"a": mm.Tokens(x, TOKENS)}, {"a": SOME})
    assert np.array_equal(both["a"], TOKENS & SOME[:, None])
    samples = joined({"a": mm.Tokens(x, SOME)}, {"a": ~SOME})
    assert not samples["a"].any()


def test_masked_is_exactly_zero_and_passes_nothing() -> None:
    x = fg.Tensor(np.full((B, 2), np.nan), requires_grad=True)
    y = masked(x, np.zeros(B, bool))
    (y * np.inf).sum().backward()
    assert not y.numpy().any() and not x.grad.numpy().any()
    assert masked(x, np.ones(B, bool)) is x


def test_the_mean_of_tokens_is_of_those_that_are_there() -> None:
    values = np.arange(12.0).reshape(B, 2, 2)
    x = fg.Tensor(np.where(TOKENS[..., None], values, np.nan), requires_grad=True)
    mean = mm.mean_of_tokens(mm.Tokens(x, TOKENS))
    assert np.array_equal(mean.numpy(), [values[0, 0], values[1].mean(0), [0, 0]])
    mean.sum().backward()
    weight = TOKENS / np.maximum(TOKENS.sum(1, keepdims=True), 1)
    assert np.array_equal(x.grad.numpy()[..., 0], weight)
    assert np.array_equal(mm.mean_of_tokens(fg.Tensor(values)).numpy(), values.mean(1))
    assert np.array_equal(mm.mean_of_tokens(fg.Tensor(values[0])).numpy(), values[0])


def net() -> mm.FeatureFusionNet:
    draws = np.random.default_rng(0)
    branches = {n: nn.Linear(2, 3, rng=draws) for n in NAMES}
    return mm.FeatureFusionNet(branches, mm.Concat(dict.fromkeys(NAMES, 3)), nn.Tanh())


def attention(mask: Any, **x: Any) -> Any:
    draws = np.random.default_rng(0)
    fusion = mm.SelfAttention({"a": 2, "b": 2}, 4, rng=draws)
    given = {"a": np.ones((B, 2, 2), np.float32), **x}
    return fusion(given, mask)


def test_finite_inputs_of_missing_samples_reach_the_branch_as_they_are() -> None:
    seen: list[Any] = []
    some, x = net(), {n: np.ones((B, 2), np.float32) for n in NAMES}
    some.branches["a"].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    some(x, {"a": SOME})
    assert seen[0] is x["a"]
    broken = np.where(SOME[:, None], x["a"], np.float32(np.nan))
    some({**x, "a": broken}, {"a": np.stack([SOME, SOME], 1)})
    assert np.array_equal(np.asarray(seen[1]), SOME[:, None] * x["a"])
    some({**x, "a": np.full((B, 2), np.nan, np.float32)}, {"a": np.ones(B, bool)})
    assert np.isnan(seen[2]).all()  # a sample that is there and nan is a mistake to be seen


X = {n: np.ones((B, 2), np.float32) for n in NAMES}
HEADS = {n: nn.Tanh() for n in NAMES}
TANHS = {n: nn.Tanh() for n in NAMES}
X3 = np.ones((B, 3, 2))
BOTH = mm.Concat({"a": 2, "b": 2})
REFUSED = [
    (lambda: read_presence(NAMES, B, [SOME]), "present: expected a dict of masks by modality"),
    (lambda: net()(X, SOME), "present: .* got ndarray; name each mask by its"),
    (lambda: read_presence(NAMES, B, {"c": SOME}), r"present: expected names among .*'c'"),
    (lambda: net()(X, {"a": SOME[:2]}), r"present\['a'\]: .* truth values of shape \(3,\)"),
    (lambda: net()(X, {"a": SOME * 1.0}), r"present\['a'\]: .* float64 of shape \(3,\)"),
    (lambda: net()(X, {"a": np.array(True)}), r"\['a'\]: .* bool of shape \(\); give"),
    (
        lambda: attention({"a": np.ones((B, 4), bool)}),
        r"present\['a'\]: expected a mask \(3, 2\), as the tokens, got \(3, 4\); mask what",
    ),
    (
        lambda: attention({"a": TOKENS}, a=mm.Tokens(X3, np.ones((B, 3), bool))),
        r"present\['a'\]: expected a mask of shape \(3, 3\) or \(3,\), got \(3, 2\); give one",
    ),
    (
        lambda: attention({"a": SOME}, a=mm.Tokens(np.ones((B, 2, 2)), TOKENS * 1)),
        r"present\['a'\]: expected truth values .* got int64 of shape \(3, 2\)",
    ),
    (
        lambda: attention({"a": SOME * 1}, a=mm.Tokens(np.ones((B, 2, 2)), TOKENS)),
        r"present\['a'\]: expected truth values .* got int64 of shape \(3,\)",
    ),
    (
        lambda: attention(None, a=np.ones((B, 2, 5))),
        r"SelfAttention, a: expected a feature \(3, 2\) or \(3, T, 2\), got \(3, 2, 5\); end",
    ),
    (lambda: BOTH(np.ones((B, 2))), "Concat: expected a dict of features, got ndarray"),
    (lambda: BOTH({}), r"Concat: expected features among \['a', 'b'\], got none; name each"),
    (lambda: BOTH({"a": 1.0}), r"Concat, a: expected a feature \(0, 2\), got \(\); end the"),
    (lambda: BOTH({"a": X["a"], "b": X["b"][:2]}), r"Concat, b: .* \(3, 2\), got \(2, 2\)"),
    (lambda: mm.Concat(["a"]), "Concat: expected one modality or more, got list; give widths"),
    (lambda: Meeting({"a": 2})({"a": X["a"]}), "Meeting: expected a meet method, got none"),
    (lambda: net().meet({"c": X["a"]}), r"expected features among .*, got \['c'\]; name"),
    (lambda: net().meet({}), r"FeatureFusionNet: expected features among .*, got none; name"),
    (
        lambda: mm.FeatureFusionNet(TANHS, BOTH, nn.Tanh(), {"c": nn.Tanh()}),
        r"FeatureFusionNet: expected heads among \['a', 'b'\], got \['c'\]; name both alike",
    ),
    (
        lambda: mm.HybridFusionNet({"fused": nn.Tanh()}, BOTH, nn.Tanh(), {}),
        "HybridFusionNet: expected branches of other names, got fused; rename that branch",
    ),
    (
        lambda: mm.HybridFusionNet(TANHS, BOTH, nn.Tanh(), HEADS, mm.MeanLogits(NAMES)),
        r"expected a decision of \['a', 'b', 'fused'\], got \['a', 'b'\]; name both alike",
    ),
    (
        lambda: mm.HybridFusionNet(TANHS, BOTH, nn.Tanh(), {}),
        r"HybridFusionNet: expected a head for \['a', 'b'\], got \[\]; name both alike",
    ),
    (
        lambda: mm.EarlyFusionNet({"a": 2}, nn.Tanh(), {"b": nn.Tanh()}),
        r"EarlyFusionNet: expected a fusion of \['a', 'b'\], got \['a'\]; name both alike",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_masks_and_features_are_refused(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call()

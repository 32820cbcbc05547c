"""Fusions, networks of branches, presence, and what flows back to each branch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn

GOLDEN = 1e-6  # the golden vectors show six decimals
EXACT = 1e-12
FA, FB = [[1.0, 2.0]], [[3.0, -1.0]]


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def fused_by(name: str, widths: dict[str, int]) -> mm.Fusion:
    made = {
        "concat": lambda: mm.Concat(widths),
        "sum": lambda: mm.Sum(widths),
        "gate": lambda: mm.Gate(widths, rng=rng()),
    }
    return made[name]()


def backward(fusion: mm.Fusion) -> tuple[Any, ...]:
    """F, loss, delta, g_a and g_b of a head W_ij = .1 (i + 1) (+1, -.5) and label 0."""
    features = {"a": fg.Tensor(FA, requires_grad=True), "b": fg.Tensor(FB, requires_grad=True)}
    fused = fusion(features).retain_grad()
    head = 0.1 * np.arange(1, fused.shape[1] + 1)[:, None] * np.array([1.0, -0.5])
    loss = fg.cross_entropy(fused @ head, [0])
    loss.backward()
    a, b = features["a"].grad.numpy()[0], features["b"].grad.numpy()[0]
    return fused.numpy()[0], float(loss), fused.grad.numpy()[0], a, b


# Worked by hand and by another program; F, loss, delta, g_a, g_b.
WORKED = {
    "concat": (
        [1, 2, 3, -1],
        0.201413,
        [-0.027364, -0.054728, -0.082091, -0.109455],
        [-0.027364, -0.054728],
        [-0.082091, -0.109455],
    ),
    "sum": (
        [4, 1],
        0.341154,
        [-0.043358, -0.086715],
        [-0.043358, -0.086715],
        [-0.043358, -0.086715],
    ),
    "gate": (
        [0.524979, 1.099668, 1.723328, -0.475021],
        0.341405,
        [-0.043384, -0.086769, -0.130153, -0.173537],
        [-0.023858, -0.052004],
        [-0.084311, -0.078106],
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_the_error_splits_as_worked_by_hand(name: str) -> None:
    fusion = fused_by(name, {"a": 2, "b": 2})
    if isinstance(fusion, mm.Gate):
        fusion.gate.weight.data = 0.1 * np.eye(4)
        fusion.gate.bias = None
    for got, want in zip(backward(fusion), WORKED[name], strict=True):
        assert np.allclose(got, want, rtol=0, atol=GOLDEN)


def test_identities_of_the_split() -> None:
    _, _, delta, a, b = backward(mm.Sum({"a": 2, "b": 2}))
    assert np.array_equal(a, delta) and np.array_equal(b, delta)
    _, _, delta, a, b = backward(mm.Concat({"a": 2, "b": 2}))
    assert math.isclose((delta**2).sum(), (a**2).sum() + (b**2).sum(), rel_tol=EXACT)


def network(fusion: str, seed: int = 0) -> mm.Multimodal:
    generator = np.random.default_rng(seed)
    branches = {n: nn.Sequential(nn.Linear(4, 5, rng=generator), nn.Tanh()) for n in "ab"}
    heads = {n: nn.Linear(5, 3, rng=generator) for n in "ab"}
    if fusion == "mean":
        return mm.DecisionFusionNet(branches, heads)
    meeting = fused_by(fusion, {"a": 5, "b": 5})
    return mm.FeatureFusionNet(
        branches, meeting, nn.Linear(meeting.width, 3, rng=generator), heads
    )


def inputs(rows: int = 6) -> dict[str, np.ndarray]:
    return {n: rng().standard_normal((rows, 4)).astype(np.float32) for n in "ab"}


FUSIONS = [*WORKED, "mean"]


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_missing_sample_neither_acts_nor_learns(fusion: str) -> None:
    net, x, present = network(fusion), inputs(), {"b": np.arange(6) % 2 == 0}
    first = net(x, present)
    broken = {**x, "b": np.where(present["b"][:, None], x["b"], np.float32(np.nan))}
    assert np.array_equal(net(broken, present).numpy(), first.numpy())
    b = fg.Tensor(x["b"], requires_grad=True)
    net({"a": x["a"], "b": b}, present).sum().backward()
    assert np.array_equal(b.grad.numpy()[1::2], np.zeros((3, 4)))
    assert b.grad.numpy()[::2].any()


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_missing_modality_is_as_if_no_sample_had_it(fusion: str) -> None:
    net, x = network(fusion), inputs()
    absent = net({"a": x["a"]})
    masked = net(x, {"b": np.zeros(6, bool)})
    assert np.allclose(absent.numpy(), masked.numpy(), rtol=1e-6)
    absent.sum().backward()
    assert all(p.grad is None for p in net.branches["b"].parameters())


def test_mean_logits_gives_every_branch_the_same_error() -> None:
    logits = {n: fg.Tensor(rng().standard_normal((4, 3)), requires_grad=True) for n in "abc"}
    labels = np.array([0, 1, 2, 0])
    fg.cross_entropy(mm.MeanLogits(list(logits))(logits), labels).backward()
    mean = sum(z.numpy() for z in logits.values()) / 3
    p = np.exp(mean) / np.exp(mean).sum(1, keepdims=True)
    want = (p - np.eye(3)[labels]) / (3 * 4)
    for z in logits.values():
        assert np.allclose(z.grad.numpy(), want, rtol=EXACT, atol=EXACT)
    nobody = mm.MeanLogits(["a", "b", "c"])(logits, dict.fromkeys("abc", np.zeros(4, bool)))
    assert not nobody.numpy().any()


def test_unimodal_heads_are_told_apart_and_optional() -> None:
    net = network("concat")
    assert isinstance(net, mm.FeatureFusionNet)
    out = net.outputs(inputs())
    assert set(out.unimodal) == set(out.features) == {"a", "b"}
    net.heads = {}
    assert net.outputs(inputs()).unimodal == {}


REFUSED = [
    (lambda: mm.Concat({}), "Concat: expected one modality or more, got none; give widths"),
    (
        lambda: mm.Sum({"a": 2, "b": 3}),
        r"Sum: expected equal widths, got \{'a': 2, 'b': 3\}; end",
    ),
    (
        lambda: network("sum")({"c": np.ones((1, 4))}),
        r"FeatureFusionNet: expected inputs among \['a', 'b'\], got \['c'\]; name each",
    ),
    (
        lambda: network("sum")(fg.Tensor(np.ones((1, 4)))),
        "FeatureFusionNet: expected a dict of inputs by modality, got Tensor; name each input",
    ),
    (lambda: network("mean")({}), r"DecisionFusionNet: expected inputs among .*, got none"),
    (
        lambda: network("sum")(inputs(), {"b": np.ones(5, bool)}),
        r"present\['b'\]: expected truth values of shape \(6,\), .* \(5,\); give one",
    ),
    (
        lambda: mm.FeatureFusionNet({"a": nn.Tanh()}, mm.Concat({"b": 2}), nn.Tanh()),
        r"FeatureFusionNet: expected a fusion of \['a'\], got \['b'\]; name both alike",
    ),
    (
        lambda: mm.DecisionFusionNet({"a": nn.Tanh()}, {}),
        r"DecisionFusionNet: expected a head for \['a'\], got \[\]; name both alike",
    ),
    (
        lambda: mm.Multimodal({"a": nn.Tanh()})({"a": 1}),
        "Multimodal: expected a meet method, got none; define one",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call()

"""Missing modalities: curves by presence masks, and what a network costs."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.analysis import (
    cost,
    cost_table,
    missing_curve,
    missing_curves,
    missing_table,
)
from fusegrad.multimodal.analysis.missing import kept, kept_of_all
from tests.test_multimodal import FUSIONS, inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
ROWS = 1000


def right(net: mm.Multimodal, *given: Any) -> float:
    return float(np.mean(net.eval()(*given).numpy().argmax(1) == LABELS))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_rate_0_is_clean_and_rate_1_is_without(fusion: str) -> None:
    net, x = network(fusion), inputs()
    curves = missing_curves(net, x, LABELS)
    assert list(curves) == ["a", "b", "all"]
    for found in curves.values():
        assert all(row[0] == right(net, x) for row in found.values)
    assert all(row[-1] == right(net, {"b": x["b"]}) for row in curves["a"].values)
    text = missing_table(curves)
    assert text.splitlines()[0].split() == ["rate", "a", "b", "all"]
    assert text.splitlines()[-1].startswith("area")


def test_a_share_of_the_samples_lacks_a_modality() -> None:
    rng = np.random.default_rng(0)
    for rate in (0.0, 0.25, 1.0):
        assert (~kept(ROWS, rate, rng)).sum() == rate * ROWS
        masks = np.stack(list(kept_of_all("abc", ROWS, rate, rng).values()), axis=1)
        assert masks.any(axis=1).all()
    assert (masks.sum(axis=1) == 1).all()  # at rate 1
    assert masks.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.05)
    quarter = np.stack(list(kept_of_all("abc", ROWS, 0.25, rng).values()))
    assert quarter.mean() == pytest.approx(0.75, abs=0.03)
    assert kept_of_all("ab", ROWS, 0.0, rng)["b"].all()


def test_the_curve_is_that_of_masks_in_a_forward_pass() -> None:
    net, x = network("gate"), inputs()
    here = {"b": np.array([True, False, True, True, True, True])}
    found = missing_curve(
        net, x, LABELS, modality="b", rates=(0, 0.5, 1), seeds=(4,), present=here
    )
    want = []
    for k, rate in enumerate((0, 0.5, 1)):
        mask = kept(6, rate, np.random.default_rng([4, k]))
        want.append(right(net, x, {"b": mask & here["b"]}))
    assert list(found.values[0]) == want


def test_masks_of_tokens_and_none_are_kept() -> None:
    net = network("concat")
    seen: list[Any] = []
    plain = net.meet
    net.meet = lambda f, present=None: seen.append(present) or plain(f, {"b": present["b"]})
    tokens = np.array([[True, False]] * 6)
    missing_curve(
        net,
        inputs(),
        LABELS,
        modality="a",
        rates=(0, 1),
        seeds=(0,),
        present={"a": tokens, "b": None},
    )
    assert np.array_equal(seen[0]["a"], tokens) and not seen[1]["a"].any()
    assert seen[1]["a"].shape == (6, 2)


REFUSED = [
    (
        lambda n, x: missing_curve(nn.Tanh(), x, LABELS),
        "missing_curve: expected a multimodal net",
    ),
    (
        lambda n, x: missing_curve(n, x, LABELS, modality="c"),
        r"missing_curve: expected a modality among \['a', 'b'\], got 'c'; name",
    ),
    (
        lambda n, x: missing_curve(n, x, LABELS, rates=(0.0, 2.0)),
        r"missing_curve: expected two levels or more that rise within 0\.\.1, got \[0\.0, 2",
    ),
    (
        lambda n, x: missing_curve(n, x, LABELS, seeds=()),
        "missing_curve: expected a seed or more, got none",
    ),
    (lambda n, x: missing_curve(n, x, LABELS[:2]), "missing_curve, a: expected 2 rows, got 6"),
    (
        lambda n, x: cost(n, x, LABELS, repeats=0),
        "cost: expected 1 repeat or more, got 0; 5 give",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call(network("concat"), inputs())


# ---- complexity -------------------------------------------------------------------------
def test_a_cost_counts_what_is_there() -> None:
    net, x = network("concat"), inputs()
    net.heads = {}
    held = fg.Tensor(np.ones(net.head.bias.shape, np.float32))
    net.head.bias.grad = held
    found = cost(net, x, LABELS, name="concat", repeats=2)
    assert found.parameters == 2 * (4 * 5 + 5) + 10 * 3 + 3
    assert found.multiply_adds == 6 * (2 * 4 * 5 + 10 * 3)
    assert found.forward_ms > 0 and found.backward_ms > 0 and found.peak_bytes > 0
    assert net.head.bias.grad is held and net.head.weight.grad is None
    assert "concat" in cost_table([found, found]).splitlines()[2] and "multiply-adds" in str(
        found
    )
    assert found.to_json()["parameters"] == found.parameters


def test_measuring_a_cost_leaves_no_trace() -> None:
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(4, 3, rng=rng), nn.BatchNorm1d(3), nn.Dropout(0.5, rng=rng))
    before, drawn = net.state_dict(), rng.bit_generator.state
    cost(net, inputs()["a"], LABELS, repeats=1)
    assert all(np.array_equal(v, before[k]) for k, v in net.state_dict().items())
    assert rng.bit_generator.state == drawn and net.training


@pytest.mark.parametrize("tracing", [False, True])
def test_the_peak_holds_the_largest_array(tracing: bool) -> None:
    layer = nn.Linear(2, 5000, rng=np.random.default_rng(0))
    if tracing:
        tracemalloc.start()
    try:
        found = cost(layer, np.ones((50, 2), np.float32), repeats=1)
        assert tracemalloc.is_tracing() is tracing
    finally:
        tracemalloc.stop()
    assert found.name == "Linear"
    assert 50 * 5000 * 4 <= found.peak_bytes < 50 * 5000 * 4 * 12

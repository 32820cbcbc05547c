"""Live ablation keeps a history; what ablations refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.analysis import LiveAblation, ablate, ablate_all
from tests.test_ablation import LABELS, data, linear


def test_live_ablation_keeps_a_history_and_leaves_the_network_alone() -> None:
    net, x = linear("ab"), data("ab")
    net.branches["a"] = nn.Sequential(
        net.branches["a"], nn.Dropout(0.5, rng=np.random.default_rng(0))
    )
    live = LiveAblation(net, x, LABELS, rng=np.random.default_rng(0), reference=x, every=2)
    told: list[Any] = []
    net.on_features.append(told.append)
    assert str(live) == "no epoch yet"
    first = live(1)
    assert live(2) is None and live(3) is not None and net.training and not told
    assert [r.epoch for r in live.history] == [1, 3]
    assert live.history[0].attribution == live.history[1].attribution  # the same draws
    assert str(live).splitlines()[0].split()[:3] == ["epoch", "a", "worth"]
    assert str(first).startswith("epoch 1\n") and live.to_json()[1]["epoch"] == 3
    with fg.no_grad():
        net.head[1].weight.assign_(net.head[1].weight.numpy() * 2)
    live(5)
    assert live.history[2].attribution != live.history[1].attribution


def six() -> mm.FeatureFusionNet:
    fusion = mm.Sum(dict.fromkeys("abcdef", 2))
    return mm.FeatureFusionNet({n: nn.Identity() for n in "abcdef"}, fusion, nn.Identity())


REFUSED = [
    (
        lambda: ablate(nn.Tanh(), data(), LABELS),
        "ablate: expected a multimodal network, got Tanh",
    ),
    (
        lambda: ablate(linear(), data(), LABELS, absence="gone"),
        "ablate: expected absence in zero, mean, permuted, got 'gone'; choose one",
    ),
    (
        lambda: ablate(linear(), data(), LABELS, absence="permuted"),
        "ablate, permuted: expected an rng, 2 rows and 1 permutation or more, got no rng; pass",
    ),
    (
        lambda: ablate_all(
            linear(), data(), LABELS, rng=np.random.default_rng(), permutations=0
        ),
        "got 12 rows, 0 permutations; pass rng=",
    ),
    (
        lambda: ablate(linear(), data(), LABELS, absence="mean", reference={"a": 1, "b": 1}),
        "ablate, mean: expected reference features of .*, got none of c; take them from",
    ),
    (lambda: ablate(linear(), data(), LABELS[:3]), "ablate, a: expected 3 rows, got 12; give"),
    (
        lambda: ablate(six(), {n: np.zeros((3, 2)) for n in "abcdef"}, np.zeros(3, int)),
        "ablate: expected 5 modalities or fewer, got 6; 2\\^M sets are too many",
    ),
    (
        lambda: LiveAblation(linear(), data(), LABELS, rng=np.random.default_rng(), every=0),
        "LiveAblation: expected every of 1 or more, got 0; 1 is each epoch",
    ),
    (
        lambda: LiveAblation(nn.Tanh(), data(), LABELS, rng=np.random.default_rng()),
        "LiveAblation: expected a multimodal network, got Tanh; pass",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call()

"""EMAP: nothing is lost of an additive network, and all of an exclusive or."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.analysis import emap

EXACT, ROWS = 1e-12, 30


def data(names: str = "ab", rows: int = ROWS) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {n: rng.standard_normal((rows, 4)) for n in names}


LABELS = np.arange(ROWS) % 3


def net_of(fusion: mm.Fusion, hidden: bool = False) -> mm.FeatureFusionNet:
    rng = np.random.default_rng(1)
    branches = {n: nn.Sequential(nn.Linear(4, 3, rng=rng), nn.Tanh()) for n in fusion.widths}
    last = nn.Linear(fusion.width, 3, rng=rng)
    head = nn.Sequential(nn.Tanh(), last) if hidden else last
    return mm.FeatureFusionNet(branches, fusion, head).to(np.float64)


def widths(names: str) -> dict[str, int]:
    return dict.fromkeys(names, 3)


@pytest.mark.parametrize("names", ["ab", "abc", "abcd"])
@pytest.mark.parametrize("kind", [mm.Concat, mm.Sum])
def test_an_additive_network_is_its_own_projection(kind: Any, names: str) -> None:
    found = emap(net_of(kind(widths(names))), data(names), LABELS)
    assert found.distance <= EXACT and found.gap == 0.0
    assert found.evaluations == ROWS**2 * (1 if len(names) == 2 else len(names))


def test_the_mean_of_logits_is_additive_too() -> None:
    plain = net_of(mm.Concat(widths("ab")))
    heads = {n: nn.Linear(3, 3, rng=np.random.default_rng(2)) for n in "ab"}
    late = mm.DecisionFusionNet(plain.branches, heads).to(np.float64)
    assert emap(late, data(), LABELS).distance <= EXACT


def table(net: mm.FeatureFusionNet, x: dict[str, np.ndarray], name: str) -> np.ndarray:
    """f(x_name of i, all others of j), (N, N, C), one row after another."""
    rows = len(x[name])
    one = [
        [
            net({n: v[[i if n == name else j]] for n, v in x.items()}).numpy()[0]
            for j in range(rows)
        ]
        for i in range(rows)
    ]
    return np.array(one)


@pytest.mark.parametrize("names", ["ab", "abc"])
def test_a_network_of_products_against_all_pairs(names: str) -> None:
    net = net_of(mm.Gate(widths(names), rng=np.random.default_rng(3)), hidden=True)
    x = data(names, 7)
    tables = [table(net, x, n) for n in names]
    overall = np.mean([t.mean(axis=(0, 1)) for t in tables], axis=0)
    want = sum(t.mean(axis=1) for t in tables) - (len(names) - 1) * overall
    found = emap(net, x, LABELS[:7])
    assert np.abs(found.projected - want).max() <= EXACT
    assert np.abs(found.logits - net(x).numpy()).max() <= EXACT
    assert found.distance > 1e-3
    assert found.score == (found.logits.argmax(1) == LABELS[:7]).mean()
    assert found.additive == (want.argmax(1) == LABELS[:7]).mean()
    if names == "ab":  # the formula of the paper
        f = tables[0]
        paper = f.mean(axis=1) + f.mean(axis=0) - f.mean(axis=(0, 1))
        assert np.abs(found.projected - paper).max() <= EXACT


class Product(mm.Fusion):
    """F = f_a * f_b: an exclusive or of signs."""

    @property
    def width(self) -> int:
        return 1

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        return features["a"] * features["b"]


def test_an_exclusive_or_is_lost() -> None:
    head = nn.Linear(1, 2, bias=False, rng=np.random.default_rng(0)).to(np.float64)
    head.weight.assign_([[1.0], [-1.0]])
    branches = {n: nn.Identity() for n in "ab"}
    net = mm.FeatureFusionNet(branches, Product({"a": 1, "b": 1}), head)
    rng = np.random.default_rng(1)
    bits = rng.integers(2, size=(2, 400))
    x = {
        n: (2.0 * b - 1)[:, None] + 0.3 * rng.standard_normal((400, 1))
        for n, b in zip("ab", bits)
    }
    found = emap(net, x, bits[0] ^ bits[1])
    assert found.score > 0.99 and found.gap >= 0.4
    assert f"gap {found.gap:+.4f}" in str(found)
    told = found.to_json()
    assert told["gap"] == found.gap and told["rows"] == 400 and "logits" not in told


def test_many_rows_meet_in_chunks_and_some_are_drawn(monkeypatch: Any) -> None:
    net = net_of(mm.Gate(widths("ab"), rng=np.random.default_rng(3)))
    whole = emap(net, data(), LABELS)
    monkeypatch.setattr(sys.modules[emap.__module__], "CHUNK", 64)
    assert np.abs(emap(net, data(), LABELS).projected - whole.projected).max() <= EXACT
    present = {"b": np.arange(ROWS) % 2 == 0}
    drawn = emap(net, data(), LABELS, rows=9, rng=np.random.default_rng(0), present=present)
    chosen = np.sort(np.random.default_rng(0).choice(ROWS, 9, replace=False))
    x, masks = {n: v[chosen] for n, v in data().items()}, {"b": present["b"][chosen]}
    alone = emap(net, x, LABELS[chosen], present=masks)
    assert np.array_equal(drawn.projected, alone.projected) and len(drawn.logits) == 9


REFUSED = [
    (
        lambda n: emap(nn.Tanh(), data(), LABELS),
        "emap: expected a multimodal network, got Tanh",
    ),
    (
        lambda n: emap(n, data(), LABELS, rows=10),
        "emap: expected at most 10 rows, got 30; pass fewer, a larger rows=, or an rng=",
    ),
    (
        lambda n: emap(n, {"a": data()["a"]}, LABELS),
        r"emap: expected two modalities or more, got \['a'\]; a single modality is its own",
    ),
    (lambda n: emap(n, data(), LABELS[:5]), "emap, a: expected 5 rows, got 30; give every"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call(net_of(mm.Concat(widths("ab"))))

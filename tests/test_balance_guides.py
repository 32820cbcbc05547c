"""PMR, CGGM and gradient blending against their formulas, worked again in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusegrad.multimodal import balance
from fusegrad.multimodal.balance.cggm import balance as balanced
from tests.balance_sample import (
    LABELS,
    Grads,
    Hand,
    agree,
    inputs,
    network,
    plus,
    softmax,
    taken,
    times,
)

EXACT, DIFFERENCES = 1e-12, 1e-8
NAMES = "abc"
MISSING = {"c": np.array([False, True, True, False, True, False])}
HERE = [None, MISSING]
WHERE = ["all there", "c missing from some"]


class Prototypes:
    """What PMR keeps, worked by hand: means of features by class, blended every 2 steps."""

    def __init__(self) -> None:
        self.table: dict[tuple[str, int], np.ndarray] = {}
        self.seen: dict[tuple[str, int], list[np.ndarray]] = {}
        self.steps = 0

    def note(self, hand: Hand, y: np.ndarray) -> None:
        self.steps += 1
        for m in NAMES:
            for i in np.flatnonzero(hand.here[m]):
                self.seen.setdefault((m, int(y[i])), []).append(hand.f[m][i])
        if self.steps == 1 or self.steps % 2 == 0:
            for key, rows in self.seen.items():
                new, old = np.mean(rows, axis=0), self.table.get(key)
                self.table[key] = new if old is None else 0.2 * old + 0.8 * new
            self.seen = {}

    def pull(self, hand: Hand, m: str, y: np.ndarray) -> tuple[float, Grads]:
        """The score of m, and the gradients of CE(sim_m)."""
        classes = [c for c in range(3) if (m, c) in self.table]
        rows = [i for i in range(6) if hand.here[m][i] and y[i] in classes]
        df, scores = np.zeros_like(hand.f[m]), []
        for i in rows:
            away = np.stack([hand.f[m][i] - self.table[m, c] for c in classes])
            length = np.linalg.norm(away, axis=1)
            p, right = softmax(-length[None])[0], classes.index(int(y[i]))
            scores.append(p[right])
            df[i] = -(p - np.eye(len(classes))[right]) @ (away / length[:, None]) / len(rows)
        return float(np.mean(scores)), hand.back(m, df)


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_pmr_pulls_the_slow_to_prototypes_of_the_past(here: Any) -> None:
    net, method, by_hand = network("concat", NAMES), balance.PMR(0.7, every=2), Prototypes()
    slow = []
    labels = [np.array([0, 0, 2, 0, 2, 2]), *([LABELS] * 4)]  # class 1 comes later
    for seed, y in enumerate(labels):
        x = inputs(NAMES, seed=seed)
        hand = Hand(net, x, y, here)
        got, step = taken(method, net, x, y, here)
        want = hand.of_fused()
        pulls = {m: by_hand.pull(hand, m, y) for m in NAMES} if seed else {}
        for m, (score, pull) in pulls.items():
            is_slow = score < np.mean([pulls[j][0] for j in NAMES if j != m])
            slow.append(is_slow)
            assert step.weight[m] == (0.7 if is_slow else 0.0)
            want = plus(want, times(pull, 0.7 * is_slow))
        agree(got, want)
        by_hand.note(hand, y)
    assert {True, False} == set(slow)
    table, known = method.prototypes("a")
    assert known.all() and np.allclose(table[1], by_hand.table["a", 1], atol=EXACT)


def test_pmr_at_a_prototype_has_a_finite_gradient() -> None:
    net, x = network("concat"), inputs()
    method = balance.PMR(every=1)
    x["b"][:] = x["b"][0]  # all features of b stand on its prototypes
    taken(method, net, x, LABELS)
    got, step = taken(method, net, x, LABELS)
    assert all(np.isfinite(g).all() for g in got.values()) and step.weight["b"] == 1.0


def turned(hand: Hand, b: dict[str, float], fixed: dict[str, np.ndarray]) -> float:
    """L_gm of the network as it is in `hand`, the classifiers' slopes held fixed."""
    e = hand.excess(hand.fused(), np.ones(6, bool))
    total = 0.0
    for m in hand.names:
        g, d = np.where(hand.here[m][:, None], e @ hand.part(m), 0.0), fixed[m]
        total += b[m] * (1 - (g * d).sum() / np.linalg.norm(g) / np.linalg.norm(d))
    return total


def slopes_of_heads(hand: Hand) -> dict[str, np.ndarray]:
    found = {}
    for m in hand.names:
        e = hand.excess(hand.alone(m), hand.here[m])
        found[m] = e @ hand.p[f"heads.{m}.weight"]
    return found


def differences(hand: Hand, b: dict[str, float]) -> Grads:
    """Central differences of L_gm in every parameter."""
    fixed, found, h = slopes_of_heads(hand), hand.zeros(), 1e-5
    for name, p in hand.p.items():
        if name.startswith("heads."):
            continue
        for at in np.ndindex(p.shape):
            ends = []
            for sign in (1, -1):
                p[at] += sign * h
                hand.f = {m: hand.feature(m) for m in hand.names}
                ends.append(turned(hand, b, fixed))
                p[at] -= sign * h
            found[name][at] = (ends[0] - ends[1]) / (2 * h)
    hand.f = {m: hand.feature(m) for m in hand.names}
    return found


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_cggm_scales_by_gains_and_turns_towards_the_classifier(here: Any) -> None:
    net, method = network("concat", NAMES), balance.CGGM(rho=1.3, lam=0.2)
    before, weights = dict.fromkeys(NAMES, 0.0), []
    for seed in (3, 4):
        x = inputs(NAMES, seed=seed)
        hand = Hand(net, x, LABELS, here)
        got, step = taken(method, net, x, LABELS, here)
        gains = {}
        for m in NAMES:
            right = (hand.alone(m).argmax(1) == LABELS)[hand.here[m]].mean()
            gains[m], before[m] = max(right - before[m], 0.0), right
        total = sum(gains.values())
        b = {m: (total - g) / total if total else 2 / 3 for m, g in gains.items()}
        want = plus(hand.of_fused(), times(differences(hand, b), 0.2))
        want = plus(want, *(hand.of_head(m, branch=False) for m in NAMES))
        for m in NAMES:
            assert step.weight[m] == pytest.approx(1.3 * b[m], abs=EXACT)
            want = times(want, 1.3 * b[m], f"branches.{m}.")
        agree(got, want, DIFFERENCES)
        weights.append(step.weight)
    assert weights[0] != weights[1] and method.passes.backward == 6


def test_cggm_without_lam_only_scales() -> None:
    net, x = network("concat"), inputs()
    hand, method = Hand(net, x, LABELS), balance.CGGM(lam=0.0, logits="heads")
    got, step = taken(method, net, x, LABELS)
    want = hand.of_fused()
    for m in "ab":
        want = times(want, step.weight[m], f"branches.{m}.")
    agree(got, want)
    assert method.passes.backward == 1


def test_gains_of_cggm_stay_in_bounds() -> None:
    assert balanced({"a": 0.1, "b": 0.3}) == pytest.approx({"a": 0.75, "b": 0.25})
    assert balanced({"a": 0.1, "b": -0.09}) == {"a": 0.0, "b": 1.0}
    assert balanced({"a": 0.0, "b": -1.0, "c": 0.0}) == pytest.approx(
        dict.fromkeys("abc", 2 / 3)
    )
    for seed in range(50):
        gains = np.random.default_rng(seed).normal(size=4)
        b = balanced(dict(zip("abcd", gains, strict=True)))
        assert all(0 <= x <= 1 for x in b.values()) and sum(b.values()) == pytest.approx(3)


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_blending_weights_every_loss(here: Any) -> None:
    net, x = network("concat", NAMES), inputs(NAMES)
    hand = Hand(net, x, LABELS, here)
    heads = {m: hand.of_head(m) for m in NAMES}
    got, step = taken(balance.GradientBlending(), net, x, LABELS, here)
    agree(got, times(plus(hand.of_fused(), *heads.values()), 0.25))
    method = balance.GradientBlending({"a": 1, "b": 2, "c": 0, "fused": 5})
    got, step = taken(method, net, x, LABELS, here)
    assert step.weight == {"a": 0.125, "b": 0.25, "c": 0.0, "fused": 0.625}
    weighted = [times(heads[m], step.weight[m]) for m in NAMES]
    agree(got, plus(times(hand.of_fused(), 0.625), *weighted))


def test_blending_rewards_the_decrease_of_the_loss_and_not_the_loss() -> None:
    before = {"a": (1.9, 2.0), "b": (1.9, 2.0), "fused": (1.9, 2.0)}
    after = {"a": (1.1, 1.4), "b": (0.2, 1.6), "fused": (1.0, 1.2)}
    g = {"a": 0.6, "b": 0.4, "fused": 0.8}
    o = {"a": 0.2, "b": 1.3, "fused": 0.1}
    share = {k: g[k] / o[k] ** 2 for k in g}
    want = {k: s / sum(share.values()) for k, s in share.items()}
    method = balance.GradientBlending()
    assert method.update(before, after) == pytest.approx(want, rel=1e-12)
    assert method.weights == pytest.approx(want, rel=1e-12)
    # b has the largest validation loss at the end: weighting by the loss would reward it.
    assert max(after, key=lambda k: after[k][1]) == "b" == min(want, key=lambda k: want[k])


def test_blending_weights_of_losses_that_grow_or_gaps_that_stand() -> None:
    before = {"a": (2.0, 2.0), "b": (2.0, 2.0)}
    got = balance.weights_from([before, {"a": (1.0, 2.5), "b": (1.0, 1.5)}])
    assert got == {"a": 0.0, "b": 1.0}  # a got worse
    got = balance.weights_from([before, {"a": (1.0, 2.5), "b": (1.0, 2.0)}])
    assert got == {"a": 0.5, "b": 0.5}  # nobody gained
    stands = {"a": (1.0, 1.0), "b": (1.0, 1.1)}  # O_a is 0, and counts as .01
    got = balance.weights_from([before, stands])
    assert got["a"] / got["b"] == pytest.approx((1.0 / 0.01**2) / (0.9 / 0.1**2))
    path = [before, {"a": (9.0, 9.0), "b": (9.0, 9.0)}, stands]
    assert balance.weights_from(path) == got  # first and last count

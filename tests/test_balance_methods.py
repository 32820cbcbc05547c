"""Every method of balance against its formula, worked again in NumPy."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal import balance
from fusegrad.multimodal.balance.agm import leads, modulated
from fusegrad.multimodal.balance.mmpareto import least_norm
from fusegrad.multimodal.balance.ogm import held_back
from tests.balance_sample import (
    LABELS,
    Hand,
    agree,
    cross_entropy,
    inputs,
    network,
    plus,
    softmax,
    taken,
    times,
)

EXACT = 1e-12
LOOKED_FOR = 1e-7  # what a search for a least norm finds
NAMES = "abc"
MISSING = {"c": np.array([False, True, True, False, True, False])}
HERE = [None, MISSING]
WHERE = ["all there", "c missing from some"]


def setting(here: Any = None, names: str = NAMES) -> tuple[Any, dict[str, Any], Hand]:
    net, x = network("concat", names), inputs(names)
    return net, x, Hand(net, x, LABELS, here)


def likelihood(hand: Hand, m: str) -> float:
    rows = hand.here[m]
    return float(softmax(hand.alone(m))[np.arange(6), LABELS][rows].mean())


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_joint_is_the_gradient_of_the_fused_loss(here: Any) -> None:
    net, x, hand = setting(here)
    got, step = taken(balance.Joint(), net, x, LABELS, here)
    agree(got, hand.of_fused())
    assert float(step.loss) == pytest.approx(cross_entropy(hand.fused(), LABELS), abs=EXACT)


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_unimodal_losses_are_added(here: Any) -> None:
    net, x, hand = setting(here)
    weight = {"a": 0.5, "b": 0.0}
    got, step = taken(balance.UnimodalLosses(weight), net, x, LABELS, here)
    parts = [times(hand.of_head(m), w) for m, w in {**weight, "c": 1.0}.items()]
    agree(got, plus(hand.of_fused(), *parts))
    assert step.weight == {"a": 0.5, "b": 0.0, "c": 1.0} and step.logits == "heads"
    rows = hand.here["c"]
    want = cross_entropy(hand.alone("c")[rows], LABELS[rows])
    assert float(step.unimodal["c"]) == pytest.approx(want, abs=EXACT)


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_ogm_scales_who_leads_and_trains_its_probe(here: Any) -> None:
    net, x, hand = setting(here)
    got, step = taken(balance.OGM(alpha=0.8), net, x, LABELS, here)
    s = {m: likelihood(hand, m) for m in NAMES}
    want = plus(hand.of_fused(), *(hand.of_head(m, branch=False) for m in NAMES))
    for m in NAMES:
        rho = s[m] / np.mean([s[j] for j in NAMES if j != m])
        k = 1 - math.tanh(0.8 * rho) if rho > 1 else 1.0
        assert step.weight[m] == pytest.approx(k, abs=EXACT)
        want = times(want, k, f"branches.{m}.")
    agree(got, want)
    assert step.logits == "probe" and sorted(step.weight.values())[-1] == 1.0


def test_ogm_of_two_is_the_ratio_of_the_paper_and_of_three_no_last_one_decides() -> None:
    """s_a / s_b of sums over the batch; and changing any of three changes every ratio."""
    net, x, hand = setting(names="ab")
    sums = {m: 6 * likelihood(hand, m) for m in "ab"}
    lead, other = sorted(sums, key=lambda m: -sums[m])
    k = 1 - math.tanh(0.3 * sums[lead] / sums[other])
    _, step = taken(balance.OGM(0.3), net, x, LABELS)
    assert step.weight == pytest.approx({lead: k, other: 1.0}, abs=EXACT)
    start = held_back({"a": 0.9, "b": 0.5, "c": 0.4}, 0.1)
    for changed in ({"a": 0.9, "b": 0.6, "c": 0.4}, {"a": 0.9, "b": 0.5, "c": 0.3}):
        assert held_back(changed, 0.1)["a"] != start["a"]
    assert held_back({"a": 0.9, "b": 0.8, "c": 0.1}, 0.1)["b"] < 1  # two may lead
    assert held_back({"a": 0.5, "b": 0.0}, 0.1) == {"a": 0.0, "b": 1.0}
    assert held_back({"a": 0.0, "b": 0.0}, 0.1) == {"a": 1.0, "b": 1.0}


def test_ogm_ge_adds_noise_of_the_spread_before_scaling() -> None:
    net, x, hand = setting(names="ab")
    draws = [balance.OGM(0.8, noise=True, rng=np.random.default_rng(s)) for s in range(80)]
    plain, step = taken(balance.OGM(0.8), net, x, LABELS)
    found = [taken(method, net, x, LABELS)[0] for method in draws]
    for name, g in hand.of_fused().items():
        xi = np.stack([f[name] for f in found]) - plain[name]
        if not name.startswith("branches."):
            assert not xi.any()
            continue
        scale = g.std()  # of the gradient itself, though one of the branches is scaled
        assert xi.std() == pytest.approx(scale, rel=0.15)
        assert abs(xi.mean()) < 4 * scale / math.sqrt(xi.size)
    assert min(step.weight.values()) < 0.5


def lead(losses: dict[str, float], m: str) -> float:
    """exp(M / (M - 1) (mean - loss_m)) of three modalities."""
    return math.exp(1.5 * (np.mean(list(losses.values())) - losses[m]))


def test_agm_shares_of_an_additive_head_are_its_terms() -> None:
    net, _, _ = setting(MISSING)
    method = balance.AGM(alpha=0.7)
    s: dict[str, list[float]] = {m: [] for m in NAMES}
    for seed in (1, 2, 3):
        x = inputs(NAMES, seed=seed)
        hand = Hand(net, x, LABELS, MISSING)
        got, step = taken(method, net, x, LABELS, MISSING)
        for m, rows in hand.here.items():
            s[m].append(cross_entropy((hand.f[m] @ hand.part(m).T)[rows], LABELS[rows]))
        past = {m: float(np.mean(s[m][:-1] or s[m])) for m in NAMES}
        now, want = {m: s[m][-1] for m in NAMES}, hand.of_fused()
        for m in NAMES:
            k = math.exp(0.7 * min(lead(past, m) - lead(now, m), 7))
            assert step.weight[m] == pytest.approx(k, abs=1e-10)
            want = times(want, k, f"branches.{m}.")
        agree(got, want)
        assert (step.weight == dict.fromkeys(NAMES, 1.0)) == (seed == 1)


def test_agm_damps_who_gets_ahead_and_is_bounded() -> None:
    ahead = modulated({"a": 0.5, "b": 1.0}, {"a": 0.8, "b": 0.8}, 0.1)
    assert ahead["a"] < 1 < ahead["b"]
    assert modulated({"a": 0.3}, {"a": 0.9}, 0.1) == {"a": 1.0}
    far = modulated({"a": 900.0, "b": 0.0}, {"a": 0.0, "b": 900.0}, 0.1)
    assert far["a"] == pytest.approx(math.exp(0.7)) and far["b"] == 0.0
    assert leads({"a": 1e6, "b": 0.0})["b"] == math.exp(50.0)


def test_shapley_is_the_mean_over_all_orders() -> None:
    net, x = network("gate", NAMES), inputs(NAMES)
    method = balance.AGM()
    features = net.features_of(x)
    phi = method.shares(net, features, net.meet(features), None)

    def value(names: tuple[str, ...]) -> np.ndarray:
        gone = {m: np.zeros(6, bool) for m in NAMES if m not in names}
        return net.meet(features, gone).logits.numpy()

    for m in NAMES:
        gains = []
        for order in permutations(NAMES):
            before = order[: order.index(m)]
            gains.append(value((*before, m)) - value(before))
        np.testing.assert_allclose(phi[m].numpy(), np.mean(gains, axis=0), atol=EXACT)
    total = sum(p.numpy() for p in phi.values())
    np.testing.assert_allclose(total, value(tuple(NAMES)) - value(()), atol=EXACT)


def pareto(f: np.ndarray, u: np.ndarray) -> tuple[float, np.ndarray]:
    """The weight of u and what becomes of two gradients; the least norm by looking for it."""
    if f @ u >= 0:
        return 0.5, f + u
    minimize_scalar = pytest.importorskip("scipy.optimize").minimize_scalar
    norm = lambda w: ((1 - w) * f + w * u) @ ((1 - w) * f + w * u)  # noqa: E731
    w = minimize_scalar(norm, bounds=(0, 1), method="bounded", options={"xatol": 1e-12}).x
    h = 2 * (1 - w) * f + 2 * w * u
    assert h @ f > 0 and h @ u > 0
    return w, h * np.linalg.norm(f + u) / np.linalg.norm(h)


@pytest.mark.parametrize("here", HERE, ids=WHERE)
def test_mmpareto_joins_gradients_taken_apart(here: Any) -> None:
    seen = set()
    for seed in range(6):
        net, x = network("concat", NAMES, seed=seed), inputs(NAMES, seed=seed)
        hand = Hand(net, x, LABELS, here)
        got, step = taken(balance.MMPareto(), net, x, LABELS, here)
        fused, heads = hand.of_fused(), {m: hand.of_head(m) for m in NAMES}
        want = plus(fused, *heads.values())
        for m in NAMES:
            keys = [k for k in fused if k.startswith(f"branches.{m}.")]
            f, u = (np.concatenate([g[k].ravel() for k in keys]) for g in (fused, heads[m]))
            w, h = pareto(f, u)
            seen.add(bool(f @ u < 0))
            assert step.weight[m] == pytest.approx(w, abs=LOOKED_FOR)
            parts = np.split(1.5 * h, np.cumsum([fused[k].size for k in keys])[:-1])
            want |= {k: p.reshape(fused[k].shape) for k, p in zip(keys, parts, strict=True)}
        agree(got, want, LOOKED_FOR)
    assert seen == {False, True}  # both ways were walked


def test_mmpareto_of_zeros_and_opposites() -> None:
    assert least_norm(0.0, 0.0, 4.0) == least_norm(4.0, 0.0, 0.0) == 0.5
    method, g = balance.MMPareto(gamma=1.0), np.array([3.0, -1.0])
    for factor in (1.0, 3.0):
        w, (joined,) = method.joined([fg.Tensor(g)], [fg.Tensor(-factor * g)])
        assert w == pytest.approx(1 / (1 + factor)) and np.abs(joined.numpy()).max() < 1e-12
    w, (joined,) = method.joined([fg.Tensor(g)], [None])
    assert w == 0.5 and np.array_equal(joined.numpy(), g)

"""Ablation: every set of modalities under three absence models, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.analysis import ablate, ablate_all, attribute, subsets
from fusegrad.multimodal.analysis.ablation import _mean
from fusegrad.multimodal.analysis.absence import others

ROWS, CLASSES, EXACT = 12, 3, 1e-12
WIDTHS = {"a": 4, "b": 3, "c": 2}
LABELS = np.arange(ROWS) % CLASSES


def data(names: str = "abc") -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {n: rng.standard_normal((ROWS, WIDTHS[n])) for n in names}


def linear(names: str = "abc") -> mm.FeatureFusionNet:
    """Branches x W_m^T + b_m of width 3, concatenated, with a head between tanhs."""
    rng = np.random.default_rng(1)
    branches = {n: nn.Linear(WIDTHS[n], 3, rng=rng) for n in names}
    fusion = mm.Concat(dict.fromkeys(names, 3))
    head = nn.Sequential(nn.Tanh(), nn.Linear(fusion.width, CLASSES, rng=rng))
    return mm.FeatureFusionNet(branches, fusion, head).to(np.float64)


def features(net: mm.FeatureFusionNet, x: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        n: v @ net.branches[n].weight.numpy().T + net.branches[n].bias.numpy()
        for n, v in x.items()
    }


def measured(net: mm.FeatureFusionNet, f: dict[str, np.ndarray]) -> tuple[float, float]:
    """Loss and accuracy, in NumPy."""
    last = net.head[1]
    z = np.tanh(np.concatenate(list(f.values()), axis=1)) @ last.weight.numpy().T
    z = z + last.bias.numpy()
    top = z.max(axis=1, keepdims=True)
    log_p = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
    return -log_p[np.arange(ROWS), LABELS].mean(), float((z.argmax(1) == LABELS).mean())


def test_absent_as_zero_is_zero_in_numpy() -> None:
    net, x = linear(), data()
    found, f = ablate(net, x, LABELS), features(net, x)
    for s in subsets("abc"):
        loss, score = measured(net, {n: f[n] * (n in s) for n in f})
        assert found.loss[s] == pytest.approx(loss, abs=EXACT) and found.accuracy[s] == score


def test_absent_as_the_mean_of_a_reference() -> None:
    net, x = linear(), data()
    training = {n: 2 * v[:5] + 1 for n, v in x.items()}
    known, f = features(net, training), features(net, x)
    own = ablate(net, x, LABELS, absence="mean")
    told = ablate(net, x, LABELS, absence="mean", reference=net.features_of(training))
    for s in subsets("abc"):
        for found, source in ((own, f), (told, known)):
            means = {n: np.broadcast_to(source[n].mean(0), f[n].shape) for n in f}
            loss, score = measured(net, {n: f[n] if n in s else means[n] for n in f})
            assert found.loss[s] == pytest.approx(loss, abs=EXACT)
            assert found.accuracy[s] == score


def test_absent_as_another_sample_averages_permutations() -> None:
    net, x = linear(), data()
    rng, f = np.random.default_rng(3), features(net, x)
    orders = [{n: others(ROWS, rng) for n in "abc"} for _ in range(4)]
    found = ablate(
        net, x, LABELS, absence="permuted", permutations=4, rng=np.random.default_rng(3)
    )
    for s in subsets("abc"):
        runs = [
            measured(net, {n: v if n in s else v[o[n]] for n, v in f.items()}) for o in orders
        ]
        loss, score = np.mean(runs, axis=0)
        assert found.loss[s] == pytest.approx(loss, abs=EXACT)
        assert found.accuracy[s] == pytest.approx(score, abs=EXACT)


def test_no_sample_keeps_its_own() -> None:
    rng = np.random.default_rng(0)
    for rows in (2, 3, 50):
        order = others(rows, rng)
        assert sorted(order) == list(range(rows)) and not (order == np.arange(rows)).any()


def test_axioms_hold_for_a_network_under_every_absence() -> None:
    net, x = linear(), data()
    head = net.head[1]
    weights = head.weight.numpy().copy()
    weights[:, 6:] = 0  # c says nothing
    head.weight.assign_(weights)
    for draws in (3, 6, 7, 9, 10, 11):
        rng = np.random.default_rng(draws)
        moved = ablate(net, x, LABELS, absence="permuted", permutations=draws, rng=rng)
        assert moved.attribution()["loss"]["c"] == 0.0
    found = attribute(net, x, LABELS, rng=np.random.default_rng(0))
    assert found.residual <= EXACT
    for column in (*found.loss.values(), *found.accuracy.values()):
        assert column["c"] == 0.0 and column["a"] != 0.0
    fallen = found.ablations["zero"].loss
    assert sum(found.loss["zero"].values()) == pytest.approx(
        fallen[()] - fallen["a", "b", "c"], abs=EXACT
    )


def test_the_mean_of_equal_values_is_that_value() -> None:
    assert sum([0.1] * 10) / 10 != 0.1 == _mean([0.1] * 10)
    assert _mean([1.0, 2.0, 6.0]) == 3.0


def test_twins_are_worth_the_same_to_the_last_bit() -> None:
    net, x = linear("ab"), data("ab")
    net.branches["b"] = net.branches["a"]
    net.fusion = mm.Sum({"a": 3, "b": 3})
    net.head = nn.Sequential(nn.Tanh(), nn.Linear(3, CLASSES, rng=np.random.default_rng(2)))
    net.to(np.float64)
    for absence in ("zero", "mean"):
        phi = ablate(net, {"a": x["a"], "b": x["a"]}, LABELS, absence=absence).attribution()
        assert phi["loss"]["a"] == phi["loss"]["b"] != 0.0


def test_the_spread_between_absence_models_is_shown() -> None:
    found = attribute(linear("ab"), data("ab"), LABELS, rng=np.random.default_rng(0))
    for kind in ("loss", "accuracy"):
        columns = getattr(found, kind)
        for n in "ab":
            values = [c[n] for c in columns.values()]
            assert found.spread(kind)[n] == max(values) - min(values)
    assert max(found.spread("loss").values()) > 0
    text, told = str(found), found.to_json()
    assert text.count("spread") == 3 and "none" in text and "a+b" in text
    assert set(told["spread"]["loss"]) == {"a", "b"}
    assert set(told["ablations"]["zero"]["loss"]) == {"none", "a", "b", "a+b"}
    assert "absent is mean" in str(found.ablations["mean"])


def test_features_are_computed_once() -> None:
    net, calls = linear(), []
    net.branches["a"].register_forward_hook(lambda *_: calls.append(1))
    ablate(net, data(), LABELS)
    assert len(calls) == 1


def test_a_missing_modality_stays_missing() -> None:
    net, x = linear("ab"), data("ab")
    here, f = {"b": np.arange(ROWS) % 2 == 0, "a": None}, features(net, x)
    found = ablate(net, x, LABELS, present=here)
    kept = {"a": f["a"], "b": f["b"] * here["b"][:, None]}
    assert found.loss["a", "b"] == pytest.approx(measured(net, kept)[0], abs=EXACT)
    assert found.loss["a",] == pytest.approx(
        measured(net, {**f, "b": 0 * f["b"]})[0], abs=EXACT
    )
    rng = np.random.default_rng(0)
    moved = ablate(net, x, LABELS, absence="permuted", present=here, permutations=1, rng=rng)
    rng = np.random.default_rng(0)
    orders = {n: others(ROWS, rng) for n in "ab"}
    mixed = {"a": f["a"], "b": kept["b"][orders["b"]]}
    assert moved.loss["a",] == pytest.approx(measured(net, mixed)[0], abs=EXACT)
    means = ablate(net, x, LABELS, absence="mean", present=here)
    average = f["b"][here["b"]].mean(0)
    filled = {"a": f["a"], "b": np.broadcast_to(average, f["b"].shape)}
    assert means.loss["a",] == pytest.approx(measured(net, filled)[0], abs=EXACT)


def test_decisions_and_tokens_are_ablated_too() -> None:
    rng = np.random.default_rng(0)
    heads = {n: nn.Linear(3, CLASSES, rng=rng) for n in "ab"}
    late = mm.DecisionFusionNet(linear("ab").branches, heads).to(np.float64)
    found = ablate_all(late, data("ab"), LABELS, rng=rng)
    assert found["zero"].loss[()] == pytest.approx(np.log(CLASSES), abs=EXACT)
    net = mm.FeatureFusionNet(
        {"a": Words(), "b": nn.Linear(3, 4, rng=rng)},
        TokenMean({"a": 4, "b": 4}),
        nn.Linear(4, 3, rng=rng),
    ).to(np.float64)
    means = ablate(net, data("ab"), LABELS, absence="mean")
    values, mask = Words()(data()["a"])
    known = values.numpy()[mask].mean(axis=0)
    b = net.branches["b"](data()["b"]).numpy()
    z = fg.Tensor((known + b) / 2) @ net.head.weight.T + net.head.bias
    assert means.loss["b",] == pytest.approx(float(fg.cross_entropy(z, LABELS)), abs=EXACT)


class Words(nn.Module):
    """Two tokens of 4 numbers a row, of which every other row lacks the second."""

    def forward(self, x: np.ndarray) -> mm.Tokens:
        mask = np.array([[True, i % 2 == 0] for i in range(len(x))])
        return mm.Tokens(fg.Tensor(np.stack([x, x + 1], axis=1)), mask)


class TokenMean(mm.Fusion):
    """The mean of the means of the tokens of both."""

    takes_tokens = True

    @property
    def width(self) -> int:
        return 4

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        parts = [
            mm.mean_of_tokens(mm.Tokens(f, here.tokens(n, f.shape[1])))
            for n, f in features.items()
        ]
        return (parts[0] + parts[1]) / 2

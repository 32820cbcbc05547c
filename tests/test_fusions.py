"""Gates, joint layers, experts and graphs: values and splits against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from fusegrad import multimodal as mm
from fusegrad.engine import Tensor
from tests.fusion_sample import (
    WIDTHS,
    Split,
    features,
    gradients,
    rng,
    same,
    settled,
    softmax,
    weights,
)

WITHOUT_B = {"b": np.array([True, False, True, False])}


# ---- gates ----------------------------------------------------------------------------------
def test_gmu_of_two_is_the_tied_gate_of_the_paper() -> None:
    widths = {"a": 3, "b": 4}
    fusion, x = settled(mm.GMU(widths, 5, rng=rng())), features(widths)
    w = weights(fusion)
    h = [np.tanh(f @ w[f"hidden.{n}.weight"].T) for n, f in x.items()]
    s = 1 / (1 + np.exp(-np.concatenate(list(x.values()), axis=1) @ w["gate.weight"].T))
    split = Split(fusion, x)
    assert same(split.F, s * h[0] + (1 - s) * h[1])
    gate_path = (split.delta * (h[0] - h[1]) * s * (1 - s)) @ w["gate.weight"]
    for value, n, h_m, cut in ((s, "a", h[0], slice(0, 3)), (1 - s, "b", h[1], slice(3, 7))):
        own = (split.delta * value * (1 - h_m**2)) @ w[f"hidden.{n}.weight"]
        assert same(split.g[n], own + gate_path[:, cut])


def test_gmu_of_three_shares_by_softmax_and_leaves_out_who_is_missing() -> None:
    fusion, x = settled(mm.GMU(WIDTHS, 2, rng=rng())), features()
    w, u = weights(fusion), np.concatenate(list(features().values()), axis=1)
    logits = np.concatenate([(u @ w["gate.weight"].T).reshape(4, 2, 2), np.zeros((4, 1, 2))], 1)
    h = np.stack([np.tanh(f @ w[f"hidden.{n}.weight"].T) for n, f in x.items()], axis=1)
    assert same(fusion(x).numpy(), (softmax(logits, 1) * h).sum(axis=1))
    alone = {"a": np.zeros(4, bool), "b": np.zeros(4, bool)}
    assert same(fusion(x, alone).numpy(), h[:, 2])


def test_the_gate_of_gmu_learns_nothing_where_branches_agree() -> None:
    fusion = settled(mm.GMU({"a": 3, "b": 3}, 5, rng=rng()))
    fusion.hidden["b"].weight.assign_(fusion.hidden["a"].weight.numpy())
    agreed = features({"a": 3})["a"]
    Split(fusion, {"a": agreed, "b": agreed})
    assert np.abs(fusion.gate.weight.grad.numpy()).max() <= 1e-15
    Split(fusion, {"a": agreed, "b": -agreed})
    assert np.abs(fusion.gate.weight.grad.numpy()).max() > 1e-3


def test_film_scales_each_side_by_the_other() -> None:
    fusion, x = settled(mm.FiLM(WIDTHS, rng=rng())), features()
    w, others = weights(fusion), np.concatenate([x["b"], x["c"]], axis=1)
    gamma = 1 + others @ w["gamma.weight"].T + w["gamma.bias"]
    beta = others @ w["beta.weight"].T + w["beta.bias"]
    split = Split(fusion, x)
    assert same(split.F, gamma * x["a"] + beta)
    assert same(split.g["a"], split.delta * gamma)
    back = (split.delta * x["a"]) @ w["gamma.weight"] + split.delta @ w["beta.weight"]
    assert same(np.concatenate([split.g["b"], split.g["c"]], axis=1), back)
    alone = mm.FiLM({"a": 3}, rng=rng())
    assert same(alone({"a": x["a"]}).numpy(), x["a"]) and not list(alone.parameters())


# ---- one layer for all ----------------------------------------------------------------------
PHI = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "softplus": (lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
}


@pytest.mark.parametrize("phi", PHI)
def test_a_joint_layer_has_one_error_for_all(phi: str) -> None:
    fusion, x = settled(mm.JointHidden(WIDTHS, 5, phi, rng=rng())), features()
    W, (value, slope) = {n: p.numpy() for n, p in fusion.weights.items()}, PHI[phi]
    z = sum(f @ W[n].T for n, f in x.items()) + fusion.bias.numpy()
    split = Split(fusion, x)
    assert same(split.F, value(z))
    e = split.delta * slope(z)
    assert same(fusion.bias.grad.numpy(), e.sum(axis=0))
    for n, f in x.items():
        assert same(split.g[n], e @ W[n])
        assert same(fusion.weights[n].grad.numpy(), e.T @ f)


def test_a_graph_mixes_who_is_there_and_gives_all_the_same_error() -> None:
    fusion, x = settled(mm.GraphFusion(WIDTHS, 5, rng=rng())), features()
    w = weights(fusion)
    split = Split(fusion, x, WITHOUT_B)
    for i in range(4):
        names = ["a", "c"] if i % 2 else ["a", "b", "c"]
        h = [
            x[n][i] @ w[f"projections.{n}.weight"].T + w[f"projections.{n}.bias"] for n in names
        ]
        D = np.diag(np.full(len(names), len(names)) ** -0.5)
        A = D @ np.ones((len(names), len(names))) @ D
        first = A @ np.stack(h) @ w["first.weight"].T + w["first.bias"]
        last = A @ np.maximum(first, 0) @ w["second.weight"].T + w["second.bias"]
        assert same(split.F[i], last.mean(axis=0))
        e = (split.delta[i] @ w["second.weight"] * (first[0] > 0)) @ w["first.weight"]
        for n in names:
            assert same(split.g[n][i], e / len(names) @ w[f"projections.{n}.weight"])
    assert not split.g["b"][1::2].any()


# ---- experts --------------------------------------------------------------------------------
def experts_of(w: dict[str, np.ndarray], n: str, f: np.ndarray) -> tuple[np.ndarray, ...]:
    mean = f @ w[f"means.{n}.weight"].T + w[f"means.{n}.bias"]
    return mean, f @ w[f"logvars.{n}.weight"].T + w[f"logvars.{n}.bias"]


def test_experts_are_multiplied_with_the_prior_and_split_by_their_precision() -> None:
    fusion, x = settled(mm.ProductOfExperts(WIDTHS, 5, rng=rng())), features()
    w, drawn = weights(fusion), rng(6)
    found = {n: experts_of(w, n, f) for n, f in x.items()}
    Z = 1 + sum(np.exp(-lv) for _, lv in found.values())
    mu = sum(m * np.exp(-lv) for m, lv in found.values()) / Z
    inputs = {n: Tensor(f, requires_grad=True) for n, f in x.items()}
    mean, logvar = fusion.posterior(inputs)
    assert same(mean.numpy(), mu) and same(logvar.numpy(), -np.log(Z))
    assert np.array_equal(fusion(x).numpy(), mean.numpy())
    d_mu, d_lv = drawn.standard_normal((2, *mu.shape))
    (mean * d_mu + logvar * d_lv).sum().backward()
    learned = gradients(fusion)
    for n, (m, lv) in found.items():
        share = np.exp(-lv) / Z
        to_mean, to_logvar = d_mu * share, -d_mu * share * (m - mu) + d_lv * share
        assert same(learned[f"means.{n}.bias"], to_mean.sum(axis=0))
        assert same(learned[f"logvars.{n}.bias"], to_logvar.sum(axis=0))
        back = to_mean @ w[f"means.{n}.weight"] + to_logvar @ w[f"logvars.{n}.weight"]
        assert same(inputs[n].grad.numpy(), back)


def test_a_missing_expert_is_left_out_and_nobody_leaves_the_prior() -> None:
    fusion, x = settled(mm.ProductOfExperts(WIDTHS, 5, rng=rng())), features()
    w = weights(fusion)
    mean, logvar = fusion.posterior(x, WITHOUT_B)
    found = [experts_of(w, n, x[n]) for n in ("a", "c")]
    Z = 1 + sum(np.exp(-lv) for _, lv in found)
    assert same(mean.numpy()[1::2], (sum(m * np.exp(-lv) for m, lv in found) / Z)[1::2])
    assert same(logvar.numpy()[1::2], -np.log(Z)[1::2])
    nobody = fusion.posterior(x, {n: np.zeros(4, bool) for n in x})
    assert not nobody[0].numpy().any() and not nobody[1].numpy().any()


@pytest.mark.parametrize("sure", [-1e4, 1e4])
def test_experts_overflow_nowhere(sure: float) -> None:
    fusion = mm.ProductOfExperts({"a": 3, "b": 4}, 5, rng=rng()).to(np.float64)
    for head in fusion.logvars.values():
        head.bias.assign_(np.full(5, sure))
    split = Split(fusion, features({"a": 3, "b": 4}))
    assert np.isfinite(split.F).all() and all(np.isfinite(g).all() for g in split.g.values())
    logvar = fusion.posterior(features({"a": 3, "b": 4}))[1].numpy()
    assert np.allclose(logvar, min(sure, 0.0), rtol=1e-3, atol=1e-3)

"""Multimodal VAE: its bound against exact evidence, its gradients against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.multimodal import objective

EXACT, SMALL = 1e-12, 1e-10
WIDTHS = {"a": 3, "b": 4}
NODES = np.array([[-1.0], [1.0]])  # two points integrate any quadratic of a standard normal


class Told(nn.Module):
    """An encoder that says w . (x - b) times a factor, with one variance."""

    def __init__(self, w: np.ndarray, b: np.ndarray, logvar: float) -> None:
        self.w, self.b, self.logvar = w, b, logvar

    def forward(self, x: Any) -> tuple[fg.Tensor, fg.Tensor]:
        mu = (x - self.b) @ self.w[:, None]
        return mu, mu * 0.0 + self.logvar


class Affine(nn.Module):
    def __init__(self, w: np.ndarray, b: np.ndarray) -> None:
        self.w, self.b = w, b

    def forward(self, z: Any) -> fg.Tensor:
        return z @ self.w[None] + self.b


def linear_gaussian(shift: float = 0.0) -> tuple[objective.MultimodalVAE, dict[str, Any]]:
    """x_m = z w_m + b_m + N(0, 1): with shift 0 the encoders are exact."""
    rng = np.random.default_rng(0)
    w = {n: rng.standard_normal(d) for n, d in WIDTHS.items()}
    b = {n: rng.standard_normal(d) for n, d in WIDTHS.items()}
    encoders = {
        n: Told(w[n] / (w[n] @ w[n]) + shift, b[n], -np.log(w[n] @ w[n]) + shift) for n in w
    }
    decoders = {n: Affine(w[n], b[n]) for n in w}
    made = objective.MultimodalVAE(encoders, decoders, rng=np.random.default_rng(1))
    return made, {"w": w, "b": b}


def evidence(x: dict[str, np.ndarray], truth: dict[str, Any]) -> np.ndarray:
    """log N(x; b, I + w w^T) of all modalities of x together."""
    w = np.concatenate([truth["w"][n] for n in x])
    off = np.concatenate([x[n] - truth["b"][n] for n in x], axis=1)
    covariance = np.eye(len(w)) + np.outer(w, w)
    _, logdet = np.linalg.slogdet(2 * np.pi * covariance)
    return -0.5 * (np.einsum("bi,ij,bj->b", off, np.linalg.inv(covariance), off) + logdet)


def bound(model: objective.MultimodalVAE, x: dict[str, np.ndarray], **how: Any) -> np.ndarray:
    """The expected ELBO, exactly: the integrand is quadratic in the noise."""
    rows = len(next(iter(x.values())))
    found = [model.elbo(x, noise=np.full((rows, 1), e), **how).numpy() for e in NODES[:, 0]]
    return np.mean(found, axis=0)


def samples(rows: int = 6) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    return {n: rng.standard_normal((rows, d)) for n, d in WIDTHS.items()}


def test_the_bound_is_the_evidence_at_the_exact_posterior() -> None:
    model, truth = linear_gaussian()
    x = samples()
    assert np.abs(bound(model, x) - evidence(x, truth)).max() <= SMALL
    for n in WIDTHS:
        one = {n: x[n]}
        assert np.abs(bound(model, x, of=[n]) - evidence(one, truth)).max() <= SMALL
        assert np.abs(bound(model, one) - evidence(one, truth)).max() <= SMALL


@pytest.mark.parametrize("shift", [-0.7, -0.1, 0.1, 0.7])
def test_the_bound_is_below_the_evidence_elsewhere(shift: float) -> None:
    model, truth = linear_gaussian(shift)
    x = samples()
    assert (bound(model, x) < evidence(x, truth) - 1e-4).all()


def test_a_sample_that_lacks_a_modality_is_bound_by_the_rest() -> None:
    model, truth = linear_gaussian()
    x, here = samples(), {"b": np.arange(6) > 2}
    got = bound(model, x, present=here)
    alone = {"a": x["a"]}
    assert np.abs(got[:3] - evidence(alone, truth)[:3]).max() <= SMALL
    assert np.abs(got[3:] - evidence(x, truth)[3:]).max() <= SMALL
    nothing = {n: np.zeros(6, bool) for n in x}
    assert np.array_equal(model.elbo(x, nothing).numpy(), np.zeros(6))


def test_kl_is_the_expected_difference_of_log_densities() -> None:
    rng = np.random.default_rng(3)
    mu, lv = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    got = objective.kl_to_standard_normal(fg.Tensor(mu), fg.Tensor(lv)).numpy()
    total = 0.0
    for e in NODES[:, 0]:  # log q - log p is quadratic in the noise, so that two points do
        z = mu + e * np.exp(lv / 2)
        total = total + (-(e**2) / 2 - lv / 2 + z**2 / 2).sum(1) / 2
    assert np.abs(got - total).max() <= EXACT
    assert np.abs(got - 0.5 * (np.exp(lv) + mu**2 - 1 - lv).sum(1)).max() <= EXACT


class Given(nn.Module):
    """An encoder that says what it was told."""

    def __init__(self, mu: np.ndarray, logvar: np.ndarray) -> None:
        self.mu, self.logvar = nn.Parameter(mu), nn.Parameter(logvar)

    def forward(self, x: Any) -> tuple[fg.Tensor, fg.Tensor]:
        return self.mu, self.logvar


def test_the_reparametrised_gradients() -> None:
    """dmu = dz, dlogvar = dz eps exp(lv / 2) / 2, through one expert and the prior."""
    rng = np.random.default_rng(4)
    mu, lv, eps, x = (rng.standard_normal((3, 2)) for _ in range(4))
    expert = Given(mu, lv)
    model = objective.MultimodalVAE({"a": expert}, {"a": nn.Identity()}, beta=0.0, rng=rng)
    model.elbo({"a": x}, noise=eps).sum().backward()
    t = np.exp(-lv)
    m, v = mu * t / (1 + t), -np.log1p(t)
    dz = x - (m + eps * np.exp(v / 2))
    dm, dv = dz, 0.5 * dz * eps * np.exp(v / 2)
    share = t / (1 + t)
    assert np.abs(expert.mu.grad.numpy() - dm * share).max() <= EXACT
    want = -dm * share * (mu - m) + dv * share
    assert np.abs(expert.logvar.grad.numpy() - want).max() <= EXACT


def network(**settings: Any) -> objective.MultimodalVAE:
    rng = np.random.default_rng(6)
    heads = {n: objective.GaussianHead(d, 2, rng=rng) for n, d in WIDTHS.items()}
    decoders = {n: nn.Linear(2, d, rng=rng) for n, d in WIDTHS.items()}
    return objective.MultimodalVAE(heads, decoders, rng=rng, **settings).to(np.float64)


def test_the_loss_is_the_joint_bound_and_each_unimodal_one() -> None:
    x, here = samples(), {"b": np.arange(6) > 1}
    model = network(weights={"b": 0.5}, beta=0.3)
    model.rng = np.random.default_rng(7)
    got = float(model(x, here))
    draws = np.random.default_rng(7)
    want = 0.0
    for of, rows in ((["a", "b"], 6), (["a"], 6), (["b"], 4)):
        noise = draws.standard_normal((6, 2))
        want -= model.elbo(x, here, of=of, noise=noise).numpy().sum() / rows
    assert abs(got - want) <= EXACT
    model.terms, model.rng = "joint", np.random.default_rng(7)
    noise = np.random.default_rng(7).standard_normal((6, 2))
    assert abs(float(model(x)) + model.elbo(x, noise=noise).numpy().mean()) <= EXACT


def test_bernoulli_is_the_cross_entropy_of_logits() -> None:
    model = network(likelihoods={"a": "bernoulli", "b": "bernoulli"}, beta=0.0)
    x = {n: np.random.default_rng(8).uniform(size=(3, d)) for n, d in WIDTHS.items()}
    noise = np.ones((3, 2))
    mu, lv = model.posterior(x)
    z = mu.numpy() + np.exp(lv.numpy() / 2)
    want = 0.0
    for n in WIDTHS:
        p = 1 / (1 + np.exp(-model.decoders[n](z).numpy()))
        want = want + (x[n] * np.log(p) + (1 - x[n]) * np.log(1 - p)).sum(1)
    assert np.abs(model.elbo(x, noise=noise).numpy() - want).max() <= SMALL


def test_one_modality_from_another_and_drawn_sets() -> None:
    model, x = network(subsets=2), samples()
    mu, _ = model.posterior(x, of=["a"])
    told = model.reconstruct({"a": x["a"]}, ["a"], "b").numpy()
    assert np.array_equal(told, model.decoders["b"](mu).numpy())
    assert model._drawn_sets() == []  # of two modalities there is no set between one and all
    model.names = list("abcd")
    sets = {tuple(s) for _ in range(50) for s in model._drawn_sets()}
    assert len(sets) == 10 and all(2 <= len(s) <= 3 for s in sets)


def test_nothing_there_is_0() -> None:
    nothing = {n: np.zeros(2, bool) for n in WIDTHS}
    value = network()(samples(2), nothing)
    assert float(value) == 0 and not value.requires_grad


def swapped() -> objective.MultimodalVAE:
    parts = {n: nn.Identity() for n in "ab"}
    rng = np.random.default_rng(0)
    return objective.MultimodalVAE(parts, {n: parts[n] for n in "ba"}, rng=rng)


def too_wide() -> Any:
    rng = np.random.default_rng(0)
    head = objective.GaussianHead(3, 2, rng=rng)
    return objective.MultimodalVAE({"a": head}, {"a": nn.Identity()}, rng=rng)(
        {"a": np.ones((2, 3), np.float32)}
    )


@pytest.mark.parametrize(
    "act, error, text",
    [
        (swapped, fg.OptionError, r"decoders \['a', 'b'\]"),
        (too_wide, fg.ShapeError, r"decoder a: expected an output \(2, 3\), got \(2, 2\)"),
        (lambda: network(likelihoods={"a": "poisson"}), fg.OptionError, "likelihoods gaussian"),
        (lambda: network(likelihoods={"z": "gaussian"}), fg.OptionError, "likelihoods gaus"),
        (lambda: network(training="both"), fg.OptionError, "training in joint, unimodal"),
        (lambda: network(beta=-1.0), fg.OptionError, "beta and subsets of 0 or more"),
        (lambda: network(subsets=-1), fg.OptionError, "beta and subsets of 0 or more"),
        (lambda: network().elbo(samples(), of=["z"]), fg.OptionError, "names among"),
        (lambda: network().posterior(samples(), of=[]), fg.OptionError, "names among"),
        (lambda: network().reconstruct(samples(), ["a"], "z"), fg.OptionError, "names among"),
        (lambda: network(weights={"z": 1.0}), fg.OptionError, "weights of"),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

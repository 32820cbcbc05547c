"""Decorrelation against numpy, functional entropy against closed forms and torch."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.multimodal import objective

EXACT, SMALL = 1e-12, 1e-10
WIDTHS = {"a": 3, "b": 4, "c": 2, "d": 3}
STD, COPIES, WEIGHT, EPS = 0.5, 3, 0.7, 1e-8
LABELS = np.array([0, 2, 1, 1, 0])


def inputs(names: str = "abc", rows: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {n: rng.standard_normal((rows, WIDTHS[n])) for n in names}


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("names", ["a", "ab", "abcd"])
def test_decorrelation_is_the_mean_over_pairs(names: str, centred: bool) -> None:
    x = inputs(names)
    terms = []
    for m, n in combinations(names, 2):
        a, b = (x[k] - x[k].mean(0) * centred for k in (m, n))
        terms.append(np.linalg.norm(a.T @ b) ** 2 / 25)
    want = np.mean(terms) if terms else 0.0
    assert abs(float(objective.Decorrelation(centred)(x)) - want) <= EXACT


def test_centred_it_is_the_square_of_all_covariances() -> None:
    x = inputs("ab")
    both = np.cov(x["a"].T, x["b"].T, bias=True)[:3, 3:]
    assert abs(float(objective.Decorrelation()(x)) - (both**2).sum()) <= EXACT
    assert "centred=True" in objective.Decorrelation().extra_repr()


def test_the_gradient_of_decorrelation_in_closed_form() -> None:
    x = {n: fg.Tensor(v, requires_grad=True) for n, v in inputs("ab").items()}
    objective.Decorrelation(False)(x).backward()
    a, b = (v.numpy() for v in x.values())
    assert np.abs(x["a"].grad.numpy() - 2 * b @ (a.T @ b).T / 25).max() <= EXACT
    assert np.abs(x["b"].grad.numpy() - 2 * a @ (a.T @ b) / 25).max() <= EXACT


def test_decorrelation_is_over_the_rows_that_have_both() -> None:
    x, here = inputs("ab"), {"b": np.array([True, True, False, True, False])}
    at = here["b"]
    want = float(objective.Decorrelation()({n: v[at] for n, v in x.items()}))
    assert abs(float(objective.Decorrelation()(x, here)) - want) <= EXACT


# ---- functional entropy ---------------------------------------------------------------------
def linear(names: str = "abc") -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {n: rng.standard_normal((WIDTHS[n], 3)) for n in names}


def penalty(**settings: Any) -> objective.FunctionalEntropy:
    chosen = {"weight": WEIGHT, "samples": COPIES, "std": STD, "eps": EPS} | settings
    loss = nn.CrossEntropyLoss(reduction="none")
    return objective.FunctionalEntropy(loss, rng=np.random.default_rng(2), **chosen)


def noisy(x: dict[str, np.ndarray], std: dict[str, float]) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(2)
    return {
        n: np.tile(v, (COPIES, 1)) + std[n] * draws.standard_normal((COPIES * 5, v.shape[1]))
        for n, v in x.items()
    }


def scores_by_hand(x: Any, w: Any, std: Any, here: Any) -> dict[str, float]:
    """Of z = sum_m x_m W_m: dL/dx_m = (p - y) W_m^T."""
    z = noisy(x, std)
    logits = sum(z[n] @ w[n] for n in z)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    true = np.tile(LABELS, COPIES)
    loss = -np.log(p[np.arange(len(true)), true])
    dz = p - np.eye(3)[true]
    found = {}
    for n in z:
        mask = np.tile(here.get(n, np.ones(5, bool)), COPIES)
        found[n] = ((((dz @ w[n].T) ** 2).sum(1) / loss)[mask]).mean()
    return found


@pytest.mark.parametrize("names", ["a", "ab", "abc", "abcd"])
def test_scores_and_penalty_of_a_linear_model_in_closed_form(names: str) -> None:
    x, w = inputs(names), linear(names)
    call = lambda z, here: sum(z[n] @ w[n] for n in z)  # noqa: E731
    want = scores_by_hand(x, w, dict.fromkeys(names, STD), {})
    got = penalty().scores(call, x, LABELS)
    assert list(got) == list(names)
    for n in names:
        assert abs(float(got[n]) - want[n]) <= SMALL
    norm = np.linalg.norm([1 / (s + EPS) for s in want.values()])
    assert abs(float(penalty()(call, x, LABELS)) - WEIGHT * norm) <= SMALL


def test_noise_has_the_spread_of_the_data_where_none_is_given() -> None:
    x, w = inputs("ab"), linear("ab")
    call = lambda z, here: sum(z[n] @ w[n] for n in z)  # noqa: E731
    for std, given in (({n: v.std() for n, v in x.items()}, None), ({"a": 0.2, "b": 1.5},) * 2):
        want = scores_by_hand(x, w, std, {})
        got = penalty(std=given).scores(call, x, LABELS)
        assert all(abs(float(got[n]) - want[n]) <= SMALL for n in x)


def test_its_gradient_is_torchs_double_backward() -> None:
    torch = pytest.importorskip("torch")
    x, w = inputs("ab"), linear("ab")
    weights = {n: fg.Tensor(v, requires_grad=True) for n, v in w.items()}

    def call(z: Any, here: Any) -> Any:
        return (z["a"] @ weights["a"]).tanh() + z["b"] @ weights["b"]

    penalty()(call, x, LABELS).backward()
    leaves = {n: torch.tensor(v, requires_grad=True) for n, v in w.items()}
    z = {
        n: torch.tensor(v, requires_grad=True)
        for n, v in noisy(x, {"a": STD, "b": STD}).items()
    }
    logits = torch.tanh(z["a"] @ leaves["a"]) + z["b"] @ leaves["b"]
    true = torch.tensor(np.tile(LABELS, COPIES))
    loss = torch.nn.functional.cross_entropy(logits, true, reduction="none")
    slopes = torch.autograd.grad(loss.sum(), list(z.values()), create_graph=True)
    scores = torch.stack([((g**2).sum(1) / loss).mean() for g in slopes])
    (WEIGHT * (1 / (scores + EPS)).norm()).backward()
    for n in w:
        got, want = weights[n].grad.numpy(), leaves[n].grad.numpy()
        assert np.abs(got - want).max() <= SMALL * np.abs(want).max()


def test_a_modality_that_is_not_heard_is_penalised_most() -> None:
    x, w = inputs("abc"), linear("abc")
    w["c"] *= 1e-3
    call = lambda z, here: sum(z[n] @ w[n] for n in z)  # noqa: E731
    got = {n: float(s) for n, s in penalty().scores(call, x, LABELS).items()}
    assert got["c"] < 1e-4 * min(got["a"], got["b"])


def test_missing_rows_are_left_out_of_the_mean() -> None:
    x, w = inputs("ab"), linear("ab")
    here = {"b": np.array([True, False, True, False, True])}
    seen = []

    def call(z: Any, present: Any) -> Any:
        seen.append(present)
        return z["a"] @ w["a"] + (z["b"] * present["b"][:, None].astype(float)) @ w["b"]

    got = penalty().scores(call, x, LABELS, here)
    assert np.array_equal(seen[0]["b"], np.tile(here["b"], COPIES))
    assert all(np.isfinite(float(s)) for s in got.values())
    x["b"][1::2] = np.nan
    again = penalty().scores(call, x, LABELS, here)
    assert {n: float(s) for n, s in got.items()} == {n: float(s) for n, s in again.items()}
    gone = penalty().scores(call, x, LABELS, {"b": np.zeros(5, bool)})
    assert list(gone) == ["a"]
    nobody = {n: np.zeros(5, bool) for n in x}
    assert float(penalty()(call, x, LABELS, nobody)) == 0


def rows(z: Any, here: Any) -> Any:
    return z["a"]


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: penalty(samples=0), fg.OptionError, "samples of 1 or more"),
        (lambda: penalty(weight=-1.0), fg.OptionError, "weight >= 0"),
        (lambda: penalty(eps=0.0), fg.OptionError, "eps > 0"),
        (
            lambda: objective.FunctionalEntropy(
                nn.CrossEntropyLoss(), rng=np.random.default_rng(0)
            )(rows, inputs("a"), LABELS),
            fg.ShapeError,
            r"a criterion that gives \(50,\), got \(\)",
        ),
        (
            lambda: penalty()(rows, inputs("a", 0), LABELS[:0]),
            fg.ShapeError,
            "one row or more",
        ),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

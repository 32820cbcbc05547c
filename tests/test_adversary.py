"""Gradient reversal, and a classifier that features hide their modality from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.multimodal import objective

EXACT = 1e-12
LAM = 0.7


def features(rows: int = 4, names: str = "abc", width: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {n: rng.standard_normal((rows, width)) for n in names}


def adversary(lam: float = LAM, names: str = "abc") -> objective.ModalityAdversary:
    classifier = nn.Linear(3, len(names), rng=np.random.default_rng(1)).to(np.float64)
    return objective.ModalityAdversary(classifier, list(names), lam)


def by_hand(a: objective.ModalityAdversary, x: dict[str, np.ndarray], here: Any = None) -> Any:
    """The mean cross-entropy, and its true gradients in features, W and b."""
    w, b = a.classifier.weight.numpy(), a.classifier.bias.numpy()
    masks = {n: np.ones(len(v), bool) for n, v in x.items()} | (here or {})
    f = np.concatenate([x[n][masks[n]] for n in x])
    true = np.concatenate([np.full(masks[n].sum(), k) for k, n in enumerate(x)])
    z = f @ w.T + b
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(len(true)), true]).mean()
    dz = (p - np.eye(len(x))[true]) / len(true)
    return loss, dz @ w, dz.T @ f, dz.sum(0)


def test_forward_is_the_identity_and_backward_minus_lam() -> None:
    x = fg.Tensor([1.0, -2.0], requires_grad=True)
    y = objective.reverse_gradient(x, LAM)
    assert np.array_equal(y.numpy(), x.numpy())
    (y * [3.0, 5.0]).sum().backward()
    assert np.allclose(x.grad.numpy(), [-3 * LAM, -5 * LAM], rtol=EXACT, atol=0)


def test_forward_mode_is_the_transpose_and_second_order_goes_through_once_more() -> None:
    _, t = fg.jvp(lambda x: objective.reverse_gradient(x, LAM), (2.0,), (1.0,))
    assert float(t) == -LAM

    def cubed(x: Any) -> Any:
        return objective.reverse_gradient(x, LAM) ** 3

    first = fg.grad(cubed)(2.0)
    second = fg.grad(fg.grad(cubed))(2.0)
    assert abs(float(first) + LAM * 12) <= EXACT
    assert abs(float(second) - LAM * LAM * 12) <= EXACT  # each pass through it turns once


def test_lam_0_stops_and_minus_1_is_plain() -> None:
    for lam, want in ((0.0, 0.0), (-1.0, 1.0)):
        x = fg.Tensor(2.0, requires_grad=True)
        objective.reverse_gradient(x, lam).backward()
        assert float(x.grad) == want


def test_float32_stays_float32() -> None:
    x = fg.Tensor(np.ones(2, np.float32), requires_grad=True)
    y = objective.reverse_gradient(x, 0.3)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize("names", ["a", "ab", "abc"])
def test_classifier_learns_and_features_unlearn(names: str) -> None:
    a, x = adversary(names=names), features(names=names)
    leaves = {n: fg.Tensor(v, requires_grad=True) for n, v in x.items()}
    loss = a(leaves)
    want, df, dw, db = by_hand(a, x)
    loss.backward()
    assert abs(float(loss) - want) <= EXACT
    assert np.abs(a.classifier.weight.grad.numpy() - dw).max() <= EXACT
    assert np.abs(a.classifier.bias.grad.numpy() - db).max() <= EXACT
    got = np.concatenate([v.grad.numpy() for v in leaves.values()])
    assert np.abs(got + LAM * df).max() <= EXACT


def differences(value: Any, x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Central differences of value(x) in every element."""
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        found[index] = (float(value(x + step)) - float(value(x - step))) / (2 * h)
    return found


def test_parameters_agree_with_differences_and_features_with_their_opposite() -> None:
    a, x = adversary(), features(2)
    leaf = fg.Tensor(x["a"], requires_grad=True)
    a({**x, "a": leaf}).backward()

    def by_weight(w: np.ndarray) -> Any:
        return nn.functional_call(a, {"classifier.weight": w}, x)

    of_weight = differences(by_weight, a.classifier.weight.numpy())
    of_feature = differences(lambda f: a({**x, "a": f}), x["a"])
    assert np.abs(a.classifier.weight.grad.numpy() - of_weight).max() < 1e-9
    assert np.abs(leaf.grad.numpy() + LAM * of_feature).max() < 1e-9


def test_who_is_missing_takes_no_part() -> None:
    a, x = adversary(), features()
    here = {"b": np.array([True, False, False, True])}
    x["b"][1:3] = np.nan
    assert abs(float(a(x, here)) - by_hand(a, x, here)[0]) <= EXACT
    nobody = {n: np.zeros(4, bool) for n in x}
    value = a(x, nobody)
    assert float(value) == 0 and not value.requires_grad
    assert a.logits(x, nobody)[0] is None
    without = {n: x[n] for n in "ac"}
    logits, labels = a.logits(without)
    assert logits.shape == (8, 3) and labels.tolist() == [0] * 4 + [2] * 4


def test_features_learn_to_hide() -> None:
    """Two clouds, one a modality, apart by 2; shifts that are learned bring them together."""
    rng = np.random.default_rng(3)
    x = {"a": rng.standard_normal((64, 3)), "b": 2 + rng.standard_normal((64, 3))}
    shift = nn.Parameter(np.zeros(3))
    a = adversary(1.0, "ab")
    sides = optim.SGD(a.classifier.parameters(), lr=0.2), optim.SGD([shift], lr=0.2)
    for _ in range(300):
        for side in sides:
            side.zero_grad()
        a({"a": fg.Tensor(x["a"]) + shift, "b": x["b"]}).backward()
        for side in sides:
            side.step()
    apart = np.abs((x["a"] + shift.numpy()).mean(0) - x["b"].mean(0)).max()
    assert apart < 0.5


def test_the_schedule_is_ganins() -> None:
    for p in (0.0, 0.1, 0.5, 1.0):
        want = 2 / (1 + math.exp(-10 * p)) - 1
        assert abs(objective.reversal_strength(p) - want) <= EXACT
    assert "lam=0.7" in adversary().extra_repr()


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: objective.reverse_gradient([1.0], math.nan), fg.OptionError, "a finite lam"),
        (lambda: objective.reversal_strength(1.1), fg.OptionError, r"progress in \[0, 1\]"),
        (
            lambda: adversary()({"a": np.ones((2, 3)), "b": np.ones((2, 2))}),
            fg.ShapeError,
            "features of one width",
        ),
        (
            lambda: objective.ModalityAdversary(nn.Identity(), ["a", "b"])(features(2, "ab")),
            fg.ShapeError,
            r"classifier: expected 2 logits, got \(4, 3\)",
        ),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

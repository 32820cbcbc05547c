"""L2 penalties, and weights of classes that are not equally many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.multimodal import objective

EXACT = 1e-12
LAM = 0.3


def network() -> nn.Module:
    rng = np.random.default_rng(0)
    layers = nn.Linear(3, 4, rng=rng), nn.LayerNorm(4), nn.PReLU(), nn.Linear(4, 2, rng=rng)
    return nn.Sequential(*layers).to(np.float64)


def matrices(model: nn.Module) -> list[np.ndarray]:
    return [p.numpy() for n, p in model.named_parameters() if n in ("0.weight", "3.weight")]


def test_the_penalty_is_half_lambda_of_all_squares_of_weights() -> None:
    model = network()
    penalty = objective.L2Penalty(model, LAM)
    want = LAM / 2 * sum((w**2).sum() for w in matrices(model))
    assert abs(float(penalty()) - want) <= EXACT
    penalty().backward()
    for name, p in model.named_parameters():
        is_weight = name in ("0.weight", "3.weight")
        assert (p.grad is not None) == is_weight  # biases, norms and slopes are free
        assert not is_weight or np.abs(p.grad.numpy() - LAM * p.numpy()).max() <= EXACT


def test_it_adds_lambda_w_to_the_gradient_of_the_loss() -> None:
    x = np.random.default_rng(1).standard_normal((5, 3))
    plain, decayed = network(), network()
    nn.CrossEntropyLoss()(plain(x), [0, 1, 0, 1, 1]).backward()
    penalty = objective.L2Penalty(decayed, LAM)
    (nn.CrossEntropyLoss()(decayed(x), [0, 1, 0, 1, 1]) + penalty()).backward()
    for p, q in zip(plain.parameters(), decayed.parameters()):
        extra = LAM * p.numpy() if p.ndim >= 2 else 0.0
        assert np.abs(q.grad.numpy() - p.grad.numpy() - extra).max() <= EXACT


def test_under_sgd_it_is_weight_decay() -> None:
    x = np.random.default_rng(1).standard_normal((5, 3))
    one, other = (nn.Linear(3, 2, bias=False, rng=np.random.default_rng(2)) for _ in "ab")
    one.to(np.float64), other.to(np.float64)
    penalty = objective.L2Penalty(one, LAM)
    first = optim.SGD(one.parameters(), lr=0.1)
    second = optim.SGD(other.parameters(), lr=0.1, weight_decay=LAM)
    for _ in range(3):
        for model, optimizer in ((one, first), (other, second)):
            optimizer.zero_grad()
            loss = model(x).square().mean()
            (loss + penalty() if model is one else loss).backward()
            optimizer.step()
    assert np.abs(one.weight.numpy() - other.weight.numpy()).max() <= EXACT


def test_others_may_be_chosen() -> None:
    model = network()
    penalty = objective.L2Penalty(model, LAM, chosen=lambda name, p: name.endswith("bias"))
    biases = [p.numpy() for n, p in model.named_parameters() if n.endswith("bias")]
    assert len(penalty.weights) == len(biases) == 3
    assert abs(float(penalty()) - LAM / 2 * sum((b**2).sum() for b in biases)) <= EXACT
    assert "3 weights, weight_decay=0.3" in penalty.extra_repr()
    assert objective.L2Penalty(model, 0.0)().numpy() == 0


# ---- classes --------------------------------------------------------------------------------
COUNTS = np.array([5000, 500, 20, 1])


@pytest.mark.parametrize("beta", [0.0, 0.9, 0.999, 0.9999])
def test_class_balanced_weights_are_the_effective_numbers(beta: float) -> None:
    raw = np.array([(1 - beta) / sum(beta**k * (1 - beta) for k in range(n)) for n in COUNTS])
    want = raw / raw.sum() * len(COUNTS)
    got = objective.class_balanced_weights(COUNTS, beta)
    assert np.allclose(got, want, rtol=1e-9, atol=0) and abs(got.sum() - 4) <= EXACT


def test_between_none_and_the_inverse_of_the_counts() -> None:
    assert np.allclose(objective.class_balanced_weights(COUNTS, 0.0), 1.0, rtol=EXACT)
    near = objective.class_balanced_weights(COUNTS, 1 - 1e-13)
    inverse = objective.inverse_frequency_weights(COUNTS)
    assert np.allclose(near / near.sum(), inverse / inverse.sum(), rtol=1e-6)


def test_inverse_frequencies_are_scikit_learns() -> None:
    sklearn = pytest.importorskip("sklearn.utils.class_weight")
    labels = np.repeat(np.arange(4), COUNTS)
    want = sklearn.compute_class_weight("balanced", classes=np.arange(4), y=labels)
    got = objective.inverse_frequency_weights(np.bincount(labels))
    assert np.allclose(got, want, rtol=EXACT, atol=0)
    assert abs(got[labels].mean() - 1) <= EXACT


def test_a_class_without_samples_weighs_nothing() -> None:
    for weigh in (objective.class_balanced_weights, objective.inverse_frequency_weights):
        with_none, without = weigh([9, 0, 3]), weigh([9, 3])
        assert with_none[1] == 0 and np.array_equal(with_none[[0, 2]], without)


def test_they_go_into_the_focal_loss() -> None:
    weights = objective.class_balanced_weights([90, 10], 0.9)
    z = np.array([[0.3, -0.2], [1.0, 0.5]])
    p = np.exp(z)[[0, 1], [0, 1]] / np.exp(z).sum(1)
    rows = -weights * (1 - p) ** 2 * np.log(p)
    got = float(nn.FocalLoss(weights, 2.0, reduction="sum")(z, [0, 1]))
    assert abs(got - rows.sum()) <= EXACT


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: objective.L2Penalty(network(), -1.0), fg.OptionError, "weight_decay >= 0"),
        (lambda: objective.L2Penalty(nn.Tanh()), fg.OptionError, "a model with weights"),
        (
            lambda: objective.class_balanced_weights([1, 2], 1.0),
            fg.OptionError,
            r"beta in \[0, 1\)",
        ),
        (lambda: objective.class_balanced_weights([]), fg.ShapeError, r"counts \(C,\)"),
        (lambda: objective.inverse_frequency_weights([[1]]), fg.ShapeError, r"counts \(C,\)"),
        (
            lambda: objective.inverse_frequency_weights([0.5, 1]),
            fg.OptionError,
            "whole counts, not all 0",
        ),
        (
            lambda: objective.class_balanced_weights([-1, 2]),
            fg.OptionError,
            "whole counts, not all 0",
        ),
        (
            lambda: objective.class_balanced_weights([0, 0]),
            fg.OptionError,
            "whole counts, not all 0",
        ),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

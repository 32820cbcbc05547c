"""Weights of tasks, heads on one feature, and gradients in conflict, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.engine.ops.softmax import cross_entropy
from fusegrad.multimodal import objective

EXACT = 1e-12
LOSSES = {"a": 2.5, "b": 0.3}


def weigher(**log_sigma: float) -> objective.UncertaintyWeighted:
    made = objective.UncertaintyWeighted(list(LOSSES))
    for name, value in log_sigma.items():
        made.log_sigma[name].assign_(value)
    return made


def test_the_sum_and_its_gradients_in_closed_form() -> None:
    s = {"a": 0.4, "b": -0.7}
    w = weigher(**s)
    leaves = {n: fg.Tensor(v, requires_grad=True) for n, v in LOSSES.items()}
    total = w(leaves)
    want = sum(LOSSES[n] / (2 * np.exp(2 * s[n])) + s[n] for n in s)
    assert abs(float(total) - want) <= EXACT
    total.backward()
    for n in s:
        share = np.exp(-2 * s[n])
        assert abs(float(leaves[n].grad) - share / 2) <= EXACT
        assert abs(float(w.log_sigma[n].grad) - (1 - LOSSES[n] * share)) <= EXACT
        assert abs(w.sigma()[n] - np.exp(s[n])) <= EXACT


def test_it_starts_at_half_of_each_loss() -> None:
    assert abs(float(weigher()({n: fg.Tensor(v) for n, v in LOSSES.items()})) - 1.4) <= EXACT


def test_the_optimum_is_where_sigma_squared_is_the_loss() -> None:
    w = weigher()
    optimizer = optim.SGD(w.parameters(), lr=0.2)
    for _ in range(300):
        optimizer.zero_grad()
        w({n: fg.Tensor(v) for n, v in LOSSES.items()}).backward()
        optimizer.step()
    for n, sigma in w.sigma().items():
        assert abs(sigma**2 - LOSSES[n]) <= 1e-9


def test_a_task_that_has_no_loss_is_left_out() -> None:
    w = weigher(a=0.5)
    assert abs(float(w({"b": fg.Tensor(0.3)})) - 0.15) <= EXACT
    assert w({"b": fg.Tensor(np.float32(0.3))}).dtype == np.float32


def heads() -> objective.MultiTaskHeads:
    rng = np.random.default_rng(0)
    made = {n: nn.Linear(3, c, rng=rng) for n, c in (("main", 4), ("side", 2))}
    return objective.MultiTaskHeads(made).to(np.float64)


def test_heads_pass_back_the_sum_of_what_each_passes() -> None:
    h, f = heads(), np.random.default_rng(1).standard_normal((5, 3))
    leaf = fg.Tensor(f, requires_grad=True)
    out = h(leaf)
    assert {n: z.shape for n, z in out.items()} == {"main": (5, 4), "side": (5, 2)}
    (out["main"].sum() + 2 * out["side"].sum()).backward()
    w = {n: layer.weight.numpy() for n, layer in h.heads.items()}
    want = w["main"].sum(0) + 2 * w["side"].sum(0)
    assert np.abs(leaf.grad.numpy() - want).max() <= EXACT


def test_losses_are_over_the_rows_whose_target_is_known() -> None:
    h, f = heads(), np.random.default_rng(1).standard_normal((5, 3))
    targets = {"main": np.array([0, 3, 1, 2, 0]), "side": np.array([1, -9, 0, -9, 1])}
    criteria = {"main": cross_entropy, "side": cross_entropy}
    known = {"side": targets["side"] >= 0}
    got = h.losses(f, targets, criteria, known)
    for n, at in (("main", np.arange(5)), ("side", np.array([0, 2, 4]))):
        z = h.heads[n](f[at]).numpy()
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        want = -np.log(p[np.arange(len(at)), targets[n][at]]).mean()
        assert abs(float(got[n]) - want) <= EXACT
    assert list(h.losses(f, targets, criteria, {"side": np.zeros(5, bool)})) == ["main"]


def project(*gradients: list[Any], seed: int = 0) -> list[list[Any]]:
    return objective.project_conflicting(gradients, rng=np.random.default_rng(seed))


def test_gradients_in_conflict_lose_what_points_against_the_other() -> None:
    a, b = np.array([1.0, 0.0]), np.array([-1.0, 1.0])
    (pa,), (pb,) = project([a], [b])
    assert np.allclose(pa, [0.5, 0.5], rtol=0, atol=EXACT)
    assert np.allclose(pb, [0.0, 1.0], rtol=0, atol=EXACT)
    assert abs(pa @ b) <= EXACT and abs(pb @ a) <= EXACT
    assert np.array_equal(a, [1, 0]) and np.array_equal(b, [-1, 1])  # as they were


def test_gradients_that_agree_stay_as_they_are() -> None:
    a, b = [np.array([1.0, 0.5])], [np.array([0.2, 0.1])]
    (pa,), (pb,) = project(a, b)
    assert np.array_equal(pa, a[0]) and np.array_equal(pb, b[0]) and pa is not a[0]


def test_products_are_over_all_parameters_and_none_is_0() -> None:
    rng = np.random.default_rng(2)
    a = [rng.standard_normal((2, 2)), rng.standard_normal(3), None]
    b = [-a[0] + 0.1, None, fg.Tensor(rng.standard_normal(2))]
    (pa, pb) = project(a, b)
    flat_a = np.concatenate([a[0].ravel(), a[1], np.zeros(2)])
    flat_b = np.concatenate([b[0].ravel(), np.zeros(3), b[2].numpy()])
    want = flat_a - (flat_a @ flat_b) / (flat_b @ flat_b) * flat_b
    got = np.concatenate([x.ravel() for x in pa])
    assert np.abs(got - want).max() <= EXACT
    assert len(pb) == 3 and pb[1] is not None


def test_three_tasks_go_in_the_order_that_was_drawn() -> None:
    """Each is projected on the others as given, one after the other."""
    given = [np.random.default_rng(k).standard_normal(4) for k in range(3)]
    found = project(*([g] for g in given), seed=5)
    draws = np.random.default_rng(5)
    for i, g in enumerate(given):
        mine = g.copy()
        for j in draws.permutation(3):
            if j != i and mine @ given[j] < 0:
                mine -= (mine @ given[j]) / (given[j] @ given[j]) * given[j]
        assert np.abs(found[i][0] - mine).max() <= EXACT
    assert any(np.abs(found[i][0] - given[i]).max() > 1e-3 for i in range(3))


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: objective.UncertaintyWeighted([]), fg.OptionError, "one task or more"),
        (lambda: weigher()({"z": fg.Tensor(1.0)}), fg.OptionError, "losses among"),
        (lambda: weigher()({}), fg.OptionError, "losses among"),
        (lambda: weigher()({"a": fg.Tensor([1.0])}), fg.ShapeError, "single numbers"),
        (lambda: objective.MultiTaskHeads({}), fg.OptionError, "a dict of heads"),
        (
            lambda: heads().losses(np.ones((1, 3)), {"z": [0]}, {"z": cross_entropy}),
            fg.OptionError,
            r"each with its criterion, got \['z'\]",
        ),
        (
            lambda: heads().losses(np.ones((1, 3)), {}, {}),
            fg.OptionError,
            "each with its criterion, got none",
        ),
        (lambda: project([np.ones(2)], [np.ones(3)]), fg.ShapeError, "of the same parameters"),
        (lambda: project([np.ones(2)], []), fg.ShapeError, "of the same parameters"),
        (
            lambda: objective.project_conflicting([[np.ones(2)]], rng=3),
            fg.DTypeError,
            "a numpy Generator",
        ),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

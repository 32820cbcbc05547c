"""A race of a network on the plane of its paths."""

from __future__ import annotations

import re
from typing import Any, cast

import numpy as np
import pytest

from fusegrad import nn, optim
from fusegrad.engine import Tensor
from fusegrad.kernels import OptionError
from fusegrad.race import Race, card, plane_race, principal, spam_table
from fusegrad.race.weights import Weights, train

SHORT: dict[str, Any] = {"steps": 24, "trials": 3, "size": 9}
DATA = np.random.default_rng(2).standard_normal((20, 2))


@pytest.fixture(scope="module")
def result() -> Race:
    """A short race of the default network."""
    return plane_race(every=5, **SHORT)


class Weighted(nn.Module):
    """x . w: two parameters, so that the plane is all there is."""

    def __init__(self, rng: np.random.Generator, size: int = 2) -> None:
        self.w = nn.Parameter(rng.standard_normal(size), "w")

    def forward(self, x: Any) -> Tensor:
        return x @ self.w


def two_numbers(rng: np.random.Generator) -> tuple[nn.Module, Any]:
    network = Weighted(rng)

    def loss() -> Tensor:
        wrong = network(DATA) - np.sin(DATA[:, 0]) - 2 * DATA[:, 1]
        return (wrong * wrong).mean() + 0.1

    return network, loss


# ---- the plane ----------------------------------------------------------------------------
def test_directions_and_variance_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(8)
    points = rng.standard_normal((60, 5)) * [4.0, 0.1, 2.0, 0.3, 0.5] + 3.0
    plane = principal(points)
    values, vectors = np.linalg.eigh(np.cov(points.T))
    assert plane.variance == pytest.approx((values[::-1] / values.sum())[:2])
    assert sum(plane.variance) < 1
    assert np.abs(plane.directions @ vectors[:, :2:-1]) == pytest.approx(np.eye(2), abs=1e-12)
    assert plane.origin == pytest.approx(points.mean(axis=0))
    assert all(row[np.abs(row).argmax()] > 0 for row in plane.directions)


def test_of_points_in_a_plane_all_variance_is_explained_and_nothing_moves() -> None:
    rng = np.random.default_rng(9)
    frame = np.linalg.qr(rng.standard_normal((30, 2)))[0].T
    points = 5.0 + (rng.standard_normal((40, 2)) * [3.0, 1.0]) @ frame
    plane = principal(points)
    sizes = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    assert plane.variance == pytest.approx((sizes**2 / (sizes**2).sum())[:2])
    assert sum(plane.variance) == pytest.approx(1.0, abs=1e-14) and plane.variance[1] < 0.3
    back = np.array([plane.at(a, b) for a, b in plane.project(points)])
    assert np.abs(back - points).max() < 1e-13


# ---- the race -----------------------------------------------------------------------------
def test_terms_are_the_same_for_all(result: Race) -> None:
    assert result.kind == "plane" and len(result.runs) == 8
    ends = [run.loss for run in result.runs]
    assert ends == sorted(ends) and [run.rank for run in result.runs] == list(range(1, 9))
    for run in result.runs:
        assert run.steps.tolist() == [0, 5, 10, 15, 20, 24] and run.losses.shape == (25,)
        assert run.path[0] == pytest.approx(result.start) and run.path.shape == (6, 2)
        assert tuple(t.lr for t in run.trials) == result.rates == (0.001, 0.1, 10.0)
        assert run.loss == min(t.loss for t in run.trials) < run.losses[0]
    assert len({run.losses[0] for run in result.runs}) == 1


@pytest.mark.parametrize("name", ["Adam", "Nesterov"])
def test_losses_are_those_of_training_by_hand(name: str, result: Race) -> None:
    run = result[name]
    network, loss = spam_table(np.random.default_rng(0))
    optimizer = getattr(optim, name)(network.parameters(), lr=run.lr)
    for t in range(25):
        optimizer.zero_grad()
        value = loss()
        assert float(value) == run.losses[t]
        value.backward()
        optimizer.step()


def test_variance_is_on_the_record_and_the_card(result: Race) -> None:
    assert result.variance is not None
    first, second = result.variance
    assert 0 < second < first and first + second <= 1
    said = dict(card(result))
    assert said["Variance explained"].startswith(f"{first:.1%} by the first axis, {second:.1%}")
    assert "about their mean" in said["Plane"] and "138 parameters" in said["Network"]


def test_all_points_lie_in_the_window(result: Race) -> None:
    for run in result.runs:
        for column, (low, high) in zip(run.path.T, result.window):
            assert low < column.min() and column.max() < high


def test_the_same_seed_gives_the_same_bits_and_another_another_start() -> None:
    first, again, other = (plane_race(optimizers=[], seed=s, **SHORT) for s in (1, 1, 2))
    for a, b in zip(first.runs, again.runs):
        assert a.trials == b.trials and a.path.tobytes() == b.path.tobytes()
    assert first.grid is not None and again.grid is not None
    assert first.grid.values.tobytes() == again.grid.values.tobytes()
    assert first.runs[0].losses[0] != other.runs[0].losses[0]


def test_on_two_parameters_the_grid_is_the_loss_of_the_points_themselves() -> None:
    result = plane_race(two_numbers, ["momentum"], steps=40, trials=4)
    assert result.variance is not None and sum(result.variance) == pytest.approx(1, abs=1e-14)
    grid = result.grid
    assert (
        grid is not None and grid.log and (result.name, len(result.runs)) == ("two_numbers", 3)
    )
    wide, high = grid.xs[1] - grid.xs[0], grid.ys[1] - grid.ys[0]
    for run in result.runs:
        j, a = np.divmod((run.path[:, 0] - grid.xs[0]) / wide, 1)
        i, b = np.divmod((run.path[:, 1] - grid.ys[0]) / high, 1)
        z, i, j = grid.values, i.astype(int), j.astype(int)
        low = z[i, j] * (1 - a) + z[i, j + 1] * a
        upper = z[i + 1, j] * (1 - a) + z[i + 1, j + 1] * a
        # Between the points of a grid a quadratic errs by its curvature times h^2 / 8.
        near = np.abs(low * (1 - b) + upper * b - run.losses[run.steps])
        assert near.max() < 4 * (wide**2 + high**2) / 8


def test_the_value_at_a_projected_point_of_a_plane_is_the_real_loss() -> None:
    network, loss = two_numbers(np.random.default_rng(4))
    weights = Weights(network, loss)
    track = train(optim.Adam, weights, weights.read(), 0.1, np.arange(31))
    plane = principal(track.kept)
    seen = [weights.value(plane.at(a, b)) for a, b in plane.project(track.kept)]
    assert seen == pytest.approx(track.losses, rel=1e-13) and np.ptp(seen) > 0.5
    weights.write(track.kept[7])
    assert float(loss()) == track.losses[7]


def test_the_grid_is_the_network_at_origin_and_directions() -> None:
    def line(rng: np.random.Generator) -> tuple[nn.Module, Any]:
        network = Weighted(rng, 3)
        return network, lambda: (network.w * network.w * [1.0, 2.0, 3.0]).sum() + 1.0

    result = plane_race(line, [], **SHORT)
    assert result.grid is not None
    # Exact for a quadratic: its second differences along an axis are all the same.
    for axis in (0, 1):
        second = np.diff(result.grid.values, 2, axis=axis)
        assert np.ptp(second) < 1e-9 * second.max() and second.min() > 0


def test_runs_that_diverge_do_not_bend_the_plane() -> None:
    def steep(rng: np.random.Generator) -> tuple[nn.Module, Any]:
        network = Weighted(rng)
        return network, lambda: 100 * (network.w**4).sum()

    result = plane_race(steep, ["momentum"], steps=20, trials=2, rates=(0.5, 1.0), size=5)
    last = result.runs[-1]
    assert result.runs[0].name == "Adam" and last.diverged_at is not None and last.rank == 2
    assert max(abs(edge) for span in result.window for edge in span) < 100


def one_number(rng: np.random.Generator) -> tuple[nn.Module, Any]:
    return (network := Weighted(rng, 1)), lambda: network.w.sum()


def lost(rng: np.random.Generator) -> tuple[nn.Module, Any]:
    return (network := Weighted(rng)), lambda: (network.w * np.nan).sum()


REFUSED: list[tuple[Any, str]] = [
    (
        lambda: plane_race(one_number),
        "a loss that is one number, got 1 parameters, shape (); av",
    ),
    (lambda: plane_race(cast(Any, Weighted)), "a network and its loss, got Weighted"),
    (lambda: plane_race(lost, [], **SHORT), "a run that stays finite, got none; try smaller"),
    (lambda: plane_race(every=0), "every, a whole number from 1, got every=0; give 1 or more"),
    (lambda: plane_race(steps=-1), "plane_race: expected steps, a whole number from 1, got"),
    (lambda: principal(np.ones((4, 3))), "principal: expected points that differ, got one"),
    (lambda: principal(np.ones((4, 1))), "two or more of each, got (4, 1); leave out runs"),
    (lambda: principal([[0.0, np.inf]] * 3), "got some that are not finite; leave out runs"),
]


@pytest.mark.parametrize(("wrong", "text"), REFUSED)
def test_refusals(wrong: Any, text: str) -> None:
    with pytest.raises(OptionError, match=re.escape(text)):
        wrong()

"""Races: surfaces, the same terms for all, paths of the real optimizers, and their order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fusegrad import optim
from fusegrad.engine import Tensor
from fusegrad.optim.schedules import InverseSqrt
from fusegrad.race import RIVALS, SURFACES, Race, Surface, card, race
from fusegrad.race.run import start_of
from fusegrad.verify.counterexamples import BETAS

FLAT = {name: s for name, s in SURFACES.items() if isinstance(s, Surface)}
SHORT: dict[str, Any] = {"steps": 30, "trials": 6}
SQUARE = ((-1.0, 1.0), (-1.0, 1.0))
NAMES = [kind.__name__ for kind in RIVALS]


@pytest.fixture(scope="module")
def races() -> dict[str, Race]:
    """A short race on every surface."""
    return {name: race(name, **SHORT) for name in SURFACES}


def slope(surface: Surface, at: Any) -> np.ndarray:
    """The gradient at points, by the engine. Shapes: (n, 2) -> (n, 2)."""
    x, y = (Tensor(c, requires_grad=True) for c in np.asarray(at, float).T)
    surface.formula(x, y).sum().backward()
    assert x.grad is not None and y.grad is not None
    return np.column_stack([x.grad.numpy(), y.grad.numpy()])


# ---- surfaces -----------------------------------------------------------------------------
@pytest.mark.parametrize("surface", FLAT.values(), ids=FLAT)
def test_gradients_agree_with_differences_of_the_formula_on_arrays(
    surface: Surface,
) -> None:
    rng = np.random.default_rng(5)
    points = np.column_stack([rng.uniform(*span, 40) for span in surface.window])
    h = 1e-5
    for axis, got in enumerate(slope(surface, points).T):
        step = h * np.eye(2)[axis]
        ends = [surface.formula(*(points + sign * step).T) for sign in (1, -1)]
        want = (ends[0] - ends[1]) / (2 * h)
        assert np.allclose(got, want, rtol=1e-6, atol=1e-4)
        assert not np.allclose(got * 1.001, want, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("surface", FLAT.values(), ids=FLAT)
def test_minima_are_where_and_as_low_as_the_table_says(surface: Surface) -> None:
    assert surface.minima and surface.least is not None
    near = np.random.default_rng(6).normal(0, 0.05, (200, 2))
    for point in surface.minima:
        assert np.abs(slope(surface, [point])).max() < 1e-14
        assert surface.formula(*point) == pytest.approx(surface.least, abs=1e-15)
        assert surface.formula(*(np.array(point) + near).T).min() > surface.least
        assert all(low < c < high for c, (low, high) in zip(point, surface.window))
    assert surface.grid(41).values.min() >= surface.least


def test_the_ravine_is_a_hundred_times_as_steep_across() -> None:
    curves = slope(FLAT["ravine"], np.eye(2)).T  # of a quadratic, the columns of its Hessian
    assert np.linalg.eigvalsh(curves) == pytest.approx([1.0, 100.0])
    assert curves @ [math.cos(math.pi / 6), 0.5] == pytest.approx([math.cos(math.pi / 6), 0.5])


def test_grids_hold_the_formula_row_by_row() -> None:
    grid = FLAT["beale"].grid(7)
    assert grid.values[2, 5] == FLAT["beale"].formula(grid.xs[5], grid.ys[2])
    assert (grid.xs[0], grid.ys[-1]) == (-1.0, 2.0)


def test_formulas_are_typeset_from_what_runs() -> None:
    assert FLAT["saddle"].latex == r"f &= x^{2} - y^{2} + \frac{y^{4}}{4}"
    assert "c_t" in SURFACES["reddi"].latex


# ---- the same for all ---------------------------------------------------------------------
@pytest.mark.parametrize("name", SURFACES)
def test_all_have_the_same_start_steps_and_trials(name: str, races: dict[str, Race]) -> None:
    result = races[name]
    rows = SHORT["steps"] + (result.kind == "surface")
    assert sorted(run.name for run in result.runs) == sorted(NAMES)
    for run in result.runs:
        first = [0.0, result.start[1]] if result.kind == "time" else list(result.start)
        assert run.path[0].tolist() == first
        assert run.path.shape == (rows, 2) and run.losses.shape == run.steps.shape == (rows,)
        assert tuple(t.lr for t in run.trials) == result.rates and len(result.rates) == 6


@pytest.mark.parametrize("name", SURFACES)
def test_the_chosen_rate_is_the_best_of_its_trials(name: str, races: dict[str, Race]) -> None:
    for run in races[name].runs:
        finite = [t for t in run.trials if t.diverged_at is None]
        assert run.loss == min(t.loss for t in finite) and run.diverged_at is None
        assert run.lr == next(t.lr for t in finite if t.loss == run.loss)


@pytest.mark.parametrize("name", SURFACES)
def test_the_order_is_that_of_the_last_loss(name: str, races: dict[str, Race]) -> None:
    runs = races[name].runs
    ends = [run.loss for run in runs]
    assert ends == sorted(ends) and len(set(ends)) > 4
    assert [run.rank for run in runs] == [ends.index(end) + 1 for end in ends]


@pytest.mark.parametrize("seed", [0, 3])
def test_a_seed_gives_the_same_bits(seed: int) -> None:
    first, again = (race("beale", ["amsgrad"], seed=seed, **SHORT) for _ in range(2))
    assert [run.name for run in first.runs] == [run.name for run in again.runs]
    for a, b in zip(first.runs, again.runs):
        assert a.trials == b.trials and a.path.tobytes() == b.path.tobytes()


def test_another_seed_moves_the_start_in_proportion() -> None:
    surface = FLAT["saddle"]
    starts = np.array([start_of(surface, seed) for seed in range(200)])
    assert starts[0].tolist() == [1.5, 1e-6] and len(np.unique(starts, axis=0)) == 200
    assert (starts / surface.start).std(axis=0) == pytest.approx([0.1, 0.1], rel=0.2)
    assert race(surface, [], seed=7, **SHORT).start == start_of(surface, 7) != surface.start


@pytest.mark.parametrize(
    ("asked", "race_of"),
    [
        ([], ["Adam", "SGD"]),
        (["momentum"], ["Adam", "Momentum", "SGD"]),
        (["Adam", optim.NAdam], ["Adam", "NAdam", "SGD"]),
        (["sgd"], ["Adam", "SGD"]),
    ],
)
def test_sgd_and_adam_always_race(asked: list[Any], race_of: list[str]) -> None:
    runs = race("ravine", asked, **SHORT).runs
    assert sorted(run.name for run in runs) == race_of


# ---- the real optimizers ------------------------------------------------------------------
@pytest.mark.parametrize("kind", [*RIVALS, optim.NAdam, optim.Lion], ids=lambda k: k.__name__)
@pytest.mark.parametrize("name", ["rosenbrock", "beale"])
def test_a_path_is_that_of_the_optimizer_by_hand(
    name: str, kind: type[optim.Optimizer]
) -> None:
    result = race(name, [kind], **SHORT)
    run = result[kind.__name__]
    p = Tensor(np.array(result.start), requires_grad=True)
    optimizer = kind([p], lr=run.lr)
    for t in range(result.steps + 1):
        optimizer.zero_grad()
        loss = FLAT[name].formula(p[0], p[1])
        loss.backward()
        assert p.numpy().tobytes() == run.path[t].tobytes() and float(loss) == run.losses[t]
        optimizer.step()


def test_reddis_example_by_hand() -> None:
    run = race("reddi", [])["Adam"]
    x = Tensor(0.0, requires_grad=True)
    adam = optim.Adam([x], lr=InverseSqrt(run.lr), betas=BETAS, eps=0.0)
    lost = 0.0
    for t in range(600):
        slope_t = 3.0 if t % 3 == 0 else -1.0
        assert run.path[t].tolist() == [t, float(x)]
        lost += slope_t * (float(x) + 1)
        assert run.losses[t] == pytest.approx(lost / (t + 1), rel=1e-12)
        x.grad = Tensor(slope_t)
        adam.step()
        x.assign_(np.clip(x.numpy(), -1.0, 1.0))
    assert run.path[-3:, 1].max() > 0.9
    assert race("reddi", ["amsgrad"])["AMSGrad"].path[-3:, 1].max() < -0.9


# ---- what diverges ------------------------------------------------------------------------
def test_a_run_that_leaves_the_finite_numbers_is_kept_and_marked_and_last() -> None:
    result = race("ravine", ["momentum"], rates=(0.1, 0.2), trials=2, steps=200)
    assert [run.name for run in result.runs] == ["Adam", "Momentum", "SGD"]  # the longer first
    assert [run.rank for run in result.runs] == [1, 2, 3]
    assert result["Adam"].diverged_at is None and result["Adam"].loss < 1
    for run in result.runs[1:]:
        end = run.diverged_at
        assert end is not None and run.path.shape == (201, 2) and run.loss == math.inf
        sound = np.isfinite(run.losses) & np.isfinite(run.path).all(axis=1)
        assert sound[:end].all() and not sound[end]
        assert end == max(t.diverged_at or 0 for t in run.trials)
        assert f"diverged at step {end}" in repr(run)
    assert dict(card(result))["Diverged"] == "Momentum in 2 of 2 trials, SGD in 2 of 2 trials"


def test_equal_losses_share_a_rank() -> None:
    level = Surface("level", "Level", lambda x, y: 0 * x, (0.0, 0.0), SQUARE)
    result = race(level, ["momentum"], **SHORT)
    assert [run.rank for run in result.runs] == [1, 1, 1]
    assert {run.lr for run in result.runs} == {result.rates[0]}
    assert result.grid is not None and not result.grid.lines()

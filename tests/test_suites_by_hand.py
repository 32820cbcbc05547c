"""The truths of the suites against finite differences, and the fit of a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks import linear
from benchmarks.suites import autoencoder, by_hand, dense, images, optim, words
from benchmarks.suites.differentiate import Problem, wide
from benchmarks.suites.elementwise import FUNCTIONS, problem
from benchmarks.suites.products import _conv_by_hand, _pool_by_hand
from benchmarks.suites.reductions import AXES
from benchmarks.suites.reductions import problem as reduction
from benchmarks.suites.row_wise import cross_entropy, layer_norm
from benchmarks.suites.tape import chain, network
from benchmarks.suites.train import Task

STEP = 1e-6
CLOSE = 1e-7  # central differences of such a step miss by some 1e-9, and lose 7 digits


def follows(value: Callable[[float], float], slope: float) -> None:
    """Whether a function of one number has a slope at 0."""
    found = (value(STEP) - value(-STEP)) / (2 * STEP)
    assert abs(found - slope) <= CLOSE * max(1.0, abs(slope))


def check(by_hand: Callable[..., Any], g: Any, variables: list[Any], rest: list[Any]) -> None:
    """Every gradient, along a direction of its variable."""
    rng = np.random.default_rng(1)
    _, *gradients = by_hand(g, *variables, *rest)
    assert len(gradients) == len(variables)
    for k, (x, dx) in enumerate(zip(variables, gradients)):
        v = rng.standard_normal(x.shape)

        def value(h: float, k: int = k, v: Any = v) -> float:
            moved = [x + h * v if j == k else x for j, x in enumerate(variables)]
            return float(np.sum((1 if g is None else g) * by_hand(g, *moved, *rest)[0]))

        follows(value, float(np.sum(dx * v)))


def check_problem(made: Problem) -> None:
    variables, constants = ([*map(wide, part)] for part in made.draw())
    check(made.by_hand, wide(made.slope()), variables, constants)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_element_by_element(name: str) -> None:
    check_problem(problem(name, 50))


@pytest.mark.parametrize("name", ["sum", "mean", "max"])
@pytest.mark.parametrize("axis", AXES.values())
def test_reductions(name: str, axis: int | None) -> None:
    check_problem(reduction(name, axis, (4, 5)))


@pytest.mark.parametrize("made", [layer_norm(5, 7), cross_entropy(5, 7), chain(20), network()])
def test_rows_and_chains(made: Problem) -> None:
    check_problem(made)


@pytest.mark.parametrize("first", [False, True])
def test_convolutions(first: bool) -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = (rng.standard_normal(s) for s in ((2, 3, 6, 7), (4, 3, 5, 5), (4,)))
    g = rng.standard_normal((2, 4, 6, 7))
    variables, rest = ([weight, bias], [x]) if first else ([x, weight, bias], [])
    check(lambda *given: _conv_by_hand(first, *given), g, variables, rest)


def test_a_convolution_is_the_sum_of_its_definition() -> None:
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((1, 2, 4, 5)), rng.standard_normal((3, 2, 3, 3))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    wanted = [
        [[(padded[0, :, i : i + 3, j : j + 3] * w).sum() for j in range(5)] for i in range(4)]
        for w in weight
    ]
    np.testing.assert_allclose(by_hand.conv(x, weight, np.zeros(3))[0], wanted, rtol=1e-12)


@pytest.mark.parametrize("side", [7, 8])
def test_pools(side: int) -> None:
    rng = np.random.default_rng(0)
    x, left = rng.standard_normal((2, 3, side, side)), (side - 1) // 2 + 1
    check(_pool_by_hand, rng.standard_normal((2, 3, left, left)), [x], [])


TASKS = {
    "logistic regression": dense.task((8, 4), 6),
    "MLP": dense.task((8, 7, 6, 4), 6),
    "CNN": images.task(images.Net(8, (3, 4, 4, 5), 6, 4), 3, 3),
    "VAE": autoencoder.task((9, 7, 3), 5),
    "words": words.dense(200, 5),
}


@pytest.mark.parametrize("name", TASKS)
def test_gradients_of_whole_networks(name: str) -> None:
    task: Task = TASKS[name]
    weights = {n: wide(w) for n, w in task.weights().items()}
    batch, rng = tuple(map(wide, task.check())), np.random.default_rng(1)
    _, gradients = task.by_hand(weights, *batch)
    assert list(weights) == sorted(gradients, key=list(weights).index)
    for n, w in weights.items():
        v = rng.standard_normal(w.shape)
        follows(
            lambda h, n=n, v=v: task.by_hand(weights | {n: weights[n] + h * v}, *batch)[0],
            float(np.sum(gradients[n] * v)),
        )


def test_a_step_of_adam_is_the_rule() -> None:
    theta, g = np.array([1.0, -2.0]), np.array([0.5, -1e-3])
    moved, *_ = optim.adam_rule(theta, g, 1, np.zeros(2), np.zeros(2))
    np.testing.assert_allclose(by_hand.adam(theta, g), moved, rtol=1e-12)


def test_sizes_of_tensors_make_the_total() -> None:
    made = optim.sizes(10_000_000, 100)
    assert sum(made) == 10_000_000 and len(made) == 100 and min(made) >= 1
    assert max(made) > 1000 * min(made) and optim.sizes(7, 1) == [7]


# ---- lines ----------------------------------------------------------------------------------
def test_a_line_is_found_and_its_share() -> None:
    sizes = [1.0, 2.0, 4.0, 8.0]
    fit = linear.line(sizes, [3 + 2 * n for n in sizes])
    assert abs(fit["slope"] - 2) < 1e-12 and abs(fit["start"] - 3) < 1e-12
    assert fit["R^2"] > 1 - 1e-12
    assert linear.line(sizes, [n**4 for n in sizes])["R^2"] < 0.9


def test_lengths_rise_to_the_longest() -> None:
    found = linear.lengths(1_000_000)
    assert found[0] == 1_000 and found[-1] == 1_000_000 and len(found) == 10


def test_figures_of_short_chains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    monkeypatch.setattr(
        "sys.argv", ["linear", "--longest", "2000", "--json", str(tmp_path / "f")]
    )
    linear.main()
    told = capsys.readouterr().out
    assert "2,000" in told and "R^2 =" in told and "bytes" in told
    assert (tmp_path / "f").read_text().startswith("{")


def test_memory_of_a_chain_is_a_line() -> None:
    sizes = [500, 1_000, 2_000, 4_000]
    assert linear.line(sizes, [linear.peak(n) for n in sizes])["R^2"] > linear.STRAIGHT


def test_a_wrong_gradient_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "FACTOR", np.float32(2.0))
    with pytest.raises(SystemExit, match="expected a gradient of 1, got another"):
        linear.seconds(3)

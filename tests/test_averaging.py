"""Averages of the parameters along the way, against 60 digits and plain NumPy."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels.update import NUMBA_FROM
from tests.ops_sample import refused
from tests.optim_sample import leaf, relative
from tests.oracles import others

# Thirty steps, each rounding an average of numbers near 1 a few times.
TOLERANCE = 1e-14
MEANS = pytest.mark.parametrize("mean", ["exponential", "polyak"])


def made(mean: str, dtype: Any = np.float64, shape: Any = (3,), **options: Any) -> Any:
    """A parameter and SGD with averages around it."""
    p = leaf(1.0, shape, dtype)
    return p, optim.Averaged(optim.SGD([p], lr=0.1, **options), mean, beta2=0.9)


def walked(averaged: Any, p: fg.Tensor, seeds: Any) -> list[np.ndarray]:
    """The parameter after each step."""
    path = []
    for seed in seeds:
        g = np.random.default_rng(seed).standard_normal(p.shape)
        p.grad = fg.Tensor(g, dtype=p.dtype)
        averaged.step()
        path.append(p.numpy().copy())
    return path


@MEANS
@pytest.mark.parametrize("shape", [(3,), (NUMBA_FROM,)], ids=["numpy", "numba"])
def test_averages_agree_with_sixty_digits(mean: str, shape: Any) -> None:
    p, averaged = made(mean, shape=shape)
    thetas: list[np.ndarray] = []
    for seed in range(30):
        thetas += walked(averaged, p, [seed])
        got = averaged.average(p).numpy()[:3]
        for k in range(3):
            values = [float(theta[k]) for theta in thetas]
            oracle = (
                others.polyak_average(values)
                if mean == "polyak"
                else others.exponential_average(values, beta2=0.9)
            )
            assert relative(got[k], oracle[-1]) <= TOLERANCE


def test_polyak_is_the_mean() -> None:
    p, averaged = made("polyak")
    path = walked(averaged, p, range(20))
    np.testing.assert_allclose(averaged.average(p), np.mean(path, 0), rtol=TOLERANCE)


@MEANS
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_parameter_that_stands_still_is_its_own_average(mean: str, dtype: Any) -> None:
    p, averaged = made(mean, dtype)
    p.assign_(np.full(3, 0.1, dtype))
    for _ in range(20):
        averaged.step()
    assert averaged.average(p).dtype == dtype and np.array_equal(averaged.average(p), p)


@MEANS
def test_halves_are_averaged_in_single_precision(mean: str) -> None:
    (p, averaged), (q, other) = made(mean, np.float16), made(mean, np.float32)
    for seed in range(10):
        walked(averaged, p, [seed])
        q.assign_(p.numpy().astype(np.float32))
        other.step()
    assert averaged.averages[p].dtype == np.float32
    assert np.array_equal(averaged.averages[p], other.averages[q])
    assert np.array_equal(averaged.average(p), other.average(q).numpy().astype(np.float16))


@MEANS
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_applied_shows_averages_and_puts_the_parameters_back(mean: str, dtype: Any) -> None:
    p, averaged = made(mean, dtype)
    walked(averaged, p, range(5))
    before, wanted, version = p.numpy().tobytes(), averaged.average(p).numpy(), p.version
    with averaged.applied():
        assert np.array_equal(p, wanted) and p.numpy().tobytes() != before
    assert p.numpy().tobytes() == before and p.version > version
    with pytest.raises(KeyError), averaged.applied(), averaged.applied():
        assert np.array_equal(p, wanted)
        raise KeyError
    assert p.numpy().tobytes() == before
    twin, other = made(mean, dtype)
    walked(other, twin, range(5))
    walked(averaged, p, [5])  # as if it had not been looked at
    walked(other, twin, [5])
    assert np.array_equal(p, twin)
    assert np.array_equal(averaged.average(p), other.average(twin))


def test_a_graph_through_averages_is_refused_after_the_block() -> None:
    p, averaged = made("polyak")
    walked(averaged, p, range(2))
    with averaged.applied():
        loss = (p * p).sum()
    with pytest.raises(fg.GraphError, match="changed 1 time"):
        loss.backward()


def test_before_the_first_step_the_average_is_the_parameter() -> None:
    p, averaged = made("polyak")
    average = averaged.average(p)
    assert np.array_equal(average, p) and not np.shares_memory(average.data, p.data)
    with averaged.applied():
        assert p.numpy().tolist() == [1, 1, 1]
    p.grad = fg.Tensor(np.ones(3))
    averaged.zero_grad()
    assert p.grad is None and averaged.step(lambda: 5) == 5


@MEANS
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_state_goes_on_bit_for_bit(mean: str, dtype: Any) -> None:
    for cut in range(3):
        p, averaged = made(mean, dtype, momentum=0.5)
        walked(averaged, p, range(cut))
        saved = pickle.loads(pickle.dumps(averaged.state_dict()))
        q, again = made(mean, dtype, momentum=0.5)
        q.assign_(p.numpy())
        walked(again, q, range(0))
        again.load_state_dict(saved)
        walked(averaged, p, range(5, 9))
        walked(again, q, range(5, 9))
        assert np.array_equal(p, q) and again.counts[q] == averaged.counts[p] == cut + 4
        assert averaged.averages[p].tobytes() == again.averages[q].tobytes()


def test_a_state_is_a_copy_on_both_ways() -> None:
    p, averaged = made("polyak")
    walked(averaged, p, range(2))
    saved = averaged.state_dict()
    held = saved["averages"][0].copy()
    walked(averaged, p, [2])
    assert np.array_equal(saved["averages"][0], held)
    averaged.load_state_dict(saved)
    walked(averaged, p, [3])
    assert np.array_equal(saved["averages"][0], held)


def test_averages_are_loaded_in_the_precision_of_their_parameters() -> None:
    (p, averaged), (q, other) = made("polyak"), made("polyak", np.float32)
    walked(averaged, p, range(2))
    other.load_state_dict(averaged.state_dict())
    assert other.averages[q].dtype == np.float32


KINDS: list[tuple[Any, type[Exception], str]] = [
    (lambda s: 5, fg.OptionError,
     "a state of the mean 'polyak', got none; load what state_dict of the same gave"),
    (lambda s: s["optimizer"], fg.OptionError,
     "a state of the mean 'polyak', got none; load what state_dict of the same gave"),
    (lambda s: {**s, "mean": "exponential"}, fg.OptionError,
     "a state of the mean 'polyak', got one of 'exponential'; load what state_dict of the same "
     "gave"),
    (lambda s: {**s, "averages": {0: np.zeros(4)}}, fg.ShapeError,
     "the averages of these parameters, got 0: (4,); load the same network's"),
    (lambda s: {**s, "averages": {1: np.zeros(3)}}, fg.ShapeError,
     "the averages of these parameters, got 1: (3,); load the same network's"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "kind", "text"), KINDS)
def test_a_spoilt_state_changes_nothing(spoil: Any, kind: Any, text: str) -> None:
    p, averaged = made("polyak")
    walked(averaged, p, range(3))
    before = pickle.dumps(averaged.state_dict())
    with refused(kind, f"Averaged: expected {text}"):
        averaged.load_state_dict(spoil(averaged.state_dict()))
    wrong = averaged.state_dict()
    wrong["optimizer"]["param_groups"][0]["lr"] = -1
    with pytest.raises(fg.OptionError, match="got lr=-1"):
        averaged.load_state_dict(wrong)
    assert pickle.dumps(averaged.state_dict()) == before


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("median",), "mean in exponential, polyak, got 'median'; choose one of these"),
        (("polyak", 1.0), "0 <= beta2 < 1, got beta2=1.0; give a value in the range"),
        (("polyak", -0.1), "0 <= beta2 < 1, got beta2=-0.1; give a value in the range"),
        (("polyak", float("nan")), "0 <= beta2 < 1, got beta2=nan; give a value in the range"),
    ],
)
def test_what_is_no_average_is_refused(arguments: Any, text: str) -> None:
    with refused(fg.OptionError, f"Averaged: expected {text}"):
        optim.Averaged(optim.SGD([leaf(1.0)]), *arguments)

"""Pools by compiled loops, held against folds of every window, and against NumPy's passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.kernels import compiled, pooling, pooling_planes, threads
from tests.ops_sample import leaf

WAYS = {"loops": 1, "passes": 1 << 62}  # by the number of elements they are taken from


@pytest.fixture
def forced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One way for everything."""
    monkeypatch.setattr(pooling_planes, "FROM", WAYS[request.param])
    return str(request.param)


EACH = pytest.mark.parametrize("forced", WAYS, indirect=True)
LOOPS = pytest.mark.parametrize("forced", ["loops"], indirect=True)
Sizes = tuple[int, ...]
# x, size, stride, dilation, pads
USES: dict[str, tuple[Sizes, Sizes, Sizes, Sizes, tuple[tuple[int, int], ...]]] = {
    "3 by 2": ((2, 3, 9, 8), (3, 3), (2, 2), (1, 1), ((1, 1), (1, 0))),
    "no overlap": ((3, 10, 12), (5, 4), (5, 4), (1, 1), ((0, 0), (0, 0))),
    "gaps": ((3, 11, 14), (1, 2), (5, 4), (1, 1), ((0, 0), (1, 1))),
    "dilated": ((2, 17, 13), (3, 2), (2, 3), (2, 3), ((1, 1), (2, 2))),
    "hanging over": ((2, 7, 7), (2, 3), (3, 2), (1, 1), ((0, 2), (1, 2))),
    "one place": ((5, 3, 4), (3, 4), (1, 1), (1, 1), ((0, 0), (0, 0))),
    "a line": ((3, 2, 19), (3,), (2,), (2,), ((1, 2),)),
    "one line": ((65,), (2,), (3,), (1,), ((0, 0),)),
    "many planes": ((70, 5, 6), (2, 2), (2, 2), (1, 1), ((0, 0), (1, 1))),
}
NAMED = pytest.mark.parametrize("name", USES)
DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(name: str, dtype: Any) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Few different numbers, so that many tie; weights of the result; the settings."""
    rng, (shape, *settings) = np.random.default_rng(5), USES[name]
    windows = pooling.Windows(*settings)
    places = windows.places(shape[-len(settings[0]) :])
    u = rng.uniform(-1, 1, (*shape[: -len(places)], *places))
    return rng.integers(-3, 4, shape).astype(dtype), u.astype(dtype), windows._asdict()


def shown(x: np.ndarray, at: Sizes, settings: dict[str, Any]) -> Any:
    """The indices of what lies inside x of the window at one place."""
    spots = []
    axes = zip(at, x.shape[-len(at) :], *settings.values())
    for t, length, size, stride, dilation, (before, _) in axes:
        found = t * stride - before + dilation * np.arange(size)
        spots.append(found[(found >= 0) & (found < length)])
    return np.ix_(*spots)


def by_windows(x: Any, u: Any, settings: dict[str, Any], is_max: bool) -> list[np.ndarray]:
    """Values and gradient in x, window by window, in float64; a mean divides by 3."""
    n = len(settings["size"])
    rows, seeds = x.reshape(-1, *x.shape[-n:]).astype(float), u.reshape(-1, *u.shape[-n:])
    y, dx = np.zeros(seeds.shape), np.zeros(rows.shape)
    for p, *at in np.ndindex(seeds.shape):
        spots = shown(x, tuple(at), settings)
        seen, place = rows[p][spots], (p, *at)
        if is_max:
            y[place] = seen.max(initial=-np.inf)
            tops = np.isnan(seen) if np.isnan(y[place]) else seen == y[place]
            dx[p][spots] += np.where(tops, float(seeds[place]) / max(1, tops.sum()), 0)
        else:
            y[place] = seen.sum() / 3
            dx[p][spots] += float(seeds[place]) / 3
    return [y.reshape(u.shape), dx.reshape(x.shape)]


def largest(x: Any, u: Any, settings: dict[str, Any]) -> list[np.ndarray]:
    y = pooling.max_pool(x, **settings)
    return [y, pooling.max_pool_vjp(u, x, y, *settings.values())]


def mean(x: Any, u: Any, settings: dict[str, Any]) -> list[np.ndarray]:
    chosen = {k: v for k, v in settings.items() if k != "dilation"}
    n = len(settings["size"])
    chosen["counts"] = tuple((3,) * t if i else (1,) * t for i, t in enumerate(u.shape[-n:]))
    if n == 1:
        chosen["counts"] = ((3,) * u.shape[-1],)
    return [
        pooling.avg_pool(x, **chosen),
        pooling.avg_pool_back(u, **chosen, shape=x.shape),
    ]


@EACH
@DTYPES
@NAMED
def test_a_pool_is_a_fold_of_every_window(forced: str, name: str, dtype: Any) -> None:
    x, u, settings = drawn(name, dtype)
    folds = [(largest, True)] + [(mean, False)] * (set(settings["dilation"]) == {1})
    for fold, is_max in folds:
        for mine, wanted in zip(fold(x, u, settings), by_windows(x, u, settings, is_max)):
            assert mine.dtype == dtype and mine.shape == wanted.shape
            assert abs(mine - wanted).max() <= 32 * np.finfo(dtype).eps  # of a dozen terms


@EACH
@NAMED
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e-42])
def test_what_is_no_number_stays_in_its_windows(forced: str, name: str, bad: float) -> None:
    x, u, settings = drawn(name, np.float32)
    x.flat[3], x.flat[20], u.flat[2] = bad, bad, bad if np.isfinite(bad) else 1e30
    folds = [(largest, True)] + [(mean, False)] * (set(settings["dilation"]) == {1})
    for fold, is_max in folds:
        with np.errstate(invalid="ignore"):
            pairs = list(zip(fold(x, u, settings), by_windows(x, u, settings, is_max)))
        for mine, wanted in pairs:
            assert np.allclose(mine, wanted, rtol=1e-6, atol=1e-6, equal_nan=True)


@EACH
def test_nan_wins_and_takes_the_gradient(forced: str) -> None:
    x = leaf(np.array([[1.0, np.nan, 7.0, np.nan, 2.0, 3.0]]))
    y = fg.max_pool1d(x, 3)
    y.backward(np.array([[5.0, 1.0]]))
    assert np.array_equal(y.numpy(), [[np.nan, np.nan]], equal_nan=True)
    assert x.grad.numpy().tolist() == [[0, 5, 0, 1, 0, 0]]


@EACH
@NAMED
def test_memory_may_lie_in_any_way_and_be_locked(forced: str, name: str) -> None:
    x, u, settings = drawn(name, np.float32)
    plain = largest(x, u, settings)
    for a, b in ((np.repeat(x, 2, -1)[..., ::2], np.repeat(u, 2, -1)[..., ::2]),
                 (np.asfortranarray(x), np.asfortranarray(u))):  # fmt: skip
        a.setflags(write=False)
        b.setflags(write=False)
        assert all(map(np.array_equal, largest(a, b, settings), plain))


@LOOPS
def test_bits_do_not_depend_on_the_number_of_threads(
    forced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, u, settings = drawn("many planes", np.float32)
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads.numba(), "get_num_threads", lambda count=count: count)
        found.append([*largest(x, u, settings), *mean(x, u, settings)])
    for one, *others in zip(*found):
        assert all(np.array_equal(one, other) for other in others)


@EACH
@pytest.mark.parametrize("pool", [
    lambda x: fg.max_pool2d(x, 2, 1), lambda x: fg.avg_pool2d(x, (2, 3), (1, 2), 1),
    lambda x: fg.adaptive_max_pool2d(x, (2, 3)), lambda x: fg.adaptive_avg_pool2d(x, (4, 1)),
])  # fmt: skip
def test_derivatives_of_both_orders_and_both_modes(forced: str, pool: Any) -> None:
    x = np.random.default_rng(3).permutation(np.linspace(-1, 1, 24)).reshape(1, 1, 4, 6)
    fg.gradcheck(lambda x: fg.sin(pool(x)), x, order=2)
    v = np.cos(x)
    y, tangent = fg.jvp(pool, (x,), (v,))
    u = np.sin(np.arange(y.size)).reshape(y.shape)
    (back,) = fg.vjp(pool, x)[1](u)
    assert (u * tangent.numpy()).sum() == pytest.approx((v * back.numpy()).sum(), rel=1e-13)
    rows = fg.jacobian(pool)(x).numpy()
    assert np.allclose(np.tensordot(rows, v, x.ndim), tangent.numpy(), rtol=0, atol=1e-14)


def test_cells_that_divide_an_axis_are_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(pooling_planes, "FROM", 1)
    monkeypatch.setattr(compiled, "loops", lambda name, loops=compiled.loops: (
        asked.append(name), loops(name))[1])  # fmt: skip
    x = Tensor(np.arange(2 * 6 * 4.0).reshape(2, 6, 4))
    cells = x.numpy().reshape(2, 3, 2, 2, 2)
    assert np.array_equal(fg.adaptive_max_pool2d(x, (3, 2)).numpy(), cells.max((2, 4)))
    assert np.array_equal(fg.adaptive_avg_pool2d(x, (3, 2)).numpy(), cells.mean((2, 4)))
    assert asked == ["pool", "pool"]

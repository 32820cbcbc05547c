"""The three ways to convolve, each forced, held against loops over a filter's elements."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import compiled, conv, conv_columns, conv_planes, conv_tiled, threads
from fusegrad.kernels.slide import Slide
from tests.ops_sample import leaf

TILES = {"tile 8 x 32": (8, 32), "tile 6 x 16": (6, 16)}
WAYS = [*TILES, "planes", "columns"]


@pytest.fixture
def forced(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """One way for everything; tiles also where a machine would not take them."""
    way: str = request.param
    rows, lanes = TILES.get(way, (8, 32))
    monkeypatch.setattr(
        conv_tiled, "is_worth_it", lambda products, *_: products and way in TILES
    )
    monkeypatch.setattr(conv_planes, "is_worth_it", lambda n, *_: n and way == "planes")
    monkeypatch.setattr(conv_tiled, "tile_of", lambda dtype: ((0,) * rows, (0,) * lanes))
    return way


EACH = pytest.mark.parametrize("forced", WAYS, indirect=True)
COMPILED_ONCE = [way for way in WAYS if way != "tile 6 x 16"]  # the same loops once more
ONCE = pytest.mark.parametrize("forced", COMPILED_ONCE, indirect=True)
IN_TYPES = [*((w, np.float32) for w in WAYS), *((w, np.float64) for w in COMPILED_ONCE)]
TILED = pytest.mark.parametrize("forced", TILES, indirect=True)


class Use(NamedTuple):
    x: tuple[int, ...]
    w: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    dilation: tuple[int, ...] = (1, 1)
    groups: int = 1
    pads: tuple[tuple[int, int], ...] = ((0, 0), (0, 0))

    @property
    def settings(self) -> dict[str, Any]:
        return dict(zip(self._fields[2:], self[2:]))


ONE = ((1, 1), (1, 1))
USES = {
    "same": Use((9, 16, 7, 6), (33, 16, 3, 3), pads=ONE),
    "few channels": Use((8, 3, 9, 8), (10, 3, 5, 5), pads=((2, 2), (2, 2))),
    "few channels, strided": Use((3, 2, 9, 8), (7, 2, 3, 4), (2, 3), pads=((0, 1), (2, 0))),
    "one image": Use((1, 17, 5, 7), (40, 17, 3, 2), pads=ONE),
    "no image": Use((0, 4, 5, 5), (3, 4, 2, 2)),
    "one pixel": Use((17, 8, 1, 1), (9, 8, 1, 1)),
    "one by one": Use((5, 20, 4, 4), (64, 20, 1, 1), stride=(2, 2)),
    "strides": Use((7, 9, 10, 11), (12, 9, 3, 3), stride=(2, 3), pads=((2, 0), (1, 2))),
    "dilations": Use((7, 9, 10, 11), (12, 9, 3, 3), (2, 1), (3, 2), pads=((3, 1), (0, 2))),
    "wider than the image": Use((8, 5, 3, 2), (6, 5, 5, 5), pads=((2, 2), (3, 3))),
    "nothing but border": Use((8, 4, 2, 2), (6, 4, 1, 1), pads=((2, 2), (3, 1))),
    "cut off": Use((8, 4, 8, 8), (6, 4, 3, 3), pads=((-1, 2), (0, -2))),
    "groups": Use((8, 12, 6, 5), (60, 4, 3, 3), pads=ONE, groups=3),
    "each channel": Use((4, 6, 7, 5), (12, 1, 3, 3), (2, 1), (1, 2), 6, ONE),
    "a line": Use((9, 16, 19), (20, 16, 5), (2,), (3,), pads=((4, 6),)),
    "a line in groups": Use((9, 4, 19), (8, 2, 4), (1,), (2,), 2, ((1, 0),)),
}  # fmt: skip


def drawn(use: Use, dtype: Any = np.float32) -> list[np.ndarray]:
    """Images, filters, a bias, and weights of the result."""
    rng = np.random.default_rng(7)
    places = Slide(*use[2:]).places(use.x[2:], use.w[2:])
    shapes = [use.x, use.w, use.w[:1], (use.x[0], use.w[0], *places)]
    return [rng.uniform(-1, 1, s).astype(dtype) for s in shapes]


def met(use: Use) -> Iterator[tuple[Any, Any, Any]]:
    """Indices of x, w and u that meet: all images and channels of a group, one place."""
    (o, c), n = use.w[:2], len(use.stride)
    places = Slide(*use[2:]).places(use.x[2:], use.w[2:])
    for k, t in product(np.ndindex(use.w[2:]), np.ndindex(*places)):
        settings = zip(k, t, use.stride, use.dilation, use.pads)
        spot = tuple(b * s + a * d - p for a, b, s, d, (p, _) in settings)
        if all(0 <= spot[i] < use.x[2 + i] for i in range(n)):
            for g in range(use.groups):
                made = slice(g * o // use.groups, (g + 1) * o // use.groups)
                given = slice(g * c, (g + 1) * c)
                yield (slice(None), given, *spot), (made, slice(None), *k), (..., made, *t)


def wanted(use: Use, x: Any, w: Any, b: Any, u: Any) -> list[np.ndarray]:
    """The biased product, and what the form gives in x and in w, in float64."""
    x, w, b, u = (a.astype(float) for a in (x, w, b, u))
    y, dx, dw = np.zeros(u.shape), np.zeros(x.shape), np.zeros(w.shape)
    y += b.reshape(-1, *(1,) * len(use.stride))
    for i, j, k in met(use):
        at = (slice(None), *k[1:])
        y[at] += x[i] @ w[j].T
        dx[i] += u[at] @ w[j]
        dw[j] += u[at].T @ x[i]
    return [y, dx, dw]


def got(use: Use, x: Any, w: Any, b: Any, u: Any) -> list[np.ndarray]:
    settings = use.settings
    return [
        conv.conv_biased(x, w, b, **settings),
        conv.conv_input(u, w, **settings, shape=use.x),
        conv.conv_weight(x, u, **settings, shape=use.w),
    ]


def off(mine: np.ndarray, loops: np.ndarray) -> float:
    """The largest difference, in relation to the largest number, or to 1."""
    return float(abs(mine - loops).max(initial=0) / max(1.0, abs(loops).max(initial=0)))


@pytest.mark.parametrize("forced, dtype", IN_TYPES, indirect=["forced"])
@pytest.mark.parametrize("name", USES)
def test_each_way_gives_what_the_loops_give(forced: str, name: str, dtype: Any) -> None:
    use, eps = USES[name], float(np.finfo(dtype).eps)
    arrays = drawn(use, dtype)
    for mine, loops in zip(got(use, *arrays), wanted(use, *arrays)):
        assert mine.shape == loops.shape and mine.dtype == dtype
        assert off(mine, loops) <= 64 * eps  # sums of some hundred terms
    y, settings = got(use, *arrays)[0], use.settings
    bare = conv.conv(*arrays[:2], **settings)
    bias = arrays[2].reshape(-1, *(1,) * len(use.stride))
    assert off(bare + bias, y) <= 64 * eps


@EACH
@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e-42])
@pytest.mark.parametrize("name", ["same", "few channels", "strides", "each channel", "a line"])
def test_what_is_no_number_stays_where_it_is_met(forced: str, name: str, bad: float) -> None:
    use = USES[name]
    x, w, b, u = drawn(use)
    x[-1, -1, ..., 1] = u[(0, 0, *(n // 2 for n in u.shape[2:]))] = bad  # off the border
    with np.errstate(invalid="ignore"):
        for mine, loops in zip(got(use, x, w, b, u), wanted(use, x, w, b, u)):
            assert np.array_equal(np.isfinite(mine), np.isfinite(loops))
            some = np.isfinite(loops)
            assert off(mine[some], loops[some]) <= 64 * 2**-23


@EACH
def test_memory_may_lie_in_any_way_and_be_locked(forced: str) -> None:
    use = USES["strides"]
    arrays = drawn(use)
    plain = got(use, *arrays)
    wide = [np.repeat(a, 2, -1)[..., ::2] for a in arrays]
    turned = [np.asfortranarray(a) for a in arrays]
    for a in (*wide, *turned):
        a.setflags(write=False)
    for other in (got(use, *wide), got(use, *turned)):
        assert all(np.array_equal(a, b) for a, b in zip(plain, other))


@ONCE
def test_derivatives_of_both_orders_equal_differences(forced: str) -> None:
    x, w, b = drawn(Use((2, 2, 4, 3), (4, 1, 2, 2), groups=2), np.float64)[:3]
    fg.gradcheck(
        lambda *a: fg.sin(fg.conv2d(*a, stride=(1, 2), padding=(0, 1), groups=2)), x, w, b,
        order=2,
    )  # fmt: skip


@ONCE
def test_bits_do_not_depend_on_the_number_of_threads(
    forced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads.numba(), "get_num_threads", lambda count=count: count)
        found.append([
            *got(use := Use((70, 8, 6, 5), (9, 8, 3, 3), pads=ONE), *drawn(use)),
            *got(use := Use((5, 6, 7, 5), (12, 1, 3, 3), groups=6), *drawn(use)),
            conv.channel_sums(drawn(Use((40, 3, 25, 25), (32, 3, 1, 1)))[3]),
        ])  # fmt: skip
    for one, *others in zip(*found):
        assert all(np.array_equal(one, other) for other in others)


@TILED
def test_a_gradient_in_one_part_or_many_is_the_same_sum(
    forced: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = drawn(use := Use((70, 8, 6, 5), (9, 8, 3, 3), pads=ONE))
    loops = wanted(use, *arrays)[2]
    for total in (1, 1 << 13, 1 << 24):  # one part, two, as many as there may be
        monkeypatch.setattr(conv_tiled, "TOTAL", total)
        assert off(got(use, *arrays)[2], loops) <= 64 * 2**-23


# ---- which way is taken ---------------------------------------------------------------------
def way(use: Use, dtype: Any = np.float32) -> Any:
    x, w, _, _ = drawn(use, dtype)
    u, sides = drawn(use, dtype)[3], (len(x), len(w) // use.groups)
    return conv._way(Slide(*use[2:]), (x, w), u.size * w[0].size, u.size, sides)


def test_large_batches_are_tiled_and_groups_of_few_channels_go_by_planes() -> None:
    large = Use((8, 32, 16, 16), (32, 32, 3, 3))
    tile = conv_tiled if conv_tiled.tile_of(np.dtype(np.float32)) else conv_columns
    assert way(large) is tile and way(large, np.float64) is tile
    assert way(Use((8, 32, 16, 16), (32, 1, 3, 3), groups=32)) is conv_planes
    assert way(large._replace(x=(1, 32, 40, 40))) is conv_columns  # too few images for rows
    assert way(large._replace(w=(2, 32, 3, 3))) is conv_columns  # too few filters for lanes
    one = Use((64, 1, 64, 64), (32, 1, 3, 3))
    assert way(one) is conv_columns  # too few terms in a sum
    assert way(large, np.float16) is conv_columns


def test_small_work_never_waits_for_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> Any:
        raise AssertionError(name)

    monkeypatch.setattr(compiled, "loops", refuse)
    monkeypatch.setattr(threads, "numba", lambda: refuse("numba"))
    x, w, b = map(leaf, drawn(Use((4, 4, 6, 6), (8, 1, 3, 3)))[:3])
    fg.max_pool2d(fg.conv2d(x, w, b, groups=4), 2).sum().backward()
    assert x.grad is not None and b.grad is not None


def test_a_machine_without_vectors_that_suit_has_no_tile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conv_tiled, "SHAPES", {"+of another machine": (4, 4)})
    conv_tiled.tile_of.cache_clear()
    assert conv_tiled.tile_of(np.dtype(np.float32)) is None
    conv_tiled.tile_of.cache_clear()

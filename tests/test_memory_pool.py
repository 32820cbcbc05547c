"""Memory that is given out again: never while an array stands on it, and never for ever."""

from __future__ import annotations

import copy
import gc
import io
import os
import pickle
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import OptionError, locking, pool
from fusegrad.kernels.pool import FROM, MIDDLE, PAGE, empty

COUNT = FROM  # of float64: eight times as many bytes as the pool asks for


@pytest.fixture(autouse=True)
def fresh_pool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An empty pool with room for some arrays, and the old limit afterwards."""
    pool.clear()
    monkeypatch.setattr(pool._pool, "limit", 64 * COUNT)
    yield
    pool.clear()


def place(x: np.ndarray) -> int:
    return int(x.__array_interface__["data"][0])


def test_memory_is_given_out_again_when_its_array_ends() -> None:
    x = empty((COUNT,), np.float64)
    where = place(x)
    y = empty((COUNT,), np.float64)
    assert not np.shares_memory(x, y) and pool.idle() == 0
    del x
    assert pool.idle() == 8 * COUNT
    z = empty((COUNT // 2, 2), np.int64)  # another shape and dtype of that size
    assert place(z) == where and z.shape == (COUNT // 2, 2) and pool.idle() == 0
    assert y.flags.writeable and z.flags.writeable


def test_sizes_that_differ_little_share_memory() -> None:
    x = empty((8 * COUNT,), np.uint8)
    where = place(x)
    del x
    assert place(empty((8 * COUNT - 100,), np.uint8)) == where
    assert place(empty((4 * COUNT,), np.uint8)) != where


@pytest.mark.parametrize("count", [FROM, FROM + 1, 3 * FROM - 1, 3 * FROM, 1 << 20, 10**7])
def test_at_most_an_eighth_is_lost(count: int) -> None:
    x = empty((count,), np.uint8)
    assert x.base is not None and count <= x.base.nbytes <= max(count * 9 / 8, count + 4096)
    assert place(x) % PAGE == MIDDLE


def test_small_arrays_and_objects_are_numpys_own() -> None:
    for x in (empty((FROM // 8 - 1,), np.float64), empty((), "f4"), empty((0, 9), "f4")):
        assert x.base is None and x.flags.owndata
    assert empty((COUNT,), object).tolist()[:2] == [None, None]


@pytest.mark.parametrize("shape", [(64, 32, 32), (4, 4, 4)])
def test_strides_of_another_layout(shape: tuple[int, ...]) -> None:
    like = np.empty(shape, np.float64).transpose(1, 2, 0)
    x = empty(like.shape, np.float64, like.strides)
    x[...] = like[...] = np.arange(x.size).reshape(x.shape)
    assert x.strides == like.strides and np.array_equal(x, like)


# ---- who holds an array -------------------------------------------------------------------
def in_a_cycle(x: np.ndarray) -> list[Any]:
    held: list[Any] = [x]
    held.append(held)
    return held


HOLDERS: dict[str, Any] = {
    "a view": lambda x: x[5:],
    "a view of a view": lambda x: x[5:].reshape(-1, 1).T,
    "another dtype": lambda x: x.view(np.uint8),
    "a memoryview": memoryview,
    "a buffer": lambda x: np.frombuffer(x, np.uint8),
    "an iterator": lambda x: x.flat,
    "its base": lambda x: x.base,
    "a part of its base": lambda x: x.base[7:],
    "a pickle buffer": pickle.PickleBuffer,
    "a closure": lambda x: lambda: x,
    "a cycle": lambda x: in_a_cycle(x),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_whoever_holds_a_part_keeps_the_memory(holder: str) -> None:
    x = empty((COUNT,), np.float64)
    where, held = place(x), HOLDERS[holder](x)
    del x
    others = [empty((COUNT,), np.float64) for _ in range(4)]
    assert where not in map(place, others)
    del held, others
    gc.collect()
    assert pool.idle() == 5 * 8 * COUNT


def test_a_part_of_a_base_gives_nothing_back() -> None:
    x = empty((COUNT,), np.float64)
    for part in (x.base[3:], x.base.view(), x.base.copy(), x.base + 1):
        assert isinstance(part, np.ndarray)
        del part
        assert pool.idle() == 0


def test_a_tensor_and_its_views_keep_their_memory() -> None:
    x = fg.Tensor(np.ones((512, 512), np.float32), requires_grad=True)
    y = x * 2.0
    part, where = y[3:], place(y.numpy())
    assert not locking.is_view(y.data) and locking.is_view(part.data)
    del y
    assert where not in [place((x * k).numpy()) for k in (3.0, 4.0)]
    assert (part.numpy() == 2).all()


@pytest.mark.parametrize("dtype", [None, np.float32, np.float16, np.int64])
@pytest.mark.parametrize("change", [np.asarray, np.transpose, lambda a: a[::2]])
def test_a_tensor_copies_large_arrays_to_where_a_line_of_the_cache_begins(
    change: Any, dtype: Any
) -> None:
    given = change(np.arange(2.0 * COUNT).reshape(-1, 32) % 1000)
    x = fg.Tensor(given, dtype=dtype).data
    assert x.dtype == (dtype or np.float64) and np.array_equal(x, given)
    assert not np.shares_memory(x, given) and not x.flags.writeable
    assert x.flags.c_contiguous or change is np.transpose
    assert place(x) % 64 == 0 or not given.flags.c_contiguous
    given[:] = -1
    assert x.min() == 0


def test_copies_and_files_are_plain_arrays() -> None:
    x = empty((COUNT,), np.float64)
    x[:] = np.arange(COUNT)
    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    for y in (
        copy.copy(x),
        copy.deepcopy(x),
        pickle.loads(pickle.dumps(x)),
        np.load(file),
        x + 0,
    ):
        assert type(y) is np.ndarray and y.base.__class__ is not pool.Block
        assert np.array_equal(x, y) and not np.shares_memory(x, y)
    assert type(x) is type(x[3:]) is type(x * 2) is np.ndarray


def test_flags_are_an_arrays_own() -> None:
    x = empty((COUNT,), np.float64)
    where = place(x)
    x.setflags(write=False)
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 1
    x.setflags(write=True)
    x.setflags(write=False)
    del x
    y = empty((COUNT,), np.float64)
    assert place(y) == where and y.flags.writeable and y.flags.aligned
    with pytest.raises(ValueError, match="does not own its data"):
        y.resize((3,))


# ---- how much lies idle -------------------------------------------------------------------
def test_what_was_used_longest_ago_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool._pool, "limit", 4 * FROM)
    for count in (FROM, 2 * FROM, FROM, 2 * FROM):
        empty((count,), np.uint8)
    assert pool.idle() == 3 * FROM
    empty((FROM,), np.uint8)
    empty((3 * FROM,), np.uint8)
    assert sorted(s for s, held in pool._pool.free.items() if held) == [FROM, 3 * FROM]
    empty((5 * FROM,), np.uint8)  # more than may lie idle: all make way, and it too
    assert pool.idle() == 0


def test_clear_gives_all_back() -> None:
    empty((COUNT,), np.float64)
    assert pool.idle() > 0
    pool.clear()
    assert pool.idle() == 0 and not any(pool._pool.free.values())


def limit_of(text: str | None) -> int:
    return pool._chosen(text or "")


def test_the_limit_follows_the_environment_or_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert limit_of("0") == 0 and limit_of("123456789") == 123456789
    assert 1 << 26 < limit_of(None) <= pool.MOST
    monkeypatch.setattr(os, "sysconf", lambda name: 1 << 10)
    assert limit_of(None) == (1 << 20) // pool.SHARE
    monkeypatch.delattr(os, "sysconf")
    assert limit_of(None) == pool.MOST // pool.SHARE


@pytest.mark.parametrize("text", ["-1", "2GB", "1.5", "many"])
def test_a_limit_that_is_no_number_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool._pool, "limit", None)
    monkeypatch.setenv("FUSEGRAD_POOL", text)
    says = f"FUSEGRAD_POOL: expected a number of bytes from 0 up, got '{text}'; 0 keeps none"
    with pytest.raises(OptionError, match=says.replace(".", r"\.")):
        empty((COUNT,), np.float64)


def test_no_pool_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool._pool, "limit", 0)
    x = empty((COUNT,), np.float64)
    assert x.base is None
    del x
    assert pool.idle() == 0

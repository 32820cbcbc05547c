"""Batches: order, draws, samples made one, and the thread that makes them ahead."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data
from fusegrad.data import DataLoader, TensorDataset
from tests.ops_sample import refused

X, Y = np.arange(22.0).reshape(11, 2), np.arange(11)
PAIRS = TensorDataset(X, Y)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class Samples:
    """The same pairs, one at a time; notes what was asked for."""

    def __init__(self, fails_at: int = -1) -> None:
        self.asked: list[int] = []
        self.fails_at = fails_at

    def __len__(self) -> int:
        return 11

    def __getitem__(self, row: int) -> tuple[np.ndarray, int]:
        if row == self.fails_at:
            raise ZeroDivisionError("the sample that cannot be read")
        self.asked.append(row)
        return X[row], int(Y[row])


def labels(loader: DataLoader) -> list[list[int]]:
    return [y.tolist() for _, y in loader]


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("fusegrad-ahead")]


# ---- order --------------------------------------------------------------------------------
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 4, 11, 12])
@pytest.mark.parametrize("dataset", [PAIRS, Samples()], ids=["rows", "samples"])
def test_batches_are_those_of_a_plain_loop(dataset: Any, size: int, drop_last: bool) -> None:
    order = rng(3).permutation(11).tolist()
    wanted = [order[k : k + size] for k in range(0, 11, size)]
    if drop_last and len(wanted[-1]) < size:
        wanted.pop()
    loader = DataLoader(dataset, size, True, rng=rng(3), drop_last=drop_last)
    assert len(loader) == len(wanted)
    got = list(loader)
    assert [y.tolist() for _, y in got] == wanted
    assert all(np.array_equal(x, X[rows]) for (x, _), rows in zip(got, wanted))
    assert labels(DataLoader(dataset, 5)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10]]


def test_every_epoch_draws_one_permutation_and_a_resumed_generator_goes_on() -> None:
    loader = DataLoader(PAIRS, 4, shuffle=True, rng=rng(1))
    ours = rng(1)
    first = labels(loader)
    assert [y for ys in first for y in ys] == ours.permutation(11).tolist()
    state = loader.rng.bit_generator.state
    assert state == ours.bit_generator.state
    second = labels(loader)
    assert second != first
    again = rng(99)
    again.bit_generator.state = state
    assert labels(DataLoader(PAIRS, 4, shuffle=True, rng=again)) == second


def test_an_order_is_drawn_even_where_the_loop_is_left_at_once() -> None:
    one, two = (DataLoader(PAIRS, 4, shuffle=True, rng=rng(1)) for _ in range(2))
    labels(one)
    next(iter(two))
    assert labels(one) == labels(two)


def test_rows_are_asked_for_once_a_batch() -> None:
    class Rows(TensorDataset):
        takes_rows = True
        asked: ClassVar[list[Any]] = []

        def __getitem__(self, index: Any) -> Any:
            self.asked.append(np.shape(index))
            return super().__getitem__(index)

    list(DataLoader(Rows(X, Y), 4))
    assert Rows.asked == [(4,), (4,), (3,)]
    assert np.array_equal(np.concatenate(list(DataLoader(X, 3))), X)  # an array is a set too
    part = data.Subset(Rows(X, Y), [5, 3, 1])
    assert labels(DataLoader(part, 2)) == [[5, 3], [1]] and Rows.asked[3:] == [(2,), (1,)]


def test_a_generator_alone_does_not_shuffle() -> None:
    draws = rng()
    assert labels(DataLoader(PAIRS, 11, rng=draws)) == [list(range(11))]
    assert draws.bit_generator.state == rng().bit_generator.state


def test_an_empty_set_has_no_batches() -> None:
    loader = DataLoader(TensorDataset(X[:0]), 4, shuffle=True, rng=rng())
    assert len(loader) == 0 and list(loader) == []
    assert repr(DataLoader(PAIRS, 4)) == "DataLoader(3 batches of 4, in order)"


# ---- ahead --------------------------------------------------------------------------------
@pytest.mark.parametrize("depth", [1, 2, 50])
@pytest.mark.parametrize("make", [lambda: PAIRS, Samples])
def test_a_thread_ahead_changes_nothing(make: Callable[[], Any], depth: int) -> None:
    plain = DataLoader(make(), 3, shuffle=True, rng=rng(2))
    ahead = DataLoader(make(), 3, shuffle=True, rng=rng(2), prefetch=depth)
    for _ in range(3):
        for mine, theirs in zip(ahead, plain, strict=True):
            assert np.array_equal(mine[0], theirs[0]) and np.array_equal(mine[1], theirs[1])
        assert ahead.rng.bit_generator.state == plain.rng.bit_generator.state
    assert threads() == []


def test_the_thread_is_as_far_ahead_as_was_asked() -> None:
    samples, enough = Samples(), threading.Event()

    def collate(rows: list[Any]) -> int:
        if len(samples.asked) == 3:
            enough.set()
        return len(samples.asked)

    batches = iter(DataLoader(samples, 1, collate=collate, prefetch=2))
    assert next(batches) == 1  # this one is in use, two are made meanwhile
    assert enough.wait(10) and samples.asked == [0, 1, 2]
    assert list(batches) == list(range(2, 12))


@pytest.mark.parametrize("prefetch", [0, 1, 4])
def test_an_error_in_a_sample_comes_out_with_its_traceback(prefetch: int) -> None:
    loader, seen = DataLoader(Samples(fails_at=7), 2, prefetch=prefetch), []
    with refused(ZeroDivisionError, "the sample that cannot be read") as caught:
        seen.extend(y.tolist() for _, y in loader)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "_batch" in names and names[-1] == "__getitem__"
    assert threads() == []
    assert labels(DataLoader(Samples(), 11, prefetch=prefetch)) == [list(range(11))]


@pytest.mark.parametrize("depth", [1, 3, 50])
def test_leaving_the_loop_ends_the_thread(depth: int) -> None:
    loader = DataLoader(Samples(), 1, prefetch=depth)
    for _ in loader:
        assert len(threads()) == 1
        break
    assert threads() == []
    with pytest.raises(KeyError):
        for _ in loader:
            raise KeyError
    assert threads() == []
    begun = iter(loader)
    next(begun)
    del begun
    iter(loader)  # never begun
    assert threads() == []


def test_leaving_the_loop_leaves_what_was_not_begun() -> None:
    samples, begun, let_go = Samples(), threading.Event(), threading.Event()

    def collate(rows: list[Any]) -> int:
        if len(samples.asked) == 3:
            begun.set()
            let_go.wait(10)
        return len(samples.asked)

    batches = iter(DataLoader(samples, 1, collate=collate, prefetch=9))
    next(batches)
    begun.wait(10)  # the thread is in the third, six wait
    threading.Timer(0.5, let_go.set).start()
    batches.close()
    assert samples.asked == [0, 1, 2] and threads() == []


def test_two_passes_at_once_do_not_meet() -> None:
    loader = DataLoader(PAIRS, 4, shuffle=True, rng=rng(), prefetch=2)
    pairs = list(zip(iter(loader), iter(loader), strict=True))
    order = rng()
    for side in range(2):
        wanted = order.permutation(11).tolist()
        assert np.concatenate([batch[side][1] for batch in pairs]).tolist() == wanted
    assert threads() == []


# ---- refusals -----------------------------------------------------------------------------
COUNT = "count batches or samples"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: DataLoader(5), fg.DTypeError,
     "DataLoader: expected a data set, with __len__ and __getitem__, got int; wrap arrays in a "
     "TensorDataset"),
    (lambda: DataLoader("text"), fg.DTypeError,
     "DataLoader: expected a data set, with __len__ and __getitem__, got str; wrap arrays in a "
     "TensorDataset"),
    (lambda: DataLoader(PAIRS, 0), fg.OptionError,
     f"DataLoader: expected batch_size, a number from 1 up, got batch_size=0; {COUNT}"),
    (lambda: DataLoader(PAIRS, 2.0), fg.OptionError,
     f"DataLoader: expected batch_size, a number from 1 up, got batch_size=2.0; {COUNT}"),
    (lambda: DataLoader(PAIRS, True), fg.OptionError,
     f"DataLoader: expected batch_size, a number from 1 up, got batch_size=True; {COUNT}"),
    (lambda: DataLoader(PAIRS, prefetch=-1), fg.OptionError,
     f"DataLoader: expected prefetch, a number from 0 up, got prefetch=-1; {COUNT}"),
    (lambda: DataLoader(PAIRS, shuffle=True), fg.DTypeError,
     "rng: expected a numpy Generator, got None; pass np.random.default_rng(0)"),
    (lambda: DataLoader(PAIRS, rng=3), fg.DTypeError,
     "rng: expected a numpy Generator, got 3; pass np.random.default_rng(0)"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        wrong()


class Doubled(TensorDataset):
    """Samples changed one by one, as augmentation does."""

    def __getitem__(self, index: Any) -> Any:
        assert isinstance(index, int)
        x, y = super().__getitem__(index)
        return 2 * x, y


def test_a_data_set_with_rows_of_its_own_is_asked_for_one_at_a_time() -> None:
    (x, y), *_ = DataLoader(Doubled(np.arange(4.0), np.arange(4)), batch_size=4)
    assert x.tolist() == [0.0, 2.0, 4.0, 6.0] and y.tolist() == [0, 1, 2, 3]

"""Rows side by side, parts of a set, splits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data
from tests.ops_sample import refused

X, Y = np.arange(12.0).reshape(4, 3), np.array([3, 1, 2, 0])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class OneByOne:
    """A set of one's own: it knows single rows only."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, row: int) -> tuple[int, str]:
        assert type(row) is int
        return row * row, "abcd"[row]


def test_a_row_is_a_tuple_of_rows() -> None:
    pairs = data.TensorDataset(X, Y)
    assert len(pairs) == 4
    for i, (x, y) in enumerate(pairs):
        assert np.array_equal(x, X[i]) and y == Y[i]
    assert np.array_equal(pairs[-1][0], X[3]) and pairs[np.int64(2)][1] == 2


@pytest.mark.parametrize(
    "index",
    [
        np.array([2, 0, 2]),
        [3],
        [],
        slice(1, 4, 2),
        np.array([True, False, True, True]),
        np.array([-1, -4]),
        fg.Tensor([1, 2]),
    ],
    ids=repr,
)
def test_many_rows_are_a_batch(index: Any) -> None:
    plain = index.numpy() if isinstance(index, fg.Tensor) else index
    rows = [] if isinstance(plain, list) and not plain else np.arange(4)[plain]
    x, y = data.TensorDataset(X, Y)[index]
    assert x.shape == (len(rows), 3)
    assert all(np.array_equal(x[k], X[row]) for k, row in enumerate(rows))
    assert y.tolist() == [Y[row] for row in rows]


def test_names_make_dicts_and_texts_stay_lists() -> None:
    named = data.TensorDataset(image=X, text=["a", "b", "c", "d"], label=[0, 1, 1, 0])
    assert named[2]["text"] == "c" and np.array_equal(named[2]["image"], X[2])
    batch = named[np.array([3, 1])]
    assert list(batch) == ["image", "text", "label"] and batch["text"] == ["d", "b"]
    assert batch["label"].tolist() == [0, 1] and np.array_equal(batch["image"], X[[3, 1]])
    assert repr(named) == "TensorDataset(4 rows of image, text, label)"
    assert repr(data.TensorDataset(X, Y)) == "TensorDataset(4 rows of 2)"


def test_tensors_give_tensors_and_arrays_are_shared() -> None:
    x = X.copy()
    pairs = data.TensorDataset(fg.Tensor(X), x)
    first, second = pairs[np.array([1, 3])]
    assert isinstance(first, fg.Tensor) and np.array_equal(first.numpy(), X[[1, 3]])
    assert isinstance(second, np.ndarray)
    x[1, 0] = -7.0
    assert pairs[1][1][0] == -7.0


def test_a_subset_of_a_subset_counts_from_the_one_above() -> None:
    part = data.Subset(data.Subset(data.TensorDataset(X, Y), [3, 1, 0]), np.array([2, 0]))
    assert part.takes_rows and len(part) == 2
    assert [y for _, y in part] == [Y[0], Y[3]]
    assert part[np.array([1, 1, 0])][1].tolist() == [Y[3], Y[3], Y[0]]
    assert part[:1][1].tolist() == [Y[0]]


def test_a_subset_of_ones_own_set_asks_for_one_row_at_a_time() -> None:
    part = data.Subset(OneByOne(), [3, 2])
    assert not part.takes_rows and list(part) == [(9, "d"), (4, "c")]
    assert data.Subset(X, [2]).takes_rows
    assert repr(data.Subset(range(4), [2])) == "Subset(1 rows of range(0, 4))"


@pytest.mark.filterwarnings("ignore:Length of split")
@pytest.mark.parametrize("n", [1, 7, 10, 100, 1601])
@pytest.mark.parametrize(
    "parts", [[1.0], [0.5, 0.5], [0.8, 0.1, 0.1], [0.1] * 10, [0.29, 0.71], [1 / 3] * 3]
)
def test_fractions_are_split_as_pytorch_splits_them(n: int, parts: list[float]) -> None:
    made = data.random_split(range(n), parts, rng())
    assert sorted(row for part in made for row in part) == list(range(n))
    torch = pytest.importorskip("torch")
    theirs = torch.utils.data.random_split(range(n), parts)
    assert [len(part) for part in made] == [len(part) for part in theirs]


def test_lengths_are_split_in_a_drawn_order_that_repeats() -> None:
    first, second = data.random_split(data.TensorDataset(Y), [3, 1], rng(5))
    order = rng(5).permutation(4)
    assert [int(y) for (y,) in first] == Y[order[:3]].tolist()
    assert [int(y) for (y,) in second] == Y[order[3:]].tolist()
    empty, whole = data.random_split(range(1), [0, 1], rng())
    assert (len(empty), len(whole)) == (0, 1)


class Column:
    """What pandas makes of numbers: an array to NumPy, but [i] goes by its labels."""

    shape, iloc = (4,), None

    def __len__(self) -> int:
        return 4

    def __getitem__(self, label: Any) -> Any:
        return Y[::-1][label]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return Y


def test_the_column_of_a_table_gives_its_rows_and_not_its_labels() -> None:
    pairs = data.TensorDataset(X, Column())
    assert pairs[0][1] == Y[0] and pairs[np.array([3, 1])][1].tolist() == [Y[3], Y[1]]


def test_a_tensor_of_pytorch_gives_arrays() -> None:
    torch = pytest.importorskip("torch")
    (rows,) = data.TensorDataset(torch.tensor(X))[np.array([1, 0])]
    assert isinstance(rows, np.ndarray) and np.array_equal(rows, X[[1, 0]])


PAIRS = data.TensorDataset(X, Y)
ALIGN = "see how they align"
ROWS = "index with integers"
SPLIT = "random_split: expected lengths that add up to 4, or fractions that add up to 1, got "
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: data.TensorDataset(), fg.OptionError,
     "TensorDataset: expected arrays, with names or without, got none; give (inputs, targets) "
     "or image=..., label=..."),
    (lambda: data.TensorDataset(X, label=Y), fg.OptionError,
     "TensorDataset: expected arrays, with names or without, got both; give (inputs, targets) "
     "or image=..., label=..."),
    (lambda: data.TensorDataset(X, Y[:3]), fg.ShapeError,
     "TensorDataset: expected arrays of one length, got 4 rows in array 0, 3 rows in array 1; "
     + ALIGN),
    (lambda: data.TensorDataset(x=X, y=["a"]), fg.ShapeError,
     "TensorDataset: expected arrays of one length, got 4 rows in x, 1 rows in y; " + ALIGN),
    (lambda: data.TensorDataset(X, [[1], [1, 2], [3], [4]]), fg.ShapeError,
     "TensorDataset: array 1: expected rows of one shape, got others; pad them, or write a "
     "data set of your own"),
    (lambda: data.TensorDataset(3.0), fg.ShapeError,
     "TensorDataset: array 0: expected an array with rows, got 3.0; give one row for each "
     "sample"),
    (lambda: PAIRS[4], fg.OptionError,
     "TensorDataset: expected rows in [-4, 4), got 4; see len(dataset)"),
    (lambda: PAIRS[[0, -5]], fg.OptionError,
     "TensorDataset: expected rows in [-4, 4), got -5 to 0; see len(dataset)"),
    (lambda: PAIRS[1.0], fg.DTypeError,
     "TensorDataset: expected row numbers, or one, got float64 of shape (); " + ROWS),
    (lambda: PAIRS[True], fg.DTypeError,
     "TensorDataset: expected row numbers, or one, got bool of shape (); " + ROWS),
    (lambda: PAIRS[[[0, 1], [2, 3]]], fg.DTypeError,
     "TensorDataset: expected row numbers, or one, got int64 of shape (2, 2); " + ROWS),
    (lambda: PAIRS[[[0], [2, 3]]], fg.DTypeError,
     "TensorDataset: expected row numbers, or one, got object of shape (); " + ROWS),
    (lambda: data.Subset({"a": 1}, [0]), fg.DTypeError,
     "Subset: expected a data set, with __len__ and __getitem__, got dict; wrap arrays in a "
     "TensorDataset"),
    (lambda: data.Subset(iter(X), [0]), fg.DTypeError,
     "Subset: expected a data set, with __len__ and __getitem__, got iterator; wrap arrays in "
     "a TensorDataset"),
    (lambda: data.Subset(Column(), [0]), fg.DTypeError,
     "Subset: expected a data set, with __len__ and __getitem__, got Column; wrap arrays in a "
     "TensorDataset"),
    (lambda: data.Subset(np.array(3.0), [0]), fg.DTypeError,
     "Subset: expected a data set, with __len__ and __getitem__, got a single number; wrap "
     "arrays in a TensorDataset"),
    (lambda: data.Subset(X, 2), fg.ShapeError,
     "Subset: expected indices, a list of row numbers, got indices=2; give [2]"),
    (lambda: data.Subset(X, [0, 4]), fg.OptionError,
     "Subset: expected rows in [-4, 4), got 0 to 4; see len(dataset)"),
    (lambda: data.Subset(X, [2, 0])[2], fg.OptionError,
     "Subset: expected rows in [-2, 2), got 2; see len(dataset)"),
    (lambda: data.Subset(OneByOne(), [0, 1])[:], fg.DTypeError,
     "Subset: expected a row number, got an array of 2; this data set gives one row at a time: "
     "use a DataLoader"),
    (lambda: data.random_split(X, [3, 2], rng()), fg.OptionError,
     SPLIT + "[3, 2]; count the rows again"),
    (lambda: data.random_split(X, [0.5, 0.4], rng()), fg.OptionError,
     SPLIT + "[0.5, 0.4]; count the rows again"),
    (lambda: data.random_split(X, [1.5, -0.5], rng()), fg.OptionError,
     SPLIT + "[1.5, -0.5]; count the rows again"),
    (lambda: data.random_split(X, 0.8, rng()), fg.OptionError,
     SPLIT + "0.8; count the rows again"),
    (lambda: data.random_split(X, ["a"], rng()), fg.OptionError,
     SPLIT + "['a']; count the rows again"),
    (lambda: data.random_split(X, [2, 2], 0), fg.DTypeError,
     "rng: expected a numpy Generator, got 0; pass np.random.default_rng(0)"),
    (lambda: data.random_split(3, [3], rng()), fg.DTypeError,
     "random_split: expected a data set, with __len__ and __getitem__, got int; wrap arrays in "
     "a TensorDataset"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        wrong()

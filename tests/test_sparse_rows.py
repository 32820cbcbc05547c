"""Gradients that are zero but for some rows: what they hold, and what they refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.sparse import SparseRows
from tests.ops_sample import refused

SHAPES = [(7,), (7, 3), (7, 2, 0), (7, 2, 2)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@given(st.lists(st.integers(0, 6), max_size=20), st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_dense_is_the_sum_of_all_rows(shape: Any, dtype: Any, index: Any, seed: int) -> None:
    # Whole numbers: their sums are exact in any order and precision.
    rng = np.random.default_rng(seed)
    values = rng.integers(-9, 10, (len(index), *shape[1:])).astype(dtype)
    g = SparseRows(np.array(index, int), values, shape)
    wanted = np.zeros(shape, dtype)
    for k, row in enumerate(index):
        wanted[row] += values[k]
    assert g.indices.tolist() == sorted(set(index)) and g.data.dtype == dtype
    assert g.data.shape == (len(g.indices), *shape[1:]) and g.shape == shape
    assert np.array_equal(g.data, wanted[g.indices])
    assert g.dense().dtype == dtype and np.array_equal(g.dense(), wanted)


def test_rows_add_up_in_single_precision_where_they_are_halves() -> None:
    ulp = float(np.finfo(np.float16).eps)
    values = np.full((5, 1), ulp / 4, np.float16)
    values[0] = 1.0
    g = SparseRows([0] * 5, values, (1, 1))
    assert g.data.dtype == np.float16 and g.data.tolist() == [[1 + ulp]]


@pytest.mark.parametrize("kind", [list, np.int8, np.uint64, Tensor], ids=str)
def test_indices_of_any_kind_of_whole_number(kind: Any) -> None:
    index = kind([3, 0, 3]) if kind in (list, Tensor) else np.array([3, 0, 3]).astype(kind)
    g = SparseRows(index, [[1.0], [2.0], [3.0]], (4, 1))
    assert g.indices.tolist() == [0, 3] and g.data.tolist() == [[2], [4]]


def test_values_may_be_a_tensor_and_are_not_changed() -> None:
    values = Tensor([[1.0], [2.0]])
    g = SparseRows([1, 1], values, (2, 1))
    assert g.dense().numpy().tolist() == [[0], [3]]
    assert values.numpy().tolist() == [[1], [2]]
    assert not np.shares_memory(g.data, values.data)


def test_none_of_the_rows() -> None:
    g = SparseRows(np.zeros(0, int), np.zeros((0, 3)), (4, 3))
    assert g.indices.shape == (0,) and g.data.shape == (0, 3)
    assert not g.dense().numpy().any() and g.dense().shape == (4, 3)
    none = SparseRows(np.zeros(0, int), np.zeros((0, 3)), (0, 3))
    assert none.dense().shape == (0, 3)


def test_repr_counts_rows_once() -> None:
    g = SparseRows([2, 0, 2], np.ones((3, 1)), (4, 1))
    assert repr(g) == "SparseRows(2 of 4 rows, shape=(4, 1))"


REFUSED = [
    (([0.0], [[1.0]], (4, 1)), fg.DTypeError,
     "whole numbers as indices, got float64; count rows from 0"),
    (([True], [[1.0]], (4, 1)), fg.DTypeError,
     "whole numbers as indices, got bool; count rows from 0"),
    (([0, 1], [[1.0]], (4, 1)), fg.ShapeError,
     "indices (K,) and values (K, 1), got (2,) and (1, 1); give one row for each index"),
    (([[0]], [[1.0]], (4, 1)), fg.ShapeError,
     "indices (K,) and values (K, 1), got (1, 1) and (1, 1); give one row for each index"),
    ((0, [1.0], (4,)), fg.ShapeError,
     "indices (K,) and values (K, ), got () and (1,); give one row for each index"),
    (([0], [[1.0, 2.0]], (4, 3)), fg.ShapeError,
     "indices (K,) and values (K, 3), got (1,) and (1, 2); give one row for each index"),
    (([4], [[1.0]], (4, 1)), fg.ShapeError,
     "rows 0 to 3, got 4 to 4; take indices of this table"),
    (([0, -1], [[1.0], [2.0]], (4, 1)), fg.ShapeError,
     "rows 0 to 3, got -1 to 0; take indices of this table"),
]  # fmt: skip


@pytest.mark.parametrize(("args", "kind", "text"), REFUSED, ids=str)
def test_what_is_no_rows_of_the_table_is_refused(args: Any, kind: Any, text: str) -> None:
    with refused(kind, f"SparseRows: expected {text}"):
        SparseRows(*args)

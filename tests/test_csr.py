"""Matrices of almost all zeros: what they hold, what they are made of and what they refuse."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import CSR, Tensor
from tests.cases.csr import BAGS, dense


def drawn(rows: int, columns: int, entries: int, seed: int = 0) -> CSR:
    """Entries anywhere: columns in any order and several times, rows empty or full."""
    rng = np.random.default_rng(seed)
    owners = np.sort(rng.integers(0, max(rows, 1), entries if rows * columns else 0))
    indices = rng.integers(0, max(columns, 1), len(owners))
    starts = np.searchsorted(owners, np.arange(rows + 1))
    return CSR(rng.standard_normal(len(owners)), indices, starts, (rows, columns))


# ---- what it is ----------------------------------------------------------------------------
@given(st.integers(0, 99), st.data())
@settings(max_examples=40, deadline=None)
def test_rows_are_picked_as_of_a_dense_matrix(seed: int, data: Any) -> None:
    x = drawn(6, 5, 14, seed)
    ends = st.one_of(st.none(), st.integers(-8, 8))
    index = data.draw(
        st.one_of(
            st.builds(slice, ends, ends, st.sampled_from([None, 1, 2, -1])),
            st.lists(st.integers(-6, 5), min_size=1, max_size=9),
            st.lists(st.booleans(), min_size=6, max_size=6).map(np.array),
        )
    )
    part, wanted = x[index], dense(x)[index]
    assert isinstance(part, CSR) and part.shape == wanted.shape and len(part) == len(wanted)
    assert np.array_equal(dense(part), wanted)
    assert np.array_equal(dense(CSR(part.data, part.indices, part.starts, part.shape)), wanted)


def test_one_row_is_a_matrix_of_one_and_all_of_them_can_be_walked() -> None:
    assert np.array_equal(dense(BAGS[3]), dense(BAGS)[3:4]) and len(BAGS[-1]) == 1
    assert [len(row) for row in BAGS] == [1] * 5
    assert np.array_equal(np.concatenate([dense(row) for row in BAGS]), dense(BAGS))


def test_it_says_what_it_is() -> None:
    assert repr(BAGS) == "CSR(5 x 4, 6 entries, float64)"
    assert (BAGS.size, BAGS.dtype, BAGS.shape, len(BAGS)) == (6, np.float64, (5, 4), 5)
    assert np.array_equal(BAGS.dense(), dense(BAGS)) and isinstance(BAGS.dense(), Tensor)
    assert BAGS.data_in(np.dtype("f4")) is BAGS.data_in(np.dtype("f4"))


def test_it_keeps_memory_of_its_own() -> None:
    data, indices, starts = np.ones(2), np.array([0, 1]), np.array([0, 1, 2])
    x = CSR(data, indices, starts, (2, 2))
    data[:], indices[:], starts[:] = 9, 9, 9
    assert np.array_equal(dense(x), np.eye(2))
    for array in (x.data, x.indices, x.starts, x[:1].data):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    for same in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert np.array_equal(dense(same), np.eye(2))


# ---- from what others hold ------------------------------------------------------------------
def test_words_are_counted() -> None:
    x = CSR.of_words([[0, 2, 2], (), iter([1])], words=4)
    assert x.dtype == np.float32
    assert dense(x).tolist() == [[1, 0, 2, 0], [0, 0, 0, 0], [0, 1, 0, 0]]
    none = CSR.of_words([], words=4, dtype=np.float64)
    assert none.shape == (0, 4) and none.dtype == np.float64


def test_dense_matrices_are_taken_without_their_zeros() -> None:
    x = CSR.of(dense(BAGS))
    assert x.size == 4 and np.array_equal(dense(x), dense(BAGS))
    assert CSR.of(x) is x and CSR.of(np.zeros((0, 3))).shape == (0, 3)


def test_what_says_tocsr_is_taken_as_a_product_needs_it() -> None:
    of_scipy = SimpleNamespace(
        data=BAGS.data, indices=BAGS.indices, indptr=BAGS.starts.astype(np.int32), shape=(5, 4)
    )
    x = CSR.of(SimpleNamespace(tocsr=lambda: of_scipy))
    assert np.array_equal(dense(x), dense(BAGS))


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_array"])
def test_matrices_of_scipy(kind: str) -> None:
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    w = np.random.default_rng(6).standard_normal((30, 2))
    theirs = getattr(sparse, kind)(dense(drawn(40, 30, 900)))
    assert np.allclose(fg.csr_matmul(theirs, w), theirs @ w, rtol=0, atol=1e-13)

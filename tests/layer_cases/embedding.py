"""Embedding and EmbeddingBag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.kernels import DTypeError, GraphError, OptionError, ShapeError
from tests.layer_cases.case import Case

BAGS = np.array([0, 2, 2, 3, 1, 0, 4]), np.array([0, 3, 3, 7])  # the second and last are empty
ENDED = BAGS[0], np.array([0, 3, 3, 7, 7])
ROWS = np.array([[0, 3, 1], [3, 3, 2]])
PADDED = np.array([[0, 3, 1], [3, 3, 3]])  # with 3 as padding, the second is empty
NONE = np.zeros(0, int)


def given(*inputs: Any) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    return lambda rng: inputs


def one(name: str, *index: Any, order: int = 2, **settings: Any) -> Case:
    return Case(f"Embedding, {name}", lambda nn, **rng: nn.Embedding(5, 3, **settings, **rng),
                given(*index), order=order)  # fmt: skip


def bag(name: str, *index: Any, order: int = 2, **settings: Any) -> Case:
    return Case(f"EmbeddingBag, {name}",
                lambda nn, **rng: nn.EmbeddingBag(5, 3, **settings, **rng),
                given(*index), order=order)  # fmt: skip


def weighted(name: str, *index: Any, **settings: Any) -> Case:
    return Case(f"EmbeddingBag, weighted {name}",
                lambda nn, **rng: nn.EmbeddingBag(5, 3, mode="sum", **settings, **rng),
                lambda rng: (*index, rng.standard_normal(index[0].shape)),
                call=lambda layer, *x: layer(*x[:-1], per_sample_weights=x[-1]))  # fmt: skip


# Where a row is padding, or is shortened in place, its gradient is no slope of the value: order
# 0 leaves the differences out. test_embedding.py has these derivatives.
CASES = [
    one("a matrix", ROWS),
    one("a vector", np.array([4, 4, 0], np.int32)),
    one("one word", np.array(2)),
    one("no words", NONE),
    one("sparse", ROWS, sparse=True),
    one("padding looked up", PADDED, padding_idx=3, order=0),
    one("padding from the end", PADDED, padding_idx=-2, sparse=True, order=0),
    one("padding elsewhere", ROWS, padding_idx=4),
    one("short rows", ROWS, max_norm=100.0),
    one("long rows", ROWS, max_norm=0.5, order=0),
    one("long rows, sum", ROWS, max_norm=1.0, norm_type=1.0, sparse=True, order=0),
    one("long rows, cubes", ROWS, max_norm=1.0, norm_type=3.0, padding_idx=3, order=0),
    *(bag(f"{mode}", *BAGS, mode=mode) for mode in nn.embedding_bag.MODES),
    *(bag(f"{mode}, a row a bag", ROWS, mode=mode) for mode in nn.embedding_bag.MODES),
    *(bag(f"{mode}, padding", *BAGS, mode=mode, padding_idx=2)
      for mode in nn.embedding_bag.MODES),
    *(bag(f"{mode}, a bag of padding", PADDED, mode=mode, padding_idx=-2)
      for mode in nn.embedding_bag.MODES),
    *(bag(f"{mode}, last offset", *ENDED, mode=mode, include_last_offset=True)
      for mode in nn.embedding_bag.MODES),
    *(bag(f"{mode}, sparse", *BAGS, mode=mode, sparse=True) for mode in ("mean", "sum")),
    *(bag(f"{mode}, no words", NONE, np.array([0, 0]), mode=mode) for mode in ("mean", "sum")),
    *(bag(f"{mode}, no bags", NONE, NONE, mode=mode) for mode in ("mean", "sum")),
    bag("long rows", *BAGS, max_norm=0.5, norm_type=1.0, order=0),
    bag("long rows of padding", PADDED, max_norm=0.5, padding_idx=3, order=0),
    weighted("list", *BAGS),
    weighted("rows", ROWS),
    weighted("and sparse", *BAGS, sparse=True),
    weighted("and padded", PADDED, padding_idx=3),
    Case("EmbeddingBag, sparse max",
         lambda nn, **rng: nn.EmbeddingBag(5, 3, mode="max", sparse=True, **rng),
         given(*BAGS), torch_build=lambda torch: torch.nn.EmbeddingBag(5, 3, mode="max")),
]  # fmt: skip


def words(**settings: Any) -> Any:
    return nn.Embedding(3, 2, rng=np.random.default_rng(0), **settings)


def bags(**settings: Any) -> Any:
    return nn.EmbeddingBag(3, 2, rng=np.random.default_rng(0), **settings)


def computed(layer: nn.Embedding) -> object:
    weight = Tensor(np.ones((3, 2)), requires_grad=True) * 2.0
    return nn.functional_call(layer, {"weight": weight}, [0])


REFUSED = [
    (lambda: computed(words(max_norm=1.0)), GraphError,
     "Embedding: expected a leaf to keep in max_norm, got what an op computed; shorten its "
     "rows before, or leave it out"),
    (lambda: words()([0.0]), DTypeError,
     "Embedding: expected integer indices, got float64; convert them with astype(int)"),
    (lambda: words()([[2, -1], [9, 4]]), OptionError,
     "Embedding: expected indices in [0, 3), got 9; map unknown words to a row of their own"),
    (lambda: words()(-4), OptionError,
     "Embedding: expected indices in [0, 3), got -4; map unknown words to a row of their own"),
    (lambda: words(padding_idx=3), OptionError,
     "Embedding: expected padding_idx in [-3, 3), got padding_idx=3; count the rows"),
    (lambda: words(padding_idx=0.0), DTypeError,
     "Embedding: expected a whole number or None, got padding_idx=0.0; give the number of a "
     "row, or None"),
    (lambda: words(max_norm=-1), OptionError,
     "Embedding: expected max_norm > 0, got max_norm=-1; see its docstring"),
    (lambda: words(norm_type=None), OptionError,
     "Embedding: expected norm_type > 0, got norm_type=None; see its docstring"),
    (lambda: nn.Embedding(-1, 2, rng=np.random.default_rng(0)), ShapeError,
     "Embedding: expected lengths of 0 or more, got shape=(-1, 2); give no -1 here"),
    (lambda: nn.Embedding.from_pretrained([1.0]), ShapeError,
     "Embedding: expected a table (N, D), got shape (1,); give one row for each word"),
    (lambda: bags(mode="median"), OptionError,
     "EmbeddingBag: expected mode in mean, sum, max, got 'median'; choose one of these"),
    (lambda: bags()([3], [0]), OptionError,
     "EmbeddingBag: expected indices in [0, 3), got 3; map unknown words to a row of their "
     "own"),
    (lambda: bags()([[0.5]]), DTypeError,
     "EmbeddingBag: expected integer indices, got float64; convert them with astype(int)"),
    (lambda: bags()([0, 1]), ShapeError,
     "EmbeddingBag: expected indices (B, N) alone, or (N,) with offsets (B,), got (2,) without "
     "offsets; say where each bag begins"),
    (lambda: bags()([[0, 1]], [0]), ShapeError,
     "EmbeddingBag: expected indices (B, N) alone, or (N,) with offsets (B,), got (1, 2) with "
     "offsets; say where each bag begins"),
    (lambda: bags()([0, 1], [0.0, 1.0]), DTypeError,
     "EmbeddingBag: expected integer offsets, got float64; convert them with astype(int)"),
    (lambda: bags()([0, 1], [1, 2]), ShapeError,
     "EmbeddingBag: expected offsets that rise from 0 within 2 indices, got [1 2]; give the "
     "start of each bag"),
    (lambda: bags()([0, 1], [0, 2, 1]), ShapeError,
     "EmbeddingBag: expected offsets that rise from 0 within 2 indices, got [0 2 1]; give the "
     "start of each bag"),
    (lambda: bags()([0, 1], [0, 3]), ShapeError,
     "EmbeddingBag: expected offsets that rise from 0 within 2 indices, got [0 3]; give the "
     "start of each bag"),
    (lambda: bags()([0, 1], [[0]]), ShapeError,
     "EmbeddingBag: expected offsets that rise from 0 within 2 indices, got [[0]]; give the "
     "start of each bag"),
    (lambda: bags(include_last_offset=True)([0, 1], [0, 1]), ShapeError,
     "EmbeddingBag: expected offsets that rise from 0 within 2 indices, got [0 1]; give the "
     "start of each bag"),
    (lambda: bags()([[0, 1]], None, [[1.0, 2.0]]), OptionError,
     "EmbeddingBag: expected per_sample_weights with mode 'sum' alone, got mode 'mean'; leave "
     "them out"),
    (lambda: bags(mode="sum")([[0, 1]], None, [[1, 2]]), DTypeError,
     "EmbeddingBag: expected per_sample_weights of floats, got int64; convert them with "
     "astype(float)"),
    (lambda: bags(mode="sum")([0, 1], [0], [1.0]), ShapeError,
     "EmbeddingBag: expected per_sample_weights (2,), got (1,); give one for each index"),
]  # fmt: skip

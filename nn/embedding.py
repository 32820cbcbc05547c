"""Vectors for words: rows of a table, looked up by number."""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np

from ..engine import Tensor
from ..engine.mode import MODE
from ..engine.ops.create import sizes
from ..engine.ops.elementwise import add, divide, greater, multiply
from ..engine.ops.indexing import pick
from ..engine.ops.norms import norm
from ..engine.ops.shaping import as_array
from ..engine.ops.tables import padding_row, row_numbers, take_rows
from ..kernels import GraphError, OptionError, ShapeError
from ..kernels.device import to_device
from ..kernels.gather import assign_rows
from . import init
from .module import Module
from .parameter import Parameter


def drawn(
    where: str, shape: tuple[int, int], std: float, padding_idx: Any, rng: np.random.Generator
) -> np.ndarray:
    """A new table: normal of mean 0, but for the row of padding, which is 0."""
    rows, width = sizes(where, shape)
    padding = padding_row(where, padding_idx, rows)
    table = init.normal(rng, (rows, width), std)
    if padding is not None:
        table[padding] = 0.0
    return table


class Table(Module):
    """A table and how it is looked up: what `Embedding` and `EmbeddingBag` share.

    Where `max_norm` is given, rows that are looked up and are longer, by the norm of order
    `norm_type`, are first multiplied by max_norm / (length + 1e-7), in place, as PyTorch does:
    graphs that saved the table from before will refuse to go back.
    """

    weight: Parameter

    def __init__(
        self, table: Any, padding_idx: Any, max_norm: Any, norm_type: float, sparse: bool
    ) -> None:
        layer = type(self).__name__
        table = as_array(table)
        if len(table.shape) != 2:
            repair = "give one row for each word"
            raise ShapeError(layer, "a table (N, D)", f"shape {table.shape}", repair)
        self.padding_idx = padding_row(layer, padding_idx, table.shape[0])
        for name, value in (("max_norm", max_norm), ("norm_type", norm_type)):
            optional = name == "max_norm" and value is None
            if not (optional or (isinstance(value, Real) and float(value) > 0)):
                raise OptionError(
                    layer, f"{name} > 0", f"{name}={value!r}", "see its docstring"
                )
        self.max_norm = None if max_norm is None else float(max_norm)
        self.norm_type, self.sparse = float(norm_type), bool(sparse)
        self.weight = Parameter(table, "weight")

    def numbers(self, indices: Any) -> np.ndarray:
        """Indices, on the host, once they are known to be rows of the table; these rows are
        then no longer than max_norm."""
        index = row_numbers(type(self).__name__, indices, self.weight.shape[0])
        if self.max_norm is not None and not MODE.replaying:  # which finds them shortened
            self._shorten(np.unique(index))
        return index

    def _shorten(self, rows: np.ndarray) -> None:
        given = pick(self.weight.data, rows)
        length = norm(given, self.norm_type, axis=1, keepdims=True)
        is_long = to_device(greater(length, self.max_norm), "cpu")[:, 0]
        if not is_long.any():
            return
        if not self.weight.may_change:
            got, repair = "what an op computed", "shorten its rows before, or leave it out"
            raise GraphError(type(self).__name__, "a leaf to keep in max_norm", got, repair)
        shorter = multiply(given, divide(self.max_norm, add(length, 1e-7)))
        assign_rows(self.weight.data, pick(shorter, is_long), index=rows[is_long])
        self.weight.changed()

    def extra_repr(self) -> str:
        chosen = {"padding_idx": self.padding_idx, "max_norm": self.max_norm}
        shown = [f"{name}={value}" for name, value in chosen.items() if value is not None]
        shown += [f"norm_type={self.norm_type}"] if self.norm_type != 2 else []
        shown += ["sparse=True"] if self.sparse else []
        return ", ".join([*map(str, self.weight.shape), *shown])


class Embedding(Table):
    """y = W[indices]: one row of a table for every index.

    The row at `padding_idx`, which may count from the end, starts as 0 and is a constant: no
    gradient reaches it. With `sparse`, backward leaves `SparseRows` in `weight.grad`, which
    holds the rows looked up alone: SGD, Adagrad and LazyAdam take it. Rows looked up that are
    longer than `max_norm`, by the norm of order `norm_type`, are first shortened to it, in
    place, as PyTorch does.

    Shapes: indices (...,) of integers -> (..., embedding_dim); W (num_embeddings,
    embedding_dim), normal of mean 0 and variance 1, as in PyTorch.
    Raises: DTypeError, OptionError for indices that are no rows; OptionError for settings;
    GraphError where max_norm would change a weight that an op computed.
    Differs: PyTorch has scale_grad_by_freq besides, and gives sparse gradients that hold a row
    as often as it was looked up.

    >>> words = Embedding.from_pretrained([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> words([2, 0])
    Tensor([[5., 6.], [1., 2.]])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        *,
        sparse: bool = False,
        rng: np.random.Generator,
    ) -> None:
        table = drawn("Embedding", (num_embeddings, embedding_dim), 1.0, padding_idx, rng)
        super().__init__(table, padding_idx, max_norm, norm_type, sparse)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        *,
        sparse: bool = False,
    ) -> Self:
        """A layer on a copy of a table (N, D), which stays as it is unless freeze is False. The
        row of padding is what the table says."""
        layer = cls.__new__(cls)
        Table.__init__(layer, embeddings, padding_idx, max_norm, norm_type, sparse)
        layer.weight.requires_grad_(not freeze)
        return layer

    def forward(self, indices: Any) -> Tensor:
        return take_rows(self.weight, self.numbers(indices), self.padding_idx, self.sparse)

"""Looking up rows of a table by their numbers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...kernels import DTypeError, OptionError, ShapeError, gather
from ...kernels.device import to_device
from ..op import structural
from ..sparse import SparseRows
from ..tape import apply
from .indexing import INDEX_ADD, erased, pick
from .picking import integers
from .shaping import as_array, reshape


def _to_table(
    g: Any, index: Any, input_shape: tuple[int, ...], padding_idx: int | None, sparse: bool
) -> Any:
    if not sparse:
        return apply(INDEX_ADD, _held(g, index, padding_idx), index=index, shape=input_shape)
    if padding_idx is not None:
        g, index = pick(g, index != padding_idx), index[index != padding_idx]
    rows = reshape(g, (index.size, *input_shape[1:]))
    return SparseRows(index.ravel(), rows, input_shape)


def _held(rows: Any, index: Any, padding_idx: int | None) -> Any:
    """Derivatives of rows looked up, with 0 for those of padding, which is constant."""
    return rows if padding_idx is None else erased(rows, index == padding_idx)


TAKE_ROWS = structural(
    "take_rows",
    gather.take_rows,
    ["x"],
    _to_table,
    jvp=[lambda t, index, padding_idx: _held(pick(t, index), index, padding_idx)],
)


def take_rows(
    table: Any, indices: Any, padding_idx: int | None = None, sparse: bool = False
) -> Any:
    """table[indices] for numbers of rows. The row at `padding_idx` is a constant: it gets no
    gradient, and carries no tangent. With `sparse`, `Tensor.backward` leaves `SparseRows` in
    the `grad` of the table, if that is a leaf without hooks; any other derivative is dense.

    Shapes: table (N, D...), indices (I...) -> (I..., D...).
    Raises: ShapeError for a number in place of a table; DTypeError, OptionError for indices
    that are no rows of it.
    """
    table = as_array(table)
    if not table.shape:
        raise ShapeError("take_rows", "a table (N, ...)", "a number", "reshape it")
    index = row_numbers("take_rows", indices, table.shape[0])
    padding = padding_row("take_rows", padding_idx, table.shape[0])
    return apply(TAKE_ROWS, table, index=index, padding_idx=padding, sparse=bool(sparse))


def row_numbers(where: str, indices: Any, count: int) -> np.ndarray:
    """Indices of a table's rows, on the host, in memory that nobody else can write to.

    Raises: DTypeError for what is no whole number, OptionError for one out of range.
    """
    index = to_device(integers(where, indices), "cpu")
    wrong = index[(index < 0) | (index >= count)]
    if wrong.size:
        worst = wrong[np.argmax(np.abs(wrong.astype(float)))]
        repair = "map unknown words to a row of their own"
        raise OptionError(where, f"indices in [0, {count})", str(worst), repair)
    return index.astype(np.intp)


def padding_row(where: str, padding_idx: Any, count: int) -> int | None:
    """The row of padding, counted from the front.

    Raises: DTypeError, OptionError for what is no row of the table.
    """
    if padding_idx is None:
        return None
    if not hasattr(padding_idx, "__index__") or isinstance(padding_idx, bool):
        got, repair = f"padding_idx={padding_idx!r}", "give the number of a row, or None"
        raise DTypeError(where, "a whole number or None", got, repair)
    row = operator.index(padding_idx)
    if not -count <= row < count:
        expected, repair = f"padding_idx in [{-count}, {count})", "count the rows"
        raise OptionError(where, expected, f"padding_idx={row}", repair)
    return row % count

"""Products of a sparse matrix and a dense one: what zeros of the sparse one would add is left
out.

The sparse one is a record of `data`, `indices` and `starts`, row by row, on the host: entries
starts[i] to starts[i + 1] are those of row i, data[k] in column indices[k].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import threads
from .compiled import loops
from .device import module_of
from .gather import places
from .kernel import kernel

# Products of numbers from which the compiled loops are worth starting a compiler for: what
# holds so many is trained by an update that starts it as well (`update.py`).
NUMBA_FROM = 16_384
FEW = 5  # columns; below, a line of w is too short to be added as a vector
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


@kernel
def csr_matmul(
    w: Any, bias: Any = None, *, matrix: Any, turned: bool, across: bool, sparse: bool
) -> Any:
    """X w, with a bias if there is one; or X^T w where `turned`. `across` says that what has
    the columns of X as rows, the one or the other, is transposed. `sparse` is what the
    transpose of this kernel asks for.

    Shapes: X (B, F), w (F, D), or (D, F) across, bias (D,) -> (B, D); turned, w (B, D)
    -> (F, D), or (D, F). Units: the dtype of w where that is a float; X is taken in it.
    """
    dtype = w.dtype if w.dtype.kind == "f" else np.result_type(w.dtype, matrix.dtype)
    wide = np.promote_types(dtype, np.float32)  # half precision is rounded once, at the end
    data, w = matrix.data_in(wide), w.T if across and not turned else w
    is_large = data.size * w.shape[1] >= NUMBA_FROM and w.dtype in FLOATS
    if is_large and w.__class__ is np.ndarray:
        y = _loops_turned(w, data, matrix, across) if turned else _loops(w, data, matrix)
    else:
        y = (_turned if turned else _straight)(module_of(w), w, data, matrix)
    y = y.astype(dtype, copy=False)
    if turned:
        return module_of(y).ascontiguousarray(y.T) if across else y
    return y if bias is None else y + bias


def _straight(xp: Any, w: Any, data: Any, matrix: Any) -> Any:
    terms = w[xp.asarray(matrix.indices)] * xp.asarray(data)[:, None]
    y = xp.zeros((matrix.shape[0], w.shape[1]), terms.dtype)
    if xp is np:
        full = np.flatnonzero(np.diff(matrix.starts))  # reduceat gives no 0 for empty rows
        if full.size:
            begins = matrix.starts[full]
            y[full] = np.add.reduceat(terms, begins, axis=0)
    else:
        xp.add.at(y, xp.asarray(matrix.owners), terms)
    return y


def _turned(xp: Any, g: Any, data: Any, matrix: Any) -> Any:
    terms = g[xp.asarray(matrix.owners)] * xp.asarray(data)[:, None]
    y = xp.zeros((matrix.shape[1], g.shape[1]), terms.dtype)
    if xp is np:  # in one dimension NumPy has a loop that is many times faster
        spots = places(matrix.indices, y.shape).ravel()
        np.add.at(y.reshape(-1), spots, terms.ravel())
    else:
        xp.add.at(y, xp.asarray(matrix.indices), terms)
    return y


def _loops(w: np.ndarray, data: np.ndarray, matrix: Any) -> np.ndarray:
    y, module = np.empty((matrix.shape[0], w.shape[1]), w.dtype), loops("csr")
    if w.shape[1] < FEW:
        run = module.columns
    else:
        run = module.rows_parallel if threads.numba().get_num_threads() > 1 else module.rows
        w = np.ascontiguousarray(w)
    run(data, matrix.indices, matrix.starts, _locked(w), y)
    return y


def _loops_turned(g: np.ndarray, data: np.ndarray, matrix: Any, across: bool) -> np.ndarray:
    shape, module = (matrix.shape[1], g.shape[1]), loops("csr")
    y = (
        np.empty(shape[::-1], g.dtype).T
        if across and shape[1] < FEW
        else np.empty(shape, g.dtype)
    )
    run = module.columns_turned if shape[1] < FEW else module.rows_turned
    run(data, matrix.indices, matrix.starts, _locked(np.ascontiguousarray(g)), y)
    return y


def _locked(x: np.ndarray) -> np.ndarray:
    """x as what is in the matrix: an array that can be written to is another type to loops."""
    if x.flags.writeable:
        x = x.view()
        x.setflags(write=False)
    return x

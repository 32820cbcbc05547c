"""Products: matmul, and the others, which are matmul between axes that were moved."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence
from typing import Any

import numpy as np

from ...kernels import ShapeError
from ...kernels import matmul as kernel
from ..op import MULTILINEAR, structural
from ..tape import apply
from .broadcast import normal_axes, sum_
from .elementwise import multiply
from .indexing import GETITEM
from .shaping import as_array, reshape, swap_last, transpose

Labels = Sequence[Hashable]

# y = a b, so dL/da = dL/dy b^T and dL/db = a^T dL/dy; batch axes that broadcast are summed away
# by the tape, as for every op.
MATMUL = structural(
    "matmul",
    kernel.matmul,
    ["a", "b"],
    lambda g, b: matmul(g, swap_last(b)),
    lambda g, a: matmul(swap_last(a), g),
    jvp=MULTILINEAR,
    expects="batch shapes that broadcast",
    repair="reshape the leading axes",
)


def matmul(a: Any, b: Any) -> Any:
    """a @ b. A vector on the left is a row, on the right a column, and its axis is dropped.

    Shapes: (..., M, K) @ (..., K, N) -> (..., M, N); leading axes broadcast.
    Raises: ShapeError where the inner sizes differ.
    """
    a, b = as_array(a), as_array(b)
    row, column = len(a.shape) == 1, len(b.shape) == 1
    inner = b.shape[0] if column else b.shape[-2] if b.shape else None
    if not a.shape or a.shape[-1] != inner:
        raise ShapeError(
            "matmul",
            "a.shape[-1] == b.shape[-2]",
            f"{a.shape} @ {b.shape}",
            "transpose one operand",
        )
    if len(a.shape) > 2 and len(b.shape) == 2:  # one product, else b's gradient is one a batch
        y = matmul(reshape(a, (math.prod(a.shape[:-1]), inner)), b)
        return reshape(y, (*a.shape[:-1], b.shape[1]))
    y = apply(MATMUL, a[None, :] if row else a, b[:, None] if column else b)
    if row or column:
        y = y[..., 0, 0] if row and column else y[..., 0, :] if row else y[..., 0]
    return y


# ---- axes by name ---------------------------------------------------------------------------
def contract(
    a: Any, a_labels: Labels, b: Any, b_labels: Labels, keep: Collection[Hashable]
) -> tuple[Any, list[Hashable]]:
    """The product of two arrays whose axes have labels, summed over what `keep` leaves out.

    Gives the array and the labels of its axes. Axes of one label have one length.
    """
    a, a_labels = summed(a, a_labels, {*b_labels, *keep})
    b, b_labels = summed(b, b_labels, {*a_labels, *keep})
    sizes = dict(zip((*a_labels, *b_labels), (*a.shape, *b.shape)))
    batch = [n for n in a_labels if n in b_labels and n in keep]
    inner = [n for n in a_labels if n in b_labels and n not in keep]
    rows = [n for n in a_labels if n not in b_labels]
    columns = [n for n in b_labels if n not in a_labels]
    left = _grouped(a, a_labels, batch, rows, inner)
    right = _grouped(b, b_labels, batch, inner, columns)
    y = matmul(left, right) if inner else multiply(left, right)
    labels = [*batch, *rows, *columns]
    return _shaped(y, tuple(sizes[n] for n in labels)), labels


def summed(x: Any, labels: Labels, keep: Collection[Hashable]) -> tuple[Any, list[Hashable]]:
    """x with the axes summed away whose labels are not to be kept, and the labels left."""
    gone = tuple(k for k, n in enumerate(labels) if n not in keep)
    return sum_(x, gone) if gone else x, [n for n in labels if n in keep]


def ordered(x: Any, labels: Labels, order: Labels) -> Any:
    """x with its axes in another order."""
    return x if labels == order else transpose(x, [labels.index(n) for n in order])


def _grouped(x: Any, labels: Labels, batch: Labels, *groups: Labels) -> Any:
    """x with an axis for each label of the batch, and one for each group."""
    order = [*batch, *(n for group in groups for n in group)]
    x = ordered(x, labels, order)
    sizes = dict(zip(order, x.shape))
    ends = (math.prod(sizes[n] for n in group) for group in groups)
    return _shaped(x, (*(sizes[n] for n in batch), *ends))


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    return x if x.shape == shape else reshape(x, shape)


def _paired(where: str, a: Any, b: Any, a_axes: Any, b_axes: Any) -> Any:
    """Products of every element of a with every one of b, summed along axes in pairs."""
    first, second = normal_axes(where, a, a_axes), normal_axes(where, b, b_axes)
    pairs = dict(zip(second, first))
    sizes = [a.shape[k] for k in first], [b.shape[k] for k in second]
    if sizes[0] != sizes[1] or not len(pairs) == len(set(first)) == len(first):
        got = f"axes {first} of {a.shape} and {second} of {b.shape}"
        raise ShapeError(where, "axes in pairs of one size, each once", got, "see the shapes")
    rows = [-1 - k for k in range(len(a.shape))]
    columns = [rows[pairs[k]] if k in pairs else k for k in range(len(b.shape))]
    keep = {n for n in (*rows, *columns) if n not in rows or n not in columns}
    return contract(a, rows, b, columns, keep)[0]


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Products of every element of a with every one of b, summed along pairs of axes.

    `axes` is how many of a's last pair with b's first, or the axes of a and those of b, each a
    number or a list. Raises: ShapeError where paired axes differ in length.
    """
    a, b = as_array(a), as_array(b)
    if not hasattr(axes, "__index__"):
        return _paired("tensordot", a, b, *axes)
    return _paired("tensordot", a, b, tuple(range(-axes, 0)), tuple(range(axes)))


def dot(a: Any, b: Any) -> Any:
    """Sums over the last axis of a and the last but one of b, or b's only one.

    A number multiplies. Differs: PyTorch's takes vectors alone; batches go to `matmul`.
    """
    a, b = as_array(a), as_array(b)
    if not a.shape or not b.shape:
        return multiply(a, b)
    return _paired("dot", a, b, -1, -min(2, len(b.shape)))


def inner(a: Any, b: Any) -> Any:
    """Sums over the last axes of both. A number multiplies."""
    a, b = as_array(a), as_array(b)
    return _paired("inner", a, b, -1, -1) if a.shape and b.shape else multiply(a, b)


def outer(a: Any, b: Any) -> Any:
    """Each element of a times each of b. Shapes: M elements, N elements -> (M, N)."""
    a, b = as_array(a), as_array(b)
    return multiply(reshape(a, (-1, 1)), reshape(b, (1, -1)))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal, `offset` places right of the main one.

    Differs: PyTorch's takes a matrix only; for a batch of them take axes -2 and -1.
    """
    x = as_array(x)
    first, second = normal_axes("trace", x, (axis1, axis2))
    rest = [k for k in range(len(x.shape)) if k not in (first, second)]
    below, right = max(-offset, 0), max(offset, 0)
    count = max(0, min(x.shape[first] - below, x.shape[second] - right))
    i = np.arange(count)
    in_front = transpose(x, (first, second, *rest))
    return sum_(apply(GETITEM, in_front, index=(i + below, i + right)), 0)

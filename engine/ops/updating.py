"""Updates that leave the old value as it is: `x.at[index].set(v)` gives a new one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels import ShapeError, create, device
from ..tape import apply
from ..value import Value
from .broadcast import broadcast_to
from .elementwise import add, maximum, minimum, multiply, where
from .indexing import GETITEM, INDEX_ADD, INDEX_SET, pick, plain_index
from .picking import gathered, integers, truths
from .repeats import folded, last, once
from .shaping import as_array, astype, data_of

Combine = Callable[[Any, Any], Any]


class At:
    """`At(x)[index]` is a part of x that can be updated, for every index that NumPy takes.

    >>> At(np.array([1.0, 2.0, 3.0]))[1:].set(0.0)
    array([1., 0., 0.])
    """

    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = as_array(x)

    def __getitem__(self, index: Any) -> Part:
        return Part(self.x, plain_index(index))


class Part:
    """A part of x. Every method gives a new x, of the same dtype; v broadcasts to the part, and
    where the index picks an element twice, it meets both values of v."""

    __slots__ = ("index", "x")

    def __init__(self, x: Any, index: Any) -> None:
        self.x, self.index = x, index

    def set(self, v: Any) -> Any:
        """v in place of the part. Of values for the same element the last one counts, and it
        alone gets a gradient."""
        v, index = once(self._values(v), self.index, self.x.shape, last)
        return apply(INDEX_SET, self.x, v, index=index)

    def add(self, v: Any) -> Any:
        """v added to the part."""
        placed = apply(INDEX_ADD, self._values(v), index=self.index, shape=self.x.shape)
        return add(self.x, placed)

    def multiply(self, v: Any) -> Any:
        """The part times v."""
        return self._combined(v, multiply)

    def max(self, v: Any) -> Any:
        """The larger of the part and v; ties share the gradient, two by two in halves."""
        return self._combined(v, maximum)

    def min(self, v: Any) -> Any:
        """The smaller of the part and v; ties share the gradient, two by two in halves."""
        return self._combined(v, minimum)

    def _values(self, v: Any) -> Any:
        """One value for each element of the part."""
        part = apply(GETITEM, data_of(self.x), index=self.index)
        return broadcast_to(like(v, self.x), part.shape)

    def _combined(self, v: Any, combine: Combine) -> Any:
        v, index = once(self._values(v), self.index, self.x.shape, folded(combine))
        return apply(INDEX_SET, self.x, combine(pick(self.x, index), v), index=index)


def like(v: Any, x: Any) -> Any:
    """v as something of x's dtype, on x's device."""
    if isinstance(v, (bool, int, float, np.generic)):
        return create.full_like(data_of(x), shape=(), value=v, dtype=x.dtype)
    v = as_array(v)
    if not isinstance(v, Value):
        v = device.to_device(v, device.device_of(data_of(x)))
    return v if v.dtype == x.dtype else astype(v, x.dtype)


def scatter_add(x: Any, axis: int, indices: Any, src: Any) -> Any:
    """x with src added where `gather` with the same indices would pick; PyTorch's form.

    Shapes: x, indices and src have as many axes; indices is nowhere longer than src, nor, but
    along the axis, than x. What src has beyond indices is left out.
    Raises: ShapeError where they are not so. Differs: PyTorch has a gradient only where src and
    indices are of one shape.
    """
    x, indices, src = as_array(x), integers("scatter_add", indices), as_array(src)
    index = gathered("scatter_add", x, axis, indices)
    wanted = indices.shape
    if len(src.shape) != len(wanted) or any(n < k for n, k in zip(src.shape, wanted)):
        rule, got = (
            "src of as many axes, and no shorter",
            f"{src.shape} for indices of {wanted}",
        )
        raise ShapeError("scatter_add", rule, got, "give one number for each index")
    used = pick(like(src, x), tuple(slice(n) for n in wanted))
    return Part(x, index).add(used)


def masked_fill(x: Any, mask: Any, value: Any) -> Any:
    """x with a value, which is a number or broadcasts, where a mask holds. x's dtype is kept.

    Raises: DTypeError where the mask is not of truth values.
    """
    x = as_array(x)
    return where(truths("masked_fill", mask), like(value, x), x)

"""The operators of a Tensor, each one line into the tables of ops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import DTypeError, GraphError, ShapeError, Word
from .ops import elementwise, indexing, linear
from .row import ROWS
from .value import Value

if TYPE_CHECKING:
    from .tensor import Tensor


def _call(name: str, *args: Any) -> Any:
    return ROWS[name].function(*args)


def _logical(word: str, *args: Any) -> Any:
    for x in args:
        if np.result_type(getattr(x, "dtype", type(x))).kind != "b":
            rule, repair = "truth values", "compare first, or use fg.logical_*"
            raise DTypeError(f"logical {word}", rule, f"{getattr(x, 'dtype', x)}", repair)
    return _call(f"logical_{word}", *args)


class Operators(Value):
    """What can be written between Tensors."""

    __slots__ = ()

    # fmt: off
    # ---- arithmetic -----------------------------------------------------------------------

    __add__ = elementwise.add
    def __radd__(self, other: Any) -> Tensor: return elementwise.add(other, self)
    __sub__ = elementwise.subtract
    def __rsub__(self, other: Any) -> Tensor: return elementwise.subtract(other, self)
    __mul__ = elementwise.multiply
    def __rmul__(self, other: Any) -> Tensor: return elementwise.multiply(other, self)
    __truediv__ = elementwise.divide
    def __rtruediv__(self, other: Any) -> Tensor: return elementwise.divide(other, self)
    def __rpow__(self, other: Any) -> Tensor: return elementwise.power(other, self)
    __mod__ = elementwise.remainder
    def __rmod__(self, other: Any) -> Tensor: return elementwise.remainder(other, self)
    __floordiv__ = elementwise.floor_divide
    def __rfloordiv__(self, other: Any) -> Tensor: return elementwise.floor_divide(other, self)
    def __pos__(self) -> Tensor: return elementwise.multiply(self, 1)
    def __neg__(self) -> Tensor: return elementwise.negative(self)
    def __round__(self) -> Tensor: return elementwise.rint(self)
    def __abs__(self) -> Tensor: return elementwise.absolute(self)
    def __matmul__(self, other: Any) -> Tensor: return linear.matmul(self, other)
    def __rmatmul__(self, other: Any) -> Tensor: return linear.matmul(other, self)

    def __pow__(self, other: Any) -> Tensor:
        # A square by one product is exact to half an ulp and 20 times faster than pow.
        return self * self if other.__class__ is int and other == 2 else (
            elementwise.power(self, other))

    # ---- truth: no gradient passes; & | ^ ~ take truth values -----------------------------
    def __and__(self, other: Any) -> Tensor: return _logical("and", self, other)
    def __rand__(self, other: Any) -> Tensor: return _logical("and", other, self)
    def __or__(self, other: Any) -> Tensor: return _logical("or", self, other)
    def __ror__(self, other: Any) -> Tensor: return _logical("or", other, self)
    def __xor__(self, other: Any) -> Tensor: return _logical("xor", self, other)
    def __rxor__(self, other: Any) -> Tensor: return _logical("xor", other, self)
    def __invert__(self) -> Tensor: return _logical("not", self)


    __gt__ = elementwise.greater
    __ge__ = elementwise.greater_equal
    __lt__ = elementwise.less
    __le__ = elementwise.less_equal
    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return elementwise.equal(self, other)
    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return elementwise.not_equal(self, other)
    __hash__ = object.__hash__  # a Tensor is itself, whatever it holds

    # ---- as a container -------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor: return indexing.getitem(self, index)
    def __len__(self) -> int: return len(self.data)
    def __iter__(self) -> Iterator[Tensor]: return (self[i] for i in range(len(self)))
    def __bool__(self) -> bool: return bool(self._only("bool"))
    def __float__(self) -> float: return float(self._only("float"))
    def __int__(self) -> int: return int(self._only("int"))
    # fmt: on

    def __setitem__(self, index: Any, value: Any) -> None:
        raise GraphError(
            "Tensor[...] = ",
            "a value, which never changes",
            "an assignment to part of one",
            "build a new Tensor with where, concat or stack, or assign_ a whole leaf",
        )

    def _only(self, wanted: str) -> Any:
        if self.data.size != 1:
            raise ShapeError(
                f"{wanted}(Tensor)",
                "one element",
                f"shape {self.shape}",
                "reduce it with sum, mean or max",
            )
        return self.data.item()

    # ---- the vocabulary -------------------------------------------------------------------
    def apply_word(self, word: Word, args: Sequence[Any]) -> Tensor:
        """A word of the vocabulary called on a Tensor is the op of that name."""
        return _call(word.name, *args)

"""The operators and methods of a Tensor, each one line into the tables of ops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..kernels import DTypeError, GraphError, ShapeError, Word
from ..kernels.vocabulary import BY_UFUNC
from . import broadcast, indexing, linear, reductions, shaping
from .row import ROWS
from .value import Value

if TYPE_CHECKING:
    from .tensor import Tensor


QUERIES = {  # functions whose answer has no gradient to lose
    "all", "allclose", "any", "argmax", "argmin", "argsort", "array_equal", "array_repr",
    "array_str", "array2string", "count_nonzero", "iscomplexobj", "isclose", "isfinite",
    "isinf", "isnan", "ndim", "result_type", "shape", "signbit", "size",
}  # fmt: skip


def tensors_in(*values: Any) -> Iterator[Operators]:
    """All Tensors in nested lists, tuples and dicts."""
    for value in values:
        if isinstance(value, Operators):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(*value)
        elif isinstance(value, dict):
            yield from tensors_in(*value.values())


def _plain(value: Any) -> Any:
    """The same nested lists, tuples and dicts with arrays for Tensors."""
    if isinstance(value, Operators):
        return np.asarray(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _call(name: str, *args: Any) -> Tensor:
    return cast("Tensor", ROWS[name].function(*args))


def _matmul(a: Any, b: Any) -> Tensor:
    return cast("Tensor", linear.matmul(a, b))


def _getitem(x: Any, index: Any) -> Tensor:
    return cast("Tensor", indexing.getitem(x, index))


class Operators(Value):
    """What can be written between Tensors, and after a dot."""

    __slots__ = ()

    # fmt: off
    # ---- arithmetic -----------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor: return _call("add", self, other)
    def __radd__(self, other: Any) -> Tensor: return _call("add", other, self)
    def __sub__(self, other: Any) -> Tensor: return _call("subtract", self, other)
    def __rsub__(self, other: Any) -> Tensor: return _call("subtract", other, self)
    def __mul__(self, other: Any) -> Tensor: return _call("multiply", self, other)
    def __rmul__(self, other: Any) -> Tensor: return _call("multiply", other, self)
    def __truediv__(self, other: Any) -> Tensor: return _call("divide", self, other)
    def __rtruediv__(self, other: Any) -> Tensor: return _call("divide", other, self)
    def __rpow__(self, other: Any) -> Tensor: return _call("power", other, self)
    def __neg__(self) -> Tensor: return _call("negative", self)
    def __abs__(self) -> Tensor: return _call("absolute", self)
    def __matmul__(self, other: Any) -> Tensor: return _matmul(self, other)
    def __rmatmul__(self, other: Any) -> Tensor: return _matmul(other, self)

    def __pow__(self, other: Any) -> Tensor:
        # A square by one product is exact to half an ulp and 20 times faster than pow.
        return self * self if other.__class__ is int and other == 2 else (
            _call("power", self, other))

    # ---- comparison: truth values, through which no gradient passes -----------------------

    def __gt__(self, other: Any) -> Tensor: return _call("greater", self, other)
    def __ge__(self, other: Any) -> Tensor: return _call("greater_equal", self, other)
    def __lt__(self, other: Any) -> Tensor: return _call("less", self, other)
    def __le__(self, other: Any) -> Tensor: return _call("less_equal", self, other)
    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return _call("equal", self, other)
    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return _call("not_equal", self, other)
    __hash__ = object.__hash__  # a Tensor is itself, whatever it holds

    # ---- as a container -------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor: return _getitem(self, index)
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

    # ---- methods --------------------------------------------------------------------------
    def sum(self, axis: broadcast.Axis = None, keepdims: bool = False) -> Tensor:
        """The sum over axes, by default all."""
        return cast("Tensor", broadcast.sum_(self, axis, keepdims))

    def mean(self, axis: broadcast.Axis = None, keepdims: bool = False) -> Tensor:
        """The mean over axes, by default all."""
        return cast("Tensor", reductions.mean(self, axis, keepdims))

    def max(self, axis: broadcast.Axis = None, keepdims: bool = False) -> Tensor:
        """The largest over axes; ties share the gradient."""
        return cast("Tensor", reductions.max_(self, axis, keepdims))

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, given as numbers or as one tuple."""
        given = shape[0] if len(shape) == 1 else shape
        return cast("Tensor", shaping.reshape(self, given))

    def transpose(self, *axes: Any) -> Tensor:
        """Axes in another order, by default reversed."""
        given = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return cast("Tensor", shaping.transpose(self, given or None))

    @property
    def T(self) -> Tensor:
        """Axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return cast("Tensor", shaping.swap_last(self))

    # fmt: off

    def exp(self) -> Tensor: return _call("exp", self)
    def log(self) -> Tensor: return _call("log", self)
    def sqrt(self) -> Tensor: return _call("sqrt", self)
    def tanh(self) -> Tensor: return _call("tanh", self)
    def sigmoid(self) -> Tensor: return _call("sigmoid", self)
    def relu(self) -> Tensor: return _call("relu", self)
    def abs(self) -> Tensor: return _call("absolute", self)
    # fmt: on

    # ---- NumPy and the vocabulary ---------------------------------------------------------
    def apply_word(self, word: Word, args: Sequence[Any]) -> Tensor:
        """A word of the vocabulary called on a Tensor is the op of that name."""
        return _call(word.name, *args)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kw: Any) -> Tensor:
        if ufunc is np.matmul and method == "__call__" and not kw:
            return _matmul(*args)
        if ufunc.__name__ in QUERIES and method == "__call__":
            return ufunc(*_plain(args), **kw)
        if method != "__call__" or kw or ufunc not in BY_UFUNC:
            how = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
            how += "".join(f" with {k}=" for k in kw)
            raise DTypeError(
                f"np.{how}",
                "an op that fusegrad differentiates",
                "a Tensor",
                "use the op of fusegrad, or .numpy() to leave the graph",
            )
        return _call(BY_UFUNC[ufunc].name, *args)

    def __array_function__(self, f: Any, types: Any, args: Any, kw: Any) -> Any:
        """Functions of NumPy see plain arrays, where no gradient would get lost by it."""
        if f.__name__ not in QUERIES and any(v.requires_grad for v in tensors_in(args, kw)):
            repair = "use the op of fusegrad, or .numpy() to leave the graph"
            what = "a Tensor that requires a gradient"
            raise DTypeError(f"np.{f.__name__}", "plain arrays", what, repair)
        return f(*_plain(args), **_plain(kw))

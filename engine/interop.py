"""A Tensor beside other libraries: NumPy's protocols, DLPack, copies, and no pickles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..kernels import DTypeError, GraphError, device, shape
from .ops import linear
from .row import ROWS
from .value import Value, wrap

if TYPE_CHECKING:
    from .tensor import Tensor

QUERIES = {  # functions whose answer has no gradient to lose
    "all", "allclose", "any", "argmax", "argmin", "argsort", "array_equal", "array_repr",
    "array_str", "array2string", "count_nonzero", "iscomplexobj", "isclose", "isfinite",
    "isinf", "isnan", "ndim", "result_type", "shape", "signbit", "size",
}  # fmt: skip


def tensors_in(*values: Any) -> Iterator[Interop]:
    """All Tensors in nested lists, tuples and dicts."""
    for value in values:
        if isinstance(value, Interop):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(*value)
        elif isinstance(value, dict):
            yield from tensors_in(*value.values())


def _plain(value: Any) -> Any:
    """The same nested lists, tuples and dicts with arrays for Tensors."""
    if isinstance(value, Interop):
        return np.asarray(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_plain, value))
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


@cache
def _rows() -> dict[np.ufunc, str]:
    """NumPy's functions that are rows of the table, under whichever of their names."""
    named = {name: getattr(np, name, None) for name in ROWS}
    return {f: name for name, f in named.items() if isinstance(f, np.ufunc)}


class Interop(Value):
    """What other libraries ask of a Tensor."""

    __slots__ = ()
    __array_priority__ = 1000

    @property
    def device(self) -> str:
        return device.device_of(self.data)

    def numpy(self) -> np.ndarray:
        """The values on the host, as a view that cannot be written."""
        view = device.to_device(self.data, "cpu").view()
        view.flags.writeable = False
        return view

    def item(self) -> float:
        """The value of a Tensor of one element, as a Python number."""
        return self.data.item()

    # ---- NumPy ----------------------------------------------------------------------------
    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.device != "cpu":
            repair = "call .numpy(), which copies it to the host"
            raise DTypeError("np.asarray", "a Tensor on the cpu", "one on cuda", repair)
        wanted = self.numpy() if dtype is None else self.numpy().astype(dtype)
        return wanted.copy() if copy else wanted

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kw: Any) -> Tensor:
        if ufunc is np.matmul and method == "__call__" and not kw:
            return cast("Tensor", linear.matmul(*args))
        if ufunc.__name__ in QUERIES and method == "__call__":
            return ufunc(*_plain(args), **kw)
        name = _rows().get(ufunc)
        if method != "__call__" or kw or name is None:
            how = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
            how += "".join(f" with {k}=" for k in kw)
            repair = "use the op of fusegrad, or .numpy() to leave the graph"
            rule = "an op that fusegrad differentiates"
            raise DTypeError(f"np.{how}", rule, "a Tensor", repair)
        return cast("Tensor", ROWS[name].function(*args))

    def __array_function__(self, f: Any, types: Any, args: Any, kw: Any) -> Any:
        """Functions of NumPy see plain arrays, where no gradient would get lost by it."""
        if f.__name__ not in QUERIES and any(v.is_tracked for v in tensors_in(args, kw)):
            repair = "use the op of fusegrad, or .numpy() to leave the graph"
            what = "a Tensor that requires a gradient"
            raise DTypeError(f"np.{f.__name__}", "plain arrays", what, repair)
        return f(*_plain(args), **_plain(kw))

    # ---- DLPack ---------------------------------------------------------------------------
    def __dlpack__(self, *, copy: bool | None = None, **options: Any) -> Any:
        """The values for another library, in memory of its own: it may write there. With
        `copy=False` it is shown ours, read-only where the library knows of that."""
        if copy is False:
            return self.data.__dlpack__(copy=False, **options)
        return shape.copy(self.data).__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.data.__dlpack_device__()

    # ---- copies ---------------------------------------------------------------------------
    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A leaf of the same values, gradient and name, in memory of its own."""
        if self.node is not None:
            got, repair = f"the output of {self.node.op.name}", "detach() it first"
            raise GraphError("deepcopy", "a leaf", got, repair)
        if id(self) not in memo:
            kind = None if self.is_borrowed else type(self)
            twin = memo[id(self)] = wrap(shape.copy(self.data), None, kind)
            twin.requires_grad, twin.name = self.requires_grad, self.name
            twin.place = self.place
            twin.grad = None if self.grad is None else self.grad.__deepcopy__({})
        return memo[id(self)]

    def __copy__(self) -> Tensor:
        return self.__deepcopy__({})

    def __reduce_ex__(self, protocol: Any) -> Any:
        rule, repair = "a format that runs no code", "use fusegrad.nn.save, or .numpy()"
        raise DTypeError("pickle", rule, "a Tensor", repair)


def from_numpy(array: np.ndarray) -> Tensor:
    """A Tensor that shares the memory of a NumPy array, without a copy.

    Writes to the array show in the Tensor, and never in a gradient: ops keep copies of what
    they save of it. A read-only array is copied: who else can write to it is not known.
    Differs: PyTorch saves the shared memory itself, and a write then changes gradients unseen.

    >>> a = np.array([1.0, 2.0])
    >>> t = from_numpy(a)
    >>> a[0] = 5.0
    >>> t
    Tensor([5., 2.])

    Raises: DTypeError for what is no array of numbers.
    """
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiub":
        got = f"{type(array).__name__} of {getattr(array, 'dtype', 'no dtype')}"
        raise DTypeError("from_numpy", "a NumPy array of numbers", got, "use Tensor(...)")
    if not array.flags.writeable:
        return cast("Tensor", wrap(shape.copy(array), None))
    return cast("Tensor", wrap(array.view(), None, _borrowed()))


@cache
def _borrowed() -> type:
    """A Tensor in memory that is not its own."""
    from .tensor import Tensor

    return type("Tensor", (Tensor,), {"__slots__": (), "is_borrowed": True})


def from_dlpack(x: Any) -> Tensor:
    """A Tensor of the values of another library's array, on its device, in memory of its own.

    Raises: DTypeError for what has no DLPack or holds no real numbers.
    """
    if not hasattr(x, "__dlpack_device__"):
        got, repair = type(x).__name__, "use Tensor(...)"
        raise DTypeError("from_dlpack", "an array that has __dlpack__", got, repair)
    on_cpu = int(x.__dlpack_device__()[0]) in HOSTS
    module = device.module_for("cpu" if on_cpu else "cuda")
    array = module.from_dlpack(x)
    if array.dtype.kind not in "fiub":
        raise DTypeError("from_dlpack", "real numbers", str(array.dtype), "convert it there")
    return cast("Tensor", wrap(shape.copy(array), None))


HOSTS = (1, 3)  # DLPack's numbers for memory that the host reads: kDLCPU, kDLCUDAHost

"""cupy.ndarray without a GPU: as strict as CuPy's or stricter. Arrays of the host are refused
wherever one of the device belongs, as an index too, and nothing but `get` gives the host what
the device holds."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np


def refuse(args: Iterable[Any]) -> None:
    """CuPy takes its own arrays and scalars, and no others."""
    for a in args:
        if not isinstance(a, (ndarray, bool, int, float, np.generic)):
            raise TypeError(f"Unsupported type {type(a)}")


def host_of(x: Any) -> Any:
    return x.host if isinstance(x, ndarray) else x


class ndarray(np.lib.mixins.NDArrayOperatorsMixin):  # noqa: N801 (the name is CuPy's)
    """An array of the device, which here is memory that NumPy does not see."""

    __module__ = "cupy"
    __hash__ = None  # type: ignore[assignment]
    __array_priority__ = 100

    def __init__(self, host: Any, base: ndarray | None = None) -> None:
        self.host: Any = np.asarray(host)
        self.base = base

    shape = property(lambda self: self.host.shape)
    dtype = property(lambda self: self.host.dtype)
    size = property(lambda self: self.host.size)
    ndim = property(lambda self: self.host.ndim)
    flags = property(lambda self: self.host.flags)
    T = property(lambda self: self.transpose())
    data = property(lambda self: SimpleNamespace(ptr=self.host.ctypes.data))
    device = property(lambda self: "<CUDA Device 0>")  # no word that fusegrad knows

    def made(self, host: Any) -> ndarray:
        """A result, which is a view of this array where NumPy's is one."""
        shared = np.may_share_memory(host, self.host)
        return ndarray(host, (self if self.base is None else self.base) if shared else None)

    # ---- back to the host ------------------------------------------------------------------
    def get(self) -> np.ndarray:
        return self.host.copy()

    def item(self) -> Any:
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    # fmt: off
    def __float__(self) -> float: return float(self.get())
    def __int__(self) -> int: return int(self.get())
    def __bool__(self) -> bool: return bool(self.get())
    def __repr__(self) -> str: return repr(self.get())
    def __len__(self) -> int: return len(self.host)
    def __iter__(self) -> Iterator[ndarray]: return (self[i] for i in range(len(self)))
    # fmt: on

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    # ---- NumPy's functions -----------------------------------------------------------------
    def __array_ufunc__(self, f: np.ufunc, method: str, *args: Any, out: Any = ()) -> Any:
        if method != "__call__" or not hasattr(sys.modules["cupy"], f.__name__):
            return NotImplemented
        if not all(isinstance(a, KNOWN) for a in (*args, *out)):
            return NotImplemented  # so that NumPy asks the other, such as a Tensor
        refuse((*args, *out))
        result = f(*map(host_of, args), **({"out": tuple(map(host_of, out))} if out else {}))
        return out[0] if out else ndarray(result)

    def __array_function__(self, f: Any, types: Any, args: Any, kwargs: Any) -> Any:
        own = vars(sys.modules["cupy"]).get(f.__name__)
        return NotImplemented if own is None else own(*args, **kwargs)

    # ---- elements --------------------------------------------------------------------------
    def __getitem__(self, index: Any) -> ndarray:
        return self.made(self.host[host_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        refuse([value])
        self.host[host_index(index)] = host_of(value)

    def reshape(self, *shape: Any, order: str = "C") -> ndarray:
        return self.made(self.host.reshape(*shape, order=order))

    def transpose(self, *axes: Any) -> ndarray:
        return self.made(self.host.transpose(*axes))

    def squeeze(self, axis: Any = None) -> ndarray:
        return self.made(self.host.squeeze(axis))

    def view(self, dtype: Any = None) -> ndarray:
        return self.made(self.host.view(dtype or self.dtype))

    def copy(self, order: str = "C") -> ndarray:
        return ndarray(self.host.copy(order))

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> ndarray:
        host = self.host.astype(dtype, order=order, copy=copy)
        return self if host is self.host else ndarray(host)

    # ---- reductions ------------------------------------------------------------------------
    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.sum(axis=axis, dtype=dtype, keepdims=keepdims))

    def max(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.max(axis=axis, keepdims=keepdims))

    def min(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.min(axis=axis, keepdims=keepdims))

    def prod(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.prod(axis=axis, dtype=dtype, keepdims=keepdims))

    def cumsum(self, axis: Any = None, dtype: Any = None) -> ndarray:
        return ndarray(self.host.cumsum(axis=axis, dtype=dtype))

    def cumprod(self, axis: Any = None, dtype: Any = None) -> ndarray:
        return ndarray(self.host.cumprod(axis=axis, dtype=dtype))

    def argmax(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.argmax(axis=axis, keepdims=keepdims))

    def argmin(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.argmin(axis=axis, keepdims=keepdims))

    def any(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.any(axis=axis, keepdims=keepdims))

    def all(self, axis: Any = None, keepdims: bool = False) -> ndarray:
        return ndarray(self.host.all(axis=axis, keepdims=keepdims))


KNOWN = (ndarray, np.ndarray, bool, int, float, np.generic)  # the second is then refused


def host_index(index: Any) -> tuple[Any, ...]:
    """An index for NumPy, with an ellipsis, so that even one element comes as an array. CuPy
    would copy an index from the host at every use; here that is refused."""
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(p, (np.ndarray, list)) for p in parts):
        raise TypeError("an array of the host as an index of one on the device")
    end = () if any(p is Ellipsis for p in parts) else (Ellipsis,)
    return (*map(host_of, parts), *end)

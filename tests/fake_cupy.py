"""A stand-in for the module cupy on a machine without a GPU: the part of it that fusegrad uses,
with CuPy's own keywords and no others. A test puts `MODULE` into `sys.modules`."""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from tests.fake_array import host_index, host_of, ndarray, refuse
from tests.fake_kernels import ElementwiseKernel, RawKernel

UFUNCS = (
    "absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and ceil cos "
    "cosh divide equal exp expm1 floor floor_divide frexp greater greater_equal hypot invert "
    "isfinite ldexp less less_equal log log10 log1p log2 logical_and logical_not logical_or "
    "logical_xor matmul maximum minimum multiply negative not_equal power remainder rint "
    "sign sin sinh sqrt subtract tan tanh"
)
ADDED = ("int32", "int64", "float16", "float32", "float64", "uint32", "uint64")


def there(result: Any) -> Any:
    """A result of NumPy on the device, and each of a tuple of them."""
    return tuple(map(ndarray, result)) if isinstance(result, tuple) else ndarray(result)


class Ufunc:
    """One of NumPy's, on arrays of the device."""

    def __init__(self, name: str) -> None:
        self.f = getattr(np, name)

    def __call__(self, *args: Any) -> ndarray:
        refuse(args)
        return there(self.f(*map(host_of, args)))

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        if self.f is not np.add or a.dtype.name not in ADDED:
            raise TypeError(f"cupy.{self.f.__name__}.at does not support {a.dtype}")
        refuse((a, b))
        self.f.at(a.host, host_index(indices), host_of(b))


def array(obj: Any, dtype: Any = None, order: str = "K") -> ndarray:
    if isinstance(obj, ndarray):
        return ndarray(obj.host.astype(dtype or obj.dtype, order=order))
    host = np.asarray(obj)  # which refuses arrays of the device in a list
    return ndarray(np.array(host, dtype, order="F" if host.flags.fnc else "C"))


def asarray(a: Any, dtype: Any = None) -> ndarray:
    return a.astype(dtype or a.dtype, copy=False) if isinstance(a, ndarray) else array(a, dtype)


def where(condition: Any, x: Any, y: Any) -> ndarray:
    refuse((condition, x, y))
    return ndarray(np.where(host_of(condition), host_of(x), host_of(y)))


def _joined(join: Callable[..., Any], arrays: Any, axis: int) -> ndarray:
    if not all(isinstance(a, ndarray) for a in arrays):
        raise TypeError("Only cupy arrays can be concatenated")
    return ndarray(join([a.host for a in arrays], axis=axis))


def broadcast_to(array: ndarray, shape: Any) -> ndarray:
    return array.made(np.broadcast_to(array.host, shape))


def sliding_window_view(x: ndarray, window_shape: Any, axis: Any = None) -> ndarray:
    return x.made(np.lib.stride_tricks.sliding_window_view(x.host, window_shape, axis))


def result_type(*arrays_and_dtypes: Any) -> Any:
    return np.result_type(*(getattr(a, "dtype", a) for a in arrays_and_dtypes))


def clip(a: ndarray, a_min: Any, a_max: Any) -> ndarray:
    refuse((a, a_min, a_max))
    return ndarray(np.clip(a.host, host_of(a_min), host_of(a_max)))


def argsort(a: ndarray, axis: Any = -1, kind: Any = None) -> ndarray:
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    return ndarray(np.argsort(a.host, axis, kind="stable"))


class CUDARuntimeError(RuntimeError):
    """What a driver that is missing raises; this one is never missing."""


def empty(shape: Any, dtype: Any = float) -> ndarray:
    """Of bytes that no result has, so that what a kernel leaves out shows."""
    host = np.empty(shape, dtype)
    host.reshape(-1).view(np.uint8)[:] = 0xA5
    return ndarray(host)


def ascontiguousarray(a: Any, dtype: Any = None) -> ndarray:
    made = asarray(a, dtype)
    return made if made.flags.c_contiguous else ndarray(np.ascontiguousarray(made.host))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "array": array,
    "asarray": asarray,
    "where": where,
    "empty": empty,
    "ascontiguousarray": ascontiguousarray,
    "broadcast_to": broadcast_to,
    "result_type": result_type,
    "concatenate": lambda tup, axis=0: _joined(np.concatenate, tup, axis),
    "stack": lambda tup, axis=0: _joined(np.stack, tup, axis),
    "arange": lambda start: ndarray(np.arange(start)),
    "zeros": lambda shape, dtype=float: ndarray(np.zeros(shape, dtype)),
    "full": lambda shape, fill_value, dtype=None: ndarray(np.full(shape, fill_value, dtype)),
    "zeros_like": lambda a: ndarray(np.zeros(a.shape, a.dtype)),
    "ones_like": lambda a: ndarray(np.ones(a.shape, a.dtype)),
    "eye": lambda N, dtype=float: ndarray(np.eye(N, dtype=dtype)),
    "tri": lambda N, dtype=float: ndarray(np.tri(N, dtype=dtype)),
    "flip": lambda a, axis=None: a.made(np.flip(a.host, axis)),
    "moveaxis": lambda a, source, destination: a.made(np.moveaxis(a.host, source, destination)),
    "clip": clip,
    "argsort": argsort,
    "shape": lambda a: a.shape,
    "ndim": lambda a: a.ndim,
}
LINALG: dict[str, Callable[..., Any]] = {
    "cholesky": lambda a: there(np.linalg.cholesky(a.host)),
    "det": lambda a: there(np.linalg.det(a.host)),
    "eigh": lambda a: there(tuple(np.linalg.eigh(a.host))),
    "inv": lambda a: there(np.linalg.inv(a.host)),
    "qr": lambda a: there(tuple(np.linalg.qr(a.host))),
    "slogdet": lambda a: there(tuple(np.linalg.slogdet(a.host))),
    "solve": lambda a, b: there(np.linalg.solve(a.host, b.host)),
    "svd": lambda a, full_matrices=True: there(tuple(np.linalg.svd(a.host, full_matrices))),
}
MODULE: Any = ModuleType("cupy")
MODULE.__spec__ = ModuleSpec("cupy", None)
vars(MODULE).update(FUNCTIONS, **{name: Ufunc(name) for name in UFUNCS.split()})
MODULE.ndarray, MODULE.inf = ndarray, np.inf
MODULE.linalg = SimpleNamespace(**LINALG)
MODULE.ElementwiseKernel, MODULE.RawKernel = ElementwiseKernel, RawKernel
MODULE.lib = SimpleNamespace(
    stride_tricks=SimpleNamespace(sliding_window_view=sliding_window_view)
)
MODULE.cuda = SimpleNamespace(
    nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
    runtime=SimpleNamespace(
        CUDARuntimeError=CUDARuntimeError,
        getDeviceCount=lambda: 1,
        getDeviceProperties=lambda device: {"name": b"none"},
    ),
)

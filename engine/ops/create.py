"""Tensors of zeros, ones, steps: leaves that are made, not computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels import DTypeError, GraphError, OptionError, ShapeError, create
from ...kernels.device import to_device
from ..tensor import Tensor
from ..value import Value
from .shaping import as_array, data_of

Shape = int | Sequence[int]


def tensor(
    data: Any,
    dtype: Any = None,
    *,
    requires_grad: bool = False,
    device: str | None = None,
    name: str = "",
) -> Tensor:
    """A Tensor of a copy of data, as `Tensor(data)` makes it, on a device; without one where
    the data is.

    >>> tensor([1.0, 2.0], requires_grad=True)
    Tensor([1., 2.], requires_grad=True)

    Raises: BackendError for a device that is not there; else as Tensor does.
    """
    made = Tensor(data, dtype=dtype, name=name)
    if device is not None:
        made.data = to_device(made.data, device)
    return made.requires_grad_(requires_grad)


def zeros(
    shape: Shape,
    dtype: Any = np.float64,
    *,
    requires_grad: bool = False,
    device: str = "cpu",
) -> Tensor:
    """Zeros. Differs: PyTorch's dtype is float32, here and in `ones`, `eye` and `linspace`."""
    return _filled("zeros", shape, 0, dtype, requires_grad, device)


def ones(
    shape: Shape,
    dtype: Any = np.float64,
    *,
    requires_grad: bool = False,
    device: str = "cpu",
) -> Tensor:
    """Ones."""
    return _filled("ones", shape, 1, dtype, requires_grad, device)


def full(
    shape: Shape,
    value: Any,
    dtype: Any = None,
    *,
    requires_grad: bool = False,
    device: str = "cpu",
) -> Tensor:
    """One number everywhere, by default in the number's own dtype.

    Raises: ShapeError for a negative length, GraphError for a value that has a gradient.
    """
    plain = number("full", value)
    return _filled("full", shape, plain, dtype, requires_grad, device)


def _filled(
    where: str, shape: Any, value: Any, dtype: Any, requires_grad: bool, device: str
) -> Tensor:
    lengths = sizes(where, shape)
    array = create.full(shape=lengths, value=value, dtype=dtype, device=device)
    return Tensor._of(array).requires_grad_(requires_grad)


def zeros_like(x: Any, dtype: Any = None, *, requires_grad: bool = False) -> Tensor:
    """Zeros in x's shape, on its device and, unless told otherwise, of its dtype."""
    return full_like(x, 0, dtype, requires_grad=requires_grad)


def ones_like(x: Any, dtype: Any = None, *, requires_grad: bool = False) -> Tensor:
    """Ones in x's shape, on its device and, unless told otherwise, of its dtype."""
    return full_like(x, 1, dtype, requires_grad=requires_grad)


def full_like(x: Any, value: Any, dtype: Any = None, *, requires_grad: bool = False) -> Tensor:
    """One number in x's shape, on its device and, unless told otherwise, of its dtype."""
    x, plain = data_of(as_array(x)), number("full_like", value)
    array = create.full_like(x, shape=x.shape, value=plain, dtype=dtype or x.dtype)
    return Tensor._of(array).requires_grad_(requires_grad)


def eye(
    n: int,
    m: int | None = None,
    k: int = 0,
    dtype: Any = np.float64,
    *,
    requires_grad: bool = False,
    device: str = "cpu",
) -> Tensor:
    """1 on the k-th diagonal of n rows and m columns, by default n, and 0 elsewhere."""
    rows, columns = sizes("eye", (n, n if m is None else m))
    array = create.eye(rows=rows, columns=columns, k=k, dtype=dtype)
    return _made(array, requires_grad, device)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    *,
    requires_grad: bool = False,
    device: str = "cpu",
) -> Tensor:
    """start, start + step, ..., below stop; with one number, 0, 1, ..., below it.

    Raises: OptionError for a step of 0.
    """
    if step == 0:
        raise OptionError("arange", "a step that is not 0", f"step={step}", "see linspace")
    start, step = number("arange", start), number("arange", step)
    first, last = (0, start) if stop is None else (start, number("arange", stop))
    array = create.arange(start=first, stop=last, step=step, dtype=dtype)
    return _made(array, requires_grad, device)


def linspace(
    start: float,
    stop: float,
    num: int = 50,
    *,
    endpoint: bool = True,
    dtype: Any = np.float64,
    requires_grad: bool = False,
    device: str = "cpu",
) -> Tensor:
    """num numbers in equal steps from start to stop, that one too unless told otherwise."""
    (count,) = sizes("linspace", num)
    start, stop = number("linspace", start), number("linspace", stop)
    array = create.linspace(start=start, stop=stop, num=count, endpoint=endpoint, dtype=dtype)
    return _made(array, requires_grad, device)


def _made(array: Any, requires_grad: bool, where: str) -> Tensor:
    """Made on the host, so that every device holds the same numbers."""
    return Tensor._of(to_device(array, where)).requires_grad_(requires_grad)


def sizes(where: str, shape: Any) -> tuple[int, ...]:
    """A shape as a tuple of lengths.

    Raises: DTypeError where one is no whole number, ShapeError where one is negative.
    """
    given = tuple(shape) if hasattr(shape, "__iter__") else (shape,)
    if not all(hasattr(n, "__index__") for n in given):
        raise DTypeError(where, "whole lengths", f"shape={shape}", "convert them with int")
    if any(n < 0 for n in given):
        raise ShapeError(where, "lengths of 0 or more", f"shape={shape}", "give no -1 here")
    return tuple(map(int, given))


def number(where: str, value: Any) -> Any:
    """A number out of whatever holds one; what a gradient is asked of is refused."""
    if isinstance(value, Value) and value.is_tracked:
        got, repair = "a Tensor with a gradient", "broadcast_to keeps it in the graph"
        raise GraphError(where, "a number", got, repair)
    plain = data_of(value)
    return plain.item() if isinstance(value, Value) and plain.size == 1 else plain

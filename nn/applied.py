"""An op as a layer, and what layers ask of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..engine.ops.shaping import as_array, reshape
from ..kernels import DTypeError
from .module import Module


class Applied(Module):
    """op(x, *settings): attributes of these names, in the order in which the op takes them."""

    op: Callable[..., Any]
    settings: tuple[str, ...] = ()

    def forward(self, x: Any) -> Any:
        return type(self).op(x, *(getattr(self, name) for name in self.settings))

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)


def over_batch(op: Callable[[Any], Any], x: Any, axes: int) -> Any:
    """op(x), which takes so many axes. If x lacks one, it is a batch of one: the axis is put in
    front, and taken off the result."""
    if len(x.shape) != axes - 1:
        return op(x)
    y = op(reshape(x, (1, *x.shape)))
    return reshape(y, y.shape[1:])


def floats(where: str, x: Any, name: str = "x") -> Any:
    """x as an array or Tensor of floats.

    Raises: DTypeError for another dtype: beside float32 weights, int64 would become float64.
    """
    x = as_array(x)
    if x.dtype.kind != "f":
        raise DTypeError(where, f"{name} of floats", str(x.dtype), "use astype(np.float32)")
    return x


def real(where: str, what: str, x: Any) -> Any:
    """Numbers as an array or Tensor.

    Raises: DTypeError where they are not real.
    """
    x = as_array(x)
    if x.dtype.kind not in "fiub":
        raise DTypeError(where, f"{what} of real numbers", str(x.dtype), "take a part of it")
    return x

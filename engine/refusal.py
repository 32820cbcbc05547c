"""What a kernel refused, in the words of the op that called it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import device_of
from .value import Value

if TYPE_CHECKING:
    from .op import Op


def refusal(op: Op, args: Sequence[Any], params: dict[str, Any], error: Exception) -> Exception:
    """The error for an op whose kernel raised one."""
    if isinstance(error, TypeError):  # of CuPy, as a rule, which takes no array of the host
        return mixed(op, args) or error
    if "negative integer powers" in str(error):  # no matter of shapes
        return DTypeError(op.name, "floats", "integers", "convert one with astype")
    shapes = ", ".join(str(np.shape(a.data if isinstance(a, Value) else a)) for a in args)
    if isinstance(error, np.linalg.LinAlgError):  # nor is this: values that LAPACK refuses
        return OptionError(op.name, op.expects, f"{shapes}: {str(error).lower()}", op.repair)
    got = " and ".join([shapes, *(f"{k}={v}" for k, v in params.items())])
    return ShapeError(op.name, op.expects, got, op.repair)


def mixed(op: Op, args: Sequence[Any]) -> Exception | None:
    """The error for Tensors of two devices; None where there are none such. Arrays and numbers
    beside a Tensor of a device are copied there."""
    places = [device_of(a.data) for a in args if isinstance(a, Value)]
    if len(set(places)) < 2:
        return None
    repair = "move one, as in x.to('cuda')"
    return DTypeError(op.name, "Tensors of one device", " and ".join(places), repair)

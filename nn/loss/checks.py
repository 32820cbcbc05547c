"""What losses ask of their arguments. Shapes are never broadcast: that would hide a mistake."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.shaping import as_array, astype, data_of
from ...engine.value import Value
from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels.device import device_of, to_device
from ..applied import floats, real
from ..parameter import Buffer


def same_shape(where: str, what: str, x: Any, shape: tuple[int, ...]) -> None:
    """Raises: ShapeError for another shape."""
    if x.shape != shape:
        got, repair = str(x.shape), "reshape one of them"
        raise ShapeError(where, f"{what} of shape {shape}", got, repair)


def alike(
    where: str, x: Any, target: Any, names: tuple[str, str] = ("a prediction", "a target")
) -> tuple[Any, Any]:
    """Floats and a target of one shape; whole numbers and truths in it take their dtype."""
    x = floats(where, x, names[0])
    target = beside(real(where, names[1], target), x)
    same_shape(where, names[1], target, x.shape)
    return x, target if target.dtype.kind == "f" else astype(target, x.dtype)


def beside(x: Any, other: Any) -> Any:
    """An array on the device of another; a Tensor stays where it is."""
    return x if isinstance(x, Value) else to_device(x, device_of(data_of(other)))


def signs(where: str, target: Any, like: Any, shape: tuple[int, ...]) -> Any:
    """Targets of 1 and -1, which take no gradient, in the dtype of `like`.

    Raises: OptionError for another number.
    """
    target = beside(data_of(real(where, "a target", target)), like)
    same_shape(where, "a target", target, shape)
    wrong = target[(target != 1) & (target != -1)]
    if wrong.size:
        repair = "make -1 of the class 0"
        raise OptionError(where, "targets of 1 or -1", f"{wrong[0]}", repair)
    return target.astype(like.dtype)


def whole(where: str, what: str, x: Any) -> Any:
    """Integers as a plain array.

    Raises: DTypeError for others.
    """
    x = data_of(as_array(x))
    if x.dtype.kind not in "iu":
        raise DTypeError(where, f"integer {what}", str(x.dtype), "convert with astype(int)")
    return x


def in_range(where: str, what: str, x: Any, low: int, stop: int, repair: str) -> None:
    """Raises: OptionError where one of some integers is not in [low, stop)."""
    if x.size and not (x.min() >= low and x.max() < stop):
        got = f"{x.min()} to {x.max()}"
        raise OptionError(where, f"{what} in [{low}, {stop})", got, repair)


def constant(weight: Any, name: str) -> Buffer | None:
    """Weights that training leaves alone, as floats; None where there are none."""
    if weight is None:
        return None
    weight = data_of(as_array(weight))
    return Buffer(weight.astype(np.float64) if weight.dtype.kind in "iub" else weight, name)


def at_least(where: str, name: str, value: float, low: float) -> float:
    """Raises: OptionError for a setting below its bound."""
    if not value >= low:
        raise OptionError(where, f"{name} >= {low:g}", f"{value}", f"give another {name}")
    return value


def above(where: str, name: str, value: float, low: float = 0) -> float:
    """Raises: OptionError for a setting that is not above its bound."""
    if not value > low:
        raise OptionError(where, f"{name} > {low:g}", f"{value}", f"give another {name}")
    return value


def within(where: str, name: str, value: float, low: float, high: float) -> float:
    """Raises: OptionError for a setting outside its bounds."""
    if not low <= value <= high:
        rule = f"{name} in [{low:g}, {high:g}]"
        raise OptionError(where, rule, f"{value}", f"give another {name}")
    return value

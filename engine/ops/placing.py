"""Values on another device, as an op: the gradient comes back to where they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels import DTypeError, shape
from ...kernels.device import DEVICES, device_of, module_for
from ..op import LINEAR, Op, structural
from ..tape import apply
from .shaping import as_array, astype, data_of

MOVE: Op = structural(
    "to",
    shape.to,
    ["x"],
    lambda g, device, back: apply(MOVE, g, device=back, back=device),
    jvp=LINEAR,
)


def device(name: str) -> str:
    """`cpu` or `cuda`, once it is known to be there: what every `device=` and `to` takes.

    >>> device("cpu")
    'cpu'

    Raises: OptionError for another name, BackendError for a device that is not there.
    """
    module_for(name)
    return str(name)


def to(x: Any, *targets: Any) -> Any:
    """x on a device (`cpu`, `cuda`), in a dtype, or both; x itself where it is so already.
    The gradient comes back in x's dtype, to x's device.

    Raises: DTypeError, OptionError for what is neither; BackendError for a device that is not
    there.
    """
    where, dtype = read(targets)
    x = as_array(x)
    back = device_of(data_of(x))
    if where is not None and where != back:
        x = apply(MOVE, x, device=where, back=back)
    return x if dtype is None or x.dtype == dtype else astype(x, dtype)


def read(targets: Sequence[Any], kinds: str = "fiub") -> tuple[str | None, Any]:
    """The device and the dtype, of these kinds, among the targets; None where it is to stay."""
    where: str | None = None
    dtype: Any = None
    for target in targets:
        if isinstance(target, str) and target.partition(":")[0] in DEVICES:
            where = target
            module_for(target)  # says what is missing, before anything moves
        else:
            dtype = _dtype(target, kinds)
    return where, dtype


def _dtype(target: Any, kinds: str) -> np.dtype[Any]:
    try:
        dtype = np.dtype(target)
    except TypeError:
        if isinstance(target, str):
            module_for(target)  # which knows no such device
        dtype = None
    if target is None or dtype is None or dtype.kind not in kinds:
        repair = "pass 'cuda', np.float64, or both"
        rule = f"a device ({', '.join(DEVICES)}) or a {'float ' * (kinds == 'f')}dtype"
        raise DTypeError("to", rule, repr(target), repair)
    return dtype

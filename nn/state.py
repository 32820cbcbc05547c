"""The state of a module: its parameters and buffers as plain arrays, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels import DTypeError, OptionError, ShapeError
from .parameter import Buffer, Parameter
from .tree import dotted, held, walk

if TYPE_CHECKING:
    from .module import Module

WHERE = "load_state_dict"


class Keys(NamedTuple):
    """Names that a load left out: those the state lacks, and those the module lacks."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def entries(module: Module) -> dict[str, Tensor]:
    """Parameters and persistent buffers in PyTorch's order and by its names; what is held in
    two places stands under both."""
    found: dict[str, Tensor] = {}
    for prefix, part in walk(module, "", once=False):
        own = {dotted(prefix, name): value for name, value in held(part, (Parameter, Buffer))}
        for kind in (Parameter, Buffer):
            kept = {n: v for n, v in own.items() if isinstance(v, kind)}
            found.update((n, v) for n, v in kept.items() if getattr(v, "persistent", True))
    return found


def state_of(module: Module) -> dict[str, np.ndarray]:
    """A copy of every entry on the host."""
    return {name: value.numpy().copy() for name, value in entries(module).items()}


def load_into(module: Module, state: Mapping[str, Any], strict: bool) -> Keys:
    """Take every entry from a state; nothing is changed where something does not fit."""
    if not isinstance(state, Mapping):
        got, repair = type(state).__name__, "pass what state_dict() or nn.load gave"
        raise DTypeError(WHERE, "a state, arrays by name", got, repair)
    mine = entries(module)
    keys = Keys(sorted(mine.keys() - state), sorted(state.keys() - mine))
    if strict and any(keys):
        got = f"missing {keys.missing_keys}, unexpected {keys.unexpected_keys}"
        repair = "load the state of the same architecture, or pass strict=False"
        raise OptionError(WHERE, "the names of this module", got, repair)
    given = {name: _array(name, state[name]) for name in mine if name in state}
    _check_shapes(mine, given)
    _check_shared(mine, given)
    for name, array in given.items():
        mine[name].assign_(array)
    return keys


def _array(name: str, value: Any) -> np.ndarray:
    """The value on the host: an array, a Tensor, or a tensor of PyTorch."""
    value = value.detach() if hasattr(value, "detach") else value
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"{WHERE}: {name}", "numbers", f"dtype {array.dtype}", "see the state")
    return array


def _check_shapes(mine: Mapping[str, Tensor], given: Mapping[str, np.ndarray]) -> None:
    wrong = [f"{n}: {a.shape} for {mine[n].shape}" for n, a in given.items()
             if a.shape != mine[n].shape]  # fmt: skip
    if wrong:
        repair = "load the state of the same sizes"
        raise ShapeError(WHERE, "the shapes of this module", ", ".join(wrong), repair)


def _check_shared(mine: Mapping[str, Tensor], given: Mapping[str, np.ndarray]) -> None:
    """What the module holds once has one value, under whichever name."""
    first: dict[int, str] = {}
    for name, array in given.items():
        other = first.setdefault(id(mine[name]), name)
        if not np.array_equal(given[other], array, equal_nan=array.dtype.kind == "f"):
            got = f"{other} and {name}, which are one here, with different values"
            repair = "load a state that shares them, or untie them"
            raise OptionError(WHERE, "one value for what is shared", got, repair)

"""An optimizer's state as plain dicts and arrays, and back, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import DTypeError, OptionError, ShapeError, device
from .launch import tensors_of
from .memory import precision
from .settings import check_settings
from .torch_names import is_of_torch, translated

if TYPE_CHECKING:
    from .optimizer import Optimizer

SAME = "load a state of the same optimizer"


def state_dict(optimizer: Optimizer) -> dict[str, Any]:
    """{"state": {number: {"step": t, name: array}}, "param_groups": [settings], "skipped": n};
    copies all."""
    numbers = {p: k for k, p in enumerate(tensors_of(optimizer.param_groups))}
    state = {
        numbers[p]: {
            name: device.to_device(value, "cpu").copy() if hasattr(value, "dtype") else value
            for name, value in held.items()
        }
        for p, held in optimizer.state.items()
    }
    groups = [
        {
            **{name: g[name] for name in optimizer.defaults},
            "params": [numbers[p] for p in g["params"]],
        }
        for g in optimizer.param_groups
    ]
    return {"state": state, "param_groups": groups, "skipped": optimizer.skipped}


def load_state_dict(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Replace state and settings by those of `state_dict`, or of PyTorch's optimizer of the
    same rule. Settings that an older version did not have keep their values.

    Raises: DTypeError for what is no state, OptionError where groups, settings or state names
    differ, ShapeError where a shape does; the optimizer is unchanged then.
    """
    where = f"{type(optimizer).__name__}.load_state_dict"
    _check_form(where, state)
    if is_of_torch(state):
        state = translated(where, optimizer, state)
    _check_groups(where, optimizer, state["param_groups"])
    parameters = dict(enumerate(tensors_of(optimizer.param_groups)))
    for number, held in state["state"].items():
        if number not in parameters:
            got, repair = f"one of number {number!r}", "build the optimizer as it was saved"
            raise OptionError(where, f"states of {len(parameters)} parameters", got, repair)
        _check(where, optimizer, parameters[number], held)
    skipped = _count(where, "skipped", state.get("skipped", 0))
    optimizer.state = {
        parameters[k]: _taken(optimizer, parameters[k], v) for k, v in state["state"].items()
    }
    for mine, saved in zip(optimizer.param_groups, state["param_groups"], strict=True):
        mine.update({k: v for k, v in saved.items() if k != "params"})
    optimizer.skipped = skipped


def _check_form(where: str, state: Any) -> None:
    """A dict of a dict of dicts, and a list of dicts, as `state_dict` writes them."""
    expected, repair = "a dict with state and param_groups", "load what state_dict gave"
    if not isinstance(state, Mapping):
        raise DTypeError(where, expected, type(state).__name__, repair)
    held, groups = state.get("state"), state.get("param_groups")
    if (
        not (isinstance(held, Mapping) and isinstance(groups, (list, tuple)))
        or not all(isinstance(h, Mapping) for h in held.values())
        or not all(isinstance(g, Mapping) and "params" in g for g in groups)
    ):
        raise OptionError(where, expected, f"a dict of {sorted(state, key=str)}", repair)


def _check_groups(
    where: str, optimizer: Optimizer, groups: Sequence[Mapping[str, Any]]
) -> None:
    sizes = [len(g["params"]) for g in optimizer.param_groups]
    given = [len(g["params"]) for g in groups]
    if sizes != given:
        repair = "build the optimizer as it was saved"
        raise OptionError(where, f"groups of {sizes} parameters", str(given), repair)
    wanted = set(optimizer.defaults)
    for group in groups:
        got = [name for name in group if name != "params"]
        if not wanted - {"weight_decay"} <= set(got) <= wanted:
            expected, repair = f"settings {list(optimizer.defaults)}", SAME
            raise OptionError(where, expected, str(got), repair)
        check_settings(where, {**optimizer.defaults, **group}, optimizer.defaults)


def _check(where: str, optimizer: Optimizer, p: Any, held: Mapping[str, Any]) -> None:
    names = {"step", *optimizer.state_names, *optimizer.host_names}
    if held.keys() - {"theta"} != names:
        raise OptionError(where, f"state {sorted(names)}", str(sorted(held)), SAME)
    _count(where, "step", held["step"])
    for name in held.keys() - {"step"}:
        shape = () if name in optimizer.host_names else p.shape
        if np.shape(held[name]) != shape:
            expected, got = f"{name} of shape {shape}", str(np.shape(held[name]))
            raise ShapeError(where, expected, got, "load the same network's state")
        if (dtype := _dtype(held[name])).kind not in "fiu":
            raise DTypeError(where, f"{name} of numbers", str(dtype), SAME)


def _count(where: str, name: str, value: Any) -> int:
    if not isinstance(value, (int, np.integer)) or value < 0:
        raise OptionError(where, f"{name}, a count", f"{name}={value!r}", SAME)
    return int(value)


def _dtype(value: Any) -> np.dtype[Any]:
    return np.dtype(value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype)


def _taken(optimizer: Optimizer, p: Any, held: Mapping[str, Any]) -> dict[str, Any]:
    """A checked state in the precision and on the device of its parameter."""
    dtype = precision(p, optimizer.state_dtype)
    taken: dict[str, Any] = {"step": int(held["step"])}
    for name in optimizer.state_names:
        taken[name] = device.to_device(np.array(held[name], dtype), p.device)
    taken |= {name: float(held[name]) for name in optimizer.host_names}
    if dtype != p.dtype:
        fine = held.get("theta", device.to_device(p.data, "cpu"))
        taken["theta"] = device.to_device(np.array(fine, dtype), p.device)
    return taken

"""An optimizer's state as plain dicts and arrays, and back, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import OptionError, ShapeError, device
from .settings import check_settings

if TYPE_CHECKING:
    from .optimizer import Optimizer


def state_dict(optimizer: Optimizer) -> dict[str, Any]:
    """{"state": {number: {"step": t, name: array}}, "param_groups": [settings]}; copies all."""
    numbers = _numbers(optimizer)
    state = {
        numbers[p]: {
            name: value if name == "step" else device.to_device(value, "cpu").copy()
            for name, value in held.items()
        }
        for p, held in optimizer.state.items()
    }
    groups = [
        {**g, "params": [numbers[p] for p in g["params"]]} for g in optimizer.param_groups
    ]
    return {"state": state, "param_groups": groups}


def load_state_dict(optimizer: Optimizer, state: Mapping[str, Any]) -> None:
    """Replace state and settings.

    Raises: OptionError where groups or state names differ, ShapeError where a shape does; the
    optimizer is unchanged then.
    """
    where = type(optimizer).__name__
    sizes = [len(g["params"]) for g in optimizer.param_groups]
    given = [len(g["params"]) for g in state["param_groups"]]
    if sizes != given:
        raise OptionError(
            f"{where}.load_state_dict",
            f"groups of {sizes} parameters",
            str(given),
            "build the optimizer as it was saved",
        )
    parameters = [p for g in optimizer.param_groups for p in g["params"]]
    for number, held in state["state"].items():
        _check(optimizer, parameters[number], held)
    for group in state["param_groups"]:
        check_settings(where, group, optimizer.defaults)
    optimizer.state = {
        parameters[k]: _taken(parameters[k], v) for k, v in state["state"].items()
    }
    for mine, saved in zip(optimizer.param_groups, state["param_groups"], strict=True):
        mine.update({k: v for k, v in saved.items() if k != "params"})


def _numbers(optimizer: Optimizer) -> dict[Any, int]:
    return {p: k for k, p in enumerate(p for g in optimizer.param_groups for p in g["params"])}


def _check(optimizer: Optimizer, p: Any, held: Mapping[str, Any]) -> None:
    where = f"{type(optimizer).__name__}.load_state_dict"
    names = {"step", *optimizer.state_names}
    if held.keys() != names:
        raise OptionError(
            where,
            f"state {sorted(names)}",
            str(sorted(held)),
            "load a state of the same optimizer",
        )
    for name in optimizer.state_names:
        if np.shape(held[name]) != p.shape:
            raise ShapeError(
                where,
                f"{name} of shape {p.shape}",
                str(np.shape(held[name])),
                "load the same network's state",
            )


def _taken(p: Any, held: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: int(v) if name == "step" else device.to_device(np.array(v, p.dtype), p.device)
        for name, v in held.items()
    }

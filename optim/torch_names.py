"""States of PyTorch's optimizers, for the rules that are the same there: its names for ours."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import OptionError

if TYPE_CHECKING:
    from .optimizer import Optimizer

_MOMENTS = {"m": "exp_avg", "v": "exp_avg_sq"}
_SQUARES = {"v": "square_avg"}
# name of the rule -> PyTorch's name of each state
NAMES: dict[str, dict[str, str]] = {
    "adam": _MOMENTS,
    "adamw": _MOMENTS,
    "amsgrad_corrected": {**_MOMENTS, "v_max": "max_exp_avg_sq"},
    "adamax_torch": {"m": "exp_avg", "u": "exp_inf"},
    "nadam_torch": {**_MOMENTS, "mu_product": "mu_product"},
    "radam_torch": _MOMENTS,
    "adadelta": {**_SQUARES, "d": "acc_delta"},
    "adagrad": {"s": "sum"},
    "rmsprop": _SQUARES,
    "rmsprop_momentum_torch": {**_SQUARES, "b": "momentum_buffer"},
    "rmsprop_centred_torch": {**_SQUARES, "a": "grad_avg"},
    "rmsprop_centred_momentum_torch": {**_SQUARES, "a": "grad_avg", "b": "momentum_buffer"},
    "sgd": {},
    "momentum": {"b": "momentum_buffer"},
    "nesterov": {"b": "momentum_buffer"},
}
# Settings of PyTorch that make another rule of it unless they have this value.
CHANGES = {"maximize": False, "dampening": 0, "lr_decay": 0}
MEANT: dict[str, Callable[[str], bool]] = {
    "amsgrad": lambda rule: rule == "amsgrad_corrected",
    "nesterov": lambda rule: rule == "nesterov",
    "centered": lambda rule: "centred" in rule,
    "decoupled_weight_decay": lambda rule: rule == "adamw",
}


def is_of_torch(state: Mapping[str, Any]) -> bool:
    """Whether a state was written by PyTorch: its settings have names that ours never have."""
    return any("foreach" in group for group in state["param_groups"])


def translated(where: str, optimizer: Optimizer, state: Mapping[str, Any]) -> dict[str, Any]:
    """PyTorch's state in our words.

    Raises: OptionError where its rule is another one, by its class or by a flag.
    """
    names = _names_of(where, optimizer)
    groups = [_settings(where, optimizer, group) for group in state["param_groups"]]
    held = {
        number: _one(where, theirs, names, sorted(names.values()))
        for number, theirs in state["state"].items()
    }
    return {"state": held, "param_groups": groups}


def _names_of(where: str, optimizer: Optimizer) -> dict[str, str]:
    rule = optimizer.update.program.name
    if rule not in NAMES:
        repair = f"rules that are the same: {', '.join(NAMES)}"
        raise OptionError(where, "a rule that PyTorch computes too", rule, repair)
    return NAMES[rule]


def _settings(where: str, optimizer: Optimizer, group: Mapping[str, Any]) -> dict[str, Any]:
    rule = optimizer.update.program.name
    meant = {**CHANGES, **{name: holds(rule) for name, holds in MEANT.items()}}
    for name, value in meant.items():
        if name in group and bool(group[name]) != bool(value):
            got = f"{name}={group[name]}"
            raise OptionError(where, f"{name}={value} for {rule}", got, "take another rule")
    wanted = {k: _plain(v) for k, v in group.items() if k in optimizer.defaults}
    return {**optimizer.defaults, **wanted, "params": list(group["params"])}


def _one(
    where: str, theirs: Mapping[str, Any], names: Mapping[str, str], wanted: list[str]
) -> dict[str, Any]:
    given = {k: v for k, v in theirs.items() if v is not None}
    if sorted(given.keys() - {"step"}) != wanted:
        raise OptionError(where, f"state {wanted}", str(sorted(given)), "take another rule")
    state = {ours: _plain(given[name]) for ours, name in names.items()}
    return {"step": int(given.get("step", 1)), **state}


def _plain(value: Any) -> Any:
    """A PyTorch tensor as an array, or as a number where it is one."""
    if not hasattr(value, "detach"):
        return value
    array = np.asarray(value.detach().cpu().numpy())
    return array if array.ndim else array.item()


def to_torch(optimizer: Optimizer, theirs: Any) -> None:
    """Load state and settings into PyTorch's optimizer of the same rule, on parameters in the
    same order. The way back is `load_state_dict(theirs.state_dict())`.

    Raises: OptionError where PyTorch's rule is another one.
    """
    where = "to_torch"
    names, saved = _names_of(where, optimizer), optimizer.state_dict()
    for group in theirs.state_dict()["param_groups"]:
        _settings(where, optimizer, group)
    torch: Any = importlib.import_module("torch")  # theirs is there, so it is
    state = {
        number: {
            "step": torch.tensor(float(held["step"])),
            **{name: torch.as_tensor(held[ours]) for ours, name in names.items()},
        }
        for number, held in saved["state"].items()
    }
    groups = [
        {**group, **{k: v for k, v in mine.items() if k in group}}
        for mine, group in zip(
            saved["param_groups"], theirs.state_dict()["param_groups"], strict=True
        )
    ]
    theirs.load_state_dict({"state": state, "param_groups": groups})

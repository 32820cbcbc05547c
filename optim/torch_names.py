"""States of PyTorch's optimizers, for the rules that are the same there: its names for ours.

Differs: PyTorch's SGD counts no steps; with a state of its, t goes on from 1.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels import OptionError, ShapeError
from .settings import has_schedule

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
# A setting that tells PyTorch's class, the first that is found: its states do not name it.
MARKS = {
    "amsgrad": "Adam",
    "momentum_decay": "NAdam",
    "centered": "RMSprop",
    "dampening": "SGD",
    "lr_decay": "Adagrad",
    "rho": "Adadelta",
    "t0": "ASGD",
    "decoupled_weight_decay": "RAdam",
    "betas": "Adamax",
}
CLASSES = {
    **dict.fromkeys(("adam", "adamw", "amsgrad_corrected"), "Adam"),
    **dict.fromkeys(("sgd", "momentum", "nesterov"), "SGD"),
    **dict.fromkeys([rule for rule in NAMES if "rmsprop" in rule], "RMSprop"),
    "adamax_torch": "Adamax",
    "nadam_torch": "NAdam",
    "radam_torch": "RAdam",
    "adadelta": "Adadelta",
    "adagrad": "Adagrad",
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
    """The settings of a group of PyTorch's, found to be of the same rule."""
    rule = optimizer.update.program.name
    found = next((name for mark, name in MARKS.items() if mark in group), "another")
    if found != CLASSES[rule]:
        expected, got = f"PyTorch's {CLASSES[rule]} for {rule}", f"its {found}"
        raise OptionError(where, expected, got, "take another rule")
    for name, value in _switches(rule).items():
        if name in group and bool(group[name]) != bool(value):
            got = f"{name}={group[name]}"
            raise OptionError(where, f"{name}={value} for {rule}", got, "take another rule")
    wanted = {k: _plain(v) for k, v in group.items() if k in optimizer.defaults}
    return {**optimizer.defaults, **wanted, "params": list(group["params"])}


def _switches(rule: str) -> dict[str, Any]:
    """Settings of PyTorch that make another rule of it unless they have this value."""
    return {
        "maximize": False,
        "dampening": 0,
        "lr_decay": 0,
        "amsgrad": rule == "amsgrad_corrected",
        "nesterov": rule == "nesterov",
        "centered": "centred" in rule,
        "decoupled_weight_decay": rule == "adamw",
        **({} if "b" in NAMES[rule] else {"momentum": 0}),
    }


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
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if not hasattr(value, "detach"):
        return value
    array = np.asarray(value.detach().cpu().numpy())
    return array if array.ndim else array.item()


def to_torch(optimizer: Optimizer, theirs: Any) -> None:
    """Load state and settings into PyTorch's optimizer of the same rule, on parameters in the
    same order. The way back is `load_state_dict(theirs.state_dict())`.

    Raises: OptionError where PyTorch's rule is another one, where groups differ, or for a
    schedule; ShapeError where a shape differs. Theirs is unchanged then.
    """
    where = "to_torch"
    names, saved = _names_of(where, optimizer), optimizer.state_dict()
    groups = theirs.state_dict()["param_groups"]
    _check_same(where, optimizer, theirs)
    for group in groups:
        _settings(where, optimizer, group)
    torch: Any = importlib.import_module("torch")  # theirs is there, so it is
    state = {
        number: {
            "step": torch.tensor(float(held["step"])),
            **{name: torch.as_tensor(np.asarray(held[n])) for n, name in names.items()},
        }
        for number, held in saved["state"].items()
    }
    groups = [
        {**group, **{k: v for k, v in mine.items() if k in group}}
        for mine, group in zip(saved["param_groups"], groups, strict=True)
    ]
    theirs.load_state_dict({"state": state, "param_groups": groups})


def _check_same(where: str, optimizer: Optimizer, theirs: Any) -> None:
    """Both have the same parameters in the same groups, and settings that are numbers."""
    mine, other = optimizer.param_groups, theirs.param_groups
    sizes, given = ([len(g["params"]) for g in groups] for groups in (mine, other))
    if sizes != given:
        expected, repair = f"groups of {sizes} parameters", "build both alike"
        raise OptionError(where, expected, str(given), repair)
    for group, theirs_too in zip(mine, other, strict=True):
        for p, q in zip(group["params"], theirs_too["params"], strict=True):
            if p.shape != tuple(q.shape):
                expected, repair = f"a parameter of shape {p.shape}", "build both alike"
                raise ShapeError(where, expected, str(tuple(q.shape)), repair)
        if has_schedule({name: group[name] for name in optimizer.defaults}):
            repair = "set a number, and take PyTorch's scheduler"
            raise OptionError(where, "settings that are numbers", "a schedule", repair)

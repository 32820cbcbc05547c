"""Settings of optimizers: PyTorch's words in public, the papers' letters in rules; ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any, TypedDict

import numpy as np

from ..kernels import FusegradError, OptionError
from .schedules import Schedule, at

Range = tuple[Callable[[float], bool], str]
Setting = float | Schedule | Callable[[int], float]
Betas = tuple[Setting, Setting]


class Checks(TypedDict, total=False):
    """What every optimizer takes beside its own settings.

    skip_non_finite   leave out a step that would put nan or inf anywhere, and count it in
                      `skipped`
    state_dtype       precision of states and arithmetic; the parameter's, but at least float32,
                      unless given
    """

    skip_non_finite: bool
    state_dtype: Any


class Options(Checks, total=False):
    """What every optimizer takes whose rule has no weight decay of its own.

    weight_decay      lam, added to the gradient as lam * theta (coupled); a group may have its
                      own
    """

    weight_decay: Setting


LETTERS: dict[str, tuple[str, ...]] = {
    "lr": ("alpha",),
    "betas": ("beta1", "beta2"),
    "eps": ("eps",),
    "eps_hat": ("eps_hat",),
    "alpha": ("rho",),
    "momentum": ("mu",),
    "weight_decay": ("lam",),
    "momentum_decay": ("psi",),
    "beta1_decay": ("lambd",),
    "final_lr": ("alpha_star",),
    "slow_start": ("n0",),
    "overestimate": ("c",),
}  # any other word is its own letter

_not_negative: Callable[[float], bool] = lambda x: 0 <= x < math.inf  # noqa: E731
_fraction: Callable[[float], bool] = lambda x: 0 <= x < 1  # noqa: E731
_factor: Callable[[float], bool] = lambda x: 0 < x <= 1  # noqa: E731
_count: Callable[[float], bool] = lambda x: x >= 1 and x == int(x)  # noqa: E731
RANGES: dict[str, Range] = {
    **{
        name: (_not_negative, f"0 <= {name} < inf")
        for name in (
            "lr",
            "eps",
            "eps_hat",
            "weight_decay",
            "momentum_decay",
            "final_lr",
            "eta",
            "initial_accumulator_value",
        )
    },
    **{name: (_fraction, f"0 <= {name} < 1") for name in ("alpha", "rho", "momentum", "beta2")},
    "betas": (_fraction, "two numbers, 0 <= beta < 1"),
    "beta1": (_fraction, "0 <= beta1 < 1"),
    "beta1_decay": (_factor, "0 < beta1_decay <= 1"),
    "slow_start": (_count, "slow_start, a count of at least 1"),
    "overestimate": (lambda x: 1 <= x < math.inf, "1 <= overestimate < inf"),
}


# Settings that choose a rule when an optimizer is built, and are nothing to it afterwards.
SWITCHES = ("nesterov",)


def letters(settings: Mapping[str, Any], t: int = 1) -> dict[str, float]:
    """The settings of a group in the letters of the rules, at step t.

    >>> letters({"lr": 0.1, "betas": (0.9, 0.999)})
    {'alpha': 0.1, 'beta1': 0.9, 'beta2': 0.999}
    """
    return {
        letter: at(value, t)
        for word, setting in settings.items()
        if word != "params"
        for letter, value in zip(letters_of(word), _values(setting), strict=True)
    }


def letters_of(word: str) -> tuple[str, ...]:
    """The letters that a setting stands for."""
    return LETTERS.get(word, (word,))


def _values(setting: Any) -> tuple[Any, ...]:
    return tuple(setting) if isinstance(setting, (tuple, list)) else (setting,)


def has_schedule(settings: Mapping[str, Any]) -> bool:
    """Whether any setting follows the step."""
    return any(callable(v) for s in settings.values() for v in _values(s))


def check_settings(
    where: str, given: Mapping[str, Any], known: Mapping[str, Any], t: int = 1
) -> None:
    """Refuse a setting that is unknown or outside its range at step t.

    Raises: OptionError, which names it, its value and the range.
    """
    check_names(where, given.keys() - {"params"}, known)
    for name, chosen in known.items():
        if isinstance(chosen, bool) and given[name] != chosen:
            expected, got = f"{name}={chosen} in every group", f"{name}={given[name]!r}"
            raise OptionError(where, expected, got, "it chooses the rule: build another")
    check_ranges(where, {name: given[name] for name in known}, t)


def check_names(where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse settings that nobody would read. Raises: OptionError."""
    if unknown := sorted(set(given) - set(known)):
        expected = f"settings among {', '.join(known) or 'none'}"
        raise OptionError(where, expected, ", ".join(unknown), "remove or rename it")


def check_ranges(where: str, settings: Mapping[str, Any], t: int) -> None:
    """Refuse a value outside the range of its setting. Raises: OptionError."""
    for name, setting in settings.items():
        if isinstance(setting, bool) and name in SWITCHES:
            continue
        holds, rule = RANGES.get(name, (math.isfinite, f"{name}, a finite number"))
        values = _values(setting)
        if len(values) != len(letters_of(name)) or not all(_fits(v, holds, t) for v in values):
            got = f"{name}={setting!r}"
            got += f" at t={t}" if has_schedule({name: setting}) else ""
            raise OptionError(where, rule, got, "give a value in the range")


def _fits(setting: Any, holds: Callable[[float], bool], t: int) -> bool:
    try:
        value = at(setting, t)
        return _is_number(value) and bool(holds(float(value)))
    except FusegradError:
        raise
    except (ArithmeticError, TypeError, ValueError):  # a function of t that fails there
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))

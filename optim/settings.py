"""Settings of optimizers: PyTorch's words in public, the papers' letters in rules; ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from typing import Any

from ..engine import Tensor
from ..kernels import DTypeError, OptionError

Range = tuple[Callable[[float], bool], str]

LETTERS: dict[str, tuple[str, ...]] = {
    "lr": ("alpha",),
    "betas": ("beta1", "beta2"),
    "eps": ("eps",),
    "eps_hat": ("eps_hat",),
    "alpha": ("rho",),
    "momentum": ("mu",),
}  # any other word is its own letter

_not_negative: Callable[[float], bool] = lambda x: 0 <= x < math.inf  # noqa: E731
_fraction: Callable[[float], bool] = lambda x: 0 <= x < 1  # noqa: E731
RANGES: dict[str, Range] = {
    "lr": (_not_negative, "0 <= lr < inf"),
    "betas": (_fraction, "two numbers, 0 <= beta < 1"),
    "eps": (_not_negative, "0 <= eps < inf"),
    "eps_hat": (_not_negative, "0 <= eps_hat < inf"),
    "alpha": (_fraction, "0 <= alpha < 1"),
    "momentum": (_fraction, "0 <= momentum < 1"),
}


def letters(settings: Mapping[str, Any]) -> dict[str, float]:
    """The settings of a group in the letters of the rules.

    >>> letters({"lr": 0.1, "betas": (0.9, 0.999)})
    {'alpha': 0.1, 'beta1': 0.9, 'beta2': 0.999}
    """
    return {
        letter: value
        for word, setting in settings.items()
        if word != "params"
        for letter, value in zip(letters_of(word), _values(setting), strict=True)
    }


def letters_of(word: str) -> tuple[str, ...]:
    """The letters that a setting stands for."""
    return LETTERS.get(word, (word,))


def _values(setting: Any) -> tuple[Any, ...]:
    return tuple(setting) if isinstance(setting, (tuple, list)) else (setting,)


def check_settings(where: str, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Refuse a setting that is unknown or outside its range.

    Raises: OptionError, which names it, its value and the range.
    """
    unknown = sorted(given.keys() - known - {"params"})
    if unknown:
        raise OptionError(
            where,
            f"settings among {', '.join(known) or 'none'}",
            ", ".join(unknown),
            "remove or rename it",
        )
    for name in known:
        holds, rule = RANGES.get(name, (math.isfinite, f"{name}, a finite number"))
        values = _values(given[name])
        if len(values) != len(letters_of(name)) or not all(
            isinstance(v, Real) and holds(float(v)) for v in values
        ):
            raise OptionError(
                where, rule, f"{name}={given[name]!r}", "give a value in the range"
            )


def as_groups(where: str, params: Any) -> list[dict[str, Any]]:
    """Parameters, (name, parameter) pairs or dicts of them, as a list of groups.

    Raises: OptionError where there is nothing to train, DTypeError for what is no parameters.
    """
    items = _listed(where, params)
    if not items:
        raise OptionError(where, "at least one parameter", "none", "pass module.parameters()")
    if isinstance(items[0], Mapping):
        return items
    return [{"params": items}]


def parameters_of(where: str, group: Any) -> list[Any]:
    """The parameters of a group, without their names."""
    if not isinstance(group, Mapping) or "params" not in group:
        repair = "write {'params': net.parameters(), ...}"
        raise OptionError(where, "a group, a dict with params", repr(group), repair)
    return [p[1] if _is_pair(p) else p for p in _listed(where, group["params"])]


def _is_pair(p: Any) -> bool:
    return isinstance(p, tuple) and len(p) == 2


def _listed(where: str, params: Any) -> list[Any]:
    if isinstance(params, Tensor):
        return [params]
    is_module = hasattr(params, "parameters")
    if is_module or not isinstance(params, Iterable) or isinstance(params, (str, Mapping)):
        got = type(params).__name__ if is_module else repr(params)
        raise DTypeError(where, "parameters", got, "pass net.parameters()")
    return list(params)

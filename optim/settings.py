"""Settings of optimizers: PyTorch's words in public, the papers' letters in rules; ranges."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

from ..engine import Tensor
from ..kernels import OptionError

LETTERS: dict[str, tuple[str, ...]] = {
    "lr": ("alpha",),
    "betas": ("beta1", "beta2"),
    "eps": ("eps",),
    "eps_hat": ("eps_hat",),
    "alpha": ("rho",),
    "momentum": ("mu",),
}

_not_negative: Callable[[float], bool] = lambda x: 0 <= x < math.inf  # noqa: E731
_fraction: Callable[[float], bool] = lambda x: 0 <= x < 1  # noqa: E731
RANGES: dict[str, tuple[Callable[[float], bool], str]] = {
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
        for word, names in LETTERS.items()
        if word in settings
        for letter, value in zip(names, _values(settings[word]), strict=True)
    }


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
            f"settings among {', '.join(known)}",
            ", ".join(unknown),
            "remove or rename it",
        )
    for name in known.keys() & RANGES.keys():
        holds, rule = RANGES[name]
        values = _values(given[name])
        if len(values) != len(LETTERS[name]) or not all(
            isinstance(v, Real) and holds(float(v)) for v in values
        ):
            raise OptionError(
                where, rule, f"{name}={given[name]!r}", "give a value in the range"
            )


def as_groups(where: str, params: Any) -> list[dict[str, Any]]:
    """Parameters, (name, parameter) pairs or dicts of them, as a list of groups.

    Raises: OptionError where there is nothing to train.
    """
    items: list[Any] = [params] if isinstance(params, Tensor) else list(params)
    if not items:
        raise OptionError(where, "at least one parameter", "none", "pass module.parameters()")
    if isinstance(items[0], Mapping):
        return [dict(group) for group in items]
    return [{"params": [p[1] if isinstance(p, tuple) else p for p in items]}]

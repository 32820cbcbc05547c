"""Coupled weight decay, around any rule: the gradient of the loss plus lam / 2 |theta|^2.

Decoupled decay, which the gradient's statistics do not see, is `AdamW`; the two differ wherever
the rule divides by them.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any

from ..kernels import Update
from ..kernels.tracer import Rule


def coupled(rule: Rule) -> Rule:
    """The rule on g + lam * theta."""

    def decayed(theta: Any, g: Any, *states: Any, lam: Any, **scalars: Any) -> Any:
        g_lam = g + lam * theta
        return rule(theta, g_lam, *states, **scalars)

    parameters = list(inspect.signature(rule).parameters.values())
    parameters.append(inspect.Parameter("lam", inspect.Parameter.KEYWORD_ONLY))
    decayed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    decayed.__wrapped__ = rule  # type: ignore[attr-defined]
    decayed.__name__ = f"{rule.__name__}_decayed"
    return decayed


@cache
def decayed(update: Update) -> Update:
    """An update with coupled weight decay, read by the same reader."""
    return Update(coupled(update.rule), update.reader)

"""The exact reader: the rule in 50-digit arithmetic, the oracle of every kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import exact_words
from .program import Program
from .vocabulary import Constant


def read(program: Program) -> Callable[..., list[Any]]:
    """A function of numbers (floats are taken as the binary values they are, strings as the
    decimals they show) that gives the outputs as mpmath numbers."""

    def exact(*elements: Any, **scalars: Any) -> list[Any]:
        values = dict(zip(program.inputs, map(_number, elements), strict=True))
        return program.interpret(
            values,
            {k: _number(v) for k, v in scalars.items()},
            _constant,
            lambda word: word.exact,
        )

    return exact


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return exact_words.context().mpf(value if isinstance(value, (str, int)) else _plain(value))


def _plain(value: Any) -> Any:
    return value if hasattr(value, "_mpf_") else float(value)


def _constant(value: Any) -> Any:
    mp = exact_words.context()
    return value.exact(mp) if isinstance(value, Constant) else mp.mpf(value)

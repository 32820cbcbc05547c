"""A rule as lines of text with numbers in them, which evaluate to what the kernel computed.

Brackets keep the order of the kernel's operations: `a * (b * c)` is not `a * b * c` to the last
bit. What the host computes of scalars in several roundings' worth stands as its number.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np

from .node import Node, plain


class Form(NamedTuple):
    """How a word is written: how strongly it binds, its text, how strongly arguments must."""

    binds: int
    text: str
    needs: tuple[int, ...]


FORMS: dict[str, Form] = {
    "add": Form(1, "{} + {}", (1, 2)),
    "subtract": Form(1, "{} - {}", (1, 2)),
    "multiply": Form(2, "{} * {}", (2, 3)),
    "scale": Form(2, "{} * {}", (2, 3)),
    "divide": Form(2, "{} / {}", (2, 3)),
    "ratio": Form(2, "{} / {}", (2, 3)),
    "negative": Form(3, "-{}", (3,)),
    "power": Form(4, "{} ** {}", (5, 4)),
    "one_minus_power": Form(1, "1 - {} ** {}", (5, 4)),
    "greater": Form(0, "{} > {}", (1, 1)),
    "greater_equal": Form(0, "{} >= {}", (1, 1)),
    "less": Form(0, "{} < {}", (1, 1)),
    "less_equal": Form(0, "{} <= {}", (1, 1)),
    "equal": Form(0, "{} == {}", (1, 1)),
    "not_equal": Form(0, "{} != {}", (1, 1)),
    "absolute": Form(5, "abs({})", (0,)),
    "maximum": Form(5, "max({}, {})", (0, 0)),
    "minimum": Form(5, "min({}, {})", (0, 0)),
}
ATOM = 5


def form(word: str, arguments: int) -> Form:
    """How a word is written; as a call of its name, where nothing else is said."""
    slots = ", ".join(["{}"] * arguments)
    return FORMS.get(word) or Form(ATOM, f"{word}({slots})", (0,) * arguments)


def number(x: Any) -> str:
    """The shortest text that reads back as x, in its precision."""
    x = x if isinstance(x, np.generic) else np.float64(x)
    text = str(x.item()) if x.dtype == bool else np.format_float_scientific(x)
    if x.dtype == bool or not np.isfinite(x):
        return text
    positional = np.format_float_positional(x, trim="-")
    return positional if len(positional) <= len(text) + 3 else repr(float(text))


def substituted(node: Node, names: Collection[Node], values: Mapping[Node, Any]) -> str:
    """What a value is computed from, with numbers for everything that has a name; of what the
    host computes, down to its scalars: it is exact, and rounded once.
    """
    if node.is_leaf:
        return number(_scalar(values[node]))
    layout, parts = form(node.name, len(node.args)), []
    for k, (arg, need) in enumerate(zip(node.args, layout.needs)):
        stops = node.elementwise and (arg in names or _is_rounded_late(arg))
        text = number(_scalar(values[arg])) if stops else substituted(arg, names, values)
        is_number = stops or arg.is_leaf
        parts.append(_bracketed(arg, text, is_number, need, k == 0))
    return layout.text.format(*parts)


def _bracketed(node: Node, text: str, is_number: bool, need: int, first: bool) -> str:
    """An argument as it stands inside of a form."""
    if is_number:
        is_bare = need == 0 or (first and need < ATOM)
        return f"({text})" if text.startswith("-") and not is_bare else text
    return f"({text})" if form(node.name, len(node.args)).binds < need else text


def _is_rounded_late(node: Node) -> bool:
    """Whether the host computed it in more than one operation, and rounded once at the end."""
    exact = node.name in ("add", "subtract", "multiply", "divide")
    return not node.elementwise and not (exact and all(a.is_leaf for a in node.args))


def _scalar(x: Any) -> Any:
    """One number, in its precision."""
    return np.asarray(x).reshape(())[()] if isinstance(x, np.ndarray) else np.float64(plain(x))

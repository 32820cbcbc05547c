"""How figures look as text, and as strict JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

NONE = "none"  # the name of the empty set of modalities


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of text under their heads; the first column stands left, the others right.

    >>> print(aligned(["branch", "share"], [["a", "0.5"], ["image", "0.25"]]))
    branch  share
    a         0.5
    image    0.25
    """
    lines = [list(head), *map(list, rows)]
    wide = [max(len(line[i]) for line in lines) for i in range(len(head))]
    shown = (
        [
            cell.ljust(w) if i == 0 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, wide))
        ]
        for row in lines
    )
    return "\n".join("  ".join(row).rstrip() for row in shown)


def figure(x: float | None) -> str:
    """A number in four digits, or - where there is none.

    >>> figure(0.12345), figure(None)
    ('0.1235', '-')
    """
    return "-" if x is None or math.isnan(x) else f"{x:.4g}"


def named(subset: Sequence[str]) -> str:
    """A set of modalities as one word.

    >>> named(("a", "b")), named(())
    ('a+b', 'none')
    """
    return "+".join(subset) or NONE


class Record:
    """Base of what an analysis found: frozen dataclasses that print and become JSON."""

    def to_json(self) -> dict[str, Any]:
        """Strict JSON values: null for nan and infinity, sets of modalities as a+b."""
        whole: Any = self  # a dataclass
        return {f.name: plain(getattr(self, f.name)) for f in fields(whole)}


def plain(value: Any) -> Any:
    """A value as strict JSON.

    >>> plain({("a", "b"): (np.float64(1.0), math.nan)})
    {'a+b': [1.0, None]}
    """
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {
            named(k) if isinstance(k, tuple) else str(k): plain(v) for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

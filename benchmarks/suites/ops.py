"""Ops one at a time: calls, elementwise functions, reductions, products, rows."""

from __future__ import annotations

from ..case import Case
from . import calls, elementwise, products, reductions, row_wise


def cases() -> list[Case]:
    """All of them."""
    parts = (calls, elementwise, reductions, products, row_wise)
    return [case for part in parts for case in part.cases()]

"""The errors of the house: what was expected, what came, the repair. Lowest: all raise them."""

from __future__ import annotations


class FusegradError(Exception):
    """Base of every error that fusegrad raises on purpose."""


class ShapeError(FusegradError, ValueError):
    """Arrays whose shapes do not fit together."""


class DTypeError(FusegradError, TypeError):
    """A value of the wrong type or precision."""


class RuleError(FusegradError, TypeError):
    """A rule that uses something outside the vocabulary."""


class GraphError(FusegradError, RuntimeError):
    """A graph that was freed, changed, or never recorded."""


class OptionError(FusegradError, ValueError):
    """A setting outside its range, or a name nobody knows."""


class BackendError(FusegradError, RuntimeError):
    """A backend that is not on this machine."""


def message(where: str, expected: str, got: object, repair: str) -> str:
    """`where: expected rule, got values; repair`, the one form of every message.

    >>> message("matmul", "2 axes", "(3,)", "add an axis")
    'matmul: expected 2 axes, got (3,); add an axis'
    """
    return f"{where}: expected {expected}, got {got}; {repair}"

"""The errors of the house: what was expected, what came, the repair. Lowest: all raise them."""

from __future__ import annotations


class FusegradError(Exception):
    """Base of every error that fusegrad raises on purpose; builds the one form of message.

    >>> print(FusegradError("matmul", "2 axes", "(3,)", "add an axis"))
    matmul: expected 2 axes, got (3,); add an axis
    """

    def __init__(self, where: str, *parts: object) -> None:
        if parts:  # a copy or an unpickled error comes with its whole text in `where`
            expected, got, repair = parts
            where = f"{where}: expected {expected}, got {got}; {repair}"
        super().__init__(where)


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

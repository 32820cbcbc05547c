"""The error of one file, which keeps its parts, so that a table may add its line and column."""

from __future__ import annotations

from typing import Any

from ..kernels import OptionError


class FileError(OptionError):
    """A file that cannot be used: `expected`, `got`, `repair`.

    >>> error = FileError("x.png", "a whole PNG file", "half of one", "save it again")
    >>> print(error)
    x.png: expected a whole PNG file, got half of one; save it again
    >>> error.got
    'half of one'
    """

    def __init__(self, where: str, *parts: Any) -> None:
        super().__init__(where, *parts)
        self.expected, self.got, self.repair = parts or ("", where, "")

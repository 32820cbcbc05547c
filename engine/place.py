"""Where in the user's program an op or a leaf was made, for messages that come later."""

from __future__ import annotations

import sys
from pathlib import PurePath
from types import CodeType, FrameType

Place = tuple[CodeType, int]
_inside: dict[str, bool] = {}  # file name -> whether it is one of ours


def here(depth: int = 1) -> Place | None:
    """The innermost place of the call stack that lies outside this package, from a caller on.
    Cheap: the line is worked out only where a message asks for it."""
    frame: FrameType | None = sys._getframe(depth)
    while frame is not None:
        code = frame.f_code
        try:
            ours = _inside[code.co_filename]
        except KeyError:
            ours = _inside[code.co_filename] = _is_ours(frame)
        if not ours:
            return code, frame.f_lasti
        frame = frame.f_back
    return None


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).startswith("fusegrad.")


def shown(place: Place | None) -> str:
    """` (file.py:12)`, or nothing where the place is not known."""
    if place is None:
        return ""
    code, at = place
    lines = (line for start, end, line in code.co_lines() if start <= at < end and line)
    return f" ({PurePath(code.co_filename).name}:{next(lines, code.co_firstlineno)})"

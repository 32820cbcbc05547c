"""What is going on around an op: ways back that are running, and checkpoints that compute again.

The call stack knows. It is looked at only while a way back is recorded, and for the first op
after it.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any, NamedTuple

from ..engine.backward import backpropagate
from ..engine.checkpoint import Segment

BACK, REPLAY = backpropagate.__code__, Segment.replay.__code__


class Around(NamedTuple):
    """The ways back that are running in this thread, the innermost first, and the checkpoint
    that the innermost computes again."""

    walks: list[Any]
    segment: Segment | None


def around() -> Around:
    """What the caller runs in."""
    walks: list[Any] = []
    segment: Segment | None = None
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code is BACK and "walk" in frame.f_locals:
            walks.append(frame.f_locals["walk"])
        elif frame.f_code is REPLAY and not walks and segment is None:
            segment = frame.f_locals["self"]
        frame = frame.f_back
    return Around(walks, segment)

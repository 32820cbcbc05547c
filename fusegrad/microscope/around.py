"""What goes on around an op: ways back that are running, checkpoints that compute again."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..engine.checkpoint import Segment
from ..engine.mode import MODE


class Around(NamedTuple):
    """The ways back that are running in this thread, the innermost first, and the checkpoint
    that the innermost computes again."""

    walks: list[Any]
    segment: Segment | None


def around() -> Around:
    """What the caller runs in."""
    walks = [what for what in reversed(MODE.within) if not isinstance(what, Segment)]
    last = MODE.within[-1] if MODE.within else None
    return Around(walks, last if isinstance(last, Segment) else None)

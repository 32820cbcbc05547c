"""Cases of the objectives beside a task's own loss: those that generate, oppose, distil and
regularise."""

from __future__ import annotations

from .case import Case
from .generating import GENERATING
from .regularising import REGULARISING

BESIDE: list[Case] = [*GENERATING, *REGULARISING]

"""What there is to learn: data as inputs by modality, and a branch for each.

task.py      what a task is
emoji.py     pictures and words
"""

from __future__ import annotations

from collections.abc import Callable

from .emoji import EmojiTask
from .task import DROPOUT, WIDTH, Task

TASKS: dict[str, Callable[[str], Task]] = {"emoji": EmojiTask}

__all__ = ["DROPOUT", "TASKS", "WIDTH", "EmojiTask", "Task"]

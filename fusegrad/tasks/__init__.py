"""What there is to learn: data as inputs by modality, and a branch for each.

task.py  parts.py                    what a task is, and what several are made of
emoji.py     pictures and words      spam.py       words and a table
syllables.py sound and spelling      av_digits.py  pictures and sounds
"""

from __future__ import annotations

from collections.abc import Callable

from .av_digits import AVDigitsTask
from .emoji import EmojiTask
from .spam import SpamTask
from .syllables import SyllablesTask
from .task import DROPOUT, WIDTH, Task

TASKS: dict[str, Callable[[str], Task]] = {
    "emoji": EmojiTask,
    "spam": SpamTask,
    "syllables": SyllablesTask,
    "av_digits": AVDigitsTask,
}

__all__ = [
    "DROPOUT",
    "TASKS",
    "WIDTH",
    "AVDigitsTask",
    "EmojiTask",
    "SpamTask",
    "SyllablesTask",
    "Task",
]

"""What there is to learn: data as inputs by modality, and a branch for each.

task.py  parts.py                    what a task is, and what several are made of
emoji.py     pictures and words      spam.py       words and a table
syllables.py sound and spelling      av_digits.py  pictures and sounds
folder.py    folder_parts.py         a user's own rows of any of these
"""

from __future__ import annotations

from collections.abc import Callable

from .av_digits import AVDigitsTask
from .emoji import EmojiTask
from .folder import FolderTask, is_folder
from .spam import SpamTask
from .syllables import SyllablesTask
from .task import DROPOUT, WIDTH, Task, masks

TASKS: dict[str, Callable[[str], Task]] = {
    "emoji": EmojiTask,
    "spam": SpamTask,
    "syllables": SyllablesTask,
    "av_digits": AVDigitsTask,
}


def task_of(name: str, device: str = "cpu") -> Task:
    """A task of the table, or the folder of that path. Raises: OptionError, as each does."""
    return FolderTask(name, device) if name not in TASKS else TASKS[name](device)


__all__ = [
    "DROPOUT",
    "TASKS",
    "WIDTH",
    "AVDigitsTask",
    "EmojiTask",
    "FolderTask",
    "SpamTask",
    "SyllablesTask",
    "Task",
    "is_folder",
    "masks",
    "task_of",
]

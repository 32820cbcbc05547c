"""What there is to learn: data as inputs by modality, and a branch for each.

task.py  parts.py                    what a task is, and what several are made of
emoji.py     pictures and words      spam.py       words and a table
syllables.py sound and spelling      av_digits.py  pictures and sounds
folder.py    folder_parts.py         a user's own rows of any of these
synthetic.py                         made-up numbers of which the truth is known
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .av_digits import AVDigitsTask
from .emoji import EmojiTask
from .folder import FolderTask, is_folder
from .spam import SpamTask
from .syllables import SyllablesTask
from .synthetic import SETS, SyntheticTask
from .task import DROPOUT, WIDTH, Task, masks

REAL: dict[str, Callable[[str], Task]] = {
    "emoji": EmojiTask,
    "spam": SpamTask,
    "syllables": SyllablesTask,
    "av_digits": AVDigitsTask,
}
TASKS: dict[str, Callable[[str], Task]] = {
    **REAL,
    **{name: partial(SyntheticTask, name) for name in SETS},
}


def task_of(name: str, device: str = "cpu") -> Task:
    """A task of the table, or the folder of that path. Raises: OptionError, as each does."""
    return FolderTask(name, device) if name not in TASKS else TASKS[name](device)


__all__ = [
    "DROPOUT",
    "REAL",
    "TASKS",
    "WIDTH",
    "AVDigitsTask",
    "EmojiTask",
    "FolderTask",
    "SpamTask",
    "SyllablesTask",
    "SyntheticTask",
    "Task",
    "is_folder",
    "masks",
    "task_of",
]

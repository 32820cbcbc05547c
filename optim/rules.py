"""What an optimizer's class must say so that its rule can run: states, and settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..kernels import OptionError, RuleError, Update
from .settings import LETTERS, SWITCHES, check_names, letters_of

WORDS = {letter: word for word, names in LETTERS.items() for letter in names}


def check_states(where: str, update: Update, names: Sequence[str]) -> None:
    """Refuse a rule that takes something else than theta, g and the states, or measures.

    Raises: RuleError, which names both.
    """
    inputs = update.program.inputs
    if sorted(inputs) != sorted(["theta", "g", *names]):
        states = tuple(n for n in inputs if n not in ("theta", "g"))
        raise RuleError(
            where,
            f"a rule of theta, g and the states {tuple(names)}",
            f"{update.program.name}({', '.join(inputs)})",
            f"set state_names = {states}",
        )


def check_outputs(where: str, update: Update, state_names: Sequence[str]) -> None:
    """Refuse a rule that does not return theta and every state, and nothing else.

    Raises: RuleError, which names both.
    """
    wanted, given = ("theta", *state_names), tuple(n for n in update.program.stored if n)
    if sorted(wanted) != sorted(given):
        raise RuleError(
            where,
            f"a rule that returns {', '.join(wanted)}",
            ", ".join(given),
            "return theta and every state, each from a name of its own",
        )


def check_scalars(
    where: str, update: Update | None, settings: Mapping[str, Any], starts: Mapping[str, Any]
) -> None:
    """Refuse settings from which a scalar of the rule cannot be had.

    Raises: OptionError, which names the missing ones and the words to pass.
    """
    if update is None:
        repair = "set rule and state_names in a class of your own"
        raise OptionError(where, "an optimizer with a rule", "none", repair)
    _check_starts(where, update, starts)
    read = {*update.program.scalars, *starts.values()}
    known = [w for w in settings if w in SWITCHES or read & {w, *letters_of(w)}]
    check_names(where, settings.keys() - {"weight_decay"}, [*known, "weight_decay"])
    given = {"t", *starts, *(letter for word in settings for letter in letters_of(word))}
    missing = [n for n in update.program.scalars if n not in given]
    if missing:
        words = dict.fromkeys(WORDS.get(n, n) for n in missing)
        raise OptionError(
            where,
            f"settings for every scalar of {update.program.name}",
            f"none for {', '.join(missing)}",
            "pass " + ", ".join(f"{word}=..." for word in words),
        )


def _check_starts(where: str, update: Update, starts: Mapping[str, Any]) -> None:
    """A number that the rule renews on the host has to start somewhere."""
    program = update.program
    for name in program.output_names:
        if name not in program.inputs and name not in starts:
            expected, repair = f"a start of {name}", f"set starts = {{'{name}': 1.0}}"
            raise OptionError(where, expected, "none", repair)

"""Which suites and cases are measured."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from fusegrad.kernels import OptionError

from .case import OURS, Case
from .suites import SUITES

SHOWN = 6  # cases of a suite, besides those with a goal
BUILT_IN = {name: f"{__package__}.suites.{name}" for name in SUITES}
ON_GPU = {"gpu": f"{__package__}.suites.gpu"}


@dataclass(frozen=True)
class Chosen:
    """A case, and where a worker finds it again."""

    suite: str
    module: str
    case: Case

    @property
    def name(self) -> str:
        """As `--only` sees it."""
        return f"{self.suite}: {self.case.name}"


def chosen(
    names: Sequence[str],
    only: str = "",
    known: Mapping[str, str] | None = None,
    goals: bool = False,
) -> list[Chosen]:
    """The cases of these suites, all if none are named, whose names hold a text; with `goals`,
    those that have one.

    Raises: OptionError for a suite that is unknown, or where no case is left.
    """
    known = known or BUILT_IN
    if unknown := [name for name in names if name not in known]:
        near = get_close_matches(unknown[0], [*known, "compare"], 1, 0.5)
        repair = f"did you mean {near[0]}?" if near else "see `fusegrad bench --list`"
        raise OptionError("bench", f"suites of {', '.join(known)}", unknown[0], repair)
    found = [
        Chosen(suite, known[suite], case)
        for suite in names or known
        for case in importlib.import_module(known[suite]).cases()
    ]
    if goals:
        found = [one for one in found if one.case.goals]
    kept = [one for one in found if only.lower() in one.name.lower()]
    if not kept:
        repair = "see `fusegrad bench --list`"
        raise OptionError("--only", f"part of the name of a case in {len(found)}", only, repair)
    return kept


def few(cases: Sequence[Chosen], whole: bool = False) -> list[Chosen]:
    """What a quick run measures: cases with a goal, and of the others of a suite up to SHOWN,
    evenly picked from those of no family and the middle size of each family; unless `whole`
    keeps all cases. Of their contenders us and the peers with a goal, or the first peer where
    none has one."""
    if not whole:
        suites = dict.fromkeys(one.suite for one in cases)
        plain = [one.name for s in suites for one in _picked(cases, s)]
        cases = [one for one in cases if one.case.goals or one.name in plain]
    return [replace(one, case=_short(one.case)) for one in cases]


def _picked(cases: Sequence[Chosen], suite: str) -> list[Chosen]:
    """Of a suite, cases without a goal that stand for the others."""
    families: dict[str, list[Chosen]] = {}
    for one in cases:
        if one.suite == suite and not one.case.goals:
            families.setdefault(one.case.family or one.name, []).append(one)
    middles = [part[len(part) // 2] for part in families.values()]
    return [middles[i * len(middles) // SHOWN] for i in range(SHOWN)] if middles else []


def _short(case: Case) -> Case:
    peers = [name for name in case.contenders if name != OURS]
    wanted = [name for name in peers if name in case.goals] or peers[:1]
    made = {n: make for n, make in case.contenders.items() if n == OURS or n in wanted}
    return replace(case, contenders=made)

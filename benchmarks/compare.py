"""Two records beside each other: what became faster, what slower."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from .intervals import SLOWER, Ratio, unpaired
from .machine import differences
from .record import OK, Record, Result
from .wording import amount, figure, shown, threads, within

HEAD = ("case", "A", "B", "B / A", "interval", "shown", "peers B / A")


@dataclass(frozen=True)
class Change:
    """Our time of a case in both records."""

    before: Result
    after: Result
    ratio: Ratio
    peers: float | None  # median ratio of the contenders that are not ours: the machine's own

    def cells(self) -> list[str]:
        """The texts under HEAD."""
        after = self.after
        return [
            f"{after.suite}: {after.case}, {threads(after.threads)}",
            *(amount(_middle(result), result.unit) for result in (self.before, after)),
            figure(self.ratio.value),
            within(self.ratio),
            shown(self.ratio, after.unit),
            figure(self.peers) if self.peers else "-",
        ]

    def is_above(self, limit: float) -> bool:
        """Whether it is shown to be slower, by more than this."""
        return self.ratio.verdict == SLOWER and self.ratio.value > limit


def compare(before: Record, after: Record) -> list[Change]:
    """The cases that both records measured."""
    known = {result.key: result for result in before.results if _figures(result)}
    return [
        _change(known[result.key], result)
        for result in after.results
        if result.key in known and _figures(result)
    ]


def remarks(before: Record, after: Record, changes: Sequence[Change]) -> list[str]:
    """What a reader must know before believing a change."""
    found = []
    if other := differences(before.machine, after.machine):
        found.append(f"The machines differ ({', '.join(other)}): times tell of them too.")
    if busy := [c for c in changes if c.before.disturbed or c.after.disturbed]:
        found.append(f"The machine was busy while {len(busy)} of these cases ran.")
    alone = len(before.results) + len(after.results) - 2 * len(changes)
    if alone:
        found.append(f"Left out, since only one of the records has a figure: {alone}.")
    found.append(
        "Intervals hold the spread within a run, not a drift of the machine between the two: "
        "hold them against the last column."
    )
    return found


def _figures(result: Result) -> list[float]:
    return result.kept(result.ours) if result.ours else []


def _middle(result: Result) -> float:
    return statistics.median(_figures(result))


def _change(before: Result, after: Result) -> Change:
    ratio = unpaired(_figures(after), _figures(before))
    old = {t.name: t for t in before.contenders if t is not before.ours and t.status == OK}
    drift = [
        statistics.median(after.kept(t)) / statistics.median(before.kept(old[t.name]))
        for t in after.contenders
        if t.name in old and t.status == OK
    ]
    return Change(before, after, ratio, statistics.median(drift) if drift else None)

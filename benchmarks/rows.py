"""The rows that the table in a terminal and the page both show."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from .case import OURS
from .intervals import EVEN, FASTER, SLOWER, Ratio
from .machine import floor_seconds
from .record import OK, Record, Result, Timed
from .wording import amount, figure, shown, spanned, threads, within

HEAD = ("case", OURS, "beside", "its", "ratio", "interval", "shown", "goal", "floor, reached")
MET, MISSED = "met", "missed"


@dataclass(frozen=True)
class Row:
    """Us beside one contender; `peer` is None where a case has no other."""

    result: Result
    peer: Timed | None
    floor: float | None  # seconds

    @property
    def ratio(self) -> Ratio | None:
        return self.result.ratio(self.peer) if self.peer else None

    @property
    def goal(self) -> float | None:
        return self.result.goals.get(self.peer.name) if self.peer else None

    @property
    def outcome(self) -> str:
        """Whether the goal is met by the median; empty where there is none to meet."""
        if self.goal is None or self.ratio is None:
            return ""
        return MET if self.ratio.value <= self.goal else MISSED

    @property
    def reached(self) -> float | None:
        """The floor over our time; above 1 where a cache holds what memory was asked for."""
        ours = self.result.kept(self.result.ours) if self.result.ours else []
        return self.floor / statistics.median(ours) if self.floor and ours else None

    def cells(self) -> list[str]:
        """The texts under HEAD."""
        ratio = self.ratio
        return [
            self.result.case + (" (busy)" if self.result.disturbed else ""),
            measured(self.result, self.result.ours),
            self.peer.name if self.peer else "-",
            measured(self.result, self.peer),
            figure(ratio.value) if ratio else "-",
            within(ratio) if ratio else "-",
            shown(ratio, self.result.unit) if ratio else "-",
            self._goal(),
            self._floor(),
        ]

    def _goal(self) -> str:
        if self.goal is None:
            return "-"
        text = f"{figure(self.goal)} {self.outcome}".strip()
        ratio = self.ratio
        unsure = ratio is not None and ratio.low <= self.goal <= ratio.high
        return f"{text}, not shown" if unsure else text

    def _floor(self) -> str:
        if self.reached is None:
            return "-"
        return f"{amount(self.floor)}, {self.reached:.0%}"


def measured(result: Result, timed: Timed | None) -> str:
    """The median and the quartiles; where there is no figure, why."""
    if timed is None:
        return "-"
    if timed.status != OK:
        return f"{timed.status}: {timed.said}" if timed.said else timed.status
    return spanned(result.kept(timed), result.unit)


def rows(record: Record, result: Result) -> list[Row]:
    """A row for each contender beside us."""
    limits = record.anchors.get(str(result.threads))
    floor = floor_seconds(result.floor, limits) if result.unit == "seconds" else None
    peers = [timed for timed in result.contenders if timed.name != OURS]
    return [Row(result, peer, floor) for peer in peers] or [Row(result, None, floor)]


def groups(record: Record) -> Iterator[tuple[str, int, list[Row]]]:
    """Suite, number of threads and rows, in the order of the suites."""
    order = list(dict.fromkeys(result.suite for result in record.results))
    by_group = sorted(record.results, key=lambda r: (order.index(r.suite), r.threads))
    for (suite, count), results in groupby(by_group, key=lambda r: (r.suite, r.threads)):
        yield suite, count, [row for result in results for row in rows(record, result)]


def every(record: Record) -> list[Row]:
    """All rows."""
    return [row for _, _, part in groups(record) for row in part]


def failures(record: Record) -> list[str]:
    """Where we ourselves gave no figure, and why."""
    return [
        f"{r.suite}: {r.case}, {threads(r.threads)}: {measured(r, r.ours)}"
        for r in record.results
        if r.ours is None or r.ours.status != OK
    ]


def summary(record: Record) -> str:
    """How many ratios show what, and how many goals are met."""
    found = every(record)
    verdicts = Counter(row.ratio.verdict for row in found if row.ratio)
    goals = Counter(row.outcome for row in found if row.outcome)
    what = f"{count(len(record.results), 'case')}, {count(verdicts.total(), 'ratio')}: "
    what += f"{verdicts[FASTER]} below 1, {verdicts[SLOWER]} above 1, {verdicts[EVEN]} {EVEN}"
    end = f"; {goals[MET]} of {count(goals.total(), 'goal')} met" if goals else ""
    failed = failures(record)
    return what + end + (f"; {len(failed)} failed" if failed else "") + "."


def warnings(record: Record) -> list[str]:
    """What a reader must know before believing a figure."""
    found = []
    if record.stopped:
        found.append("Stopped by Ctrl-C: only what was measured so far.")
    if left_out := record.settings.get("left_out"):
        what = f"{count(left_out, 'case')}, and peers without a goal where another has one"
        found.append(f"A quick run with few samples: it left out {what}.")
    if any(limits.get("busy") for limits in record.anchors.values()):
        what = "floors are longer, and seem to be reached more, than they are"
        found.append(f"The machine was busy while its limits were measured: {what}.")
    busy = [r for r in record.results if r.disturbed]
    if busy:
        names = ", ".join(dict.fromkeys(r.case for r in busy))
        found.append(
            f"The machine was busy while {count(len(busy), 'case')} ran, marked (busy), and "
            f"stayed so when they were repeated: {names}."
        )
    return found


def count(number: int, noun: str) -> str:
    """1 case, 2 cases."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def one_line(result: Result) -> str:
    """What is told of a case as soon as it is known."""
    said: Sequence[str] = [
        f"{figure(ratio.value)} of {timed.name}"
        for timed in result.contenders
        if timed.name != OURS and (ratio := result.ratio(timed))
    ]
    ours = measured(result, result.ours)
    return (
        f"{result.suite}: {result.case}, {threads(result.threads)}: {', '.join([ours, *said])}"
    )

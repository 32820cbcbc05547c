"""What follows from the measured numbers, computed once for every section."""

import math
from collections.abc import Sequence

from ..multimodal import FlowRecord
from .palette import networks
from .record import Epoch, Result, Run
from .wording import finite

BUCKETS = 120


def fused_run(result: Result) -> Run | None:
    """The network named fused, else the first with several branches, else None."""
    named = [run for run in result.runs if is_fused(run)]
    wide = [run for run in result.runs if len(branches(run.flow)) > 1]
    return (named + wide + [None])[0]


def is_fused(run: Run) -> bool:
    """Whether a network calls itself fused (or fusion)."""
    return run.name.lower().startswith("fused")


def branches(flow: Sequence[FlowRecord]) -> list[str]:
    """Every branch name, in the order of first appearance."""
    return list(dict.fromkeys(name for step in flow for name in step.norm))


def colours(result: Result) -> dict[str, str]:
    """A colour for every network and branch of the result."""
    names = [run.name for run in result.runs]
    return networks([*names, *(name for run in result.runs for name in branches(run.flow))])


def measured(result: Result) -> list[Run]:
    """The networks with a finite test accuracy."""
    return [run for run in result.runs if finite(run.test_accuracy)]


def held_out(run: Run) -> int:
    """How many rows of the data the confusion matrix counts."""
    return sum(map(sum, run.confusion))


def chance(result: Result) -> float | None:
    """The accuracy of always answering the most common group, where it is known."""
    matrix = next((run.confusion for run in result.runs if held_out(run)), None)
    return max(map(sum, matrix)) / sum(map(sum, matrix)) if matrix else None


def recall(run: Run, index: int) -> float | None:
    """The part of a group that was recognised; None where nothing of it was tested."""
    row = run.confusion[index] if index < len(run.confusion) else []
    return row[index] / sum(row) if sum(row) else None


def standard_error(first: Run, second: Run, number: int) -> float:
    """Of the difference of two accuracies: paired, row by row, where both runs say which they
    got right; else as if each had answered `number` rows of its own."""
    if len(first.right) == len(second.right) == number:
        gaps = [int(a) - int(b) for a, b in zip(first.right, second.right, strict=True)]
        mean = sum(gaps) / number
        return math.sqrt(sum((gap - mean) ** 2 for gap in gaps)) / number
    rates = (float(run.test_accuracy or 0.0) for run in (first, second))
    return math.sqrt(sum(rate * (1 - rate) for rate in rates) / number)


def best_epoch(run: Run) -> Epoch | None:
    """The epoch of the lowest finite validation loss."""
    seen = [epoch for epoch in run.epochs if finite(epoch.val_loss)]
    return min(seen, key=lambda epoch: epoch.val_loss, default=None)


def curve(run: Run, name: str, x: Sequence[int]) -> list[float]:
    """One field of the epochs at every x, NaN where the run has no such epoch."""
    known = {epoch.epoch: getattr(epoch, name) for epoch in run.epochs}
    return [known.get(i, math.nan) for i in x]


def epochs(runs: Sequence[Run]) -> list[int]:
    """All epoch numbers of the runs."""
    return sorted({epoch.epoch for run in runs for epoch in run.epochs})


def thinned(flow: Sequence[FlowRecord]) -> list[FlowRecord]:
    """At most 120 points, each the mean of neighbouring steps."""
    size = math.ceil(len(flow) / BUCKETS) or 1
    return [merged(flow[i : i + size]) for i in range(0, len(flow), size)]


def merged(part: Sequence[FlowRecord]) -> FlowRecord:
    """The mean of some steps; a value that is not finite stays visible as NaN."""
    names = branches(part)
    fields = ("norm", "share", "update", "update_share")
    norm, share, update, moved = ({n: _mean(part, f, n) for n in names} for f in fields)
    return FlowRecord(part[0].step, norm, share, update, update_share=moved)


def silent(flow: Sequence[FlowRecord]) -> list[str]:
    """The branches that no gradient reached in any step."""
    return [n for n in branches(flow) if all(n in step.silent for step in flow)]


def _mean(part: Sequence[FlowRecord], field: str, name: str) -> float:
    values = [getattr(step, field).get(name, math.nan) for step in part]
    return sum(values) / len(values) if all(map(finite, values)) else math.nan

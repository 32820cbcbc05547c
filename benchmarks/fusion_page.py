"""The table of fusions as a page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from fusegrad.multimodal import DECISIONS, FUSIONS
from fusegrad.multimodal.analysis.interval import interval, paired

BASE = "concat"
HEAD = "| network | level | test accuracy | over concat | parameters | ms a step |"
LINE = "|---|---|---|---|---|---|"
INTRODUCTION = """# Every way of fusing, on every task

Made by `python -m benchmarks.fusion_table --write`; the figures by seed are in `fusions.json`.

Test accuracy is the mean over the seeds ± its standard deviation, measured once, with the
weights of the epoch whose validation loss was lowest; validation and test rows are disjoint.
"Over concat" is the difference seed by seed, ± a 95 % interval: bold where that does not hold 0
and the difference is more than two standard errors of both accuracies over the test rows, which
are the same for all seeds; else no difference is shown. Nothing was tuned for any network: all
have Adam, one step size, batches of {batch}. Milliseconds are processor time, with that of
measuring after each epoch, on one core of a machine that does other work: they rank, and do not
measure.
"""


def page(tasks: dict[str, Any], batch: int) -> str:
    """The page as Markdown."""
    head = INTRODUCTION.format(batch=batch)
    return "\n".join([head, *(line for name in tasks for line in _task(name, tasks[name]))])


def _task(name: str, task: dict[str, Any]) -> Iterator[str]:
    sizes = ", ".join(f"{count:,} {part}" for part, count in task["rows"].items())
    machine = ", ".join(f"{name} {value}" for name, value in task["environment"].items())
    yield f"## {name}\n"
    yield f"{task['seeds']} seeds, {task['epochs']} epochs; {machine}.\n"
    yield f"{' and '.join(task['modalities'])} to {task['classes']} classes: {sizes} rows."
    yield f"Always answering the most frequent class is right for {task['chance']:.3f}."
    yield from task["notes"]
    yield f"\n{HEAD}\n{LINE}"
    base = next(_scores(row) for row in task["networks"] if row["network"] == BASE)
    for row in task["networks"]:
        yield _row(row, base, task)
    yield ""


def _scores(row: dict[str, Any]) -> list[float]:
    return [seed["test"] for seed in row["seeds"]]


def _row(row: dict[str, Any], base: list[float], task: dict[str, Any]) -> str:
    scores, first, modalities = _scores(row), row["seeds"][0], task["modalities"]
    found, gap = interval(scores), paired(scores, base)
    name = row["network"] + (f", {row['method']}" if row["method"] != "joint" else "")
    told = f"{gap.mean:+.3f} ± {gap.half:.3f}"
    is_base = row["network"] == BASE and row["method"] == "joint"
    chance = _error(found.mean, interval(base).mean, task["rows"]["test"])
    apart = (gap.low > 0 or gap.high < 0) and abs(gap.mean) > 2 * chance
    cells = [
        f"{name} alone" if row["network"] in modalities else name,
        _level(row, modalities),
        f"{found.mean:.3f} ± {found.deviation:.3f}",
        "" if is_base else f"**{told}**" if apart else told,
        f"{first['parameters']:,}",
        f"{min(seed['milliseconds'] for seed in row['seeds']):.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _error(first: float, second: float, rows: int) -> float:
    """The standard error of the difference of two accuracies over so many test rows."""
    return math.sqrt((first * (1 - first) + second * (1 - second)) / rows)


def _level(row: dict[str, Any], modalities: list[str]) -> str:
    name = row["network"]
    if name in modalities:
        return "one modality"
    if row["method"] != "joint":
        return "balance"
    if name in FUSIONS:
        return "tokens" if FUSIONS[name].tokens else "features"
    return "decisions" if name in DECISIONS else "both" if name == "hybrid" else "inputs"

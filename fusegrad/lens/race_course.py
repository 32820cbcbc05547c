"""The losses of a race against the step, measured from the least there is where it is known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..race import Race, Run
from .markup import Html, tag
from .race_frame import WIDTH, Frame, axes, framed
from .race_map import stroke
from .race_paint import Look
from .svg import suits_log
from .ticks import linear
from .wording import LARGEST, significant

INNER = 180.0
RATIO = 30.0  # from which spread on the scale rises by factors
DECADES = 18  # below the largest; what is less is no loss but rounding


def measured(race: Race, run: Run) -> np.ndarray:
    """What is shown of a run: its losses, less the least there is."""
    with np.errstate(all="ignore"):
        return run.losses - (race.least or 0.0)


def measure(race: Race) -> str:
    """What these numbers are."""
    if race.kind == "time":
        return "Regret a round"
    return f"Loss above {race.least:g}" if race.least else "Loss"


def course_frame(race: Race) -> Frame:
    """The steps and the losses; those of runs that diverged do not stretch it."""
    sound = [run for run in race.runs if run.diverged_at is None] or race.runs
    every = np.concatenate([measured(race, run) for run in sound] or [np.zeros(1)])
    seen = every[np.isfinite(every) & (np.abs(every) < LARGEST)]
    last = max([len(run.losses) - 1 for run in race.runs], default=1)
    low, high, log = _span(seen)
    return framed((0.0, float(max(last, 1))), (low, high), ("step", measure(race)), INNER, log)


def _span(seen: np.ndarray) -> tuple[float, float, bool]:
    """From where to where the scale goes, and whether by factors."""
    above = seen[seen > 0]
    if above.size and not (seen < 0).any() and suits_log(above.tolist(), RATIO):
        low = max(float(above.min()), float(above.max()) / 10.0**DECADES)
        return low / 1.3, float(above.max()) * 1.3, True
    marks = linear(*((float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)))
    return marks[0], marks[-1], False


def course_picture(race: Race, paint: Mapping[str, Look]) -> Html:
    """A line for each run, the best above the others."""
    frame = course_frame(race)
    lines = [_line(k, race, run, frame, paint[run.name]) for k, run in enumerate(race.runs)]
    cursor = tag("line", y1=frame.y.stop, y2=frame.y.start, class_="cursor", hidden="")
    return tag(
        "svg",
        *axes(frame),
        cursor,
        *reversed(lines),
        class_="plot course",
        viewBox=f"0 0 {WIDTH} {frame.height:g}",
        role="img",
        aria_label=_summary(race),
    )


def _line(number: int, race: Race, run: Run, frame: Frame, look: Look) -> Html:
    losses = measured(race, run)
    return stroke(number, frame.pixels(np.arange(len(losses)), losses), look)


def _summary(race: Race) -> str:
    ends = [f"{run.name} {significant(float(measured(race, run)[-1]))}" for run in race.runs]
    return f"{measure(race)} by step. At the last step: {'; '.join(ends)}."

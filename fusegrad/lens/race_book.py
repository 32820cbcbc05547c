"""What the script of a page of races computes with: points, losses and scales, in short."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np

from ..race import Race, Run
from .race_course import course_frame, measured
from .race_frame import Frame
from .race_map import map_frame
from .ticks import Scale

CLOSE = 1e-7  # float32 keeps this share of a number, where it can hold it at all


def book(races: Any) -> dict[str, Any]:
    """All races as plain values."""
    return {"races": [_race(race) for race in races]}


def packed(values: Any) -> list[Any]:
    """Numbers as base64 of their bytes, little end first: [4, text] for float32 where it keeps
    seven digits of every one of them, else [8, text]; nan and inf included."""
    exact = np.asarray(values, float)
    with np.errstate(all="ignore"):
        near = exact.astype(np.float32).astype(float)
        kept = (np.abs(near - exact) <= CLOSE * np.abs(exact)) | ~np.isfinite(exact)
    width = 4 if kept.all() else 8
    return [width, b64encode(exact.astype(f"<f{width}").tobytes()).decode()]


def _race(race: Race) -> dict[str, Any]:
    return {
        "name": race.name,
        "axes": list(race.axes),
        "least": race.least or 0.0,
        "steps": _steps(race),
        "map": _scales(map_frame(race)),
        "course": _scales(course_frame(race)),
        "runs": [_run(race, run) for run in race.runs],
    }


def _steps(race: Race) -> list[int] | int:
    """The steps whose points were kept; their number where those are all from 0 on."""
    kept = race.runs[0].steps.tolist() if race.runs else []
    return len(kept) if kept == list(range(len(kept))) else kept


def _run(race: Race, run: Run) -> dict[str, Any]:
    xs, ys = run.path.T
    return {
        "name": run.name,
        "lr": run.lr,
        "x": None if race.kind == "time" else packed(xs),  # it is the step
        "y": packed(ys),
        "over": packed(measured(race, run)),
    }


def _scales(frame: Frame) -> dict[str, Any]:
    return {"x": _scale(frame.x), "y": _scale(frame.y)}


def _scale(scale: Scale) -> list[Any]:
    return [scale.low, scale.high, scale.start, scale.stop, scale.log]

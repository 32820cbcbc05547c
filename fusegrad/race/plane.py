"""A race of a real network, and the plane that its paths lie closest to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError
from ..nn import Module
from .contour import SIZE, Grid
from .networks import Build, spam_table
from .principal import Plane, principal
from .record import Race, Run
from .rivals import Rival, rivals
from .surfaces import Span
from .tuning import best_of, check_count, grid_of, ranked, trials_of
from .weights import Weights, train

RATES, MARGIN, KEPT = (1e-3, 10.0), 0.15, 50
TITLE = "A network of {} parameters, on the plane of its paths"
FACTS: dict[str, Any] = {
    "kind": "plane",
    "axes": ("first direction", "second direction"),
    "latex": r"f(a, b) &= L(\bar\theta + a \, d_1 + b \, d_2)",
    "watch": "Contours are the loss on the plane; the paths run beside it, and their losses "
    "are those of the networks themselves.",
}


class View(NamedTuple):
    """The fields of a race that its plane gives."""

    start: tuple[float, float]
    window: tuple[Span, Span]
    runs: tuple[Run, ...]
    grid: Grid
    variance: tuple[float, float]


def plane_race(
    build: Build = spam_table,
    optimizers: Iterable[str | Rival] | None = None,
    steps: int = 150,
    trials: int = 9,
    seed: int = 0,
    *,
    rates: Span = RATES,
    every: int | None = None,
    size: int = SIZE,
) -> Race:
    """Race optimizers on a network under the terms of `race`, and show where they went.

    `build(rng)` gives a network and a function of no arguments, its loss on fixed data; rng is
    that of the seed. Parameters are float64. Those of every `every`-th step (by default some 50
    of all) and of the last are kept. The axes are the first two principal directions of the
    kept points of all runs together, about their mean; runs that diverged are projected, but
    do not count. The grid is the network's own loss on that plane.

    Raises: OptionError for what is out of range, or a plane that no run gives.
    """
    check_count("plane_race", "steps", steps, 1)
    check_count("plane_race", "seed", seed, 0)
    check_count("plane_race", "size", size, 2)
    every = max(1, steps // KEPT) if every is None else every
    check_count("plane_race", "every", every, 1)
    grid = grid_of("plane_race", rates, trials)
    kinds, name = rivals(optimizers), getattr(build, "__name__", "plane")
    weights = _built(build, seed)
    start, kept = weights.read(), np.unique([*range(0, steps + 1, every), steps])
    with np.errstate(all="ignore"):  # a trial may leave the finite numbers; it says so itself
        runs = ranked([_best(kind, weights, start, grid, kept) for kind in kinds])
        seen = _seen(weights, runs, start, size)
    terms = _terms(weights, seen, seed)
    named = {**FACTS, "name": name, "title": TITLE.format(weights.size), "terms": terms}
    return Race(**named, **seen._asdict(), rates=grid, steps=steps, seed=seed)


def _built(build: Build, seed: int) -> Weights:
    built = build(np.random.default_rng(seed))
    if not (isinstance(built, tuple) and len(built) == 2 and isinstance(built[0], Module)):
        repair = "return network, lambda: loss"
        raise OptionError("plane_race", "a network and its loss", repr(built), repair)
    weights = Weights(*built)
    value = weights.loss()
    if weights.size < 2 or not isinstance(value, Tensor) or value.size != 1:
        expected = "two parameters or more, and a loss that is one number"
        got = f"{weights.size} parameters, shape {getattr(value, 'shape', None)}"
        raise OptionError("plane_race", expected, got, "average the loss over the data")
    return weights


def _best(
    kind: Rival, weights: Weights, start: np.ndarray, rates: tuple[float, ...], kept: np.ndarray
) -> Run:
    """The best trial of an optimizer; its path is still that of all parameters."""
    tracks = [train(kind, weights, start, lr, kept) for lr in rates]
    losses, finite = (np.column_stack([track[k] for track in tracks]) for k in (1, 2))
    tried = trials_of(rates, losses, finite)
    best = best_of(tried)
    track, trial = tracks[best], tried[best]
    name, end = kind.__name__, trial.diverged_at
    return Run(name, trial.lr, tried, kept, track.kept, track.losses, end)


def _seen(weights: Weights, runs: tuple[Run, ...], start: np.ndarray, size: int) -> View:
    """The runs on their plane, with the loss around them."""
    sound = [run.path for run in runs if run.diverged_at is None]
    if not sound:
        repair = "try smaller rates"
        raise OptionError("plane_race", "a run that stays finite", "none", repair)
    plane = principal(np.concatenate(sound))
    window = _window(np.concatenate([plane.project(path) for path in sound]))
    x, y = plane.project(start[None])[0].tolist()
    flat = tuple(replace(run, path=plane.project(run.path)) for run in runs)
    return View((x, y), window, flat, _grid(weights, plane, window, size), plane.variance)


def _window(points: np.ndarray) -> tuple[Span, Span]:
    """What holds all points, and a margin on each side."""
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.maximum(MARGIN * (high - low), MARGIN * 1e-6)
    (x, y), (to_x, to_y) = (low - margin).tolist(), (high + margin).tolist()
    return (x, to_x), (y, to_y)


def _grid(weights: Weights, plane: Plane, window: tuple[Span, Span], size: int) -> Grid:
    """The loss of the network itself at every point of the grid."""
    xs, ys = (np.linspace(*span, size) for span in window)
    values = np.array([[weights.value(plane.at(a, b)) for a in xs] for b in ys])
    return Grid(xs, ys, values, log=bool((values[np.isfinite(values)] > 0).all()))


def _terms(weights: Weights, view: View, seed: int) -> tuple[tuple[str, str], ...]:
    first, second = view.variance
    shares = f"{first:.1%} by the first axis, {second:.1%} by the second"
    return (
        ("Network", f"{weights.size} parameters; the loss is that of all its data at once"),
        ("Plane", "the two principal directions of all runs' kept points, about their mean"),
        ("Variance explained", f"{shares}, {first + second:.1%} by both"),
        ("Seed", f"{seed}: it draws the first parameters"),
    )

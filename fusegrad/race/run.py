"""Optimizers on one surface: the same start, the same steps, the same trials."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..kernels import OptionError
from .drive import Tracks, on_formula, online
from .record import Race, Run
from .rivals import Rival, rivals
from .surfaces import SURFACES, Online, Point, Span, Surface
from .tuning import best_of, check_count, grid_of, ranked, trials_of

SPREAD = 0.1  # of each coordinate, how far another seed moves the start


def race(
    surface: str | Surface | Online,
    optimizers: Iterable[str | Rival] | None = None,
    steps: int | None = None,
    trials: int | None = None,
    seed: int = 0,
    *,
    rates: Span | None = None,
) -> Race:
    """Race optimizers on a surface, by name or of one's own. For each, the learning rate alone
    is tuned, over the same grid of `trials` rates; nothing is clipped, all is float64.

    `optimizers` are names or classes; SGD and Adam race at all times. Steps, the range of the
    rates and their number are the surface's, four for a factor of ten, unless given. Seed 0
    starts where the surface says, another seed moves each coordinate by about a tenth.

    >>> result = race("ravine", ["momentum"], steps=50, trials=5)
    >>> [run.name for run in result.runs]
    ['Adam', 'Momentum', 'SGD']

    Raises: OptionError for what is unknown or out of range.
    """
    chosen = _surface(surface)
    steps = chosen.steps if steps is None else steps
    check_count("race", "steps", steps, 1)
    check_count("race", "seed", seed, 0)
    grid = grid_of("race", rates or chosen.rates, trials)
    kinds = rivals(optimizers)
    if isinstance(chosen, Online):
        return _over_time(chosen, kinds, grid, steps, seed)
    return _on_surface(chosen, kinds, grid, steps, seed)


def _surface(wanted: str | Surface | Online) -> Surface | Online:
    found = SURFACES.get(wanted) if isinstance(wanted, str) else wanted
    if not isinstance(found, (Surface, Online)):
        repair = f"choose among {', '.join(SURFACES)}, or build one"
        raise OptionError("race", "a surface or its name", repr(wanted), repair)
    return found


def start_of(surface: Surface, seed: int) -> Point:
    """Where all start. A coordinate is moved in proportion, so that a start a hair off a ridge
    stays a hair off it."""
    x, y = surface.start
    if not seed:
        return float(x), float(y)
    moved = 1 + SPREAD * np.random.default_rng(seed).standard_normal(2)
    return float(x * moved[0]), float(y * moved[1])


def _on_surface(
    surface: Surface, kinds: list[Rival], rates: tuple[float, ...], steps: int, seed: int
) -> Race:
    start = start_of(surface, seed)
    at = np.array(start)
    runs = [
        _run(kind, rates, on_formula(kind, surface.formula, at, rates, steps)) for kind in kinds
    ]
    return Race(
        **_facts(surface),
        start=start,
        window=surface.window,
        runs=ranked(runs),
        rates=rates,
        steps=steps,
        seed=seed,
        formula=surface.formula,
        minima=surface.minima,
        least=surface.least,
        grid=surface.grid(),
        terms=(("Seed", _seed_said(seed)),),
    )


def _over_time(
    game: Online, kinds: list[Rival], rates: tuple[float, ...], steps: int, seed: int
) -> Race:
    runs = [_run(kind, rates, online(kind, game, rates, steps)) for kind in kinds]
    return Race(
        **_facts(game),
        start=(0.0, game.start),
        window=((0.0, float(steps)), (game.low, game.high)),
        runs=ranked(runs),
        rates=rates,
        steps=steps,
        seed=seed,
        least=0.0,
        terms=_online_terms(game, seed),
    )


def _facts(surface: Surface | Online) -> dict[str, Any]:
    names = ("name", "title", "kind", "axes", "latex", "watch")
    return {name: getattr(surface, name) for name in names}


def _run(kind: Rival, rates: tuple[float, ...], tracks: Tracks) -> Run:
    """The best trial of one optimizer, with all of its points."""
    tried = trials_of(rates, tracks.losses, np.isfinite(tracks.points).all(axis=2))
    best = best_of(tried)
    path, losses = tracks.points[:, best].copy(), tracks.losses[:, best].copy()
    steps, trial = np.arange(len(path)), tried[best]
    return Run(kind.__name__, trial.lr, tried, steps, path, losses, trial.diverged_at)


def _seed_said(seed: int) -> str:
    if not seed:
        return "0: the start of the surface itself; nothing is drawn at random"
    return f"{seed}: it moves the start, each coordinate by about {SPREAD:.0%} of itself"


def _online_terms(game: Online, seed: int) -> tuple[tuple[str, str], ...]:
    fixed = ", ".join(f"{word}={value}" for word, value in game.settings.items())
    return (
        ("Fixed", f"by the example, for whoever has such a setting: {fixed or 'nothing'}"),
        ("Learning rates", "divided by the root of the round, as the theorem on it asks"),
        ("Bounds", f"after every step x is put back into [{game.low:g}, {game.high:g}]"),
        ("Loss", "the regret a round: how much more than x at its lower end has cost so far"),
        ("Seed", f"{seed}: nothing is drawn at random here"),
    )

"""Contenders in turn: one live process each, in a new random order every round."""

from __future__ import annotations

import importlib.util
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from .case import framework
from .child import Child, FailedError
from .choose import Chosen
from .place import COLD
from .record import ABSENT, OK, UNCHECKED, Result, Timed
from .worker import failure

WORKER = f"{__package__}.worker"
CALM = 0.03  # seconds after a sample, until the threads of its BLAS no longer wait busily


@dataclass(frozen=True)
class Settings:
    """How long is measured. Units: seconds."""

    rounds: int = 12
    least: int = 6  # rounds that are taken even where they take longer than `patience`
    patience: float = 45.0  # a case, beyond which no round begins
    at_least: float = 0.02  # a sample
    warm: float = 0.2
    limit: float = 300.0  # for one answer: a build, or a sample
    together: bool = False  # workers of a case start at the same time
    seed: int = 0  # of the order
    device: str = "cpu"


QUICK = Settings(rounds=6, least=5, patience=3.0, at_least=0.01, warm=0.05, together=True)
Tell = Callable[[Result], None]


def run(
    chosen: Sequence[Chosen], threads: Sequence[int], settings: Settings, tell: Tell
) -> Iterator[Result]:
    """A result for each case and number of threads, told as soon as it is known."""
    with TemporaryDirectory(prefix="fusegrad-bench-") as folder:
        for one in chosen:
            truth, wrong = _truth(one, Path(folder))
            for count in threads:
                result = _blank(one, count)
                if wrong:
                    for timed in result.contenders:
                        timed.status, timed.said = UNCHECKED, wrong
                else:
                    measure(one, result, settings, truth)
                tell(result)
                yield result


def _truth(one: Chosen, folder: Path) -> tuple[str, str]:
    """The file of the case's truth, computed once for all, empty where there is none; and why
    it could not be computed."""
    if one.case.truth is None:
        return "", ""
    path = folder / "truth.npz"
    try:
        np.savez(path, *(np.asarray(array, np.float64) for array in one.case.truth()))
    except Exception as error:  # a case that is broken must not end the run of the others
        return "", "the truth: " + failure(error)["said"]
    return str(path), ""


def _blank(one: Chosen, threads: int) -> Result:
    """The result of a case before anything was measured."""
    case = one.case
    return Result(
        *(one.suite, case.name, threads, case.unit, case.family, case.size, case.floor),
        goals=dict(case.goals),
        tolerance=case.tolerance if case.truth else None,
        contenders=[Timed(name) for name in case.contenders],
    )


def measure(one: Chosen, result: Result, settings: Settings, truth: str) -> None:
    """Fill in all contenders of a case, at the result's number of threads."""
    with ExitStack() as stack:
        at_work: dict[str, Child] = {}
        for group in _groups(result.contenders, settings):
            begun = {
                t.name: stack.enter_context(_started(one, result, t, settings, truth))
                for t in group
            }
            for timed in group:
                with _failing(timed, at_work):
                    _built(timed, begun[timed.name].answer(settings.limit))
                    at_work[timed.name] = begun[timed.name]
        _rounds(result, at_work, settings)


def _groups(contenders: Sequence[Timed], settings: Settings) -> list[list[Timed]]:
    """Which of the installed ones start at the same time."""
    for timed in contenders:
        if importlib.util.find_spec(framework(timed.name)) is None:
            timed.status, timed.said = ABSENT, f"no module {framework(timed.name)}"
    here = [timed for timed in contenders if timed.status == OK]
    return [here] if settings.together else [[timed] for timed in here]


def _started(
    one: Chosen, result: Result, timed: Timed, settings: Settings, truth: str
) -> Child:
    spec = {
        "module": one.module,
        "case": one.case.name,
        "contender": timed.name,
        "threads": result.threads,
        "truth": truth,
        "at_least": settings.at_least,
        "warm": settings.warm,
        "cold": one.case.name.endswith(COLD),
    }
    return Child(WORKER, spec, result.threads, settings.device)


def _built(timed: Timed, told: dict[str, float]) -> None:
    for name in ("build", "result", "first", "error", "repeats"):
        setattr(timed, name, told[name])


@contextmanager
def _failing(timed: Timed, at_work: dict[str, Child]) -> Iterator[None]:
    """A contender that fails is out, with what it said; the others go on."""
    try:
        yield
    except FailedError as failed:
        timed.status, timed.said = failed.kind, failed.said
        timed.values, timed.cpu = [], []
        if child := at_work.pop(timed.name, None):
            child.end()


def _rounds(result: Result, at_work: dict[str, Child], settings: Settings) -> None:
    """Rounds until enough of them were calm, or time is over."""
    order, began = random.Random(settings.seed), time.monotonic()
    while at_work and _more(result.busy, settings, time.monotonic() - began):
        turns = [timed for timed in result.contenders if timed.name in at_work]
        order.shuffle(turns)
        busy = [_sampled(timed, at_work, result.threads, settings) for timed in turns]
        result.busy.append(any(busy))


def _more(busy: Sequence[bool], settings: Settings, elapsed: float) -> bool:
    """Whether a further round is worth it; a busy one is repeated, each once at most."""
    if len(busy) < min(settings.least, settings.rounds):
        return True
    calm = len(busy) - sum(busy)
    return elapsed < settings.patience and calm < settings.rounds > len(busy) / 2


def _sampled(timed: Timed, at_work: dict[str, Child], threads: int, settings: Settings) -> bool:
    """One sample of one contender; whether the machine was busy meanwhile."""
    child, told = at_work[timed.name], {"busy": False}
    with _failing(timed, at_work):
        child.ask()
        told = child.answer(settings.limit)
        timed.values.append(told["value"])
        timed.cpu.append(told["cpu"])
    if threads > 1:
        time.sleep(CALM)
    return bool(told["busy"])

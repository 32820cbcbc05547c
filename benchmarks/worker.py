"""One contender of one case, alone in its process: built, checked, and timed when asked.

python -m fusegrad.benchmarks.worker SPEC      (run.py starts it; SPEC is JSON)

It answers in lines of JSON: one when it is ready, then one for each line it reads; it ends when
its input does. A failure is its last line. What a framework prints goes to stderr.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from . import place
from .case import Case, Work, framework
from .pressure import Watch

SHORT = 0.05  # seconds: a shorter step runs once untimed before a sample, to have the caches
CALLS = 3  # to warm up, at least


class WrongError(Exception):
    """A result that is not the truth: never timed."""


def find(module: str, name: str) -> Case:
    """The case of a suite by its name."""
    cases: Sequence[Case] = importlib.import_module(module).cases()
    return next(case for case in cases if case.name == name)


def deviation(got: Sequence[Any], wanted: Sequence[Any]) -> float:
    """The largest error, relative to the largest element of its array.

    Raises: WrongError where they cannot be compared.
    """
    import numpy as np

    if len(got) != len(wanted):
        raise WrongError(f"{len(got)} arrays, not {len(wanted)}")
    worst = 0.0
    for i, pair in enumerate(zip(got, wanted), 1):
        a, b = (np.asarray(array, np.float64) for array in pair)
        if a.shape != b.shape:
            raise WrongError(f"array {i} has shape {a.shape}, not {b.shape}")
        if not np.isfinite(a).all():
            raise WrongError(f"array {i} holds nan or inf")
        if a.size:
            worst = max(worst, float(np.abs(a - b).max() / (np.abs(b).max() or 1.0)))
    return worst


def check(work: Work, case: Case, truth: str) -> float | None:
    """The deviation of the result from the truth in that file. Raises: WrongError."""
    got = work.result()
    if not truth:
        return None
    import numpy as np

    with np.load(truth) as held:
        wanted = [held[key] for key in held.files]
    error = deviation(list(got), wanted)
    if not error <= case.tolerance:
        raise WrongError(
            f"off by {error:.1e} of the largest element, {case.tolerance:.0e} allowed"
        )
    return error


class Contender:
    """A contender at work."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec, self.case = spec, find(spec["module"], spec["case"])
        began = time.perf_counter()
        importlib.import_module(framework(spec["contender"]))
        _limit(spec["threads"])
        self.work = self.case.contenders[spec["contender"]]()
        built = time.perf_counter()
        self.error = check(self.work, self.case, spec["truth"])
        checked = time.perf_counter()
        self.repeats, self.once = 1, 0.0
        is_host = place.device() == "cpu"
        self.clock = (
            None if is_host else place.Clock(spec["contender"], spec.get("cold", False))
        )
        self.facts = {"build": built - began, "result": checked - built, "error": self.error}

    def warm(self) -> dict[str, Any]:
        """Call until it is warm; what building, checking and the first call took."""
        if self.case.unit != "seconds":
            return {**self.facts, "first": None, "repeats": 1}
        first, _ = self._timed(1)
        seen, began = [first], time.perf_counter()
        while time.perf_counter() - began < self.spec["warm"] or len(seen) < CALLS:
            if sum(seen) > 1:  # a second of it is warm enough
                break
            seen.append(self._timed(1)[0])
        self.once = min(seen)
        self.repeats = max(1, round(self.spec["at_least"] / max(self.once, 1e-9)))
        return {**self.facts, "first": first, "repeats": self.repeats}

    def sample(self) -> dict[str, Any]:
        """Seconds a call by the clock and of the CPU, or the figure that the step returns."""
        if self.case.unit != "seconds":
            watch = Watch()
            value: Any = self.work.step()
            return {"value": float(value), "cpu": 0.0, "busy": watch.busy()}
        if self.once < SHORT:
            self.work.step()
        watch = Watch()
        wall, cpu = self._timed(self.repeats)
        return {"value": wall, "cpu": cpu, "busy": watch.busy()}

    def _timed(self, repeats: int) -> tuple[float, float]:
        step = self.work.step
        if self.clock is not None:
            return self.clock(step, repeats), 0.0
        cpu, began = time.process_time(), time.perf_counter()
        for _ in range(repeats):
            step()
        wall = time.perf_counter() - began
        return wall / repeats, (time.process_time() - cpu) / repeats


def _limit(threads: int) -> None:
    """PyTorch alone does not take its number of threads from the environment in every build."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def failure(error: BaseException) -> dict[str, str]:
    """What is said of an error: what kind of failure it is, and one line."""
    if isinstance(error, WrongError):
        return {"failed": "wrong result", "said": str(error)}
    missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    if missing and framework(missing.replace(".", " ")) not in ("fusegrad", "benchmarks"):
        return {"failed": "not installed", "said": f"no module {missing}"}
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return {"failed": "crashed", "said": said}


def main() -> None:
    """Answer until the input ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)

        def say(what: dict[str, Any]) -> None:
            print(json.dumps(what), file=answers, flush=True)

        with suppress(BrokenPipeError):
            try:
                contender = Contender(json.loads(sys.argv[1]))
                say(contender.warm())
                for _ in sys.stdin:
                    say(contender.sample())
            except BaseException as error:  # SystemExit of a framework too: it is told
                say(failure(error))


if __name__ == "__main__":
    main()

"""The main job: every modality alone, all fused, and, if asked, a race of optimizers."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol

import numpy as np

from .. import __version__
from ..kernels import latex, mathml
from ..lens.record import Epoch, Example, Formula, Result, Run
from ..microscope import Trace, trace
from ..multimodal.balance import METHODS, Joint, Method
from ..optim.settings import letters
from ..tasks import Task, task_of
from .networks import build
from .settings import OPTIMIZERS, Settings
from .training import Trainer


class Progress(Protocol):
    """Who is told how far the job is."""

    def start(self, run: Run, epochs: int) -> None: ...
    def epoch(self, run: Run, epoch: Epoch) -> None: ...
    def end(self, run: Run) -> None: ...


class Job:
    """Runs the settings; `result` holds what was measured so far at any time."""

    def __init__(
        self,
        settings: Settings,
        progress: Progress,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self.settings, self.progress, self.interrupted = settings, progress, interrupted
        self.trace: Trace | None = None
        self.task: Task = task_of(settings.task, settings.device)
        self.result = Result(
            title=f"fusegrad train: {self.task.name}",
            task=_subject(self.task),
            classes=self.task.classes,
            runs=[],
            race=[],
            examples=[],
            formulas=[],
            settings=_settings(settings, self.task.name),
            environment=environment(),
            notes=_notes(self.task),
            stopped=False,
            noun=self.task.noun,
        )

    def run(self) -> Result:
        """Train everything; Ctrl-C ends it with what there is."""
        try:
            self._train_all()
        except KeyboardInterrupt:
            self.result.stopped = True
        return self.result

    def _train_all(self) -> None:
        first, *others = self.settings.racers
        networks: dict[str, Sequence[str]] = {name: [name] for name in self.task.modalities}
        if len(self.task.modalities) > 1:
            balance = f", {self.settings.balance}" if self.settings.balance != "joint" else ""
            networks[f"fused ({self.settings.fusion}{balance})"] = self.task.modalities
        *before, last = networks
        for name in before:
            self.train(name, networks[name], first, self.result.runs)
        with self._recording(last):
            trainer = self.train(last, networks[last], first, self.result.runs)
        if self.result.runs[-1].confusion:
            self.result.examples = self._examples(trainer)
        if others:
            self.result.race.append(self.result.runs[-1])
            for name in others:
                self.train(name, self.task.modalities, name, self.result.race)

    @contextmanager
    def _recording(self, name: str) -> Iterator[None]:
        """Record the block, where a trace was asked for."""
        if self.settings.trace is None:
            yield
            return
        with trace(title=f"{self.result.title}, {name}") as self.trace:
            yield

    def train(
        self, name: str, modalities: Sequence[str], optimizer: str, into: list[Run]
    ) -> Trainer:
        trainer = self._trainer(modalities, optimizer)
        run = Run(
            name=name,
            optimizer=optimizer,
            parameters=trainer.network.count_parameters(),
            seconds=0.0,
            epochs=[],
            test_loss=None,
            test_accuracy=None,
            confusion=[],
            flow=[],
        )
        into.append(run)
        self.progress.start(run, self.settings.epochs)
        trainer.train(run, self.progress.epoch)
        if not run.confusion:
            lower = "its validation loss was never finite, so it was not tested; lower --lr"
            self.result.notes.insert(0, f"{name} ({optimizer}) diverged: {lower}.")
        self.progress.end(run)
        return trainer

    def _trainer(self, modalities: Sequence[str], optimizer: str) -> Trainer:
        """Weights, order and dropout follow from the seed alone, so that racers start alike."""
        s = self.settings
        rng = np.random.default_rng(s.seed)
        method = _method(s.balance, rng)
        heads = not isinstance(method, Joint)
        network = build(self.task, modalities, s.fusion, rng, s.device, heads)
        chosen = OPTIMIZERS[optimizer](network.parameters(), lr=s.learning_rate(optimizer))
        if all(f.name != optimizer for f in self.result.formulas):
            self.result.formulas.append(_formula(optimizer, chosen))
        return Trainer(
            self.task,
            modalities,
            network,
            chosen,
            s.epochs,
            s.batch_size,
            rng,
            self.interrupted,
            method,
        )

    def _examples(self, trainer: Trainer) -> list[Example]:
        predicted, confidence = trainer.predictions("test")
        rows = self.task.split["test"]
        return [
            Example(
                self.task.picture(r),
                self.task.words(r),
                int(self.task.labels[r]),
                int(p),
                float(c),
            )
            for r, p, c in zip(rows, predicted, confidence, strict=True)
        ]


def _method(name: str, rng: np.random.Generator) -> Method:
    options = {"rng": rng} if name == "ogm-ge" else {}
    return METHODS[name](**options)


def _formula(name: str, optimizer: object) -> Formula:
    program = optimizer.update.program  # type: ignore[attr-defined]
    group = optimizer.param_groups[0]  # type: ignore[attr-defined]
    given = {k: v for k, v in letters(group).items() if k in program.scalars}
    values = ", ".join(f"{letter} = {value:g}" for letter, value in given.items())
    where = f"{values}; t counts steps from 1"
    if any(n.name == "ratio" for n in program.words):
        where += "; over 0 is no move"
    return Formula(name, mathml(program), latex(program), where)


def _subject(task: Task) -> str:
    sizes = ", ".join(f"{len(rows):,} {name}" for name, rows in task.split.items())
    return f"{' and '.join(task.modalities)} to {len(task.classes)} groups: {sizes}"


def _settings(settings: Settings, task: str) -> dict[str, object]:
    """The settings as given, with the step size that each optimizer got; of a folder its name,
    not where it is."""
    given = {k: v for k, v in asdict(settings).items() if k not in ("report", "json", "trace")}
    rates = {name: settings.learning_rate(name) for name in settings.racers}
    given["task"] = task
    given["lr"] = rates if len(rates) > 1 else next(iter(rates.values()))
    return given


def _notes(task: Task) -> list[str]:
    return [
        *getattr(task, "notes", ()),
        "Weights are those of the epoch with the lowest validation loss; the test split is "
        "measured once, after training.",
        f"Always answering the largest group is right for {_chance(task):.3f} of the test.",
        "Seconds are wall time of training, its validation included.",
    ]


def _chance(task: Task) -> float:
    counts = np.bincount(task.labels[task.split["test"]])
    return float(counts.max() / counts.sum())


def environment() -> dict[str, str]:
    """What computed: versions and machine, without names of users or folders."""
    found = {
        "fusegrad": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
    }
    for package in ("numpy", "numba", "tbb", "cupy-cuda13x", "cupy-cuda12x"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

"""Every way of fusing, on every task, over several seeds: one table.

    python -m benchmarks.fusion_table [--tasks emoji spam] [--seeds 3] [--workers 2] [--write]

Each network of a task is trained alike: Adam with the step size of `fusegrad train`, batches of
64, the same epochs, the weights of the epoch with the lowest validation loss; the test rows are
looked at once, after it. A seed draws first weights, the order of batches and dropout. Beside
each fusion stands its paired difference to concat, seed by seed, with a 95 % interval; where
that holds 0, no difference is shown. --write puts the tasks measured into the table under
benchmarks/results/, as soon as each is done; others stay as they are there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fusegrad import optim
from fusegrad.experiments import KINDS, LEARNING_RATES, Trainer, build, environment
from fusegrad.experiments.workers import in_processes
from fusegrad.kernels import OptionError
from fusegrad.lens.record import Run
from fusegrad.multimodal import balance
from fusegrad.tasks import REAL, Task

from .fusion_page import page

EPOCHS, BATCH, BASE = 20, 64, "concat"
FEWER = {"av_digits": 4}  # of 94 steps; its networks are at their best after two or three
METHODS = [name for name in balance.METHODS if name != "joint"]
RESULTS = Path(__file__).resolve().parent / "results" / "fusions"
PLAIN = ("spam",)  # mails have hundreds of words: to fusions of tokens each side is one token


@cache
def task_of(name: str) -> Task:
    """A task, once a process. Raises: OptionError where a row is in validation and test."""
    task = REAL[name]("cpu")
    if shared := set(task.split["validation"]) & set(task.split["test"]):
        got, repair = f"{len(shared)} rows in both", "mend the split"
        raise OptionError(name, "validation and test apart", got, repair)
    return task


def trained(name: str, kind: str, method: str, seed: int, epochs: int) -> dict[str, Any]:
    """One network of one seed: its accuracies, its size, and the milliseconds of a step."""
    task, rng = task_of(name), np.random.default_rng(seed)
    modalities = [kind] if kind in task.modalities else list(task.modalities)
    shown = BASE if kind in task.modalities else kind
    options = {"rng": rng} if method == "ogm-ge" else {}
    made = balance.METHODS[method](**options)
    network = build(task, modalities, shown, rng, heads=method != "joint", plain=name in PLAIN)
    optimizer = optim.Adam(network.parameters(), lr=LEARNING_RATES["adam"])
    run = Run(kind, "adam", network.count_parameters(), 0.0, [], None, None, [], [])
    trainer = Trainer(task, modalities, network, optimizer, epochs, BATCH, rng, method=made)
    began = time.process_time()
    trainer.train(run, lambda *_: None)
    steps = epochs * -(-len(task.split["train"]) // BATCH)
    return {
        "test": run.test_accuracy,
        "validation": max(e.val_accuracy for e in run.epochs),
        "parameters": run.parameters,
        "milliseconds": 1e3 * (time.process_time() - began) / steps,
        "passes": made.passes.extra,
    }


def rows_of(name: str) -> list[tuple[str, str]]:
    """(network, method) for every row of a task's table: one modality, fusions, methods."""
    alone = [(modality, "joint") for modality in REAL[name]("cpu").modalities]
    return [*alone, *((k, "joint") for k in KINDS), *((BASE, m) for m in METHODS)]


def measured(name: str, seeds: int, workers: int, epochs: int) -> list[dict[str, Any]]:
    """A row a network of a task, with one entry a seed."""
    rows = rows_of(name)
    jobs = [(name, *row, seed, epochs) for row in rows for seed in range(seeds)]
    began = time.perf_counter()

    def tick(done: int, of: int) -> None:
        said = f"\r{name}: {done}/{of}, {time.perf_counter() - began:.0f} s"
        print(said, end="" if done < of else "\n", file=sys.stderr, flush=True)

    found = iter(in_processes(workers, tick)(trained, jobs))
    return [
        {"network": kind, "method": method, "seeds": [next(found) for _ in range(seeds)]}
        for kind, method in rows
    ]


def facts(name: str, epochs: int) -> dict[str, Any]:
    """What a reader must know of a task."""
    task = task_of(name)
    counts = np.bincount(task.labels[task.split["test"]])
    return {
        "rows": {part: len(rows) for part, rows in task.split.items()},
        "classes": len(task.classes),
        "epochs": epochs,
        "chance": float(counts.max() / counts.sum()),
        "modalities": list(task.modalities),
        "notes": list(getattr(task, "notes", [])),
    }


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=list(REAL), choices=list(REAL))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=0, help="0: as the page has them")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help=f"to {RESULTS.name}.md and .json")
    given = parser.parse_args()
    tasks: dict[str, Any] = {}
    for name in given.tasks:
        epochs = given.epochs or FEWER.get(name, EPOCHS)
        rows = measured(name, given.seeds, given.workers, epochs)
        head = {"seeds": given.seeds, "environment": environment()}
        tasks[name] = {**head, **facts(name, epochs), "networks": rows}
        if given.write:
            write({name: tasks[name]})
    print(page(tasks, BATCH))


def write(tasks: dict[str, Any]) -> None:
    """Put tasks in the place of their older measurements, on the page and in the figures."""
    kept, figures = {}, RESULTS.with_suffix(".json")
    if figures.exists():
        kept = json.loads(figures.read_text(encoding="utf-8"))
    whole = {name: {**kept, **tasks}[name] for name in REAL if name in {**kept, **tasks}}
    figures.parent.mkdir(exist_ok=True)
    figures.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(page(whole, BATCH), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What is measured on a GPU: the goals of design, each with a warm and with a cold cache.

The cases are those of the other suites, larger; the contenders those that have a GPU.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..case import Case, Floor, framework
from ..place import COLD, EVENTS
from . import autoencoder, dense, differentiate, elementwise, images, optim, products, row_wise

TOTAL, COUNT, SHAPE, SIDE = 100_000_000, 100, (8192, 4096), 4096
GOALS = {
    "Adam": {"torch fused": 1.0},
    "softmax cross-entropy": {"torch": 0.7},
    "layer norm": {"torch": 0.7},
    "MLP": {"torch": 1.0},
    "CNN": {"torch": 1.0},
}
PEERS = ("fusegrad", "torch", "torch compile")


def _fused(name: str) -> Case:
    """A function element by element, forward and backward."""
    made = elementwise.problem(name, *SHAPE)
    moved = 4.0 * elementwise.FUNCTIONS[name].moved * SHAPE[0] * SHAPE[1]
    builders = differentiate.contenders(made, PEERS)
    return Case(f"{name} {SHAPE}", builders, made.truth, floor=Floor(bytes=moved))


def _plain(total: int = TOTAL, count: int = COUNT) -> list[Case]:
    """All of them, by a warm cache."""
    steps = [optim.case("Adam", total, n) for n in (1, count)]
    rows = [case for case in row_wise.cases(*SHAPE) if case.name.startswith(("layer", "soft"))]
    networks = [*dense.cases(), images.case(), autoencoder.case()]
    words = [_fused(name) for name in ("gelu", "tanh", "relu")]
    return [*steps, *words, *rows, products.matmul(SIDE, SIDE, SIDE), *networks]


def _on_gpu(case: Case) -> Case:
    goals: dict[str, Any] = next(
        (goals for name, goals in GOALS.items() if case.name.startswith(name)), {}
    )
    able = {n: build for n, build in case.contenders.items() if framework(n) in EVENTS}
    return replace(case, contenders=able, goals={n: g for n, g in goals.items() if n in able})


def cases() -> list[Case]:
    """Each case twice; where a name ends in COLD every call comes behind a flush."""
    found = [_on_gpu(case) for case in _plain()]
    cold = [replace(case, name=case.name + COLD, goals={}) for case in found]
    return [case for pair in zip(found, cold, strict=True) for case in pair]

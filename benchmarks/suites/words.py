"""Logistic regression on bags of words: 10,000 of them, of which a text has one in a hundred.

PyTorch may take the bags as dense rows or as an EmbeddingBag of weighted words, and there, as
information, update only the words that it met (SparseAdam); the goal is on the best of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..case import Arrays, Case, Floor, Work
from . import by_hand
from .dense import ALL, BATCH, ROUND, classified, jax_cross_entropy
from .train import LR, WAYS, Batch, Task, Weights, contenders

WORDS, CLASSES, DENSITY, GOAL = 10_000, 2, 0.01, 0.15


def _bags(words: int, rows: int) -> list[Batch]:
    """Batches of (values, words, starts of the bags with their end, labels)."""
    rng, each = np.random.default_rng(14), max(1, round(words * DENSITY))
    starts = np.arange(rows + 1) * each
    return [
        (
            rng.random(rows * each, np.float32),
            np.concatenate([np.sort(rng.permutation(words)[:each]) for _ in range(rows)]),
            starts,
            rng.integers(CLASSES, size=rows),
        )
        for _ in range(ROUND)
    ]


def _rows(words: int, batch: Batch) -> Batch:
    """The same batch as dense rows."""
    values, places, starts, labels = batch
    x = np.zeros((len(labels), words), np.float32)
    x[np.repeat(np.arange(len(labels)), np.diff(starts)), places] = values
    return x, labels


def _weights(words: int) -> Weights:
    rng = np.random.default_rng(15)
    weight = rng.uniform(-0.01, 0.01, (CLASSES, words)).astype(np.float32)
    return {"weight": weight, "bias": np.zeros(CLASSES, np.float32)}


def _bag_weights(words: int) -> Weights:
    weight, bias = _weights(words).values()
    return {"0.weight": weight.T.copy(), "1.0": bias}


def _our_bags(words: int, nn: Any, draws: dict[str, Any]) -> Any:
    bag = nn.EmbeddingBag(words, CLASSES, "sum", include_last_offset=True, **draws)
    return nn.ModuleList([bag, nn.ParameterList([np.zeros(CLASSES, np.float32)])])


def _torch_bags(words: int, nn: Any, draws: dict[str, Any], sparse: bool = False) -> Any:
    bag = nn.EmbeddingBag(words, CLASSES, mode="sum", include_last_offset=True, sparse=sparse)
    bias = import_module("torch").zeros(CLASSES)
    return nn.ModuleList([bag, nn.ParameterList([bias])])


def _bag_loss(
    m: Any, nn: Any, net: Any, values: Any, places: Any, starts: Any, labels: Any
) -> Any:
    bag, bias = net
    logits = bag(places, starts, per_sample_weights=values) + bias[0]
    return nn.CrossEntropyLoss()(logits, labels)


def _jax_loss(w: Any, key: Any, x: Any, labels: Any) -> Any:
    return jax_cross_entropy(x @ w["weight"].T + w["bias"], labels)


def _by_hand(w: Weights, x: Any, labels: Any) -> tuple[float, Weights]:
    loss, g = by_hand.cross_entropy(by_hand.linear(x, w["weight"], w["bias"]), labels)
    return float(loss), {"weight": g.T @ x, "bias": g.sum(0)}


def dense(words: int, rows: int) -> Task:
    """By all words, most of them 0."""
    return Task(
        weights=partial(_weights, words),
        batches=lambda: [_rows(words, batch) for batch in _bags(words, rows)],
        check=lambda: _rows(words, _bags(words, rows)[0]),
        build=lambda nn, draws: nn.Linear(words, CLASSES, **draws),
        loss=classified,
        by_hand=_by_hand,
        jax_loss=_jax_loss,
    )


def _as_csr(words: int, fg: Any, batch: Batch) -> Batch:
    *entries, labels = batch
    return fg.CSR(*entries, (len(labels), words)), fg.Tensor(labels)


def compressed(words: int, rows: int) -> Task:
    """The same layer, given rows of what is not 0."""
    return replace(
        dense(words, rows),
        batches=partial(_bags, words, rows),
        check=lambda: _bags(words, rows)[0],
        given=partial(_as_csr, words),
    )


def bags(words: int, rows: int, build: Callable[..., Any]) -> Task:
    """A table of words' vectors, of which the sum of a bag is taken."""
    return replace(
        compressed(words, rows),
        weights=partial(_bag_weights, words),
        build=partial(build, words),
        loss=_bag_loss,
        given=None,
    )


def _turned(way: str, task: Task) -> Work:
    """A table stands as (words, classes): its gradient, turned as that of a layer."""
    work = WAYS[way](task)

    def result() -> Arrays:
        gradient, *others = work.result()
        return [np.asarray(gradient).T, *others]

    return Work(work.step, result)


class Both:
    """SparseAdam for the words that were met, Adam for the bias, as PyTorch asks."""

    def __init__(self, net: Any) -> None:
        optim, (table, bias) = import_module("torch").optim, net.parameters()
        self.parts = (optim.SparseAdam([table], lr=LR), optim.Adam([bias], lr=LR, fused=True))
        self.param_groups = [group for part in self.parts for group in part.param_groups]

    def zero_grad(self) -> None:
        for part in self.parts:
            part.zero_grad()

    def step(self) -> None:
        for part in self.parts:
            part.step()


def case(words: int = WORDS, rows: int = BATCH) -> Case:
    """A step, however each framework takes the bags."""
    full, bag = dense(words, rows), bags(words, rows, _torch_bags)
    sparse = bags(words, rows, partial(_torch_bags, sparse=True))
    builders: dict[str, Callable[[], Work]] = {
        "fusegrad": partial(WAYS["fusegrad"], compressed(words, rows)),
        "fusegrad bag": partial(_turned, "fusegrad", bags(words, rows, _our_bags)),
        "torch fused bag": partial(_turned, "torch fused", bag),
        "torch sparse bag": partial(_turned, "torch", replace(sparse, optimizer=Both)),
        **contenders(full, [name for name in ALL if name != "fusegrad"]),
    }
    met = rows * max(1, round(words * DENSITY))
    return Case(
        f"bag of words {words}-{CLASSES}, {DENSITY:.0%} dense, batch {rows}",
        builders,
        full.truth,
        floor=Floor(bytes=4.0 * (8 * CLASSES * words + 4 * met), flops=4.0 * met * CLASSES),
        goals={"torch fused": GOAL, "torch fused bag": GOAL},
    )

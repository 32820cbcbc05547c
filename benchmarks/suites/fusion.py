"""Every fusion forward and backward, by width and number of branches; decisions too.

What is checked: F, and how a number made of it follows when one branch, or a quarter of the
weights, moves in a direction. The truth has that from F alone in float64, by central
differences; F is the plain formula where `fusion_forms` has it, which PyTorch then runs too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from ..case import Arrays, Case, Work
from .differentiate import normal
from .fusion_forms import FORMS, NAMES

FUSIONS = (
    "concat", "sum", "gate", "weighted-sum", "weighted-average", "scored-average", "gmu",
    "joint", "tensor", "low-rank", "multiplicative", "mlb", "mutan", "tucker", "mcb", "block",
    "film", "experts", "graph", "self-attention", "cross-attention", "mult", "bottleneck",
    "perceiver", "mmtm",
)  # fmt: skip
DECISIONS = ("mean", "sum-logits", "weighted", "average", "mean-probabilities", "stacking")
WIDTHS, BRANCHES, BATCH, CLASSES = (32, 128, 512), (2, 3, 4), 64, 10
LARGEST = 20_000_000  # parameters; what has more is left out
LEFT_OUT = {
    *(("multiplicative", 512, m) for m in BRANCHES),
    ("mult", 512, 3), ("mult", 512, 4), ("bottleneck", 512, 4),
}  # fmt: skip
STEP = 1e-8  # of central differences: small, for a kink in between would falsify them
TOLERANCE = 1e-4
GROUPS = 4
Point = dict[str, np.ndarray]


def made(kind: str, name: str, width: int, branches: int) -> Any:
    """A fusion or a decision of fusegrad, drawn the same in every process."""
    multimodal, rng = import_module("fusegrad.multimodal"), np.random.default_rng(0)
    if kind == "decision":
        return multimodal.DECISIONS[name].make(list(NAMES[:branches]), width, rng)
    widths = dict.fromkeys(NAMES[:branches], width)
    return multimodal.FUSIONS[name].make(widths, width, rng)


def features(width: int, branches: int, rows: int) -> list[np.ndarray]:
    return [normal(20 + k, rows, width) for k in range(branches)]


def directions(points: dict[str, Any]) -> Point:
    """Where each moves, of length about 1 a row."""
    return {
        name: normal(40 + k, *x.shape).astype(np.float64)
        for k, (name, x) in enumerate(points.items())
    }


def groups(weights: dict[str, Any]) -> list[list[str]]:
    """Names of weights that are moved together, for a network may have hundreds."""
    names = list(weights)
    return [group for k in range(GROUPS) if (group := names[k::GROUPS])]


def slope_of(shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of F."""
    return normal(30, *shape)


def told(F: Any, gradients: list[Any], weights: dict[str, Any]) -> Arrays:
    """F, and by branch and by group of weights the inner product of gradient and direction."""
    branches = directions(dict(zip(NAMES, gradients)))
    rows = [np.sum(g * v, 1) for v, g in zip(branches.values(), gradients)]
    moved = directions(weights)
    parts = [sum(np.sum(weights[n] * moved[n]) for n in group) for group in groups(weights)]
    return [F, *rows, np.array(parts)]


def fusegrad(kind: str, name: str, width: int, branches: int, rows: int) -> Work:
    fg, module = import_module("fusegrad"), made(kind, name, width, branches)
    given = [fg.Tensor(x, requires_grad=True) for x in features(width, branches, rows)]
    named, parameters = dict(zip(NAMES, given)), dict(module.named_parameters())
    leaves = [*given, *parameters.values()]
    slope = fg.Tensor(slope_of(module(named).shape))

    def step() -> Any:
        for leaf in leaves:
            leaf.grad = None
        F = module(named)
        F.backward(slope)
        return F

    def result() -> Arrays:
        F = step().numpy()
        weights = {n: p.grad.numpy() for n, p in parameters.items()}
        return told(F, [x.grad.numpy() for x in given], weights)

    return Work(step, result)


def torch(kind: str, name: str, width: int, branches: int, rows: int) -> Work:
    torch, form, module = import_module("torch"), FORMS[name], made(kind, name, width, branches)
    given = [torch.from_numpy(x).requires_grad_() for x in features(width, branches, rows)]
    weights = {
        n: torch.from_numpy(p.numpy().copy()).requires_grad_()
        for n, p in module.named_parameters()
    }
    leaves = [*given, *weights.values()]
    slope = torch.from_numpy(slope_of(tuple(form(torch, weights, given).shape)))

    def step() -> Any:
        for leaf in leaves:
            leaf.grad = None
        F = form(torch, weights, given)
        F.backward(slope)
        return F

    def result() -> Arrays:
        F = step().detach().numpy()
        found = {n: p.grad.numpy() for n, p in weights.items()}
        return told(F, [x.grad.numpy() for x in given], found)

    return Work(step, result)


def _exactly(kind: str, name: str, module: Any) -> Callable[[Point, list[np.ndarray]], Any]:
    """F in float64: by the plain formula, else by fusegrad itself."""
    if kind == "fusion" and name in FORMS:
        return partial(FORMS[name], np)
    fg, parameters = import_module("fusegrad"), dict(module.to("float64").named_parameters())

    def run(weights: Point, given: list[np.ndarray]) -> Any:
        for n, w in weights.items():
            parameters[n].assign_(w)
        with fg.no_grad():
            return module(dict(zip(NAMES, map(fg.Tensor, given)))).numpy()

    return run


def truth(kind: str, name: str, width: int, branches: int, rows: int) -> Arrays:
    module = made(kind, name, width, branches)
    weights = {n: p.numpy().astype(np.float64) for n, p in module.named_parameters()}
    given = [x.astype(np.float64) for x in features(width, branches, rows)]
    run = _exactly(kind, name, module)
    F = run(weights, given)
    slope = slope_of(F.shape).astype(np.float64)

    def between(at: Callable[[float], Any]) -> Any:
        """How the sum of slope * F, row by row, follows."""
        return np.sum(slope * (at(STEP) - at(-STEP)), 1) / (2 * STEP)

    named = dict(zip(NAMES, given))
    towards = directions(named)

    def apart(name: str, h: float) -> Any:
        return run(weights, [*(named | {name: named[name] + h * towards[name]}).values()])

    rows_of = [between(partial(apart, name)) for name in named]
    moved = directions(weights)

    def together(group: list[str], h: float) -> Any:
        return run(weights | {n: weights[n] + h * moved[n] for n in group}, given)

    parts = [between(partial(together, group)).sum() for group in groups(weights)]
    return [F, *rows_of, np.array(parts)]


def case(kind: str, name: str, width: int, branches: int, rows: int = BATCH) -> Case:
    """One, on features of a width."""
    given = (kind, name, width, branches, rows)
    builders: dict[str, Callable[[], Work]] = {"fusegrad": partial(fusegrad, *given)}
    if kind == "fusion" and name in FORMS:
        builders["torch"] = partial(torch, *given)
    return Case(
        f"{kind} {name}, width {width}, {branches} branches, batch {rows}",
        builders,
        partial(truth, *given),
        tolerance=TOLERANCE,
        family=f"{kind} {name}, {branches} branches",
        size=width,
    )


def cases() -> list[Case]:
    """All fusions at all sizes that are not too large; decisions on logits of ten classes."""
    fusions = [
        case("fusion", name, width, branches)
        for name in FUSIONS
        for branches in BRANCHES
        for width in WIDTHS
        if (name, width, branches) not in LEFT_OUT
    ]
    votes = [case("decision", name, CLASSES, m) for name in DECISIONS for m in BRANCHES]
    return [*fusions, *votes]

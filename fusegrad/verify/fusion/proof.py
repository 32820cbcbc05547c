"""The proof of one case: every branch input and every parameter against central differences,
and what is missing against exact zeros."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from ... import nn
from ...engine import GradientError, KinkError, Tensor, gradcheck
from .case import Arrays, Case

TOLERANCE = 1e-6  # relative, in float64, by central differences
NAMES = "abcd"
MOST = 250  # parameters that are moved one by one; where a module has more, they move together
DIRECTIONS = 2  # random ones, in which they do
Moved = dict[int, Any]  # arrays in the place of those of these numbers: inputs, parameters
Value = Callable[[Moved], Tensor]


@dataclass(frozen=True)
class Proof:
    """What was found: the worst relative error, of how many arrays held against differences,
    and in `wrong` what is not as it must be."""

    name: str
    kind: str
    what: str
    source: str
    error: float
    checks: int
    absences: int
    wrong: str
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether everything is as it must be."""
        return not self.wrong

    def to_json(self) -> dict[str, Any]:
        """A plain dict; an error that is no number is null."""
        finite = self.error if np.isfinite(self.error) else None
        return {**asdict(self), "error": finite, "holds": self.holds}


def proved(case: Case) -> Proof:
    """A case, proved for every number of modalities and rows that it has."""
    start, worst, checks, absences = time.perf_counter(), 0.0, 0, 0
    wrong: list[str] = []
    for count in case.counts:
        names = list(NAMES[:count])
        for situation in _situations(case, names):
            error, number, fault = _differences(case, names, situation)
            worst, checks = max(worst, error), checks + number
            wrong += [f"M={count}, {situation.where}: {fault}"] if fault else []
        if not case.absent:
            faults, number = _absences(case, names)
            absences += number
            wrong += [f"M={count}: {fault}" for fault in faults]
    facts = (case.name, case.kind, case.what, case.source, worst, checks, absences)
    return Proof(*facts, "; ".join(wrong), time.perf_counter() - start)


class _Situation(NamedTuple):
    """Inputs, and which of them are moved number by number, the others and the parameters
    together. Where the parameters are few, all are moved number by number in the main one;
    where they are many, nothing is unless it is one row."""

    where: str
    arrays: Arrays
    alone: list[str]
    is_main: bool


def _situations(case: Case, names: list[str]) -> Iterator[_Situation]:
    """Inputs of every batch size, and a branch of zeros. The main one is the largest batch, of
    one modality, two, and the most; three are as two and four."""
    most = max(case.rows)
    is_main = len(names) in (1, 2, max(case.counts))
    for rows in case.rows:
        arrays = case.inputs(names, rows, np.random.default_rng(9))
        alone = names if rows == 1 else []
        yield _Situation(f"B={rows}", arrays, alone, is_main and rows == most)
    arrays = case.inputs(names, most, np.random.default_rng(10))
    if not case.zeros:
        zeros = {names[-1]: np.zeros_like(arrays[names[-1]])}
        yield _Situation("a branch of zeros", {**arrays, **zeros}, list(zeros), False)


def _differences(case: Case, names: list[str], at: _Situation) -> tuple[float, int, str]:
    """The worst error of all inputs and parameters, how many they are, and what is wrong."""
    module = case.module(names).requires_grad_(False)  # gradients are those of what is moved
    parameters, caller = dict(module.named_parameters()), _Caller(module, case)

    def value(moved: Moved) -> Tensor:
        inputs = {n: moved.get(i, x) for i, (n, x) in enumerate(at.arrays.items())}
        places = enumerate(parameters, len(inputs))
        state = {f"module.{n}": moved[i] for i, n in places if i in moved}
        found: Tensor = nn.functional_call(caller, state, inputs) if state else caller(inputs)
        return found

    value.__name__ = case.name
    given = [*at.arrays.values(), *(p.numpy() for p in parameters.values())]
    alone = _moved_alone(at, list(parameters.values()))
    together = [i for i in range(len(given)) if i not in alone]
    try:
        error = max(_alone(value, given, alone), _together(value, given, together))
    except (GradientError, KinkError) as fault:
        return float("nan"), len(given), str(fault)
    return error, len(given), ""


def _moved_alone(at: _Situation, parameters: list[Any]) -> list[int]:
    """Which of the inputs and parameters are moved number by number."""
    few = sum(p.size for p in parameters) <= MOST
    if few and at.is_main:
        return list(range(len(at.arrays) + len(parameters)))
    rows = len(next(iter(at.arrays.values())))
    return [i for i, n in enumerate(at.arrays) if n in at.alone and (few or rows == 1)]


def _alone(value: Value, given: list[Any], which: list[int]) -> float:
    """The worst error of some arrays, every number moved by itself and all else fixed."""
    if not which:
        return 0.0
    moved = [given[i] for i in which]
    return float(gradcheck(_of(value, which), *moved, tolerance=TOLERANCE).error)


def _together(value: Value, given: list[Any], which: list[int]) -> float:
    """The worst error of some arrays, moved along random directions and all else fixed."""
    if not which:
        return 0.0
    moved, of_these = [given[i] for i in which], _of(value, which)
    how: dict[str, Any] = {"mode": "random", "tolerance": TOLERANCE}
    generators = map(np.random.default_rng, range(DIRECTIONS))
    return max(float(gradcheck(of_these, *moved, rng=rng, **how).error) for rng in generators)


def _of(value: Value, which: list[int]) -> Callable[..., Tensor]:
    """The value as a function of some of its arrays."""

    def of_these(*moved: Any) -> Tensor:
        return value(dict(zip(which, moved, strict=True)))

    of_these.__name__ = value.__name__
    return of_these


def _absences(case: Case, names: list[str]) -> tuple[list[str], int]:
    """What is wrong where the last modality misses from the first row, and from all."""
    arrays = case.inputs(names, 3, np.random.default_rng(11))
    masks = {"the first row": np.arange(3) > 0, "all rows": np.zeros(3, bool)}
    faults = []
    for text, mask in masks.items():
        fault = _absence(case, names, arrays, mask)
        faults += [f"{names[-1]} missing from {text}: {fault}"] if fault else []
    return faults, len(masks)


def _absence(case: Case, names: list[str], arrays: Arrays, mask: np.ndarray) -> str:
    module, last = case.module(names).eval(), names[-1]
    broken = arrays[last].copy()
    broken[~mask] = np.nan
    inputs = {n: Tensor(x, requires_grad=True) for n, x in arrays.items()}
    value = case.call(module, inputs, {last: mask})
    other = case.call(module, {**inputs, last: Tensor(broken)}, {last: mask})
    if not np.array_equal(value.numpy(), other.numpy()):
        return "the output depends on its input"
    if value.requires_grad:
        value.sum().backward()
    grad = inputs[last].grad
    if grad is not None and grad.numpy()[~mask].any():
        return "its gradient is not exactly 0"
    return ""


class _Caller(nn.Module):
    """A module called in the way of its case."""

    def __init__(self, module: nn.Module, case: Case) -> None:
        self.module, self.case = module, case

    def forward(self, inputs: Any) -> Tensor:
        return self.case.call(self.module, inputs, None)

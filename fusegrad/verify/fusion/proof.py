"""The proof of one case: every branch input and every parameter against central differences,
and what is missing against exact zeros."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ... import nn
from ...engine import GradientError, KinkError, Tensor, gradcheck
from .case import Arrays, Case

TOLERANCE = 1e-6  # relative, in float64, by central differences
NAMES = "abcd"
MOST = 250  # numbers that are moved one by one; where a module has more, they move together
DIRECTIONS = 4  # random ones, in which they do


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
        for where, arrays in _situations(case, names):
            error, number, fault = _differences(case, names, arrays)
            worst, checks = max(worst, error), checks + number
            wrong += [f"M={count}, {where}: {fault}"] if fault else []
        if not case.absent:
            faults, number = _absences(case, names)
            absences += number
            wrong += [f"M={count}: {fault}" for fault in faults]
    facts = (case.name, case.kind, case.what, case.source, worst, checks, absences)
    return Proof(*facts, "; ".join(wrong), time.perf_counter() - start)


def _situations(case: Case, names: list[str]) -> Iterator[tuple[str, Arrays]]:
    """Inputs of every batch size, and a branch of nothing but zeros."""
    for rows in case.rows:
        yield f"B={rows}", case.inputs(names, rows, np.random.default_rng(9))
    arrays = case.inputs(names, max(case.rows), np.random.default_rng(10))
    if not case.zeros:
        yield "a branch of zeros", {**arrays, names[-1]: np.zeros_like(arrays[names[-1]])}


def _differences(case: Case, names: list[str], arrays: Arrays) -> tuple[float, int, str]:
    """The worst error of all inputs and parameters, how many they are, and what is wrong."""
    module = case.module(names)
    parameters = dict(module.named_parameters())

    def value(*values: Any) -> Tensor:
        given = dict(zip(arrays, values))
        state = dict(zip(parameters, values[len(arrays) :], strict=True))
        caller = _Caller(module, case)
        return nn.functional_call(caller, {f"module.{n}": v for n, v in state.items()}, given)

    inputs, moved = list(arrays.values()), [p.numpy() for p in parameters.values()]
    value.__name__ = case.name
    try:
        error = _worst(value, inputs, moved)
    except (GradientError, KinkError) as fault:
        return float("nan"), len(inputs + moved), str(fault)
    return error, len(inputs + moved), ""


def _worst(value: Callable[..., Tensor], inputs: list[Any], parameters: list[Any]) -> float:
    """The worst error, every number moved by itself. Where a module has many: those of the
    inputs of one row by themselves, and all together along random directions."""
    given = [*inputs, *parameters]
    if sum(p.size for p in parameters) <= MOST:
        return float(gradcheck(value, *given, tolerance=TOLERANCE).error)
    found = [
        gradcheck(
            value, *given, mode="random", tolerance=TOLERANCE, rng=np.random.default_rng(seed)
        )
        for seed in range(DIRECTIONS)
    ]
    if len(inputs[0]) == 1:

        def of_inputs(*x: Any) -> Tensor:
            return value(*x, *parameters)

        of_inputs.__name__ = value.__name__
        found.append(gradcheck(of_inputs, *inputs, tolerance=TOLERANCE))
    return max(float(difference.error) for difference in found)


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

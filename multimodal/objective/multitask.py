"""Several tasks on one feature: heads, weights that are learned, gradients in conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.elementwise import exp
from ...engine.ops.random import generator
from ...engine.ops.shaping import data_of
from ...kernels import OptionError, ShapeError
from ...nn import Module, Parameter
from ..presence import Present, read_presence
from .batch import added, modules, rows_of, tensor

LEAST = -10.0  # of log sigma


class UncertaintyWeighted(Module):
    """L = sum_k L_k / (2 sigma_k^2) + log sigma_k: the noisier a task, the less it counts.

    s_k = log sigma_k is learned, and 0 at first. Losses that a step does not have are left out.
    Backward: dL_k is 1 / (2 sigma_k^2); ds_k = 1 - L_k / sigma_k^2, which is 0 at the optimum
    sigma_k^2 = L_k. Leave s_k out of weight decay.
    Shapes: losses () by task -> ().
    Raises: OptionError for losses of no task, ShapeError for losses that are no numbers.
    Differs: the paper has L / sigma^2 for classification; here all tasks are alike. A loss of 0
    would send s_k down without end, until 1 / sigma^2 overflows: in training a s_k below -10,
    the optimum of a loss of 2e-9, is put back there by the next forward.
    Source: Kendall et al. 2018.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.log_sigma = {n: Parameter(np.zeros(()), f"log_sigma of {n}") for n in names}
        if not self.log_sigma:
            where, repair = type(self).__name__, "name the tasks"
            raise OptionError(where, "one task or more", "none", repair)

    def forward(self, losses: Mapping[str, Tensor]) -> Tensor:
        where, names = type(self).__name__, list(self.log_sigma)
        if not losses or any(n not in names for n in losses):
            got, repair = str(list(losses)), "name each loss by its task"
            raise OptionError(where, f"losses among {names}", got, repair)
        values = {n: tensor(loss) for n, loss in losses.items()}
        if any(x.shape != () for x in values.values()):
            got = str({n: x.shape for n, x in values.items()})
            raise ShapeError(where, "losses that are single numbers", got, "average them")
        if self.training:
            self.put_back(values)
        terms = [self._one(x, self.log_sigma[n]) for n, x in values.items()]
        return added(terms, next(iter(values.values())))

    def _one(self, loss: Tensor, s: Tensor) -> Tensor:
        s = s.astype(loss.dtype)
        return loss * exp(s * -2.0) * 0.5 + s

    def put_back(self, names: Iterable[str]) -> None:
        """Set each log_sigma of these that fell below -10 on it."""
        for s in map(self.log_sigma.__getitem__, names):
            if isinstance(s, Parameter) and float(s) < LEAST:
                s.assign_(np.asarray(LEAST))

    def sigma(self) -> dict[str, float]:
        """sigma_k by task."""
        return {n: float(np.exp(float(s))) for n, s in self.log_sigma.items()}


class MultiTaskHeads(Module):
    """z_k = head_k(F): named heads on one feature, say the task's and each modality's own.

    Backward: dF is the sum over heads of what each passes back; tasks share F, and may pull it
    apart: see `project_conflicting`.
    Shapes: F (B, D) -> head_k's output, by task.
    """

    def __init__(self, heads: Mapping[str, Module]) -> None:
        self.heads = modules(type(self).__name__, "heads", heads)

    def forward(self, fused: Any) -> dict[str, Tensor]:
        return {name: head(fused) for name, head in self.heads.items()}

    def losses(
        self,
        fused: Any,
        targets: Mapping[str, Any],
        criteria: Mapping[str, Callable[[Tensor, Any], Tensor]],
        known: Present | None = None,
    ) -> dict[str, Tensor]:
        """criterion_k(z_k, y_k) by task, over the rows whose target is `known`, by task truth
        values (B,); a task of which no row is known is left out.

        Raises: OptionError for a target of no head, or without criterion.
        """
        odd = [n for n in targets if n not in self.heads or n not in criteria]
        if odd or not targets:
            where, got = f"{type(self).__name__}.losses", str(odd or "none")
            expected = f"targets of {list(self.heads)}, each with its criterion"
            raise OptionError(where, expected, got, "name all three alike")
        fused = tensor(fused)
        here = read_presence(list(self.heads), len(fused), known)
        rows = {n: here.together(n) for n in targets}
        return {
            n: criteria[n](self.heads[n](rows_of(fused, at)), _targets(targets[n], at))
            for n, at in rows.items()
            if len(at)
        }


def _targets(given: Any, rows: np.ndarray) -> Any:
    return rows_of(tensor(given), rows).data


def project_conflicting(
    gradients: Sequence[Sequence[Any]], *, rng: np.random.Generator
) -> list[list[Any]]:
    """g_i -= (g_i . g_j / ||g_j||^2) g_j for every other task j with g_i . g_j < 0.

    Each task's gradient is a list, one array for each parameter, or None where it reaches none;
    products are over all parameters together. Tasks j come in an order drawn anew for each i,
    always with their gradients as given. Gives new arrays; a step takes the sum over tasks.
    With two tasks no result points against the other's gradient; with more, the last j wins.
    Raises: ShapeError for tasks whose arrays differ in number or shape.
    Source: Yu et al. 2020 (PCGrad).
    """
    generator(rng)
    given = [[data_of(g) for g in task] for task in gradients]
    _check(given)
    projected = []
    for i, task in enumerate(given):
        mine = [None if g is None else g.copy() for g in task]
        for j in rng.permutation(len(given)):
            size = _dot(given[j], given[j])
            along = _dot(mine, given[j])
            if j != i and along < 0 < size:
                mine = [_minus(a, b, along / size) for a, b in zip(mine, given[j])]
        projected.append(mine)
    return projected


def _dot(a: Sequence[Any], b: Sequence[Any]) -> float:
    pairs = [(x, y) for x, y in zip(a, b) if x is not None and y is not None]
    return float(sum((x * y).sum() for x, y in pairs))


def _minus(a: Any, b: Any, factor: float) -> Any:
    """a - factor b, where None is 0."""
    if b is None:
        return a
    return -factor * b if a is None else a - factor * b


def _check(given: Sequence[Sequence[Any]]) -> None:
    shapes = [[None if g is None else g.shape for g in task] for task in given]
    is_even = len({len(task) for task in shapes}) < 2
    if not is_even or any(len(set(column) - {None}) > 1 for column in zip(*shapes)):
        repair = "list the same parameters for each, in one order"
        where, expected = "project_conflicting", "gradients of the same parameters"
        raise ShapeError(where, expected, f"shapes {shapes}", repair)

"""Complementarity: modalities that do not say the same, and none that goes unheard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.grad import value_and_grad
from ...engine.ops.elementwise import ratio, sqrt, square
from ...engine.ops.linear import matmul
from ...engine.ops.random import generator, normal
from ...engine.ops.shaping import concat, data_of, stack
from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Module
from ...nn.loss.checks import above, at_least
from ..presence import Present, masked
from .batch import each_row, read_batch, tensor, zero
from .pairwise import Pairwise

Call = Callable[[dict[str, Tensor], dict[str, np.ndarray]], Tensor]
Criterion = Callable[[Tensor, Any], Tensor]


class Decorrelation(Pairwise):
    """||v_m^T v_n||_F^2 / N^2, the mean over pairs, on the N rows that have both.

    v are the features, or with `centred` the features less their mean over those rows: the
    squares of all covariances, which are 0 where no coordinate of one tells a coordinate of the
    other.
    Backward: dv_m = 2 v_n (v_m^T v_n)^T / N^2; centred, less its own mean.
    Shapes: features (B, d_m) by modality, of any widths -> ().
    Differs: scaled by 1 / N^2, so that its size does not depend on the batch.
    Source: Ngiam et al. 2011 and Salzmann et al. 2010, as a penalty.
    """

    def __init__(self, centred: bool = True) -> None:
        self.centred = centred

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        if self.centred:
            a, b = a - a.mean(axis=0), b - b.mean(axis=0)
        covariance = matmul(a.T, b) / len(a)
        total: Tensor = square(covariance).sum()
        return total

    def extra_repr(self) -> str:
        return f"centred={self.centred}"


class FunctionalEntropy(Module):
    """R = weight * || (1 / (score_m + eps))_m ||_2, score_m = mean ||dL/dx_m||^2 / L.

    L is the loss of one noisy copy of one sample, x_m + std_m * N(0, 1) in all modalities at
    once; the mean is over `samples` copies of each sample that has m. The score is the
    functional Fisher information: how much the loss hears of a modality. R is large where one
    of them, of any number, is not heard.
    Backward: through dL/dx_m, a second backward pass (create_graph).
    Shapes: inputs (B, ...) by modality, of floats; `call(inputs, present)` gives logits (S, C)
    of S = samples * B rows, and `criterion(logits, target)` losses (S,), above 0.
    A row whose L is 0 scores 0. Rows must not meet inside `call`: put batch norms in evaluation
    mode. `std` by modality, or one for all; None takes that of all numbers of x_m in the rows
    that have m, as a constant. Words are no floats: give features, and a call that goes on from
    them.
    Raises: OptionError, ShapeError, DTypeError for settings or results that do not fit.
    Differs: eps stands beside the score, which may be 0.
    Source: Gat et al. 2020 (RMFE), with its weight and number of copies.
    """

    def __init__(
        self,
        criterion: Criterion,
        *,
        weight: float = 1e-10,
        samples: int = 10,
        std: float | Mapping[str, float] | None = None,
        eps: float = 1e-8,
        rng: np.random.Generator,
    ) -> None:
        where = type(self).__name__
        self.criterion, self.std, self.rng = criterion, std, generator(rng)
        self.weight = at_least(where, "weight", weight, 0)
        self.eps = above(where, "eps", eps)
        if not (hasattr(samples, "__index__") and samples >= 1):
            raise OptionError(where, "samples of 1 or more", f"{samples}", "10 is the paper's")
        self.samples = samples

    def forward(
        self,
        call: Call,
        inputs: Mapping[str, Any],
        target: Any,
        present: Present | None = None,
    ) -> Tensor:
        scores = self.scores(call, inputs, target, present)
        if not scores:
            return zero(tensor(next(iter(inputs.values()))))
        inverse = stack([1.0 / (score + self.eps) for score in scores.values()])
        size: Tensor = sqrt(square(inverse).sum()) * self.weight
        return size

    def scores(
        self,
        call: Call,
        inputs: Mapping[str, Any],
        target: Any,
        present: Present | None = None,
    ) -> dict[str, Tensor]:
        """score_m by modality, for those that a sample has. Shapes: () each."""
        names = list(inputs)
        values, here = read_batch(type(self).__name__, names, inputs, present)
        if not here.rows:
            raise ShapeError(type(self).__name__, "one row or more", "none", "leave it out")
        noisy = {n: self._noisy(n, masked(x, here[n]), here[n]) for n, x in values.items()}
        copies = {n: np.tile(here[n], self.samples) for n in names}
        device = next(iter(values.values())).device
        copied = np.concatenate([np.asarray(to_device(data_of(target), "cpu"))] * self.samples)
        targets = to_device(copied, device)

        def losses(z: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
            rows = self.criterion(call(z, copies), targets)
            self._check(rows, len(copied))
            return rows.sum(), rows

        (_, rows), slopes = value_and_grad(losses, has_aux=True)(noisy)
        heard = [n for n in names if here[n].any()]
        return {n: self._score(slopes[n], rows, copies[n]) for n in heard}

    def _noisy(self, name: str, x: Tensor, mask: np.ndarray) -> Tensor:
        """Copies one after the other, each with noise of its own. Shapes: (samples * B, ...)"""
        std = self.std.get(name) if isinstance(self.std, Mapping) else self.std
        there = to_device(x.data, "cpu")[mask] if std is None else np.zeros(0)
        std = float(np.std(there)) if there.size else std or 0.0
        shape = (self.samples * len(x), *x.shape[1:])
        noise = normal(self.rng, shape, dtype=x.dtype).data * np.asarray(std, x.dtype)
        noisy: Tensor = concat([x] * self.samples) + to_device(noise, x.device)
        return noisy

    def _score(self, slope: Tensor, rows: Tensor, mask: np.ndarray) -> Tensor:
        shares = ratio(each_row(square(slope)), rows)
        score: Tensor = masked(shares, mask).sum() / int(mask.sum())
        return score

    def _check(self, rows: Tensor, count: int) -> None:
        if rows.shape != (count,):
            where, repair = type(self).__name__, "use reduction none in the criterion"
            raise ShapeError(
                where, f"a criterion that gives ({count},)", str(rows.shape), repair
            )

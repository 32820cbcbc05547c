"""Autoencoder across modalities: every modality is rebuilt from the code of every other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.elementwise import square
from ...kernels import OptionError, ShapeError
from ...nn import Module
from ..presence import Presence, Present
from .batch import added, each_row, factors, modules, read_batch, rows_of, tensor

Pair = tuple[str, str]


class CrossModalAutoencoder(Module):
    """L = sum_ij lambda_ij mean_b ||x^_j - x_j||^2 with x^_j = D_j(E_i(x_i)).

    Each mean is over the samples that have both i and j; a pair that no sample has is 0.
    `weights` are lambda_ij by (i, j), 1 for pairs not named; with 0 a pair is not computed.
    Backward: encoder i gets the sum over the decoders j of 2 lambda_ij (x^_j - x_j) D_j' /
    N_ij, decoder j the sum over the encoders i. A target takes its gradient too, where it wants
    one: give raw inputs, or else features shrink to 0 together.
    Shapes: x_m (B, ...) -> E_m (B, D), one D for all; D_m gives back the shape of x_m.
    Raises: DTypeError, OptionError, ShapeError for inputs or modules that do not fit.
    Differs: a mean over samples, where the paper sums; missing samples are left out, not 0.
    Source: Ngiam et al. 2011; Wang et al. 2015, which adds a correlation (DCCAE).
    """

    def __init__(
        self,
        encoders: Mapping[str, Module],
        decoders: Mapping[str, Module],
        weights: Mapping[Pair, float] | None = None,
    ) -> None:
        where = type(self).__name__
        self.encoders = modules(where, "encoders", encoders)
        self.decoders = modules(where, "decoders", decoders)
        pairs = [(i, j) for i in self.encoders for j in self.decoders]
        self.weights: dict[Pair, float] = factors(where, "weights", weights, pairs)

    @property
    def names(self) -> list[str]:
        """All modalities, those that are encoded first."""
        return list(dict.fromkeys([*self.encoders, *self.decoders]))

    def forward(self, inputs: Mapping[str, Any], present: Present | None = None) -> Tensor:
        values, here = read_batch(type(self).__name__, self.names, inputs, present)
        terms = [t for i in self.encoders if i in values for t in self._from(i, values, here)]
        return added(terms, next(iter(values.values())))

    def _from(self, i: str, values: dict[str, Tensor], here: Presence) -> list[Tensor]:
        """The terms of one encoder, which sees the rows that have its modality."""
        rows, terms = here.together(i), []
        wanted = [j for j in self.decoders if self.weights[i, j] and (here[i] & here[j]).any()]
        if not wanted:
            return []
        code = self.encoders[i](rows_of(values[i], rows))
        for j in wanted:
            both = here[j][rows]
            made = self.decoders[j](rows_of(code, np.flatnonzero(both)))
            missed = each_row(square(made - self._target(j, made, values[j], rows[both])))
            terms.append(missed.mean() * self.weights[i, j])
        return terms

    def _target(self, j: str, made: Tensor, x: Tensor, rows: np.ndarray) -> Tensor:
        target = rows_of(x, rows)
        if made.shape != target.shape:
            where = f"{type(self).__name__}, decoder {j}"
            repair = "end the decoder in the shape of its modality"
            raise ShapeError(where, f"an output {target.shape}", str(made.shape), repair)
        return target

    def reconstruct(self, inputs: Mapping[str, Any], from_: str, to: str) -> Tensor:
        """D_to(E_from(x_from)): what one modality says another is.

        Raises: OptionError for a modality that was not given, or has no encoder or decoder.
        """
        known = [n for n in self.encoders if n in inputs]
        for name, among, what in ((from_, known, "from_"), (to, list(self.decoders), "to")):
            if name not in among:
                repair = "see its encoders, decoders and the inputs"
                where = f"{type(self).__name__}.reconstruct"
                raise OptionError(where, f"{what} among {among}", repr(name), repair)
        return self.decoders[to](self.encoders[from_](tensor(inputs[from_])))

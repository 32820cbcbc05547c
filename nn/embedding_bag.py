"""Bags of words: the mean, sum or largest of their vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops.indexing import pick, segment_max, segment_sum
from ..engine.ops.rearrange import expand_dims
from ..engine.ops.shaping import as_array, data_of, reshape
from ..engine.ops.tables import take_rows
from ..engine.ops.updating import like
from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import to_device
from .embedding import Table, drawn

MODES = ("mean", "sum", "max")


class EmbeddingBag(Table):
    """One vector a bag: the mean, the sum or, element by element, the largest of its words'
    vectors; zero for an empty bag.

    With mode sum, each word's vector may be multiplied by a number of its own,
    `per_sample_weights`. Words at `padding_idx`, whose row starts as 0, are in no bag. `sparse`
    `max_norm` and `norm_type` as in `Embedding`.

    Shapes: indices (B, N), a bag a row; or (N,) with offsets (B,), where bag k is
    indices[offsets[k]:offsets[k + 1]] and the last one ends with the list, or, with
    `include_last_offset`, offsets (B + 1,), the last of which is N; weights like indices
    -> (B, embedding_dim). Vectors are drawn from a normal of standard deviation `std`.
    Raises: as `Embedding`; ShapeError, DTypeError for offsets that do not rise from 0 within
    the indices, and for weights of another shape or of integers; OptionError for weights with
    another mode than sum.
    Differs: mode stands third here, where PyTorch has max_norm; `std` is not an argument in
    PyTorch, where it is 1; scale_grad_by_freq is left out; mode max takes `sparse` too; all
    indices must lie in a bag.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        mode: str = "mean",
        *,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        std: float = 1.0,
        rng: np.random.Generator,
    ) -> None:
        if mode not in MODES:
            raise OptionError(
                "EmbeddingBag", f"mode in {', '.join(MODES)}", repr(mode), "choose one of these"
            )
        table = drawn("EmbeddingBag", (num_embeddings, embedding_dim), std, padding_idx, rng)
        super().__init__(table, padding_idx, max_norm, norm_type, sparse)
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(
        self, indices: Any, offsets: Any = None, per_sample_weights: Any = None
    ) -> Tensor:
        indices = as_array(indices)
        starts = self._starts(indices.shape, offsets)
        weights = self._weights(indices.shape, per_sample_weights)
        index = self.numbers(indices).ravel()
        if self.padding_idx is not None:
            kept = index != self.padding_idx
            starts = np.append(0, np.cumsum(kept))[starts]
            index, weights = index[kept], None if weights is None else pick(weights, kept)
        rows = take_rows(self.weight, index, sparse=self.sparse)
        if weights is not None:
            rows = rows * expand_dims(weights, 1)
        if self.mode == "max":
            return segment_max(rows, starts)
        total = segment_sum(rows, starts)
        return total / self._counts(starts) if self.mode == "mean" else total

    def _counts(self, starts: np.ndarray) -> Any:
        """How many words are in each bag; 1 in an empty one, so that it stays 0. (B, 1)"""
        counts = np.maximum(np.diff(starts), 1)[:, None]
        return to_device(counts.astype(self.weight.dtype), self.weight.device)

    def _starts(self, shape: tuple[int, ...], offsets: Any) -> np.ndarray:
        """Where each bag begins in the list of all indices, and where the last one ends."""
        if len(shape) == 2 and offsets is None:
            return np.arange(shape[0] + 1) * shape[1]
        if len(shape) != 1 or offsets is None:
            expected = "indices (B, N) alone, or (N,) with offsets (B,)"
            got = f"{shape} {'without' if offsets is None else 'with'} offsets"
            raise ShapeError("EmbeddingBag", expected, got, "say where each bag begins")
        given = to_device(data_of(as_array(offsets)), "cpu")
        if given.size and given.dtype.kind not in "iu":
            repair = "convert them with astype(int)"
            raise DTypeError("EmbeddingBag", "integer offsets", str(given.dtype), repair)
        given = given.astype(np.intp)
        starts = given if self.include_last_offset else np.append(given, shape[0])
        ends = given.ndim == 1 and starts[:1].tolist() == [0] and starts[-1] == shape[0]
        if not ends or np.any(np.diff(starts) < 0):
            expected = f"offsets that rise from 0 within {shape[0]} indices"
            got = np.array2string(given, threshold=6).replace("\n", "")
            raise ShapeError("EmbeddingBag", expected, got, "give the start of each bag")
        return starts

    def _weights(self, shape: tuple[int, ...], weights: Any) -> Any:
        """One weight for each index, in a list as the table has them. (N,)"""
        if weights is None:
            return None
        if self.mode != "sum":
            expected, got = "per_sample_weights with mode 'sum' alone", repr(self.mode)
            raise OptionError("EmbeddingBag", expected, f"mode {got}", "leave them out")
        weights = as_array(weights)
        if weights.dtype.kind != "f":
            got, repair = str(weights.dtype), "convert them with astype(float)"
            raise DTypeError("EmbeddingBag", "per_sample_weights of floats", got, repair)
        if weights.shape != shape:
            expected, repair = f"per_sample_weights {shape}", "give one for each index"
            raise ShapeError("EmbeddingBag", expected, str(weights.shape), repair)
        return reshape(like(weights, self.weight), -1)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, mode={self.mode!r}"

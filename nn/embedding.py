"""Vectors for words: bags of them, summed or averaged."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import indexing
from ..kernels import OptionError
from ..kernels.device import to_device
from . import init
from .module import Module
from .parameter import Parameter

MODES = ("mean", "sum")


class EmbeddingBag(Module):
    """One vector a bag: the mean or sum of its words' vectors; zero for an empty bag.

    Shapes: indices (N,), offsets (B,), where bag k is indices[offsets[k]:offsets[k + 1]] and
    the last one ends with the list -> (B, embedding_dim). Vectors are drawn from a normal of
    standard deviation `std`. Differs: `std` is not an argument in PyTorch, where it is 1.
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        mode: str = "mean",
        *,
        std: float = 1.0,
        rng: np.random.Generator,
    ) -> None:
        if mode not in MODES:
            raise OptionError(
                "EmbeddingBag", f"mode in {', '.join(MODES)}", repr(mode), "choose one of these"
            )
        shape = (num_embeddings, embedding_dim)
        self.weight = Parameter(init.normal(rng, shape, std), "weight")
        self.mode = mode

    def forward(self, indices: Any, offsets: Any) -> Tensor:
        indices, starts = np.asarray(indices), np.append(np.asarray(offsets), len(indices))
        self._check(indices)
        rows = to_device(indices.astype(np.intp), self.weight.device)
        total = indexing.segment_sum(self.weight[rows], starts)
        if self.mode == "sum":
            return total
        counts = np.maximum(np.diff(starts), 1).astype(self.weight.dtype)
        return total / to_device(counts[:, None], self.weight.device)

    def _check(self, indices: np.ndarray) -> None:
        size = self.weight.shape[0]
        if indices.size and not (indices.min() >= 0 and indices.max() < size):
            raise OptionError(
                "EmbeddingBag",
                f"indices in [0, {size})",
                f"{indices.min()} to {indices.max()}",
                "map unknown words to an index of their own",
            )

    def extra_repr(self) -> str:
        return "{}, {}, mode={!r}".format(*self.weight.shape, self.mode)

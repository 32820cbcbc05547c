"""Words as columns: how often each of a vocabulary stands in a text, for early fusion."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn import Buffer, Module
from .sentences import read_sentences
from .windows import demand_count


class CountWords(Module):
    """x[k] = how often word k stands in the text; or, with `presence`, 1 where it does, else 0.

    Backward: none, words are no numbers; a Linear behind it learns what BagOfWords learns:
    W x = the sum of columns of W.
    Shapes: (ids (N,), offsets (B,)), or ids (B, T) with lengths (B,) -> (B, num_words), in the
    dtype and on the device that `to` has moved it to, float32 at first.
    Raises: OptionError for a word outside the vocabulary; ShapeError, DTypeError, OptionError
    for words that are not so.
    """

    unit: Buffer

    def __init__(self, num_words: int, *, presence: bool = False) -> None:
        self.num_words = demand_count("CountWords", "num_words", num_words)
        self.presence = presence
        self.unit = Buffer(np.ones((), np.float32), "unit", persistent=False)

    def forward(self, ids: Any, ends: Any = None) -> Tensor:
        words = read_sentences("CountWords", ids, ends)
        flat = words.flat
        if flat.size and (flat.min() < 0 or flat.max() >= self.num_words):
            got = str(flat.max() if flat.max() >= self.num_words else flat.min())
            rule, repair = f"words in [0, {self.num_words})", "leave unknown words out"
            raise OptionError("CountWords", rule, got, repair)
        rows = np.repeat(np.arange(len(words.lengths)), words.lengths)
        counts = np.zeros((len(words.lengths), self.num_words), self.unit.dtype)
        np.add.at(counts, (rows, flat), 1)
        found = np.minimum(counts, 1) if self.presence else counts
        return Tensor(to_device(found, self.unit.device))

    def extra_repr(self) -> str:
        return f"{self.num_words}, presence={self.presence}"

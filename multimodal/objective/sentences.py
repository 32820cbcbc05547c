"""Sentences as a decoder reads them: the words before each step, the true ones, which count."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.shaping import data_of
from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels.device import to_device

WHERE = "SequenceDecoder"
Table = np.ndarray


def read_sentences(
    words: Any, lengths: Any, rows: int, num_words: int
) -> tuple[Table, Table, Table]:
    """What each step is told, what it should say, and which steps count.

    Word `num_words` starts and ends a sentence; the end counts. What stands behind a length is
    not read. Shapes: words (B, L), lengths (B,) or None -> (B, L + 1) three times.
    Raises: DTypeError, OptionError, ShapeError for words or lengths that are not so.
    """
    words = _whole("words", words)
    if words.ndim != 2 or len(words) != rows:
        expected, repair = f"words ({rows}, L)", "give one row of words a sample"
        raise ShapeError(WHERE, expected, str(words.shape), repair)
    longest = words.shape[1]
    ends = np.full(rows, longest) if lengths is None else _whole("lengths", lengths)
    if ends.shape != (rows,) or (rows and not 0 <= ends.min() <= ends.max() <= longest):
        expected, repair = f"lengths ({rows},) in [0, {longest}]", "count the words of each row"
        raise OptionError(WHERE, expected, f"{ends.tolist()}", repair)
    steps = np.arange(longest + 1)
    said = np.where(steps[:-1] < ends[:, None], words, num_words)
    real_words = said[steps[:-1] < ends[:, None]]
    if real_words.size and not 0 <= real_words.min() <= real_words.max() < num_words:
        got = f"{real_words.min()} to {real_words.max()}"
        repair = "leave out the start and the end: the decoder adds both"
        raise OptionError(WHERE, f"words in [0, {num_words})", got, repair)
    edge = np.full((rows, 1), num_words)
    real = steps <= ends[:, None]
    return np.concatenate([edge, said], 1), np.concatenate([said, edge], 1), real


def _whole(name: str, given: Any) -> np.ndarray:
    x = np.asarray(to_device(data_of(given), "cpu"))
    if x.dtype.kind not in "iu":
        repair = "number the words from 0"
        raise DTypeError(WHERE, f"integer {name}", str(x.dtype), repair)
    return x

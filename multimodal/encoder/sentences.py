"""Sentences of any lengths, as they come: padded, or one after the other."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...engine.ops.shaping import as_array, data_of
from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels.device import to_device

FORMS = "words (B, T), with lengths (B,), or (N,) with offsets (B,)"


class Sentences(NamedTuple):
    """Word numbers (B, T), 0 behind the end of a sentence, and lengths (B,); on the host."""

    ids: np.ndarray
    lengths: np.ndarray

    @property
    def present(self) -> np.ndarray:
        """Which places hold a word. Shapes: (B, T)."""
        return np.arange(self.ids.shape[1]) < self.lengths[:, None]

    @property
    def flat(self) -> np.ndarray:
        """The words one after the other. Shapes: (number of words,)."""
        return self.ids[self.present]

    @property
    def offsets(self) -> np.ndarray:
        """Where in `flat` each sentence begins. Shapes: (B,)."""
        return np.append(0, np.cumsum(self.lengths))[:-1]


def read_sentences(where: str, ids: Any, ends: Any = None) -> Sentences:
    """Sentences from a padded array and lengths, by default all of it, or from a list of words
    and the offset of each sentence in it, or `Sentences`. What stands behind the end of a
    sentence is not looked at. T is 1 at least.

    Shapes: ids (B, T) and lengths (B,), or ids (N,) and offsets (B,).
    Raises: ShapeError, DTypeError, OptionError for what is not so.
    """
    if isinstance(ids, Sentences):
        return read_sentences(where, *ids)
    words = _whole(where, "words", ids)
    if words.ndim == 2:
        lengths = np.full(len(words), words.shape[1]) if ends is None else ends
        return _cut(words, read_lengths(where, lengths, *words.shape))
    if words.ndim != 1 or ends is None:
        got = f"{words.shape} {'without' if ends is None else 'with'} a second array"
        raise ShapeError(where, FORMS, got, "say where sentences begin or end")
    starts = _whole(where, "offsets", ends)
    rises = starts.ndim == 1 and starts.size and starts[0] == 0
    lengths = np.diff(starts, append=len(words)) if rises else np.full(1, -1)
    if lengths.min() < 0:
        rule, got = f"offsets that rise from 0 within {len(words)} words", str(starts.tolist())
        raise ShapeError(where, rule, got, "give the start of each sentence")
    padded = np.zeros((len(lengths), max(int(lengths.max()), 1)), words.dtype)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = words
    return Sentences(padded, lengths)


def read_lengths(where: str, lengths: Any, rows: int, longest: int) -> np.ndarray:
    """Lengths (B,) on the host, each from 0 to the longest.

    Raises: DTypeError, OptionError, ShapeError for what is not so.
    """
    found = _whole(where, "lengths", lengths)
    if found.shape != (rows,):
        got, repair = f"lengths of shape {found.shape}", "see the first axis"
        raise ShapeError(where, f"{rows} lengths", got, repair)
    if found.size and (found.min() < 0 or found.max() > longest):
        rule, repair = f"lengths of 0 to {longest}", "see the second axis"
        raise OptionError(where, rule, str(found.tolist()), repair)
    return found.astype(np.int64)


def _cut(words: np.ndarray, lengths: np.ndarray) -> Sentences:
    """A copy with zeros behind the ends."""
    padded = np.zeros((len(words), max(words.shape[1], 1)), words.dtype)
    padded[:, : words.shape[1]] = words
    padded[np.arange(padded.shape[1]) >= lengths[:, None]] = 0
    return Sentences(padded, lengths)


def _whole(where: str, name: str, values: Any) -> np.ndarray:
    found = np.asarray(to_device(data_of(as_array(values)), "cpu"))
    if found.size and found.dtype.kind not in "iu":
        repair = "convert them with astype(int)"
        raise DTypeError(where, f"{name} as whole numbers", str(found.dtype), repair)
    return found.astype(np.int64)

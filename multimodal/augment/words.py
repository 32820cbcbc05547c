"""Words, varied: tuples of numbers (B, T) and lengths (B,), or of a list (N,) and offsets (B,).

What comes back has the form of what came. Of padded words nothing behind the end is looked at;
where a sentence becomes shorter, zeros follow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.ops.random import generator
from ...kernels import DTypeError, OptionError
from ..encoder.sentences import read_sentences
from .augmentation import check_share

Pair = tuple[Any, Any]


class WordAugmentation:
    """Base: gives `changed(words)` for every sentence that has words."""

    def changed(self, words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Another sentence. Shapes: (T,) -> (T',), T' <= T."""
        raise OptionError(type(self).__name__, "a changed method", "none", "define one")

    def __call__(self, x: Any, *, rng: np.random.Generator) -> Pair:
        where, rng = type(self).__name__, generator(rng)
        if not isinstance(x, tuple) or len(x) != 2:
            rule, got = "a tuple (words, lengths) or (words, offsets)", type(x).__name__
            raise DTypeError(where, rule, got, "say where sentences begin or end")
        ids, ends = map(np.asarray, x)
        read = read_sentences(where, ids, ends)
        old = [words[:length] for words, length in zip(read.ids, read.lengths)]
        new = [self.changed(words, rng) if len(words) else words for words in old]
        lengths = np.array([len(words) for words in new], np.int64)
        if ids.ndim == 1:
            starts = np.append(0, np.cumsum(lengths))[:-1]
            return np.concatenate([ids[:0], *new]).astype(ids.dtype), starts.astype(ends.dtype)
        found = ids.copy()
        for row, words, length in zip(found, new, read.lengths):
            row[:length] = 0
            row[: len(words)] = words
        return found, lengths.astype(ends.dtype)


@dataclass(frozen=True)
class DeleteWords(WordAugmentation):
    """Every word left out with probability p; where all would be, one of them stays.

    Source: Wei & Zou 2019, random deletion.
    """

    p: float = 0.1

    def __post_init__(self) -> None:
        check_share("DeleteWords", "p", self.p)

    def changed(self, words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        kept = rng.random(len(words)) >= self.p
        if not kept.any():
            kept[rng.integers(len(words))] = True
        return words[kept]


@dataclass(frozen=True)
class ReplaceSynonyms(WordAugmentation):
    """Every word of which `table` knows others replaced by one of them, with probability p.

    `table` gives for a word number the numbers of words that may stand for it.
    Raises: OptionError for a word with none to stand for it.
    Source: Wei & Zou 2019, synonym replacement, with a table that is given.
    """

    table: Mapping[int, Sequence[int]]
    p: float = 0.1

    def __post_init__(self) -> None:
        check_share("ReplaceSynonyms", "p", self.p)
        empty = [word for word, others in self.table.items() if not len(others)]
        if empty:
            rule, got = (
                "one synonym or more for every word of the table",
                f"none for {empty[0]}",
            )
            raise OptionError("ReplaceSynonyms", rule, got, "leave that word out")

    def changed(self, words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        found = words.copy()
        for place in np.flatnonzero(rng.random(len(words)) < self.p):
            others = self.table.get(int(words[place]))
            if others is not None:
                found[place] = others[int(rng.integers(len(others)))]
        return found

    def __repr__(self) -> str:
        return f"ReplaceSynonyms(table of {len(self.table)} words, p={self.p})"


@dataclass(frozen=True)
class SwapWords(WordAugmentation):
    """Every word picked with probability p; those picked change places, each goes to another's.

    The sentence stays a permutation of itself. Where one word alone is picked, it changes
    places with any other; a sentence of one word stays.
    Differs: the paper exchanges p T pairs, of which later ones may undo earlier ones.
    Source: Wei & Zou 2019, random swap; the cycle: Sattolo 1986.
    """

    p: float = 0.1

    def __post_init__(self) -> None:
        check_share("SwapWords", "p", self.p)

    def changed(self, words: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        places = np.flatnonzero(rng.random(len(words)) < self.p)
        if len(words) < 2 or not len(places):
            return words
        if len(places) == 1:
            other = (places[0] + rng.integers(1, len(words))) % len(words)
            places = np.append(places, other)
        circle, found = rng.permutation(places), words.copy()
        found[circle] = words[np.roll(circle, 1)]
        return found

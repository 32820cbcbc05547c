"""Words: tokens, and a vocabulary that turns texts into bags of word numbers."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

import numpy as np

from .dataset import row_numbers

TOKEN = re.compile(r"[a-z0-9]+")
SIGNS = "\u3040-\u30ff\u3400-\u9fff"  # scripts that leave no room between words
WORD = re.compile(rf"[{SIGNS}]|[^\W_{SIGNS}]+")


def tokens(text: str) -> list[str]:
    """The distinct lower-case words of a text, in the order of their first use.

    >>> tokens("red heart | heart, Red heart")
    ['red', 'heart']
    """
    return list(dict.fromkeys(TOKEN.findall(text.lower())))


def words(text: str) -> list[str]:
    """The distinct words of a text in any script, without their capitals, in the order of
    their first use; Chinese and Japanese signs one by one.

    >>> words("Größe, größe 7")
    ['größe', '7']
    """
    return list(dict.fromkeys(WORD.findall(unicodedata.normalize("NFC", text.lower()))))


class Vocabulary:
    """The words that at least `least` texts contain, in alphabetical order.

    Built from training texts alone; other words are unknown and left out of bags. `split` is
    how a text becomes words: `tokens`, or `words` for all scripts.
    """

    def __init__(
        self,
        texts: Iterable[str],
        least: int = 2,
        split: Callable[[str], list[str]] = tokens,
    ) -> None:
        counts = Counter(word for text in texts for word in split(text))
        self.words = sorted(word for word, n in counts.items() if n >= least)
        self._number = {word: k for k, word in enumerate(self.words)}
        self._split = split

    def __len__(self) -> int:
        return len(self.words)

    def bags(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Word numbers of all texts end to end, and where each text begins.

        Shapes: (number of words,), (number of texts,), as `nn.EmbeddingBag` takes them.
        """
        found = [[self._number[w] for w in self._split(t) if w in self._number] for t in texts]
        lengths = [len(bag) for bag in found]
        offsets = np.cumsum([0, *lengths])[:-1]
        return np.array([k for bag in found for k in bag], np.int64), offsets


class Bags:
    """A data set whose texts stand end to end as word numbers, in the array that `numbers`
    names: text i is numbers[indptr[i]:indptr[i + 1]]."""

    numbers: ClassVar[str]
    indptr: np.ndarray

    def bags(self, rows: Any = slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """Word numbers of some texts end to end, and where each begins.

        Shapes: (number of words,), (number of rows,) int64, as `nn.EmbeddingBag` takes them.
        Raises: OptionError for rows that are not there.
        """
        rows = np.atleast_1d(row_numbers(type(self).__name__, rows, len(self.indptr) - 1))
        begin = self.indptr[rows].astype(np.int64)
        lengths = self.indptr[rows + 1] - begin
        offsets = np.cumsum(lengths) - lengths
        places = np.arange(lengths.sum()) + np.repeat(begin - offsets, lengths)
        return getattr(self, self.numbers)[places].astype(np.int64), offsets

"""Rebuild fusegrad/data/movies.npz: 10,605 sentences of film reviews, with mean ratings.

    python -m tools.make_movies [--packages DIR] [--out FILE] [--force]

DIR holds the source package (the wheel lacks the data), fetched in it by
    pip download --no-deps --no-binary :all: vaderSentiment==3.3.1
Without --packages the tool fetches it itself into a temporary folder.

Shapes: ids (190988,) uint16, the words of all sentences end to end; indptr (10606,) int32,
    sentence i is ids[indptr[i]:indptr[i + 1]]; rating (10605,) float32, -4 to 4;
    vocab (10139,) str, the most frequent word first.
Source: Hutto and Gilbert, "VADER", ICWSM 2014; licences in DATA_LICENSES.md.
"""

from __future__ import annotations

import re
import sys
import tarfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.embedding import Arrays, Recipe, make

PACKAGE = "vaderSentiment-3.3.1.tar.gz"
INNER = "vaderSentiment-3.3.1/additional_resources/hutto_ICWSM_2014.tar.gz"
RATED = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
WORD = re.compile(r"[a-z']+")
LEAST = 2  # occurrences of a word that is kept


def rated_lines(packages: Path) -> list[str]:
    """Lines "number, mean rating, sentence", separated by tabs."""
    with (
        tarfile.open(packages / PACKAGE) as package,
        tarfile.open(fileobj=package.extractfile(INNER)) as inner,
    ):
        file = inner.extractfile(RATED)
        return file.read().decode("latin-1").splitlines() if file else []


def vocabulary(sentences: Sequence[Sequence[str]]) -> list[str]:
    """Words that occur at least twice, by falling count; ties by first appearance."""
    counts = Counter(word for sentence in sentences for word in sentence)
    return [word for word, count in counts.most_common() if count >= LEAST]


def arrays(lines: Sequence[str]) -> Arrays:
    """The four arrays; words outside the vocabulary are dropped."""
    _, ratings, texts = zip(*(line.split("\t") for line in lines))
    sentences = [WORD.findall(text.lower()) for text in texts]
    words = vocabulary(sentences)
    number = {word: k for k, word in enumerate(words)}
    known = [[number[word] for word in sentence if word in number] for sentence in sentences]
    return {
        "ids": np.array([k for sentence in known for k in sentence], np.uint16),
        "indptr": np.cumsum([0, *map(len, known)], dtype=np.int32),
        "rating": np.array(ratings, np.float32),
        "vocab": np.array(words),
    }


RECIPE = Recipe(
    file="movies.npz",
    packages=[PACKAGE],
    fetch=[
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--no-binary", ":all:", "vaderSentiment==3.3.1"),
    ],
    repair="install pip and reach its registry",
    build=lambda packages: arrays(rated_lines(packages)),
    notice="From vaderSentiment 3.3.1 (c) 2016 C.J. Hutto, MIT, as word numbers; sentences "
    "collected by Bo Pang and Lillian Lee; changes and licences: DATA_LICENSES.md of fusegrad",
)

if __name__ == "__main__":
    make(RECIPE)

"""The embedded film reviews: bytes, split, the three forms of a sentence, and their making.

Source: tools/make_movies.py rebuilds the file; DATA_LICENSES.md states where it comes from.
"""

from __future__ import annotations

import re
from itertools import chain

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import data, nn
from fusegrad.data.movies import Movies
from tests.data_files import check_published, check_reference, check_split, notice_of
from tools import make_movies


@pytest.fixture(scope="module")
def movies() -> Movies:
    return data.load("movies")


def test_arrays_are_the_published_ones() -> None:
    keys = ["ids", "indptr", "rating", "vocab"]
    check_published("movies.npz", keys, ["vaderSentiment-3.3.1.tar.gz"])


def test_equals_the_reference_build() -> None:
    check_reference("movies.npz", "movie_snippets.npz")


def test_the_file_carries_its_notice() -> None:
    for part in ("C.J. Hutto", "MIT", "Pang", "DATA_LICENSES.md"):
        assert part in notice_of("movies.npz")


def test_the_split_is_whole_fixed_and_balanced(movies: Movies) -> None:
    check_split(movies.split, {"train": 7636, "validation": 848, "test": 2121})
    assert movies.split["train"][:3].tolist() == [9272, 8190, 3344]
    assert movies.split["test"][-3:].tolist() == [3264, 9845, 2732]
    for rows in movies.split.values():
        assert 0.45 < movies.label[rows].mean() < 0.55
    text = "Movies(10605 sentences of 10139 words: 7636 train, 848 validation, 2121 test)"
    assert repr(movies) == text


def test_a_label_says_whether_the_rating_is_above_zero(movies: Movies) -> None:
    assert np.bincount(movies.label).tolist() == [5326 + 37, 5242]
    assert np.all((movies.rating > 0) == (movies.label == 1))
    assert movies.classes == ["not positive", "positive"]


def test_words_and_ratings_belong_together(movies: Movies) -> None:
    """Sentences with a praising word are rated higher than those with a scathing one."""
    words = movies.sentences()

    def mean(word: str) -> float:
        number = movies.vocab.index(word)
        return float(movies.rating[[number in s for s in words]].mean())

    assert min(map(mean, ("wonderful", "beautifully", "moving"))) > 0.9
    assert max(map(mean, ("worst", "dull", "bland"))) < -0.9
    assert movies.text(2) == "effective but too tepid biopic"


def test_the_three_forms_say_the_same(movies: Movies) -> None:
    empty = int(np.flatnonzero(np.diff(movies.indptr) == 0)[0])
    rows = [7, empty, 0, 7, -1]
    last = len(movies.rating) - 1
    expected = [
        movies.ids[movies.indptr[r] : movies.indptr[r + 1]].tolist()
        for r in (7, empty, 0, 7, last)
    ]
    sentences = movies.sentences(rows)
    assert [s.tolist() for s in sentences] == expected and expected[1] == []
    words, offsets = movies.bags(rows)
    assert words.dtype == offsets.dtype == np.int64
    starts = [sum(map(len, expected[:k])) for k in range(len(rows))]
    assert offsets.tolist() == starts and words.tolist() == [*chain(*expected)]
    table, lengths = movies.padded(rows)
    assert table.dtype == lengths.dtype == np.int64
    assert lengths.tolist() == list(map(len, expected))
    assert table.shape == (len(rows), max(lengths))
    for line, sentence in zip(table.tolist(), expected):
        filling = [len(movies.vocab)] * (table.shape[1] - len(sentence))
        assert line == sentence + filling


def test_all_rows_are_meant_where_none_are_named(movies: Movies) -> None:
    words, offsets = movies.bags()
    assert np.array_equal(words, movies.ids) and np.array_equal(offsets, movies.indptr[:-1])
    assert len(movies.sentences()) == 10605 and movies.padded()[0].shape == (10605, 51)


def test_no_rows_and_rows_that_are_not_there(movies: Movies) -> None:
    assert movies.sentences([]) == []
    table, lengths = movies.padded([])
    assert table.shape == (0, 0) and lengths.shape == (0,)
    text = "Movies: expected rows in [-10605, 10605), got 10605"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        movies.bags(10605)


def test_bags_feed_an_embedding_bag(movies: Movies) -> None:
    bag = nn.EmbeddingBag(len(movies.vocab), 3, "sum", rng=np.random.default_rng(0))
    rows = movies.split["test"][:4]
    weight = np.asarray(bag.weight.data)
    expected = np.stack([weight[s].sum(0) for s in movies.sentences(rows)])
    np.testing.assert_allclose(bag(*movies.bags(rows)).data, expected, rtol=1e-5, atol=1e-6)


def test_the_recipe_on_three_lines() -> None:
    lines = ["1\t1.5\tIt's fun, FUN!", "2\t-0.25\tNo fun\x92 -- 3 duds. it's", "3\t0.0\t42"]
    arrays = make_movies.arrays(lines)
    assert arrays["vocab"].tolist() == ["fun", "it's"]  # seen twice; most frequent first
    assert arrays["ids"].tolist() == [1, 0, 0, 0, 1]
    assert arrays["indptr"].tolist() == [0, 3, 5, 5]
    assert arrays["rating"].tolist() == [1.5, -0.25, 0.0]
    kinds = {key: array.dtype.kind + str(array.itemsize) for key, array in arrays.items()}
    assert kinds == {"ids": "u2", "indptr": "i4", "rating": "f4", "vocab": "U16"}


def test_equally_frequent_words_stand_in_order_of_appearance() -> None:
    sentences = [["b", "a"], ["a", "b", "c", "c"], ["c", "once"]]
    assert make_movies.vocabulary(sentences) == ["c", "b", "a"]

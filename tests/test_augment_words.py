"""Words, varied: deleted, replaced and exchanged, as often as they should be."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from fusegrad.multimodal import augment as au


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def long(rows: int = 300, words: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Sentences of distinct words 1 .. T."""
    ids = np.arange(1, words + 1)[None].repeat(rows, axis=0)
    return ids, np.full(rows, words)


def near(count: float, mean: float, sd: float) -> bool:
    return abs(count - mean) < 5 * sd


def test_words_are_deleted_in_their_order() -> None:
    ids, lengths = au.DeleteWords(0.1)(long(), rng=rng())
    assert near(lengths.sum(), 0.9 * 6000, np.sqrt(6000 * 0.09))
    for row, length in zip(ids, lengths):
        assert np.all(np.diff(row[:length]) > 0) and not row[length:].any()


def test_one_word_at_least_stays() -> None:
    ids, lengths = au.DeleteWords(1.0)(long(4000, 4), rng=rng())
    assert np.all(lengths == 1) and not ids[:, 1:].any()
    counts = np.bincount(ids[:, 0], minlength=5)[1:]
    assert all(near(n, 1000, np.sqrt(750)) for n in counts)
    alone = (np.array([[7, 0], [0, 0]]), np.array([1, 0]))
    found = au.DeleteWords(1.0)(alone, rng=rng())
    assert np.array_equal(found[0], alone[0]) and found[1].tolist() == [1, 0]


def test_words_are_replaced_by_those_of_the_table() -> None:
    table = {k: (100 + k, 200 + k, 300 + k) for k in range(1, 11)}
    ids, lengths = au.ReplaceSynonyms(table, 0.2)(long(), rng=rng())
    old = long()[0]
    assert np.array_equal(ids[:, 10:], old[:, 10:]) and np.all(lengths == 20)
    replaced = ids[:, :10] != old[:, :10]
    assert near(replaced.sum(), 0.2 * 3000, np.sqrt(3000 * 0.16))
    kinds = Counter(((ids - old)[:, :10][replaced] // 100).tolist())
    third = replaced.sum() / 3
    assert set(kinds) == {1, 2, 3}
    assert all(near(n, third, np.sqrt(third)) for n in kinds.values())


@pytest.mark.parametrize("p", [0.05, 0.1, 0.5, 1.0])
def test_swapped_words_are_a_permutation(p: float) -> None:
    ids, lengths = au.SwapWords(p)(long(), rng=rng())
    old = long()[0]
    assert np.array_equal(np.sort(ids, axis=1), old) and np.all(lengths == 20)
    moved = (ids != old).sum(axis=1)
    # Picked words move all, and one that is picked alone takes another with it.
    mean = 20 * p + 20 * p * (1 - p) ** 19
    assert near(moved.mean(), mean, np.sqrt(20 * p + 1) / np.sqrt(300)) and 1 not in moved
    assert p < 1 or np.all(moved == 20)


def test_six_words_stay_six_words() -> None:
    ids, _ = au.SwapWords(1.0)(long(200, 6), rng=rng())
    assert np.array_equal(np.sort(ids, axis=1), long(200, 6)[0]) and np.all(
        ids != long(1, 6)[0]
    )
    pair, _ = au.SwapWords(1.0)((np.array([[1, 2], [3, 9]]), np.array([2, 1])), rng=rng())
    assert pair.tolist() == [[2, 1], [3, 9]]


@pytest.mark.parametrize(
    "augment",
    [au.DeleteWords(0.5), au.SwapWords(0.5), au.ReplaceSynonyms({3: (9,), 4: (8,)}, 0.5)],
    ids=lambda a: type(a).__name__,
)
def test_both_forms_are_varied_alike(augment: Any) -> None:
    lists = [[1, 2, 3, 4], [], [5, 3], [4, 4, 4]]
    lengths = np.array([len(each) for each in lists])
    words = [word for each in lists for word in each]
    padded = np.zeros((4, 4), np.int64)
    padded[np.arange(4) < lengths[:, None]] = words
    flat = np.array(words)
    starts = np.append(0, np.cumsum(lengths))[:-1]
    ids, ends = augment((padded, lengths), rng=rng())
    listed, offsets = augment((flat, starts), rng=rng())
    assert np.array_equal(listed, ids[np.arange(4) < ends[:, None]])
    assert np.array_equal(offsets, np.append(0, np.cumsum(ends))[:-1])

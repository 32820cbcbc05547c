"""The generator behind dropout: its published words, and one mask whoever computes it."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest

from fusegrad.engine.ops import random
from fusegrad.kernels import compiled, philox, threads

SIGMAS = 5

# Counter, key and words of philox4x32-10 in Random123's known-answer file `kat_vectors`.
ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
]  # fmt: skip


def hexadecimal(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def by_hand(counter: list[int], key: list[int]) -> list[int]:
    """The rule of the paper on Python's integers (Salmon et al. 2011, section 4.3)."""
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = b >> 32 ^ c1 ^ k0, b % 2**32, a >> 32 ^ c3 ^ k1, a % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [c0, c1, c2, c3]


@pytest.mark.parametrize(("counter", "key", "words"), ANSWERS)
def test_the_published_words_come_out(counter: str, key: str, words: str) -> None:
    assert by_hand(hexadecimal(counter), hexadecimal(key)) == hexadecimal(words)


KEYS = [0, 1, 2**32 - 1, 2**32, 0x299F31D0A4093822, 2**64 - 1]


@pytest.mark.parametrize("key", KEYS)
def test_words_are_those_of_the_rule_in_blocks_of_four(key: int) -> None:
    halves = [key % 2**32, key // 2**32]
    wanted = [w for block in range(5) for w in by_hand([block, 0, 0, 0], halves)]
    for count in (0, 1, 4, 7, 20):
        found = philox.words(key, count)
        assert found.dtype == np.uint32 and found.tolist() == wanted[:count]
    assert philox.words(0, 4).tolist() == hexadecimal(ANSWERS[0][2])


# ---- the compiled loop ----------------------------------------------------------------------
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("count", [1, 4, 63, 70_001])
def test_the_loop_keeps_what_the_words_say(key: int, count: int) -> None:
    threads.numba()
    for p in (0.1, 0.5, 2.0**-32, 1 - 2.0**-32):
        threshold = np.uint32(round(p * 2**32))
        wanted = philox.words(key, count) >= threshold
        assert np.array_equal(philox._compiled(key, count, threshold), wanted)


def test_blocks_beyond_32_bits_have_counters_of_two_words() -> None:
    module, threshold = compiled.loops("dropout"), np.uint32(2**31)
    first, out = 3 * 2**32 - 1, np.zeros(2, np.uint32)
    module.kept(np.uint32(7), np.uint32(9), threshold, first, out)
    counters = [[2**32 - 1, 2, 0, 0], [0, 3, 0, 0]]
    wanted = [w >= threshold for c in counters for w in by_hand(c, [7, 9])]
    assert out.view(bool).tolist() == wanted


@pytest.mark.parametrize("count", [3 * 262_144 + 5])
def test_the_number_of_threads_changes_nothing(count: int) -> None:
    numba = threads.numba()
    most = numba.get_num_threads()
    masks = []
    try:
        for threads_now in (1, most):
            numba.set_num_threads(threads_now)
            masks.append(philox.kept(5, count, 0.3))
    finally:
        numba.set_num_threads(most)
    assert np.array_equal(*masks)
    assert np.array_equal(masks[0], philox.words(5, count) >= np.uint32(round(0.3 * 2**32)))


def test_numba_is_not_started_for_few_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        philox, "loops", lambda name: asked.append(name) or compiled.loops(name)
    )
    with monkeypatch.context() as patch:
        patch.delitem(sys.modules, "numba", raising=False)
        few = philox.kept(3, 1000, 0.5)
        assert asked == []
    threads.numba()
    assert np.array_equal(philox.kept(3, 1000, 0.5), few) and asked == ["dropout"]


# ---- probabilities --------------------------------------------------------------------------
def test_probabilities_count_to_the_last_word() -> None:
    assert philox.kept(1, 999, 0.0).all() and philox.kept(1, 999, 2.0**-34).all()
    assert not philox.kept(1, 999, 1.0).any() and not philox.kept(1, 999, 1 - 2.0**-34).any()


@pytest.mark.parametrize("p", [0.001, 0.5, 0.9])
def test_masks_of_a_generator_are_fair_and_independent(p: float) -> None:
    rng, n = np.random.default_rng(0), 200_000
    one, two = (random.kept(rng, (n,), p, np.ones(1)) for _ in range(2))
    q = 1 - p
    for mask in (one, two):
        assert abs(mask.mean() - q) < SIGMAS * math.sqrt(p * q / n)
        for lag in (1, 2, 3, 4, 1000):  # within a block, and between blocks
            both = (mask[lag:] & mask[:-lag]).mean()
            assert abs(both - q * q) < SIGMAS * math.sqrt(3 * q * q * (1 - q * q) / n)
    assert abs((one & two).mean() - q * q) < SIGMAS * math.sqrt(q * q * (1 - q * q) / n)


@pytest.mark.parametrize("bits", [np.random.PCG64, np.random.MT19937, np.random.SFC64])
def test_one_draw_of_64_bits_is_one_mask_of_any_size(bits: Any) -> None:
    ours, theirs = (np.random.Generator(bits(4)) for _ in range(2))
    key = int(theirs.integers(0, 1 << 64, dtype=np.uint64))
    mask = random.kept(ours, (30, 50), 0.5, np.ones(1))
    assert ours.bit_generator.state["bit_generator"] == bits.__name__
    assert ours.integers(1 << 60) == theirs.integers(1 << 60)
    assert np.array_equal(mask.ravel(), philox.words(key, 1500) >= np.uint32(1 << 31))

"""Philox4x32-10: random words that are a function of a key and a place, in any order.

A block of four words c comes from a counter and a key k: c begins as the number of the block,
in two words, and 0, 0; k as the key, in two words; the low word first in both. Ten times then

    c := (hi(B c2) ^ c1 ^ k0, lo(B c2), hi(A c0) ^ c3 ^ k1, lo(A c0)),   k := k + (C, D)

with A, B, C, D = D2511F53, CD9E8D57, 9E3779B9, BB67AE85 and words of 32 bits. Element e of an
array, counted in rows, has word e mod 4 of block e div 4: so no draw depends on the order of
the work, the number of threads, or the machine. Source: Salmon et al. 2011, "Parallel random
numbers: as easy as 1, 2, 3".
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from . import on_cuda_philox
from .compiled import FROM, loops
from .device import module_for
from .pool import empty

WORD, LOW = 1 << 32, np.uint64(0xFFFFFFFF)
FACTORS = np.array([[0xD2511F53], [0xCD9E8D57]], np.uint64)
STEPS = np.array([0x9E3779B9, 0xBB67AE85], np.uint64)
ROUNDS = np.arange(10, dtype=np.uint64)[:, None]


def words(key: int, count: int) -> np.ndarray:
    """The words of elements 0 .. count - 1. Shapes: (count,). Units: uint32."""
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    even, odd = np.zeros((2, 2, len(blocks)), np.uint64)  # c0 and c2, c1 and c3
    even[0], odd[0] = blocks & LOW, blocks >> np.uint64(32)
    keys = (np.array(_halves(key), np.uint64) + ROUNDS * STEPS) & LOW
    for k in keys[:, :, None]:
        products = (FACTORS * even)[::-1]
        even, odd = (products >> np.uint64(32)) ^ odd ^ k, products & LOW
    out = np.empty((len(blocks), 4), np.uint32)
    out[:, ::2], out[:, 1::2] = even.T, odd.T
    return out.reshape(-1)[:count]


def kept(key: int, count: int, p: float, device: str = "cpu") -> Any:
    """What is not dropped: element e where its word is p 2^32 or more, rounded to a whole
    number; so p counts to 2^-33. On any device the same. Shapes: (count,)."""
    threshold = round(p * WORD)
    if threshold >= WORD:
        return module_for(device).zeros(count, bool)
    if device != "cpu":
        return on_cuda_philox.kept(_halves(key), count, threshold)
    if _pays(count):
        return _compiled(key, count, np.uint32(threshold))
    return words(key, count) >= np.uint32(threshold)


def _pays(count: int) -> bool:
    return sys.byteorder == "little" and (count >= FROM or "numba" in sys.modules)


def _compiled(key: int, count: int, threshold: Any) -> np.ndarray:
    """As many bytes as four to a block, of which the last may have too many."""
    out, module = empty((-(-count // 4),), np.uint32), loops("dropout")
    k0, k1 = map(np.uint32, _halves(key))
    if out.size <= module.CHUNK:
        module.kept(k0, k1, threshold, 0, out)
    else:
        module.kept_by_threads(k0, k1, threshold, out)
    return out.view(bool)[:count]


def _halves(key: int) -> tuple[int, int]:
    return key % WORD, key // WORD

"""Where states lie: side by side, apart from each other, and for as long as one is held."""

from __future__ import annotations

import copy
import gc
import weakref
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fusegrad import Tensor, optim
from fusegrad.optim.blocks import LEAST, LINE, MOST, SIZE, Blocks

FLOAT = np.dtype(np.float32)


def ends(x: np.ndarray) -> tuple[int, int]:
    return x.ctypes.data, x.ctypes.data + x.nbytes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arrays_of_a_block_do_not_overlap(dtype: Any) -> None:
    blocks, rng = Blocks(), np.random.default_rng(0)
    shapes = [(int(n), 3) for n in rng.integers(1, MOST // 20, 80)]
    arrays = [blocks.empty(shape, np.dtype(dtype)) for shape in shapes]
    assert [a.shape for a in arrays] == shapes and {a.dtype for a in arrays} == {
        np.dtype(dtype)
    }
    for k, a in enumerate(arrays):
        assert a.flags.c_contiguous and a.flags.writeable
        a[...] = k
    assert all(np.all(a == k) for k, a in enumerate(arrays))
    cut = [a for a in arrays if LEAST <= a.nbytes < MOST]
    assert len(cut) > 60 and all(ends(a)[0] % LINE == 0 for a in cut)
    sides = sorted(map(ends, arrays))
    assert all(end <= start for (_, end), (start, _) in pairwise(sides))


@pytest.mark.parametrize("size", [0, LEAST // 4 - 1, MOST // 4, SIZE])
def test_what_is_small_or_large_has_memory_of_its_own(size: int) -> None:
    blocks = Blocks()
    x = blocks.empty((size,), FLOAT)
    assert x.shape == (size,) and x.base is None
    assert blocks.empty((LEAST // 4,), FLOAT).base is not None


def test_a_block_ends_with_the_last_of_its_arrays() -> None:
    blocks = Blocks()
    first, second = (blocks.empty((LEAST // 4,), FLOAT) for _ in range(2))
    block = weakref.ref(first.base)
    assert first.base is second.base
    del first, blocks
    gc.collect()
    assert block() is second.base
    del second
    gc.collect()
    assert block() is None


def test_states_of_many_parameters_are_what_they_are_alone() -> None:
    shape = (LEAST // 8, 4)
    params = [Tensor(np.full(shape, k, np.float32), requires_grad=True) for k in range(3)]
    together = optim.Adam(params, lr=0.1)
    for _ in range(2):
        for k, p in enumerate(params):
            p.grad = Tensor(np.full(shape, k + 1.0, np.float32))
        together.step()
    for k, p in enumerate(params):
        q = Tensor(np.full(shape, k, np.float32), requires_grad=True)
        alone = optim.Adam([q], lr=0.1)
        for _ in range(2):
            q.grad = Tensor(np.full(shape, k + 1.0, np.float32))
            alone.step()
        assert np.array_equal(p, q)
        for name in ("m", "v"):
            assert np.array_equal(together.state[p][name], alone.state[q][name])
    other = copy.deepcopy(together)
    assert not np.shares_memory(
        other.state[other.param_groups[0]["params"][0]]["m"], together.state[params[0]]["m"]
    )

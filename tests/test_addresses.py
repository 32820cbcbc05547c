"""Where arrays lie, for kernels that read them by address: every element once, and nothing that
is not what the kernel takes it for."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from fusegrad.kernels import addresses
from fusegrad.kernels.addresses import plain_table, table
from tests.test_update import CHUNK, UNFIT, every_dtype, tensors_for


def memory(address: int, count: int, dtype: str) -> np.ndarray:
    kind = ctypes.c_float if dtype == "float32" else ctypes.c_double
    return np.ctypeslib.as_array((kind * count).from_address(address))


@every_dtype
def test_the_table_holds_every_chunk_of_every_tensor_once(dtype: str) -> None:
    tensors = tensors_for("adam", dtype)
    rows = table(tensors)
    assert rows.dtype == np.int64 and rows.shape[1] == 5
    left = iter(rows.tolist())
    for arrays in tensors:
        done = 0
        while done < arrays[0].size:
            *addresses, count = next(left)
            assert 0 < count <= CHUNK
            for address, array in zip(addresses, arrays, strict=True):
                part = array.ravel()[done : done + count]
                assert np.array_equal(memory(address, count, dtype), part)
            done += count
        assert done == arrays[0].size
    assert not list(left)


@every_dtype
@pytest.mark.parametrize("offset", [0, 1, 5, 15])
@pytest.mark.parametrize("alike", [True, False])
def test_chunks_of_large_arrays_begin_with_a_line_of_the_cache(
    alike: bool, offset: int, dtype: str
) -> None:
    n, width = 3 * CHUNK + 100, np.dtype(dtype).itemsize
    ends = [offset, offset if alike else offset + 1]
    arrays = []
    for shift in ends:
        bytes_ = np.zeros(n * width + 256, np.uint8)
        start = -bytes_.ctypes.data % 64 + shift * width
        arrays.append(bytes_[start : start + n * width].view(dtype))
    rows = table([tuple(arrays)])
    assert rows[:, -1].sum() == n and rows[:, -1].max() <= CHUNK and rows[:, -1].min() > 0
    assert rows[0, 0] == arrays[0].ctypes.data
    assert np.array_equal(np.diff(rows[:, 0]), width * rows[:-1, -1])
    if alike:
        assert np.all(rows[1:, :-1] % 64 == 0)
    assert len(rows) == 4 + (alike and offset * width % 64 != 0)


def test_the_table_of_nothing_has_its_width() -> None:
    assert table(tensors_for("adam", "float32", [(0,)])).shape == (0, 5)
    assert table([]).shape == (0, 1)


def unfit(theta: np.ndarray) -> list[np.ndarray]:
    changes = [change for name, change in UNFIT.items() if name != "fortran"]
    shapes = [theta.transpose(2, 1, 0), theta.reshape(60), theta.reshape(5, 4, 3)]
    return [*(change(theta) for change in changes), theta.astype("f4"), *shapes]


@pytest.mark.parametrize("known", [True, False])
def test_compiled_code_sees_of_arrays_what_numpy_says_of_them(
    known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert addresses._heads_are_known()
    monkeypatch.setattr(addresses, "_heads_are_known", lambda: known)
    shapes = [(), (1,), (0, 3), (3, 4, 5), (2 * CHUNK + 1,), (1, 1, 1, 1)]
    tensors = tensors_for("adam", "float64", shapes)
    assert np.array_equal(plain_table(tensors, (0, 2)), table(tensors))
    for place in range(4):
        for other in unfit(tensors[3][0]):
            item = [*tensors[3]]
            item[place] = other
            assert plain_table([*tensors, tuple(item)], (0, 2)) is None
        locked = [a.copy() for a in tensors[3]]
        locked[place].flags.writeable = False
        assert (plain_table([tuple(locked)], (0, 2)) is None) == (place in (0, 2))

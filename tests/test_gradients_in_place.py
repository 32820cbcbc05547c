"""x[index] passes its gradient back into an array that the walk owns: the sum is the same, and
nobody else sees it change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import gather, observe
from tests.ops_sample import leaf

MASK = np.arange(6).reshape(2, 3) % 4 > 0
INDICES: list[tuple[str, list[Any]]] = [
    ("rows", [0, 1, -1]),
    ("single elements", [(0, 1), (1, 2), (0, 1)]),
    (
        "slices that overlap",
        [slice(0, 2), (slice(None), slice(1, 3)), (..., slice(None, None, -1))],
    ),
    ("new axes", [(None, 1), (slice(None), None, 2)]),
    ("masks", [MASK, ~MASK, (np.array([True, False]), slice(1, None))]),
    ("arrays of integers among them", [0, np.array([1, 1, 0]), 1]),
]


def by_hand(x: np.ndarray, indices: list[Any]) -> np.ndarray:
    """The gradient of sum(k x[i_k]**2), an index at a time."""
    g = np.zeros(x.shape)
    for k, index in enumerate(indices, 1):
        np.add.at(g, index, 2 * k * x[index])
    return g


def squares(x: Any, indices: list[Any]) -> Any:
    return sum(k * (x[index] * x[index]).sum() for k, index in enumerate(indices, 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("what", "indices"), INDICES)
def test_pieces_add_up(what: str, indices: list[Any], dtype: Any) -> None:
    x = leaf(np.arange(6.0).reshape(2, 3) - 2, dtype)
    squares(x, indices).backward()
    assert np.array_equal(x.grad, by_hand(x.numpy(), indices)) and x.grad.dtype == dtype
    y = x * 1.0  # not a leaf, and used whole as well, before and after
    (y.sum() + squares(y, indices) + (3 * y).sum()).backward()
    assert np.array_equal(x.grad, 4 + 2 * by_hand(x.numpy(), indices))
    again = leaf(x.numpy())
    squares(again, indices).backward(create_graph=True)
    assert np.array_equal(again.grad, by_hand(x.numpy(), indices))


def test_many_pieces_write_one_gradient() -> None:
    x, wrote = leaf(np.ones((50, 4))), []
    y = sum(x[t].sum() for t in range(50))
    with observe(lambda kernel, args, params, y: wrote.append((kernel.name, np.shape(y)))):
        y.backward()
    names = [name for name, shape in wrote if shape == x.shape]
    assert names == ["index_add"] + ["add_at"] * 49


def test_gradients_that_were_given_out_stay_as_they_were() -> None:
    x = leaf(np.ones((3, 2)))
    y = x[0] + x[1] * 2 + x[2] * 3
    y.sum().backward(retain_graph=True)
    first, held = x.grad, x.grad.numpy().copy()
    y.sum().backward()
    assert np.array_equal(first, held) and np.array_equal(x.grad, 2 * held)


def test_an_array_that_came_from_elsewhere_is_not_written_to() -> None:
    """A sum passes one array on to both its terms; a piece of one must not reach the other."""
    x, seed = leaf(np.ones(3)), np.ones(3)
    a, b = x * 2.0, x * 3.0
    both = a + b
    fg.concat([both, a[1:], a[:2]]).backward(np.concatenate([seed, seed[1:], seed[:2]]))
    assert np.array_equal(x.grad, 2 * np.array([2.0, 3.0, 2.0]) + 3) and (seed == 1).all()


def test_an_interior_gradient_is_whole_when_a_hook_sees_it() -> None:
    x, seen = leaf(np.ones(3)), []
    y = (x * 1.0).retain_grad()
    y.register_hook(lambda g: seen.append(g.numpy().copy()))
    (y[0] * 2 + y[1] * 3 + y[0] * 5).backward()
    assert [g.tolist() for g in seen] == [[7.0, 3.0, 0.0]]
    assert np.array_equal(x.grad, seen[0]) and np.array_equal(y.grad, seen[0])


def test_an_infinite_gradient_is_still_found() -> None:
    """Under detect_anomaly every share is looked at by itself."""
    x = leaf(np.zeros(3))
    with pytest.raises(fg.NonFiniteError), fg.detect_anomaly():
        (fg.sqrt(x[0]) + x[1] + x[2]).backward()


@pytest.mark.parametrize("index", [1, -2, (0, 1), slice(1, None), ..., None, (0, ...), MASK])
def test_the_kernel_adds_in_the_memory_it_is_given(index: Any) -> None:
    y = np.arange(6.0).reshape(2, 3)
    wanted = y.copy()
    wanted[index] += 10
    assert gather.add_at(y, np.full(np.shape(y[index]), 10.0), index=index) is y
    assert np.array_equal(y, wanted)

"""Beside NumPy, DLPack and copies: memory is shared only where that is safe, pickles never."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from tests.ops_sample import leaf


def test_from_numpy_shares_memory_and_gradients_do_not_see_later_writes() -> None:
    a = np.array([1.0, 2.0, 3.0])
    shared, w = fg.from_numpy(a), leaf([1.0, 1.0, 1.0])
    y = (w * shared).sum() + (w[1:] * shared.reshape(3)[1:]).sum()
    a[...] = 100.0
    assert shared.numpy().tolist() == [100, 100, 100]
    y.backward()
    assert w.grad.numpy().tolist() == [1, 4, 6]


def test_from_numpy_copies_what_it_cannot_watch() -> None:
    base = np.array([1.0, 2.0])
    shown = base.view()
    shown.flags.writeable = False
    t = fg.from_numpy(shown)
    base[0] = 9.0
    assert t.numpy().tolist() == [1, 2]


def test_dlpack_gives_and_takes_memory_of_its_own() -> None:
    t = leaf([1.0, 2.0])
    other = np.from_dlpack(t)
    other[0] = 7.0
    back = fg.from_dlpack(other)
    other[1] = 8.0
    assert t.numpy().tolist() == [1, 2] and back.numpy().tolist() == [7, 2]


def test_dlpack_without_a_copy_is_read_only() -> None:
    t = leaf([1.0, 2.0])
    shown = np.from_dlpack(t, copy=False)
    assert np.shares_memory(shown, t.data) and not shown.flags.writeable


def test_torch_and_back() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    t = leaf([[1.0, 2.0], [3.0, 4.0]], np.float32)
    there = torch.from_dlpack(t)
    there.mul_(2.0)
    back = fg.from_dlpack(there)
    there.zero_()
    assert back.numpy().tolist() == [[2, 4], [6, 8]] and back.dtype == np.float32
    assert t.numpy().tolist() == [[1, 2], [3, 4]]


def test_a_deep_copy_is_a_leaf_of_its_own() -> None:
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(2, 3, rng=rng), nn.ReLU(), nn.Linear(3, 1, rng=rng))
    net(np.ones((1, 2), np.float32)).sum().backward()
    twin = copy.deepcopy(net)
    for p, q in zip(net.parameters(), twin.parameters(), strict=True):
        assert type(q) is type(p) and q is not p and q.requires_grad and q.name == p.name
        assert np.array_equal(p, q) and not np.shares_memory(p.data, q.data)
        assert np.array_equal(p.grad, q.grad) and q.grad is not p.grad
    fg.optim.SGD(twin.parameters(), lr=1.0).step()
    assert not np.array_equal(next(net.parameters()), next(twin.parameters()))


def test_a_parameter_held_twice_is_copied_once() -> None:
    p = leaf(1.0)
    one, other = copy.deepcopy([p, p])
    assert one is other and one is not p


def test_a_deep_copy_knows_which_buffers_stand_in_a_state() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3), nn.SinusoidalPositions(2, 3))
    twin = copy.deepcopy(net)
    assert list(twin.state_dict()) == list(net.state_dict())
    twin(np.ones((2, 3, 2), np.float32))  # moves its own statistics alone
    assert int(net[0].num_batches_tracked) == 0 and int(twin[0].num_batches_tracked) == 1


LAYERS = [make(1, 1, rng=np.random.default_rng(0)) for make in (nn.Linear, nn.RNN)]


@pytest.mark.parametrize("what", [leaf([1.0]), *LAYERS])
def test_a_pickle_is_refused(what: Any) -> None:
    with pytest.raises(fg.DTypeError, match=r"^pickle: .*use fusegrad.nn.save, or .numpy"):
        pickle.dumps(what)


# ---- how it looks ---------------------------------------------------------------------------
def test_a_notebook_shows_a_small_table_that_loads_nothing() -> None:
    html = leaf(np.arange(200.0).reshape(10, 20), name="<w>")._repr_html_()
    assert html.count("<tr>") == 9 and html.count("<td>") == 8 * 9 + 1
    assert "&lt;w&gt;: Tensor of shape (10, 20), float64, on cpu, a leaf" in html
    assert "http" not in html and "<script" not in html


@pytest.mark.parametrize("shape", [(), (0,), (3,), (0, 3), (2, 3, 4), (0, 2, 2), (1, 1, 1, 1)])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int64, bool])
def test_every_shape_and_dtype_can_be_shown(shape: tuple[int, ...], dtype: Any) -> None:
    t = fg.Tensor(np.ones(shape, dtype))
    assert "<table>" in t._repr_html_() and len(repr(t).splitlines()) == 1 and str(t)


# ---- backward for chosen inputs -------------------------------------------------------------
def test_backward_reaches_the_chosen_inputs_alone() -> None:
    a, b = leaf(2.0), leaf(3.0)
    h = a * b
    y = h * h
    y.backward(inputs=[a], retain_graph=True)
    assert a.grad.item() == 36.0 and b.grad is None
    y.backward(inputs=[h, b])
    assert h.grad.item() == 12.0 and b.grad.item() == 24.0 and a.grad.item() == 36.0

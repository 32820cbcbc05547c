"""Convolution and pooling as users call them: loops, PyTorch, dtypes, memory, batches."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.kernels import windows as kernels
from tests import fake_cupy
from tests.cases import conv, pool, windows
from tests.cases.conv import convolved, laid_down
from tests.cases.windows import padded, shown
from tests.ops_sample import error, leaf

EPS = float(np.finfo(np.float64).eps)
CLOSE = 32 * EPS  # sums of at most 24 terms of size 1


def some(*shape: int) -> np.ndarray:
    """Numbers of which no two tie, the same at every call."""
    count = int(np.prod(shape))
    return (
        np.random.default_rng(count).permutation(np.linspace(-1.5, 1.4, count)).reshape(shape)
    )


def numbers(x: Any) -> np.ndarray:
    return np.asarray(x).astype(np.float64)


def test_fold_is_the_transpose_of_unfold() -> None:
    slide = {"kernel_size": (2, 3), "dilation": (2, 1), "padding": (1, 0), "stride": (1, 2)}
    x = some(2, 2, 4, 5)
    columns = fg.unfold(x, **slide)
    seen = shown(padded(x, [(1, 1), (0, 0)]), (2, 3), (1, 2), (2, 1))
    assert error(columns, numbers(seen).reshape(2, 12, -1)) == 0
    u = some(*columns.shape)
    laid = fg.fold(u, (4, 5), **slide)
    assert laid.shape == x.shape and abs((columns * u).sum() - (laid * x).sum()) <= 1e-13


SIZES = st.integers(1, 3)
OPERATIONS = {**conv.OPERATIONS, **pool.OPERATIONS, **windows.OPERATIONS}


@settings(max_examples=80, deadline=None)
@given(
    groups=st.integers(1, 2), channels=st.integers(0, 2), filters=st.integers(1, 2),
    kernel=st.tuples(SIZES, SIZES), stride=st.tuples(SIZES, SIZES),
    dilation=st.tuples(SIZES, SIZES), padding=st.tuples(*[st.integers(0, 2)] * 2),
    more=st.tuples(*[st.integers(0, 3)] * 2), batch=st.integers(0, 2),
)  # fmt: skip
def test_any_setting_gives_what_the_loops_give(
    groups: int, channels: int, filters: int, kernel: Any, stride: Any, dilation: Any,
    padding: Any, more: Any, batch: int,
) -> None:  # fmt: skip
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation)]
    sizes = [max(r - 2 * p, 0) + m for r, p, m in zip(reach, padding, more)]
    x, w = some(batch, groups * channels, *sizes), some(groups * filters, channels, *kernel)
    y = fg.conv2d(x, w, None, stride, padding, dilation, groups)
    assert error(y, numbers(convolved(x, w, stride, padding, dilation, groups))) <= CLOSE
    back = fg.conv_transpose2d(y, w, None, stride, 0, 0, groups, dilation)
    wanted = laid_down(y, w, stride, 0, 0, groups, dilation)
    assert error(back, numbers(wanted)) <= CLOSE * max(1.0, abs(y).max(initial=0))


# ---- derivatives, dtypes, PyTorch -----------------------------------------------------------
I2 = (2, 2, 4, 5)
# Each takes fusegrad, or torch.nn.functional, and the arrays: names and order are the same.
USES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "conv1d": (lambda f, *a: f.conv1d(*a, stride=2, padding=1), [(2, 2, 6), (3, 2, 3), (3,)]),
    "conv2d, same": (
        lambda f, *a: f.conv2d(*a, padding="same", dilation=(1, 2)), [I2, (2, 2, 2, 2), (2,)]),
    "conv2d, groups": (
        lambda f, *a: f.conv2d(*a, None, (2, 1), (1, 2), 1, 2), [I2, (4, 1, 3, 2)]),
    "conv3d": (lambda f, *a: f.conv3d(*a, stride=(1, 2, 1), padding="valid"),
               [(1, 2, 3, 3, 2), (2, 2, 2, 1, 2), (2,)]),
    "conv_transpose1d": (
        lambda f, *a: f.conv_transpose1d(*a, 3, 1, 2), [(2, 2, 3), (2, 2, 2), (2,)]),
    "conv_transpose2d": (lambda f, *a: f.conv_transpose2d(*a, 2, (1, 0), 1, 2, (1, 2)),
                         [(1, 2, 2, 3), (2, 1, 3, 2), (2,)]),
    "unfold": (lambda f, x: f.unfold(x, (2, 3), 1, (1, 0), 2), [I2]),
    "fold": (lambda f, x: f.fold(x, (4, 5), (2, 3), 1, (1, 0), 2), [(1, 12, 6)]),
    "max_pool1d": (lambda f, x: f.max_pool1d(x, 3, 2, 1, 2, True), [(2, 2, 8)]),
    "max_pool2d": (lambda f, x: f.max_pool2d(x, (2, 3), None, 1), [I2]),
    "avg_pool1d": (lambda f, x: f.avg_pool1d(x, 3, 2, 1, True), [(2, 2, 6)]),
    "avg_pool2d": (lambda f, x: f.avg_pool2d(x, 3, (2, 1), 1, True, False), [I2]),
    "avg_pool2d, zeros": (lambda f, x: f.avg_pool2d(x, 2, 2, 1, True), [I2]),
    "adaptive_avg_pool1d": (lambda f, x: f.adaptive_avg_pool1d(x, 3), [(2, 2, 7)]),
    "adaptive_avg_pool2d": (lambda f, x: f.adaptive_avg_pool2d(x, (3, None)), [I2]),
    "adaptive_max_pool1d": (lambda f, x: f.adaptive_max_pool1d(x, 3), [(2, 2, 7)]),
    "adaptive_max_pool2d": (lambda f, x: f.adaptive_max_pool2d(x, (2, 3)), [I2]),
    "interpolate, nearest": (lambda f, x: f.interpolate(x, (3, 7)), [I2]),
    "interpolate, linear": (
        lambda f, x: f.interpolate(x, 7, None, "linear", True), [(2, 2, 4)]),
    "interpolate, bilinear": (
        lambda f, x: f.interpolate(x, scale_factor=(1.5, 0.6), mode="bilinear"), [I2]),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", USES)


@EACH
@pytest.mark.filterwarnings("ignore:Using padding=")
def test_value_and_gradients_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    call, shapes = USES[name]
    ours = [leaf(some(*s)) for s in shapes]
    theirs = [torch.tensor(some(*s), requires_grad=True) for s in shapes]
    y, z = call(fg, *ours), call(torch.nn.functional, *theirs)
    weights = some(*y.shape)
    y.backward(weights)
    z.backward(torch.tensor(weights))
    assert error(y, z.detach()) <= CLOSE
    for mine, other in zip(ours, theirs):
        assert error(mine.grad, other.grad) <= 4 * CLOSE  # sums over the places as well


@pytest.mark.parametrize("op", OPERATIONS)
def test_an_op_agrees_with_pytorch_in_every_use(op: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    known = OPERATIONS[op]
    assert callable(known.torch)
    for shapes, params in known.uses:
        ours = [leaf(a) for a in known.draw(shapes)]
        theirs = [torch.tensor(a.numpy(), requires_grad=True) for a in ours]
        y, z = known.call(*ours, *params), known.torch(torch, *theirs, *params)
        assert error(y, z.detach()) <= CLOSE
        y.backward(some(*y.shape))
        z.backward(torch.tensor(some(*y.shape)))
        for mine, other in zip(ours, theirs):
            assert not mine.size or error(mine.grad, other.grad) <= CLOSE


@EACH
def test_gradients_of_both_orders_equal_differences(name: str) -> None:
    call, shapes = USES[name]
    fg.gradcheck(lambda *a: fg.sin(call(fg, *a)), *(some(*s) for s in shapes), order=2)


@EACH
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_dtype_is_kept(name: str, dtype: Any) -> None:
    call, shapes = USES[name]
    args = [leaf(some(*s), dtype) for s in shapes]
    y = call(fg, *args)
    y.backward(np.ones(y.shape))
    assert {y.dtype, *(a.grad.dtype for a in args)} == {np.dtype(dtype)}
    assert (
        error(y, call(fg, *(a.numpy().astype(float) for a in args))) <= 8 * np.finfo(dtype).eps
    )


@EACH
def test_arrays_give_arrays_and_no_images_give_none(name: str) -> None:
    call, shapes = USES[name]
    arrays = [some(*s) for s in shapes]
    y = call(fg, *arrays)
    assert type(y) is np.ndarray and np.array_equal(y, call(fg, *map(Tensor, arrays)))
    none, *rest = [leaf(a) for a in (arrays[0][:0], *arrays[1:])]
    z = call(fg, none, *rest)
    z.sum().backward()
    assert z.shape == (0, *y.shape[1:]) and none.grad.shape == none.shape
    assert all(not r.grad.numpy().any() for r in rest)


# ---- memory, batches, devices ---------------------------------------------------------------
def test_elements_out_of_reach_get_no_gradient() -> None:
    y = fg.conv1d(x := leaf(np.ones((1, 1, 6))), np.ones((1, 1, 1)), stride=4)
    y.sum().backward()
    assert x.grad.numpy().ravel().tolist() == [1, 0, 0, 0, 1, 0]


def test_half_precision_adds_up_in_single(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(kernels.BYTES, "cpu", 1)  # image by image
    many = 2052  # in float16, 2048 + 1 is 2048
    w = leaf(np.ones((1, 1, 1)), np.float16)
    fg.conv1d(np.ones((many, 1, 1), np.float16), w).sum().backward()
    assert w.grad.item() == many
    columns = np.ones((1, many, many), np.float16)
    assert fg.fold(columns, (1, 2 * many - 1), (1, many)).max() == many
    assert fg.conv1d(columns, np.ones((1, many, 1), np.float16)).max() == many
    assert fg.avg_pool1d(np.full((1, many), 60000, np.float16), many).item() == 60000.0


def test_only_the_operands_are_kept_for_the_way_back() -> None:
    x, w = leaf(some(2, 3, 8, 8)), leaf(some(4, 3, 3, 3))
    y = fg.conv2d(x, w, padding=1)
    kept = sum(a.size for a in y.node.saved)
    assert kept == 2 * 3 * 8 * 8 + w.size


def test_a_batch_in_pieces_is_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    def everything() -> list[np.ndarray]:
        x, w = leaf(some(5, 4, 6)), leaf(some(4, 2, 3))
        y = fg.conv1d(x, w, padding=1, groups=2)
        y.backward(some(*y.shape))
        return [y.numpy(), x.grad.numpy(), w.grad.numpy()]

    whole = everything()
    for size in (1, 2 * 4 * 3 * 6 * 8):  # one image, two images at a time
        monkeypatch.setitem(kernels.BYTES, "cpu", size)
        assert all(error(a, b) <= CLOSE for a, b in zip(everything(), whole))


@pytest.mark.parametrize("name", USES)
def test_it_computes_on_the_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    call, shapes = USES[name]
    ours = [leaf(some(*s), np.float32) for s in shapes]
    theirs = [leaf(fake_cupy.array(some(*s)), np.float32) for s in shapes]
    y, z = call(fg, *ours), call(fg, *theirs)
    for t in (y, z):
        (t * t).sum().backward()
    for here, there in [(y, z), *((a.grad, b.grad) for a, b in zip(ours, theirs))]:
        assert there.device == "cuda" and there.dtype == np.float32
        assert np.allclose(here.numpy(), there.numpy(), rtol=1e-5, atol=1e-6)

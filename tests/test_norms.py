"""Normalisation over several calls: statistics that run, offsets, checkpoints, refusals."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine.checkpoint import checkpoint
from fusegrad.engine.ops.shaping import data_of
from fusegrad.kernels import device
from tests import fake_cupy

EPS = 1e-5


def batches(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.standard_normal(shape) * 2 + 1 for shape in shapes]


def moments(values: list[float]) -> tuple[float, float]:
    """Mean and unbiased variance, added up one by one."""
    mean = sum(values) / len(values)
    return mean, sum((v - mean) ** 2 for v in values) / (len(values) - 1)


def of_batch(x: np.ndarray) -> np.ndarray:
    """Both of each channel. Shapes: (N, C, H, W) -> (2, C)."""
    parts = [moments([*x[:, c].ravel()]) for c in range(x.shape[1])]
    return np.array(parts).T


def of_examples(x: np.ndarray) -> np.ndarray:
    """Both of each channel of each example, averaged over examples."""
    return np.mean([of_batch(x[n : n + 1]) for n in range(len(x))], axis=0)


SIZES = (4, 3, 2, 3), (2, 3, 4, 1), (1, 3, 2, 2)
KINDS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (nn.BatchNorm2d, of_batch),
    (lambda n, **k: nn.InstanceNorm2d(n, track_running_stats=True, **k), of_examples),
]


def statistics(layer: Any) -> np.ndarray:
    return np.array([layer.running_mean.numpy(), layer.running_var.numpy()])


@pytest.mark.parametrize(("make", "new"), KINDS)
@pytest.mark.parametrize("momentum", [0.1, 0.75])
def test_running_statistics_follow_the_batches(make: Any, new: Any, momentum: float) -> None:
    layer = make(3, momentum=momentum).to(np.float64)
    wanted = np.array([[0.0] * 3, [1.0] * 3])
    for x in batches(*SIZES):
        layer(x)
        wanted = (1 - momentum) * wanted + momentum * new(x)
        assert np.allclose(statistics(layer), wanted, rtol=1e-14, atol=1e-15)
    x = batches(SIZES[1])[0]
    mean, var = (v[:, None, None] for v in wanted)
    affine = layer.eval()(x)
    assert np.allclose(np.asarray(affine), (x - mean) / np.sqrt(var + EPS), rtol=1e-13)
    assert np.allclose(statistics(layer), wanted, rtol=1e-14)  # which evaluation leaves alone


def test_without_momentum_the_statistics_are_averages_of_all_batches() -> None:
    layer = nn.BatchNorm2d(3, momentum=None).to(np.float64)
    found = []
    for k, x in enumerate(batches(*SIZES), 1):
        layer(x)
        found.append(of_batch(x))
        assert int(layer.num_batches_tracked) == k
        assert np.allclose(statistics(layer), np.mean(found, axis=0), rtol=1e-14, atol=1e-15)


def test_what_moves_and_what_stays() -> None:
    layer, x = nn.BatchNorm1d(3), np.float32(batches((4, 3))[0])
    layer.eval()(x)
    assert not layer.running_mean.numpy().any() and int(layer.num_batches_tracked) == 0
    layer.train()(np.zeros((0, 3), np.float32))  # an empty batch says nothing
    assert not layer.running_mean.numpy().any() and int(layer.num_batches_tracked) == 0
    layer(x)
    assert layer.running_mean.dtype == layer.running_var.dtype == np.float32
    assert int(layer.num_batches_tracked) == 1
    plain = nn.BatchNorm1d(3, track_running_stats=False)
    plain(x)
    assert not list(plain.buffers()) and list(plain.state_dict()) == ["weight", "bias"]
    assert layer.to(np.float64).num_batches_tracked.dtype == np.int64


def test_running_statistics_are_outside_every_graph() -> None:
    layer, x = nn.BatchNorm1d(3), fg.Tensor(batches((4, 3))[0], requires_grad=True)
    y = layer(x)
    later = layer(x)  # a graph does not mind that they move
    for value in (*layer.buffers(),):
        assert value.is_leaf and not value.requires_grad
    (y * y + later).sum().backward()
    assert x.grad is not None and layer.running_mean.grad is None


WRONG: list[Callable[[Any], object]] = [
    lambda layer: layer(np.ones((4, 2))),
    lambda layer: layer(np.ones((4, 3), int)),
    lambda layer: layer(np.ones((1, 3))),
    lambda layer: layer(np.ones((1, 3, 1))),
    lambda layer: nn.functional_call(layer, {"weight": np.ones(2)}, np.ones((4, 3))),
    lambda layer: nn.functional_call(layer, {"bias": np.ones((3, 3))}, np.ones((4, 3))),
]


@pytest.mark.parametrize("call", WRONG)
def test_a_refused_batch_moves_nothing(call: Callable[[Any], object]) -> None:
    layer = nn.BatchNorm1d(3)
    layer(batches((4, 3))[0])
    before = layer.state_dict()
    with pytest.raises((fg.ShapeError, fg.DTypeError)):
        call(layer)
    assert all(np.array_equal(before[name], v) for name, v in layer.state_dict().items())


def test_a_checkpoint_moves_the_statistics_once() -> None:
    x = batches((4, 3))[0]
    found = []
    for around in (lambda f: f, checkpoint):
        layer, leaf = nn.BatchNorm1d(3), fg.Tensor(x, requires_grad=True)
        around(lambda v, layer=layer: fg.sin(layer(v)))(leaf).sum().backward()
        found.append([leaf.grad.numpy(), *layer.state_dict().values()])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))
    assert found[0][-1] == 1


# ---- accuracy -------------------------------------------------------------------------------
def exactly(row: np.ndarray) -> list[float]:
    """(x - mean) / sqrt(var + eps), in fractions up to the root."""
    values = [Fraction(float(v)) for v in row]
    mean = sum(values) / len(values)
    var = sum((v - mean) ** 2 for v in values) / len(values)
    return [float(v - mean) / math.sqrt(var + Fraction(EPS)) for v in values]


LAYERS: dict[str, Callable[[], Any]] = {
    "LayerNorm": lambda: nn.LayerNorm(64),
    "GroupNorm": lambda: nn.GroupNorm(1, 1),
    "BatchNorm": lambda: nn.BatchNorm1d(1),
    "InstanceNorm": lambda: nn.InstanceNorm1d(1),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("offset", [0.0, 1e6, 1e9])
def test_a_large_offset_costs_no_digits(name: str, offset: float) -> None:
    """The one-pass formula would be left with 2**-52 1e18, a variance of any size and sign."""
    row = offset + np.random.default_rng(5).standard_normal(64)
    layer = LAYERS[name]().to(np.float64)
    shape = (1, 64) if name == "LayerNorm" else (1, 1, 64)
    found = np.asarray(layer(row.reshape(shape))).ravel()
    # The mean of 64 differences rounds 64 times at most, each by 2**-53 of some size below 4.
    assert np.max(abs(found - exactly(row))) < 64 * 4 * 2**-53
    if name == "BatchNorm":
        share, wanted = 0.1, np.var([float(v - Fraction(offset)) for v in map(Fraction, row)])
        unbiased = (layer.running_var.numpy()[0] - (1 - share)) / share
        assert unbiased == pytest.approx(wanted * 64 / 63, rel=1e-13)


@pytest.mark.parametrize("name", LAYERS)
def test_equal_numbers_become_exactly_the_bias(name: str) -> None:
    layer = LAYERS[name]()
    shape = (1, 64) if name == "LayerNorm" else (1, 1, 64)
    y = np.asarray(layer(np.full(shape, 0.1, np.float32)))
    assert y.dtype == np.float32 and not y.any()


def test_the_eps_of_rms_norm_is_that_of_the_dtype() -> None:
    for dtype in (np.float32, np.float64):
        eps = float(np.finfo(dtype).eps)
        x = np.array([[1e-4, -2e-4, 3e-4]], dtype)
        wanted = np.float64(x) / math.sqrt(float(np.mean(np.float64(x) ** 2)) + eps)
        found = nn.RMSNorm(3).to(dtype)(x)
        assert found.dtype == dtype and np.allclose(found.numpy(), wanted, rtol=8 * eps)
        assert not nn.RMSNorm(3)(np.zeros((2, 3), dtype)).numpy().any()


# ---- elsewhere ------------------------------------------------------------------------------
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_computes_on_its_device(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    shape = (2, 64) if name == "LayerNorm" else (2, 1, 64)
    x, there = batches(shape)[0], LAYERS[name]().to(np.float64).to("cuda")
    here = LAYERS[name]().to(np.float64)
    for mode in (True, False):
        y = there.train(mode)(device.to_device(x, "cuda"))
        assert np.allclose(device.to_device(data_of(y), "cpu"), np.asarray(here.train(mode)(x)))
    assert {b.device for b in there.buffers()} <= {"cuda"}
    assert all(np.allclose(there.state_dict()[n], v) for n, v in here.state_dict().items())


@pytest.mark.parametrize("size", [1e-3, 300.0])  # squares that float16 does not hold
@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.LayerNorm(8),
        lambda: nn.RMSNorm(8, eps=1e-5),
        lambda: nn.GroupNorm(1, 4),
        lambda: nn.BatchNorm1d(4),
        lambda: nn.InstanceNorm1d(4),
    ],
)
def test_float16_is_normalised_in_float32(make: Callable[[], Any], size: float) -> None:
    x = (size * batches((3, 4, 8))[0]).astype(np.float16)
    found = []
    for dtype in (np.float16, np.float32):
        z = fg.Tensor(x.astype(dtype), requires_grad=True)
        y = make().to(dtype)(z)
        (y * y[:, ::-1]).sum().backward()
        assert y.dtype == z.grad.dtype == dtype
        found.append((y.numpy(), z.grad.numpy()))
    for half, single in zip(*found, strict=True):
        scale = abs(single).max()
        assert np.allclose(half.astype(np.float32), single, rtol=0, atol=4e-3 * scale)

"""Fusions of tokens and decisions on a GPU, without one: on `fake_cupy`, as in
`test_device.py`. What they compute there is what they compute on the host."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.kernels import device
from tests import fake_cupy

CLOSE = 1e-12
B, C = 4, 3
TOKENS = ("self-attention", "cross-attention", "mult", "bottleneck", "perceiver")
PRESENT = {
    "a": np.array([[1, 0], [1, 1], [0, 0], [0, 0]], bool),
    "b": np.array([True, False, True, False]),
}


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)


def made(name: str) -> tuple[mm.Meeting, dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    if name in mm.DECISIONS:
        meeting: mm.Meeting = mm.DECISIONS[name].make(["a", "b"], C, rng)
        return meeting, {n: rng.standard_normal((B, C)) for n in "ab"}
    shapes = {"a": (B, 2, 3), "b": (B, 2)} if name in TOKENS else {"a": (B, 3), "b": (B, 2)}
    meeting = mm.FUSIONS[name].make({n: s[-1] for n, s in shapes.items()}, 4, rng)
    return meeting, {n: rng.standard_normal(s) for n, s in shapes.items()}


def computed(module: nn.Module, x: dict[str, np.ndarray], where: str) -> list[np.ndarray]:
    """The value, and the gradients of inputs and parameters, on the host."""
    module.to(where).to(np.float64).zero_grad()
    given = {n: Tensor(device.to_device(v, where), requires_grad=True) for n, v in x.items()}
    value = module(given, PRESENT)
    assert value.device == where
    (value * value).sum().backward()
    leaves = [*given.values(), *module.parameters()]
    assert all(leaf.grad is None or leaf.grad.device == where for leaf in leaves)
    return [value.numpy(), *(t.grad.numpy() for t in leaves if t.grad is not None)]


@pytest.mark.parametrize("name", [*TOKENS, "mmtm", *mm.DECISIONS])
def test_a_meeting_is_the_same_there(name: str) -> None:
    module, x = made(name)
    for here, there in zip(
        computed(module, x, "cpu"), computed(module, x, "cuda"), strict=True
    ):
        assert np.allclose(here, there, rtol=CLOSE, atol=CLOSE)


def test_a_network_clears_what_is_missing_there() -> None:
    rng = np.random.default_rng(1)
    branches: Any = {n: nn.Linear(2, 4, rng=rng) for n in "ab"}
    fusion = mm.CrossAttention({"a": 4, "b": 4}, 4, rng=rng)
    heads: Any = {n: nn.Linear(4, C, rng=rng) for n in "ab"}
    net = mm.HybridFusionNet(branches, fusion, nn.Linear(8, C, rng=rng), heads)
    x = {n: rng.standard_normal((B, 2)) for n in "ab"}
    x["b"][~PRESENT["b"]] = np.nan
    for here, there in zip(computed(net, x, "cpu"), computed(net, x, "cuda"), strict=True):
        assert np.isfinite(here).all()
        assert np.allclose(here, there, rtol=CLOSE, atol=CLOSE)

"""What the tests of encoders share: differences, values, and the same run on another device."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.kernels.device import to_device
from fusegrad.multimodal import Tokens
from tests import fake_cupy

GRADIENT = 1e-6
EXACT = 1e-12


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def values_of(y: Any) -> fg.Tensor:
    return y.values if isinstance(y, Tokens) else y


def differences(encoder: Any, inputs: list[np.ndarray], *rest: Any) -> None:
    """Hold the gradients of all inputs and parameters against central differences."""
    encoder = encoder.to(np.float64)
    names = [name for name, _ in encoder.named_parameters()]

    def value(*given: Any) -> fg.Tensor:
        state = dict(zip(names, given[len(inputs) :], strict=True))
        y = nn.functional_call(encoder, state, *given[: len(inputs)], *rest)
        return values_of(y)

    parameters = [p.numpy() for p in encoder.parameters()]
    found = fg.gradcheck(value, *inputs, *parameters, tolerance=GRADIENT)
    assert found.error <= GRADIENT


def gradients(encoder: Any, *args: Any) -> dict[str, np.ndarray]:
    """Those of the parameters, of the sum of squares of what comes out."""
    encoder.zero_grad()
    y = values_of(encoder(*args))
    (y * y).sum().backward()
    return {n: p.grad.numpy() for n, p in encoder.named_parameters() if p.grad is not None}


def same_bits(encoder: Any, first: tuple[Any, ...], second: tuple[Any, ...]) -> None:
    """Two inputs give one output and one gradient of every parameter, bit for bit, finite."""
    a, b = (values_of(encoder(*given)).numpy() for given in (first, second))
    assert a.tobytes() == b.tobytes() and np.isfinite(a).all() and a.any()
    ours, theirs = gradients(encoder, *first), gradients(encoder, *second)
    assert ours.keys() == theirs.keys() and ours
    for name, gradient in ours.items():
        assert np.array_equal(gradient, theirs[name]) and np.isfinite(gradient).all(), name


def same_on_device(monkeypatch: pytest.MonkeyPatch, encoder: Any, *args: Any) -> None:
    """The encoder, moved, gives there what it gave here; floats among the inputs move too."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    here = values_of(encoder(*args)).numpy()
    moved = [to_device(a, "cuda") if a.dtype.kind == "f" else a for a in args]
    there = values_of(encoder.to("cuda")(*moved))
    encoder.to("cpu")
    assert there.device == "cuda" and np.allclose(there.numpy(), here, rtol=1e-6, atol=1e-6)

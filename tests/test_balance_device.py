"""Methods of balance on a device, without one: on `fake_cupy`, as in `test_device.py`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels.device import to_device
from fusegrad.multimodal.balance import METHODS
from tests import fake_cupy
from tests.balance_sample import LABELS, agree, inputs, made, network, taken
from tests.fake_array import ndarray

PARTIAL = np.array([False, True, True, False, True, False])


def argmax(self: ndarray, axis: Any = None, keepdims: bool = False) -> ndarray:
    return ndarray(self.host.argmax(axis=axis, keepdims=keepdims))


def frexp(x: ndarray) -> tuple[ndarray, ndarray]:
    mantissa, exponent = np.frexp(x.host)
    return ndarray(mantissa), ndarray(exponent)


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    """With the words of norms and of the largest, which the stand-in lacks."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    for name in ("clip", "ldexp"):
        monkeypatch.setattr(fake_cupy.MODULE, name, fake_cupy.Ufunc(name), raising=False)
    monkeypatch.setattr(fake_cupy.MODULE, "frexp", frexp, raising=False)
    monkeypatch.setattr(ndarray, "argmax", argmax, raising=False)
    return fake_cupy.MODULE


@pytest.mark.parametrize("fusion", ["gate", "mean", "early"])
@pytest.mark.parametrize("name", METHODS)
def test_a_device_gives_the_same_gradients(name: str, fusion: str, cupy: Any) -> None:
    here, found = {"b": PARTIAL}, []
    for where in ("cpu", "cuda"):
        net, method = network(fusion).to(where), made(name)
        x = {n: to_device(v, where) for n, v in inputs().items()}
        for labels in (LABELS, to_device(LABELS, where)):
            found.append(taken(method, net, x, labels, here)[0])
        devices = {p.grad.device for p in net.parameters() if p.grad is not None}
        assert devices == {where}
    agree(found[2], found[0])
    agree(found[3], found[1])

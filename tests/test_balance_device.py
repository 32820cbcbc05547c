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

PARTIAL = np.array([False, True, True, False, True, False])


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
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

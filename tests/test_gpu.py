"""The checks of `test_device.py` and `test_device_training.py` on a real GPU."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from fusegrad import optim
from fusegrad.kernels import BackendError, Update, device
from tests import test_device, test_device_training
from tests.test_device import download, upload
from tests.test_update import Tensors, after, tensors_for

pytestmark = pytest.mark.gpu
globals().update(
    (name, check)
    for module in (test_device, test_device_training)
    for name, check in vars(module).items()
    if name.startswith("test_") and "cupy" in inspect.signature(check).parameters
)


@pytest.fixture
def cupy() -> Any:
    try:
        return device.cupy()
    except BackendError as error:
        pytest.skip(str(error))


def test_an_update_takes_half_precision(cupy: Any) -> None:
    items = tensors_for("adam", "float32", [(4, 5), (3,)])
    half: Tensors = [tuple(a.astype(np.float16) for a in item) for item in items]
    there = after(Update(optim.Adam.rule), upload(cupy, half), 1)
    for arrays, single in zip(download(there), after(Update(optim.Adam.rule), items, 1)):
        assert all(a.dtype == np.float16 for a in arrays)
        assert all(np.allclose(a, b, rtol=2e-2, atol=2e-2) for a, b in zip(arrays, single))

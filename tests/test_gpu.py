"""The checks that other files make on a stand-in for CuPy, on a real GPU; and what only a real
one can show: its memory, its streams, other libraries beside it."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.kernels import BackendError, Update, device
from tests import (
    test_analysis_device,
    test_balance_device,
    test_cuda_rows,
    test_device,
    test_device_tables,
    test_device_training,
    test_placing,
    test_trainer_device,
)
from tests.test_device import download, upload
from tests.test_update import Tensors, after, tensors_for

pytestmark = pytest.mark.gpu
SHARED = (
    test_analysis_device, test_balance_device, test_cuda_rows, test_device,
    test_device_tables, test_device_training, test_placing, test_trainer_device,
)  # fmt: skip
globals().update(
    (
        name if module is test_device else f"{name}_of_{module.__name__.rpartition('.')[2]}",
        check,
    )
    for module in SHARED
    for name, check in vars(module).items()
    if name.startswith("test_") and "cupy" in inspect.signature(check).parameters
)
try:
    CUPY: Any = device.cupy()
except BackendError as error:  # one line, and not one for each of two thousand
    pytest.skip(str(error), allow_module_level=True)


@pytest.fixture
def cupy() -> Any:
    return CUPY


def test_an_update_takes_half_precision(cupy: Any) -> None:
    items = tensors_for("adam", "float32", [(4, 5), (3,)])
    half: Tensors = [tuple(a.astype(np.float16) for a in item) for item in items]
    there = after(Update(optim.Adam.rule), upload(cupy, half), 1)
    for arrays, single in zip(download(there), after(Update(optim.Adam.rule), items, 1)):
        assert all(a.dtype == np.float16 for a in arrays)
        assert all(np.allclose(a, b, rtol=2e-2, atol=2e-2) for a, b in zip(arrays, single))


# ---- memory, streams, neighbours ------------------------------------------------------------
def steps(count: int) -> list[np.ndarray]:
    """The parameters of a small network after so many steps on the GPU."""
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(64, 128, rng=rng), nn.ReLU(), nn.Linear(128, 10, rng=rng))
    optimizer = optim.Adam(net.to("cuda").parameters())
    x = fg.tensor(rng.standard_normal((256, 64)), np.float32, device="cuda")
    for _ in range(count):
        optimizer.zero_grad()
        fg.cross_entropy(net(x), np.arange(256) % 10).backward()
        optimizer.step()
    return [p.numpy() for p in net.parameters()]


def test_training_leaves_no_memory_behind(cupy: Any) -> None:
    pool = cupy.get_default_memory_pool()
    steps(2)
    before = pool.used_bytes()
    steps(50)
    assert pool.used_bytes() <= before


def test_work_goes_to_the_stream_of_the_caller(cupy: Any) -> None:
    wanted, stream = steps(3), cupy.cuda.Stream(non_blocking=True)
    with stream:
        found = steps(3)
    stream.synchronize()
    assert all(np.array_equal(a, b) for a, b in zip(wanted, found, strict=True))


def test_arrays_go_to_torch_and_come_back(cupy: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not torch.cuda.is_available():
        pytest.skip("this PyTorch knows no GPU")
    x = fg.tensor([1.0, 2.0], device="cuda")
    there = torch.from_dlpack(x)
    assert there.device.type == "cuda" and there.tolist() == [1.0, 2.0]
    back = fg.from_dlpack(there * 2)
    assert back.device == "cuda" and back.numpy().tolist() == [2.0, 4.0]

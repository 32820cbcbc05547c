"""The whole tables of ops, rows, layers, optimizers and fusions on a GPU, without one: on
`fake_cupy`, as in `test_device.py`. `test_gpu.py` runs the same on a real one."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.engine import ROWS, Tensor
from fusegrad.kernels.device import to_device
from tests import fake_cupy
from tests.cases import CASES, OPERATIONS
from tests.fusion_sample import features, settled
from tests.layer_cases import CASES as LAYERS
from tests.layer_cases import Case, is_float, outputs
from tests.optim_sample import CASES as OPTIMIZERS

# Sums in another order, and functions that two libraries round differently.
CLOSE = {"float16": 2e-2, "float32": 2e-4, "float64": 1e-10}
EXACT_ONES = [d for d in CLOSE if d != "float16"]
ALIKE = {"a": 4, "b": 4, "c": 4}
STEP_ULPS = 1  # an update contracts nothing; pow of the host and the device may differ
TRAINING_ULPS = (
    64  # of the largest parameter: sums of 30 terms, which Adam divides by themselves
)
MODES = [(case, mode) for case in LAYERS for mode in case.modes]


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


def close(there: Any, here: Any, dtype: str) -> None:
    """Values of the device beside those of the CPU, relative to the largest."""
    assert (there is None) == (here is None)
    if here is None:
        return
    there, here = (
        there.dense() if hasattr(there, "dense") else there,
        here.dense() if hasattr(here, "dense") else here,
    )
    assert there.device == "cuda" and there.dtype == here.dtype and there.shape == here.shape
    found, wanted = there.numpy().astype("f8"), here.numpy().astype("f8")
    scale = max(1.0, float(np.max(np.abs(wanted[np.isfinite(wanted)]), initial=0)))
    assert np.allclose(found, wanted, 0, CLOSE[dtype] * scale, equal_nan=True)


def leaf_on(where: str, x: np.ndarray, dtype: str) -> Tensor:
    made = Tensor(x, dtype=dtype).to(where)
    made.requires_grad = True
    return made


def back(*results: Tensor) -> None:
    """Go back from all results at once, each element weighted by a number of its own."""
    total = Tensor(np.zeros(()), dtype=results[0].dtype).to(results[0].device)
    for y in results:
        weights = np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)
        total = total + (y * Tensor(weights).to(y.device)).sum()
    if total.requires_grad:
        total.backward()


# ---- ops ----------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("name", ROWS)
def test_rows(name: str, dtype: str, cupy: Any) -> None:
    row, rng = ROWS[name], np.random.default_rng(3)
    given = [rng.uniform(*domain, (4, 7)) for domain in row.domains]
    found = []
    for where in ("cuda", "cpu"):
        leaves = [leaf_on(where, x, dtype) for x in given]
        y = row.function(*leaves)
        back(y)
        found.append([y, *(x.grad for x in leaves)])
    for there, here in zip(*found, strict=True):
        close(there, here, dtype)


@pytest.mark.parametrize("dtype", EXACT_ONES)
@pytest.mark.parametrize(("op", "shapes", "params"), CASES, ids=str)
def test_ops(op: str, shapes: Any, params: Any, dtype: str, cupy: Any) -> None:
    known = OPERATIONS[op]
    found = []
    for where in ("cuda", "cpu"):
        leaves = [leaf_on(where, a, dtype) for a in known.draw(shapes)]
        y = known.call(*leaves, *params)
        back(y)
        found.append([y, *(x.grad for x in leaves)])
    for there, here in zip(*found, strict=True):
        close(there, here, dtype)


# ---- layers -------------------------------------------------------------------------------
@pytest.mark.parametrize(("case", "mode"), MODES, ids=str)
def test_layers(case: Case, mode: str, cupy: Any) -> None:
    found = []
    for where in ("cuda", "cpu"):
        layer = case.layer(mode, np.float32).to(where)
        given = [leaf_on(where, x, "float32") if is_float(x) else x for x in case.draw()]
        ys = outputs(case.call(layer, *given))
        back(*ys)
        leaves = [x for x in given if isinstance(x, Tensor)]
        found.append([*ys, *(x.grad for x in [*leaves, *layer.parameters()])])
    for there, here in zip(*found, strict=True):
        close(there, here, "float32")


# ---- optimizers -----------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", CLOSE)
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str, dtype: str, cupy: Any) -> None:
    """Five steps on three tensors are one launch each, and end on the bits of the CPU."""
    case, found = OPTIMIZERS[name], []
    for where in ("cuda", "cpu"):
        rng = np.random.default_rng(4)
        leaves = [leaf_on(where, rng.standard_normal(s), dtype) for s in ((3,), (4, 5), ())]
        optimizer = case.make(leaves, **case.settings)
        for _ in range(5):
            for p in leaves:
                p.grad = Tensor(rng.standard_normal(p.shape), dtype=dtype).to(where)
            optimizer.step()
        states = [
            v for s in optimizer.state.values() for v in s.values() if hasattr(v, "dtype")
        ]
        found.append([p.numpy() for p in leaves] + [to_device(v, "cpu") for v in states])
    for there, here in zip(*found, strict=True):
        assert there.dtype == here.dtype and np.all(in_ulps(there, here) <= STEP_ULPS)


def in_ulps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far a is from b, in the last places of b."""
    return np.abs(a.astype("f8") - b) / np.spacing(np.abs(b)).astype("f8")


# ---- fusions --------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", EXACT_ONES)
@pytest.mark.parametrize("name", mm.FUSIONS)
def test_fusions(name: str, dtype: str, cupy: Any) -> None:
    found = []
    for where in ("cuda", "cpu"):
        fusion = settled(mm.FUSIONS[name].make(ALIKE, 6, np.random.default_rng(3)))
        fusion.to(where, dtype)
        leaves = {n: leaf_on(where, x, dtype) for n, x in features(ALIKE).items()}
        y = fusion(leaves)
        back(y)
        found.append([y, *(x.grad for x in [*leaves.values(), *fusion.parameters()])])
    for there, here in zip(*found, strict=True):
        close(there, here, dtype)


# ---- a step of training ---------------------------------------------------------------------
def test_a_step_of_training_agrees_within_ulps(cupy: Any) -> None:
    """The masks are the same bits, so all that differs is the order of sums."""
    found = []
    for where in ("cuda", "cpu"):
        rng = np.random.default_rng(0)
        layers = [nn.Linear(20, 30, rng=rng), nn.LayerNorm(30), nn.ReLU()]
        layers += [nn.Dropout(0.5, rng=rng), nn.Linear(30, 5, rng=rng)]
        net = nn.Sequential(*layers).to(where, np.float64)
        optimizer = optim.Adam(net.parameters(), lr=0.01)
        x = Tensor(np.random.default_rng(1).standard_normal((16, 20))).to(where)
        fg.cross_entropy(net(x), np.arange(16) % 5).backward()
        optimizer.step()
        found.append([p.numpy() for p in net.parameters()])
    largest = max(float(np.max(np.abs(b))) for b in found[1])
    for there, here in zip(*found, strict=True):
        assert np.max(np.abs(there - here)) <= TRAINING_ULPS * np.spacing(largest)

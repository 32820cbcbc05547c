"""Analyses on a device, without one: on `fake_cupy`, as in `test_device.py`; their figures are
those of the host."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import optim
from fusegrad.kernels.device import device_of, to_device
from fusegrad.multimodal.analysis import (
    Erase,
    GaussianNoise,
    PermuteRows,
    attribute,
    audit,
    curve,
    emap,
    missing_curve,
)
from tests import fake_cupy
from tests.test_multimodal import inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
CLOSE = {"rel": 1e-4, "abs": 1e-5}


@pytest.fixture(autouse=True)
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


def both() -> list[tuple[mm.Multimodal, dict[str, Any]]]:
    """One network and its inputs, on the host and on the device."""
    pairs = []
    for where in ("cpu", "cuda"):
        x = {n: fg.Tensor(to_device(v, where)) for n, v in inputs().items()}
        pairs.append((network("concat").to(where), x))
    return pairs


def test_a_flow_is_read_there() -> None:
    records = []
    for net, x in both():
        optimizer = optim.SGD(net.parameters())
        flow = mm.BranchFlow(net, optimizer)
        for _ in range(2):
            out = net.outputs(x)
            flow.compare(out, LABELS)
            optimizer.zero_grad()
            fg.cross_entropy(out.logits, LABELS).backward()
            optimizer.step()
        records.append(flow.records)
    for here, there in zip(*records, strict=True):
        for name in ("norm", "share", "update", "gradient", "update_share", "agreement"):
            assert getattr(there, name) == pytest.approx(getattr(here, name), **CLOSE)


def test_an_audit_passes_there() -> None:
    net, x = both()[1]
    found = audit(net, optim.SGD(net.parameters()), x, LABELS)
    assert found.passed, str(found)


def test_ablations_curves_and_projections_agree() -> None:
    found = []
    for net, x in both():
        worth = attribute(net, x, LABELS, rng=np.random.default_rng(0))
        additive = emap(net, x, LABELS)
        found.append([*worth.loss["mean"].values(), *worth.loss["permuted"].values()])
        found[-1] += [*worth.loss["zero"].values(), *additive.projected.ravel()]
        found[-1] += missing_curve(net, x, LABELS).means
        found[-1] += curve(net, x, LABELS, Erase()).means
    assert found[1] == pytest.approx(found[0], **CLOSE)


@pytest.mark.parametrize("way", [Erase(), GaussianNoise(), PermuteRows()])
def test_spoilt_inputs_stay_there(way: Any) -> None:
    x = fg.Tensor(to_device(inputs()["a"], "cuda"))
    spoilt = way(x, 0.5, np.random.default_rng(0))
    assert device_of(spoilt.data if isinstance(spoilt, fg.Tensor) else spoilt) == "cuda"

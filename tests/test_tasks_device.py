"""Tasks on a GPU, without one: on `fake_cupy`, as in `test_device.py`."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.experiments import build
from fusegrad.tasks import TASKS
from tests import fake_cupy
from tests.test_device import CLOSE


@pytest.mark.parametrize("fusion", ["concat", "cross-attention"])
@pytest.mark.parametrize("name", ["emoji", "spam", "syllables", "mini_av"])
def test_a_task_computes_there_what_it_computes_here(
    name: str, fusion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gradients(where: str) -> dict[str, np.ndarray]:
        task = TASKS[name](where)
        network = build(task, task.modalities, fusion, np.random.default_rng(0), where).eval()
        rows = task.split["train"][:6]
        logits = network(task.inputs(rows, task.modalities))
        assert logits.device == where
        fg.cross_entropy(logits, task.labels[rows]).backward()
        found: dict[str, Any] = dict(network.named_parameters())
        return {key: p.grad.numpy() for key, p in found.items() if p.grad is not None}

    here = gradients("cpu")
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    there = gradients("cuda")
    assert here.keys() == there.keys()
    for key, value in here.items():
        np.testing.assert_allclose(there[key], value, **CLOSE, err_msg=key)

"""A training run of a GPU, without one, on `fake_cupy`; see test_device_training.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import metrics
from fusegrad.data import DataLoader, TensorDataset
from fusegrad.kernels import device
from fusegrad.training import Trainer
from fusegrad.training.passes import on_device
from tests import fake_cupy
from tests.training_sample import X, Y, adam, held_out, loader, network, rng, same


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


def on(where: str, seed: int = 0, **options: Any) -> Trainer:
    """A trainer whose model is on a device."""
    model = network(seed).to(where)
    return Trainer(model, adam(model.parameters()), fg.cross_entropy, **options)


def test_batches_go_where_the_model_is_and_results_come_back(cupy: Any, tmp_path: Path) -> None:
    shares = {"accuracy": metrics.accuracy}
    plain, moved = (on(where, metrics=shares) for where in ("cpu", "cuda"))
    plain.fit(loader(), 3, held_out())
    moved.fit(batches := loader(), 3, held_out())
    assert moved.history["loss"] == pytest.approx(plain.history["loss"], rel=1e-12)
    assert moved.history["val_accuracy"] == plain.history["val_accuracy"]
    logits = moved.predict(held_out())
    assert type(logits) is np.ndarray and np.allclose(logits, plain.predict(held_out()))
    assert {p.device for p in moved.model.parameters()} == {"cuda"}
    moved.save(tmp_path / "run")
    again = on("cuda", 9, metrics=shares).resume(tmp_path / "run")
    moved.fit(batches, 4)
    again.fit(loader(), 4)
    assert same(again.model.state_dict(), moved.model.state_dict())
    assert {p.device for p in again.model.parameters()} == {"cuda"}


def test_a_data_set_may_lie_on_the_device(cupy: Any) -> None:
    there = TensorDataset(device.to_device(X, "cuda"), device.to_device(Y, "cuda"))
    batches = DataLoader(there, 8, shuffle=True, rng=rng(5))
    assert all(device.device_of(x) == "cuda" for batch in batches for x in batch)
    tensors = TensorDataset(fg.Tensor(X), fg.Tensor(Y))  # these lie on the host, and are moved
    whole = on("cuda")
    whole.fit(loader(), 2)
    for dataset in (there, tensors):
        mine = on("cuda")
        mine.fit(DataLoader(dataset, 8, shuffle=True, rng=rng(5)), 2)
        assert same(mine.model.state_dict(), whole.model.state_dict())


def test_all_of_a_batch_is_moved_but_texts(cupy: Any) -> None:
    kinds = {"f": X, "i": Y, "b": Y > 0, "u": Y.astype(np.uint8), "t": fg.Tensor(X)}
    moved = on_device({**kinds, "words": ["a", "b"], "name": np.array(["c"])}, "cuda")
    assert moved["t"].device == "cuda"
    assert all(device.device_of(moved[kind]) == "cuda" for kind in "fibu")
    assert moved["words"] == ["a", "b"] and isinstance(moved["name"], np.ndarray)


def test_metrics_of_a_device_are_those_of_the_host(cupy: Any) -> None:
    scores, labels = device.to_device(X, "cuda"), device.to_device(Y, "cuda")
    assert metrics.accuracy(fg.Tensor(scores), labels) == metrics.accuracy(X, Y)
    assert metrics.roc_auc(scores, Y) == metrics.roc_auc(X, Y)
    assert metrics.top_k_accuracy(scores, labels, 2) == metrics.top_k_accuracy(X, Y, 2)

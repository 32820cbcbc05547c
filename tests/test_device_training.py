"""Networks, optimizers and whole jobs of a GPU, without one: on `fake_cupy`, as in
`test_device.py`. `test_gpu.py` runs the same on a real one."""

from __future__ import annotations

import sys
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.engine import Tensor
from fusegrad.experiments import KINDS, Job, Settings, Trainer, build
from fusegrad.kernels import OptionError, device
from fusegrad.lens.report import render
from fusegrad.tasks import EmojiTask
from tests import fake_cupy
from tests.test_device import CLOSE


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


# ---- a network ----------------------------------------------------------------------------
def small(where: str = "cuda") -> nn.Module:
    rng = np.random.default_rng(0)
    return nn.Sequential(
        nn.Linear(4, 5, rng=rng), nn.Dropout(0.5, rng=rng), nn.SiLU(), nn.Linear(5, 3, rng=rng)
    ).to(where)


def one_step(network: nn.Module, optimizer: optim.Optimizer, where: str = "cuda") -> None:
    x = device.to_device(np.linspace(-1, 1, 24, dtype=np.float32).reshape(6, 4), where)
    fg.cross_entropy(network(x), np.arange(6) % 3).backward()
    optimizer.step()
    optimizer.zero_grad()


def test_a_network_moves_there_and_back_with_its_state(cupy: Any) -> None:
    network, twin = small("cpu"), small()
    before = network.state_dict()
    network.to("cuda").to("cuda")
    assert {p.device for p in network.parameters()} == {"cuda"}
    twin.load_state_dict({name: 2 * value for name, value in before.items()})
    assert {p.device for p in twin.parameters()} == {"cuda"}
    for name, value in twin.state_dict().items():
        assert type(value) is np.ndarray and np.array_equal(value, 2 * before[name])
    for name, value in network.to("cpu").state_dict().items():
        assert np.array_equal(value, before[name])


def test_an_optimizer_saves_to_the_host_and_goes_on_there(cupy: Any) -> None:
    network, other = small(), small()
    chosen, twin = optim.Adam(network.parameters()), optim.Adam(other.parameters())
    for _ in range(2):
        one_step(network, chosen)
    state = chosen.state_dict()
    held = [v for s in state["state"].values() for name, v in s.items() if name != "step"]
    assert held and {type(v) for v in held} == {np.ndarray}
    other.load_state_dict(network.state_dict())
    twin.load_state_dict(state)
    for n, o in ((network, chosen), (other, twin)):
        one_step(n.eval(), o)
    for a, b in zip(network.state_dict().values(), other.state_dict().values(), strict=True):
        assert np.array_equal(a, b)


def test_gradients_and_states_follow_a_network_that_moves(cupy: Any) -> None:
    moved, stays = small("cpu").eval(), small("cpu").eval()
    chosen, other = optim.Adam(moved.parameters()), optim.Adam(stays.parameters())
    for where in ("cpu", "cuda", "cpu"):
        moved.to(where)
        one_step(moved, chosen, where)
        one_step(stays, other, "cpu")
    next(moved.parameters()).grad = Tensor(np.ones((5, 4), np.float32))
    moved.to("cuda")
    assert next(moved.parameters()).grad.device == "cuda"
    for a, b in zip(moved.state_dict().values(), stays.state_dict().values(), strict=True):
        assert np.allclose(a, b, **CLOSE)


@pytest.mark.parametrize("mode", ["mean", "sum"])
def test_bags_of_words_are_looked_up_on_the_device(mode: str, cupy: Any) -> None:
    words, offsets, grads = np.array([0, 3, 3, 1]), np.array([0, 2, 2]), []
    for where in ("cpu", "cuda"):
        bag = nn.EmbeddingBag(4, 2, mode, rng=np.random.default_rng(0)).to(where)
        (bag(words, offsets) ** 2).sum().backward()
        assert bag.weight.grad.device == where
        grads.append(bag.weight.grad.numpy())
    assert np.allclose(*grads, **CLOSE)


# ---- modalities that are missing ----------------------------------------------------------
PRESENT = {"a": np.array([True, False, True, False]), "b": np.array([True, True, False, False])}


PLAIN = ("concat", "sum", "gate", "mean")


def fused(kind: str, where: str) -> mm.Multimodal:
    rng, widths = np.random.default_rng(0), {"a": 3, "b": 3}
    branches = {name: nn.Linear(2, 3, rng=rng) for name in widths}
    if kind == "mean":
        heads = {name: nn.Linear(3, 2, rng=rng) for name in widths}
        network: mm.Multimodal = mm.DecisionFusionNet(branches, heads)
    else:
        made = {"concat": mm.Concat, "sum": mm.Sum, "gate": lambda w: mm.Gate(w, rng=rng)}
        fusion = made[kind](widths)
        network = mm.FeatureFusionNet(branches, fusion, nn.Linear(fusion.width, 2, rng=rng))
    network.to(where)
    return network


@pytest.mark.parametrize("kind", PLAIN)  # the others: test_fusion_rows.py
def test_missing_modalities_are_missing_on_the_device(kind: str, cupy: Any) -> None:
    host, found = np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2), []
    for where, present in (("cpu", PRESENT), ("cuda", PRESENT), ("cuda", None)):
        network, x = fused(kind, where), device.to_device(host, where)
        masks = present or {k: cupy.asarray(v) for k, v in PRESENT.items()}
        both, one = network({"a": x, "b": x}, masks), network({"b": x})
        (both.sum() + one.sum()).backward()
        grads = [np.zeros(0) if p.grad is None else p.grad.numpy() for p in
                 network.parameters()]  # fmt: skip
        found.append([both.numpy(), one.numpy(), *grads])
    for here, *there in zip(*found, strict=True):
        assert all(np.allclose(here, a, **CLOSE) for a in there)


# ---- training -----------------------------------------------------------------------------
@cache
def task(where: str, module: Any) -> Any:
    return EmojiTask(where)


def trainer(where: str, module: Any, fusion: str, optimizer: Any, dropout: bool) -> Trainer:
    rng, t = np.random.default_rng(0), task(where, module)
    network = build(t, t.modalities, fusion, rng, where)
    network.train(dropout)
    return Trainer(t, t.modalities, network, optimizer(network.parameters()), 1, 64, rng)


def some_steps(t: Trainer) -> list[float]:
    rows = t.task.split["train"]
    return [t._step(rows[k : k + 64]) for k in range(0, 192, 64)]


def sgd(parameters: Any) -> optim.Optimizer:
    return optim.SGD(parameters, lr=0.5, momentum=0.9)


TRAINED = [*((kind, True) for kind in KINDS), *((kind, False) for kind in PLAIN)]


@pytest.mark.parametrize(("fusion", "dropout"), TRAINED)
def test_training_is_the_same_on_both_devices(fusion: str, dropout: bool, cupy: Any) -> None:
    here = trainer("cpu", np, fusion, sgd, dropout)
    there = trainer("cuda", cupy, fusion, sgd, dropout)
    assert np.allclose(some_steps(here), some_steps(there), **CLOSE)
    moved = there.network.state_dict()
    assert {p.device for p in there.network.parameters()} == {"cuda"}
    for name, value in here.network.state_dict().items():
        assert np.allclose(value, moved[name], **CLOSE), name


@pytest.mark.parametrize("optimizer", [optim.Adam, sgd])
def test_a_step_brings_nothing_but_the_loss_to_the_host(
    optimizer: Any, cupy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    t, sizes, get = trainer("cuda", cupy, "gate", optimizer, True), [], cupy.ndarray.get

    def counting(self: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        sizes.append(self.size)
        return get(self, *args, **kwargs)

    monkeypatch.setattr(cupy.ndarray, "get", counting)
    t._step(t.task.split["train"][:64])
    assert sizes in ([1], [])  # CuPy may read one number without a call that Python sees


def test_gradients_of_weights_lie_as_the_update_reads_them(cupy: Any) -> None:
    network = small().eval()
    fg.cross_entropy(network(cupy.asarray(np.ones((2, 4), np.float32))), [0, 1]).backward()
    assert all(p.grad.data.flags.c_contiguous for p in network.parameters())


def test_a_job_runs_on_the_device_and_can_be_reported(cupy: Any) -> None:
    def silent(*_: Any) -> None:
        return None

    settings = Settings(device="cuda", epochs=1)
    settings.check()
    progress = SimpleNamespace(start=silent, epoch=silent, end=silent)
    job = Job(settings, progress)
    result = job.run()
    assert [run.name for run in result.runs] == ["image", "text", "fused (concat)"]
    assert all(run.test_accuracy is not None and run.flow for run in result.runs)
    assert "How the gradient flowed" in render(result)


def test_dropout_takes_an_array_of_the_device_as_it_is(cupy: Any) -> None:
    y = nn.Dropout(0.5, rng=np.random.default_rng(0))(cupy.asarray(np.ones(100)))
    assert isinstance(y, cupy.ndarray) and set(y.get().tolist()) == {0.0, 2.0}


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(OptionError, match="device: expected one of cpu, cuda, got 'tpu'"):
        small("tpu")

"""Runs that go on where they were saved, to the last bit; what a checkpoint is on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad import nn, optim
from fusegrad.data import DataLoader, TensorDataset
from fusegrad.optim.schedules import Cosine, WarmUp
from fusegrad.training import Checkpoint, EarlyStopping, ReduceLROnPlateau, Trainer
from tests.ops_sample import refused
from tests.training_sample import (
    X,
    Y,
    adam,
    held_out,
    loader,
    network,
    resumed,
    rng,
    same,
    trainer,
)


def averaged(parameters: Any) -> optim.Averaged:
    return optim.Averaged(optim.SGD(parameters, lr=0.1), "polyak")


MAKES: dict[str, Callable[[Any], Any]] = {
    "adam": adam,
    "momentum": lambda p: optim.Momentum(p, lr=0.05, momentum=0.9),
    "amsgrad": lambda p: optim.AMSGrad(p, lr=0.02),
    "nadam": lambda p: optim.NAdam(p, lr=0.02),
    "schedule": lambda p: optim.AdamW(p, lr=WarmUp(Cosine(0.05, 12), 3)),
    "function": lambda p: optim.Adam(p, lr=0.02, betas=(lambda t: 0.9 - 0.1 / t, 0.999)),
    "averaged": averaged,
}


@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_two_epochs_and_two_more_are_four(make: Callable[[Any], Any], tmp_path: Path) -> None:
    whole = trainer(make, clip_norm=1.0)
    rows = whole.fit(loader(prefetch=2), 4, held_out()).rows
    first = trainer(make, clip_norm=1.0)
    first.fit(loader(prefetch=2), 2, held_out())
    first.save(tmp_path / "run")
    resumed(tmp_path / "run", make).save(tmp_path / "copy")  # nothing is lost by it
    second = resumed(tmp_path / "copy", make, clip_norm=1.0)
    assert second.epoch == 2 and same(second.model.state_dict(), first.model.state_dict())
    assert second.fit(loader(seed=99, prefetch=2), 4, held_out()).rows == rows
    assert same(second.model.state_dict(), whole.model.state_dict())
    assert not same(first.model.state_dict(), whole.model.state_dict())
    assert second.optimizer.state_dict().keys() == whole.optimizer.state_dict().keys()


def test_generators_are_set_once_and_those_of_the_validation_as_well(tmp_path: Path) -> None:
    def drawn(seed: int) -> DataLoader:  # other rows each time
        return DataLoader(TensorDataset(X, Y), 9, True, rng=rng(seed), drop_last=True)

    whole, first = trainer(), trainer()
    rows = whole.fit(loader(), 4, drawn(1)).rows
    first.fit(loader(), 2, drawn(1))
    first.save(tmp_path / "run")
    second, batches, held = resumed(tmp_path / "run"), loader(9), drawn(8)
    second.fit(batches, 3, held)
    second.fit(batches, 4, held)
    assert second.history.rows == rows
    assert same(second.model.state_dict(), whole.model.state_dict())


@pytest.mark.parametrize("kind", ["Philox", "MT19937", "SFC64", "PCG64DXSM"])
def test_every_kind_of_generator_and_precision_goes_on(kind: str, tmp_path: Path) -> None:
    def batches(seed: int) -> DataLoader:
        draw = np.random.Generator(getattr(np.random, kind)(seed))
        draw.random(3, np.float32)  # half of a 64-bit word is left over
        return DataLoader(TensorDataset(X.astype(np.float32), Y), 8, shuffle=True, rng=draw)

    whole = trainer(model=network(dtype=np.float32))
    whole.fit(batches(1), 4)
    first = trainer(model=network(dtype=np.float32))
    first.fit(batches(1), 2)
    first.save(tmp_path / "run")
    second = resumed(tmp_path / "run", model=network(7, np.float32))
    second.fit(batches(2), 4)
    assert same(second.model.state_dict(), whole.model.state_dict())
    assert {v.dtype for v in second.model.state_dict().values()} == {np.dtype(np.float32)}


def test_running_statistics_go_on(tmp_path: Path) -> None:
    def normed(seed: int) -> nn.Sequential:
        draw = rng(seed)
        layers = nn.Linear(3, 5, rng=draw), nn.BatchNorm1d(5), nn.Linear(5, 3, rng=draw)
        return nn.Sequential(*layers).to(np.float64)

    whole, first = trainer(model=normed(0)), trainer(model=normed(0))
    whole.fit(loader(), 4, held_out())
    first.fit(loader(), 2, held_out())
    first.save(tmp_path / "run")
    second = resumed(tmp_path / "run", model=normed(1))
    second.fit(loader(), 4, held_out())
    assert same(second.model.state_dict(), whole.model.state_dict())
    assert second.history.rows == whole.history.rows
    assert whole.model.state_dict()["1.num_batches_tracked"] == 12


class Noisy(Trainer):
    """Draws from a generator that is neither the model's nor a loader's."""

    def step(self, batch: Any) -> Any:
        x, y = batch
        return super().step((x + 0.3 * self.rngs["noise"].normal(size=x.shape), y))


def watched(seed: int, path: Path) -> Trainer:
    watch = {"monitor": "loss", "min_delta": 0.05}  # so that little counts as a gain
    listeners = (
        Checkpoint(path, every=3),  # named first, told last
        ReduceLROnPlateau(0.5, 2, **watch),
        EarlyStopping(4, **watch),
    )
    model, noise = network(seed), {"noise": rng(seed), "train": rng()}  # not the loader's
    loss = nn.CrossEntropyLoss()
    return Noisy(model, adam(model.parameters()), loss, callbacks=listeners, rngs=noise)


def test_what_callbacks_remember_and_generators_of_ones_own_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run"
    whole, first, second = watched(3, path), watched(3, path), watched(4, path)
    whole.fit(loader(), 12)
    assert whole.stopped == "loss no better for 4 epochs" and whole.epoch < 12
    path.unlink()
    first.fit(loader(), 3)
    second.resume(path).fit(loader(99), 12)
    assert second.epoch == whole.epoch and second.stopped == whole.stopped
    assert second.history.rows == whole.history.rows
    lr, wanted = (t.optimizer.param_groups[0]["lr"] for t in (second, whole))
    assert lr == wanted < 0.02
    assert same(second.model.state_dict(), whole.model.state_dict())


def test_a_run_that_was_stopped_is_over_until_it_is_asked_again(tmp_path: Path) -> None:
    def built(seed: int) -> Trainer:
        stop = EarlyStopping(1, monitor="loss", min_delta=9.0)
        return trainer(model=network(seed), callbacks=[Checkpoint(tmp_path / "run"), stop])

    whole = built(0)
    whole.fit(loader(), 9)
    for seed in (1, 2):  # a script that is started again, and again
        again = built(seed).resume(tmp_path / "run")
        assert len(again.fit(loader(), 9)) == 2 and again.stopped == whole.stopped
        assert same(again.model.state_dict(), whole.model.state_dict())
    assert len(again.fit(loader(), 9)) == 3


def test_weights_are_not_restored_where_that_is_no_longer_wanted(tmp_path: Path) -> None:
    def built(seed: int, restore: bool) -> Trainer:
        stop = EarlyStopping(9, monitor="loss", min_delta=9.0, restore_best=restore)
        return trainer(model=network(seed), callbacks=[stop])

    first = built(0, True)
    first.callbacks.append(Checkpoint(tmp_path / "run"))
    first.fit(loader(), 2)
    plain, second = trainer(), built(1, False).resume(tmp_path / "run")
    plain.fit(loader(), 3)
    second.fit(loader(9), 3)
    assert same(second.model.state_dict(), plain.model.state_dict())


def test_a_checkpoint_is_one_file_of_plain_arrays_and_a_text(tmp_path: Path) -> None:
    mine = trainer(callbacks=[EarlyStopping(monitor="loss")])
    mine.fit(loader(), 2)
    mine.save(tmp_path / "run")
    state = nn.load(tmp_path / "run")
    weights = {k.removeprefix("model."): v for k, v in state.items() if k[:6] == "model."}
    assert same(weights, mine.model.state_dict())
    assert "optimizer.state.0.exp_avg" in state or "optimizer.state.0.m" in state
    assert "callbacks.EarlyStopping.0.weights.0.weight" in state
    assert dict(json.loads(state["__form__"].tobytes())["dict"])["epoch"] == 2
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("breaks", ["replace", "fsync"])
def test_a_crash_while_writing_leaves_the_old_file(
    breaks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = trainer(callbacks=[Checkpoint(tmp_path / "run")])
    mine.fit(loader(), 1)
    before = (tmp_path / "run").read_bytes()

    def fail(*_: object) -> None:
        raise OSError("the power went off")

    monkeypatch.setattr(os, breaks, fail)
    with refused(OSError, "the power went off"):
        mine.fit(loader(), 2)
    assert (tmp_path / "run").read_bytes() == before and os.listdir(tmp_path) == ["run"]
    assert resumed(tmp_path / "run").epoch == 1

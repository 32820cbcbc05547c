"""What ends a fit before its end: Ctrl-C, a loss that is no number, and what it refuses."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad import nn
from fusegrad.data import DataLoader, TensorDataset
from fusegrad.engine import NonFiniteError
from fusegrad.training import Checkpoint, Trainer
from tests.ops_sample import refused
from tests.training_sample import (
    At,
    Told,
    X,
    Y,
    adam,
    held_out,
    loader,
    resumed,
    rng,
    same,
    trainer,
)


def interrupt(trainer: Trainer) -> None:
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("asked", [True, False])
def test_ctrl_c_ends_after_the_step_and_leaves_what_was_asked_for(
    asked: bool, tmp_path: Path
) -> None:
    told, before = Told(), signal.getsignal(signal.SIGINT)
    mine = trainer(
        callbacks=[At(5, interrupt), told, Checkpoint(tmp_path / "run", 9, interrupt=asked)]
    )
    with pytest.raises(KeyboardInterrupt):
        mine.fit(loader(), 4)
    assert signal.getsignal(signal.SIGINT) is before
    assert told.moments == [
        "fit", "epoch 1", "batch", "batch", "batch", "end 1 1", "epoch 2", "batch", "batch",
        "interrupt", "fit end",
    ]  # fmt: skip
    plain = trainer(callbacks=[At(5, lambda t: t.save(tmp_path / "plain"))])
    plain.fit(loader(), 2)
    assert same(mine.model.state_dict(), resumed(tmp_path / "plain").model.state_dict())
    assert (tmp_path / "run").exists() == asked
    if asked:
        again = resumed(tmp_path / "run")
        assert same(again.model.state_dict(), mine.model.state_dict())
        assert len(again.fit(loader(), 4)) == 4
    assert mine.fit(loader(), 4)["epoch"] == [1, 2, 3, 4]  # the same trainer goes on as well


def test_ctrl_c_is_heard_in_validation_and_twice_at_once() -> None:
    mine = trainer()

    def twice(_: Trainer) -> None:
        interrupt(mine)
        with pytest.raises(KeyboardInterrupt):
            interrupt(mine)

    mine.callbacks = [At(2, twice)]
    with pytest.raises(KeyboardInterrupt):
        mine.fit(loader(), 1)

    class Interrupting(list[Any]):
        def __iter__(self) -> Any:
            interrupt(mine)
            return super().__iter__()

    mine.callbacks = []
    with pytest.raises(KeyboardInterrupt):
        mine.fit(loader(), 1, validation=Interrupting([(X, Y)]))
    assert mine.model.training and mine.epoch == 0  # modes are as they were
    assert mine.evaluate(held_out())["loss"] > 0


def test_ctrl_c_in_the_last_step_of_an_epoch_leaves_it_unfinished() -> None:
    told = Told()
    mine = trainer(callbacks=[At(3, interrupt), told])
    with pytest.raises(KeyboardInterrupt):
        mine.fit(loader(), 1)
    assert told.moments[-3:] == ["batch", "interrupt", "fit end"] and mine.epoch == 0


def test_ctrl_c_after_the_last_batch_is_not_lost() -> None:
    class AtTheEnd(Told):
        def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
            interrupt(trainer)

    told = AtTheEnd()
    mine = trainer(callbacks=[told])
    with pytest.raises(KeyboardInterrupt):
        mine.fit(loader(), 1)
    assert mine.epoch == len(mine.history) == 1
    assert told.moments[-2:] == ["interrupt", "fit end"]


def test_a_fit_in_another_thread_leaves_signals_alone() -> None:
    mine, before = trainer(), signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=mine.fit, args=(loader(), 2))
    thread.start()
    thread.join()
    assert mine.epoch == 2 and signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_no_number_stops_before_it_reaches_the_weights(bad: float) -> None:
    broken = X.copy()
    broken[9:] = bad if np.isnan(bad) else 1e300
    model = nn.Linear(3, 3, rng=rng()).to(np.float64)
    loss = nn.CrossEntropyLoss() if np.isnan(bad) else lambda o, y: (o * o).mean()
    told = Told()
    mine = Trainer(model, adam(model.parameters()), loss, callbacks=[told])
    batches = DataLoader(TensorDataset(broken, Y), 4)
    with (
        np.errstate(all="ignore"),
        refused(
            NonFiniteError,
            f"Trainer, epoch 1, batch 3: expected a finite loss, got {bad}; lower lr, pass "
            "clip_norm, or look for it with fg.detect_anomaly()",
        ),
    ):
        mine.fit(batches, 2)
    assert told.moments[-2:] == ["batch", "fit end"]
    assert all(np.isfinite(value).all() for value in model.state_dict().values())

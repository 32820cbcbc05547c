"""What watches a figure: beside others of its kind, in every group, and after a resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim.schedules import Cosine
from fusegrad.training import Callback, EarlyStopping, ReduceLROnPlateau, Trainer
from tests.ops_sample import refused
from tests.training_sample import loader, network, trainer


class Scripted(Callback):
    """Puts figures of its own into each row."""

    def __init__(self, **figures: list[float]) -> None:
        self.figures = figures

    def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
        row.update({name: values[trainer.epoch - 1] for name, values in self.figures.items()})


def grouped(lr: Any = 0.25) -> Trainer:
    """Two groups, of which the second may have an lr of its own."""
    model = network()
    first, second = model[0].parameters(), model[4 - 1].parameters()
    groups = [{"params": list(first)}, {"params": list(second), "lr": lr}]
    watch = ReduceLROnPlateau(0.5, 1, monitor="a")
    script = Scripted(a=[1.0, 2.0, 3.0])
    return trainer(lambda _: optim.SGD(groups, lr=1.0), model=model, callbacks=[script, watch])


def test_lr_falls_in_every_group() -> None:
    mine = grouped()
    mine.fit(loader(), 3)
    assert [group["lr"] for group in mine.optimizer.param_groups] == [0.25, 0.0625]


def test_a_schedule_in_any_group_is_refused() -> None:
    with refused(
        fg.OptionError,
        "ReduceLROnPlateau: expected lr, a number, got lr=Cosine(value=0.1, steps=9, "
        "floor=0.0); leave this callback out",
    ):
        grouped(Cosine(0.1, 9)).fit(loader(), 3)


@pytest.mark.parametrize("swapped", [False, True])
def test_two_of_a_kind_remember_each_its_own_across_a_resume(
    swapped: bool, tmp_path: Path
) -> None:
    def built() -> Trainer:
        falling, rising = [5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0]
        script = Scripted(a=rising, b=falling)
        watches = [EarlyStopping(3, monitor="a"), EarlyStopping(3, monitor="b")]
        return trainer(callbacks=[script, *watches[:: -1 if swapped else 1]])

    first = built()
    first.fit(loader(), 3)
    first.save(tmp_path / "run")
    second = built().resume(tmp_path / "run")
    second.fit(loader(), 5)
    assert second.epoch == 4 and second.stopped == "a no better for 3 epochs"
    assert np.isfinite(second.history["loss"]).all()

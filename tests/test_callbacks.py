"""What listens to a fit: the order of moments, and watches held against plain loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim.schedules import Cosine
from fusegrad.training import (
    Callback,
    Checkpoint,
    EarlyStopping,
    ReduceLROnPlateau,
    Trainer,
)
from tests.ops_sample import refused
from tests.training_sample import At, Told, held_out, loader, network, resumed, same, trainer

FIGURES = st.lists(st.sampled_from([0.0, 1.0, 1.5, 2.0, 3.0, float("nan")]), max_size=12)


class Scripted(Callback):
    """Puts a figure of its own into each row, and sets the first weight to the epoch."""

    def __init__(self, figures: Sequence[float]) -> None:
        self.figures = figures

    def on_epoch_end(self, trainer: Trainer, row: Any) -> None:
        row["figure"] = self.figures[trainer.epoch - 1]
        trainer.model[0].bias.assign_(np.full(5, float(trainer.epoch)))


def scripted(figures: Sequence[float], *watches: Callback) -> Trainer:
    """A fit whose epochs measure what the script says."""
    mine = trainer(
        lambda p: optim.SGD(p, lr=1.0), callbacks=[Scripted([*figures, 0.0]), *watches]
    )
    if figures:
        mine.fit([loader().dataset[:4]], len(figures))
    return mine


def best_of(figures: Sequence[float], sign: int, delta: float) -> list[bool]:
    """Which of them were better than all before, by a margin; nan never is."""
    better: list[bool] = []
    best: float | None = None
    for x in figures:
        gains = x == x and (best is None or sign * (x - best) > delta)
        best = x if gains else best
        better.append(gains)
    return better


def test_moments_come_in_order_and_those_that_save_come_last(tmp_path: Path) -> None:
    told = Told()
    saves = Checkpoint(tmp_path / "run")
    mine = trainer(callbacks=[saves, told])
    assert mine.callbacks == [told, saves]
    mine.fit(loader(), 2, held_out())
    assert told.moments == [
        "fit", "epoch 1", "batch", "batch", "batch", "end 1 1",
        "epoch 2", "batch", "batch", "batch", "end 2 2", "fit end",
    ]  # fmt: skip


def test_an_error_in_a_callback_ends_the_fit_and_tells_the_others() -> None:
    told = Told()

    def fail(_: Trainer) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        trainer(callbacks=[told, At(2, fail)]).fit(loader(), 2)
    assert told.moments == ["fit", "epoch 1", "batch", "batch", "fit end"]


@given(
    figures=FIGURES,
    patience=st.integers(1, 4),
    mode=st.sampled_from(["min", "max"]),
    delta=st.sampled_from([0.0, 0.6]),
)
def test_early_stopping_stops_and_restores_as_a_plain_loop_does(
    figures: list[float], patience: int, mode: str, delta: float
) -> None:
    stopping = EarlyStopping(patience, monitor="figure", mode=mode, min_delta=delta)
    mine = scripted(figures, stopping)
    better = best_of(figures, 1 if mode == "max" else -1, delta)
    end, since = len(figures), 0
    for k, gains in enumerate(better, 1):
        since = 0 if gains else since + 1
        if since == patience:
            end = k
            break
    assert mine.epoch == end and bool(mine.stopped) == (since == patience)
    if figures:
        good = [k for k, gains in enumerate(better[:end], 1) if gains]
        kept = good[-1] if good else end
        assert mine.model[0].bias.numpy().tolist() == [kept] * 5


def test_early_stopping_may_leave_the_last_weights() -> None:
    stopping = EarlyStopping(2, monitor="figure", restore_best=False)
    mine = scripted([1.0, 2.0, 3.0, 0.0], stopping)
    assert mine.stopped == "figure no better for 2 epochs" and mine.epoch == 3
    assert mine.model[0].bias.numpy()[0] == 3.0
    assert len(mine.fit([loader().dataset[:4]], 4)) == 4  # and can be asked to go on
    assert mine.stopped == ""


@given(figures=FIGURES, patience=st.integers(1, 3))
def test_lr_falls_on_a_plateau_as_in_a_plain_loop(figures: list[float], patience: int) -> None:
    watch = ReduceLROnPlateau(0.5, patience, min_lr=0.2, monitor="figure")
    mine = scripted(figures, watch)
    lr, since = 1.0, 0
    for gains in best_of(figures, -1, 0.0):
        since = 0 if gains else since + 1
        if since == patience:
            lr, since = max(lr * 0.5, 0.2), 0
    assert mine.optimizer.param_groups[0]["lr"] == lr


def test_an_lr_below_the_least_stays() -> None:
    mine = trainer(
        lambda p: optim.SGD(p, lr=0.1),
        callbacks=[Scripted([1.0, 2.0]), ReduceLROnPlateau(patience=1, min_lr=0.3,
                                                           monitor="figure")],
    )  # fmt: skip
    mine.fit(loader(), 2)
    assert mine.optimizer.param_groups[0]["lr"] == 0.1


@pytest.mark.parametrize(("every", "written"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [5])])
def test_a_checkpoint_is_written_every_so_often_and_at_the_end(
    every: int, written: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []
    monkeypatch.setattr(Trainer, "save", lambda self, path: saved.append(self.epoch))
    trainer(callbacks=[Checkpoint(tmp_path / "run", every)]).fit(loader(), 5)
    assert saved == written


def test_a_checkpoint_is_written_when_a_fit_is_stopped_early(tmp_path: Path) -> None:
    path = tmp_path / "run"
    mine = scripted([1.0, 2.0, 3.0], Checkpoint(path, 5), EarlyStopping(1, monitor="figure"))
    assert mine.epoch == 2 and resumed(path, lambda p: optim.SGD(p, lr=1.0)).epoch == 2


def test_only_the_best_is_kept_also_across_a_resume(tmp_path: Path) -> None:
    def best() -> Checkpoint:
        return Checkpoint(tmp_path / "run", best=True, monitor="figure", mode="max")

    scripted([1.0, 3.0, 2.0], best())
    mine = trainer(
        lambda p: optim.SGD(p, lr=1.0),
        network(4),
        callbacks=[Scripted([0.0, 0.0, 2.5, 3.5]), best()],
    ).resume(tmp_path / "run")
    assert mine.epoch == 2 and mine.model[0].bias.numpy()[0] == 2.0
    before = (tmp_path / "run").read_bytes()
    mine.fit([loader().dataset[:4]], 3)
    assert (tmp_path / "run").read_bytes() == before  # 2.5 is less than the 3 of the file
    mine.fit([loader().dataset[:4]], 4)
    assert resumed(tmp_path / "run", lambda p: optim.SGD(p, lr=1.0)).epoch == 4


def test_of_two_checkpoints_each_holds_what_the_other_knows(tmp_path: Path) -> None:
    paths = last, best = tmp_path / "last", tmp_path / "best"

    def listeners(*figures: float) -> list[Callback]:
        watch = Checkpoint(best, best=True, monitor="figure")
        return [Scripted(figures), Checkpoint(last), watch]

    def make(p: Any) -> optim.SGD:
        return optim.SGD(p, lr=1.0)

    trainer(make, callbacks=listeners(5.0, 1.0)).fit(loader(), 2)
    for path in paths:
        mine = resumed(path, make, callbacks=listeners(5.0, 1.0, 3.0))
        mine.fit(loader(), 3)
        assert resumed(best, make).epoch == 2  # 3 is not better than 1


def test_a_checkpoint_is_not_the_weights_that_are_restored(tmp_path: Path) -> None:
    path = tmp_path / "run"
    mine = scripted([1.0, 2.0], Checkpoint(path), EarlyStopping(5, monitor="figure"))
    again = resumed(path, lambda p: optim.SGD(p, lr=1.0))
    assert mine.model[0].bias.numpy()[0] == 1.0 and again.model[0].bias.numpy()[0] == 2.0
    assert not same(mine.model.state_dict(), again.model.state_dict())


def scheduled() -> Trainer:
    return trainer(
        lambda p: optim.Adam(p, lr=Cosine(0.1, 9)),
        callbacks=[ReduceLROnPlateau(monitor="loss")],
    )


RANGE = "give one in the range"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: EarlyStopping(0), fg.OptionError,
     f"EarlyStopping: expected patience, a number from 1 up, got patience=0; {RANGE}"),
    (lambda: EarlyStopping(2.5), fg.OptionError,
     f"EarlyStopping: expected patience, a number from 1 up, got patience=2.5; {RANGE}"),
    (lambda: EarlyStopping(min_delta=-1.0), fg.OptionError,
     f"EarlyStopping: expected min_delta >= 0, got min_delta=-1.0; {RANGE}"),
    (lambda: EarlyStopping(min_delta=float("nan")), fg.OptionError,
     f"EarlyStopping: expected min_delta >= 0, got min_delta=nan; {RANGE}"),
    (lambda: EarlyStopping(mode="least"), fg.OptionError,
     "EarlyStopping: expected mode in min, max, got 'least'; choose one of these"),
    (lambda: trainer(callbacks=[EarlyStopping()]).fit(loader(), 2), fg.OptionError,
     "EarlyStopping: expected validation, for val_loss, got none; pass it to fit, or choose "
     "another monitor"),
    (lambda: trainer(callbacks=[EarlyStopping(monitor="f")]).fit(loader(), 2), fg.OptionError,
     "EarlyStopping: expected monitor among epoch, loss, got 'f'; choose one of these, or pass "
     "validation to fit"),
    (lambda: ReduceLROnPlateau(1.0), fg.OptionError,
     "ReduceLROnPlateau: expected 0 < factor < 1, got factor=1.0; give the part to keep"),
    (lambda: ReduceLROnPlateau(patience=True), fg.OptionError,
     f"ReduceLROnPlateau: expected patience, a number from 1 up, got patience=True; {RANGE}"),
    (lambda: ReduceLROnPlateau(min_lr=-0.1), fg.OptionError,
     f"ReduceLROnPlateau: expected min_lr >= 0, got min_lr=-0.1; {RANGE}"),
    (lambda: scheduled().fit(loader(), 2), fg.OptionError,
     "ReduceLROnPlateau: expected lr, a number, got lr=Cosine(value=0.1, steps=9, floor=0.0); "
     "leave this callback out"),
    (lambda: Checkpoint("run", 0), fg.OptionError,
     f"Checkpoint: expected every, a number from 1 up, got every=0; {RANGE}"),
    (lambda: trainer(callbacks=[Checkpoint(".")]).fit(loader(), 2), fg.OptionError,
     "Checkpoint: expected a file, got the folder .; name a file in it"),
    (lambda: trainer(callbacks=[Checkpoint("no/such/run")]).fit(loader(), 2), fg.OptionError,
     "Checkpoint: expected an existing folder, got no/such; make it first"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        wrong()

"""What ends a fit before its end: Ctrl-C, a loss that is no number, and what it refuses."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import metrics, nn, optim
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
    network,
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


# ---- refusals -----------------------------------------------------------------------------
MODEL = network()
LOSS = nn.CrossEntropyLoss()


def ragged() -> Any:
    return [(X[:3], Y[:3]), (np.ones((2, 4)), Y[:2])]


class Identity(nn.Module):
    def forward(self, x: Any) -> Any:
        return x


EXAMPLE = "see the example of Trainer"
AGAIN = "pass a DataLoader, which can be gone through again, or more rows"
REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: Trainer(lambda x: x, adam(MODEL.parameters()), LOSS), fg.DTypeError,
     f"Trainer: expected a model, a Module, got (FUNCTION); {EXAMPLE}"),
    (lambda: Trainer(nn.Tanh, adam(MODEL.parameters()), LOSS), fg.DTypeError,
     "Trainer: expected a model, a Module, got the class Tanh; write Tanh(...)"),
    (lambda: Trainer(MODEL, optim.Adam, LOSS), fg.DTypeError,
     "Trainer: expected an optimizer, got the class Adam; write Adam(...)"),
    (lambda: Trainer(MODEL, None, LOSS), fg.DTypeError,
     f"Trainer: expected an optimizer, got None; {EXAMPLE}"),
    (lambda: Trainer(MODEL, adam(MODEL.parameters()), nn.CrossEntropyLoss), fg.DTypeError,
     "Trainer: expected a loss, a function of output and target, got the class "
     "CrossEntropyLoss; write CrossEntropyLoss(...)"),
    (lambda: trainer(metrics=[metrics.f1]), fg.DTypeError,
     f"Trainer: expected metrics, a dict of functions, got [(FUNCTION)]; {EXAMPLE}"),
    (lambda: trainer(callbacks=[Told]), fg.DTypeError,
     "Trainer: expected callbacks, got the class Told; write Told(...)"),
    (lambda: trainer(callbacks=[print]), fg.DTypeError,
     f"Trainer: expected callbacks, got <built-in function print>; {EXAMPLE}"),
    (lambda: trainer(metrics={"loss": metrics.accuracy}), fg.OptionError,
     "Trainer: expected metrics of other names, got loss; choose another name"),
    (lambda: trainer().fit(loader(), 0), fg.OptionError,
     "Trainer.fit: expected epochs, a number from 1 up, got epochs=0; count them"),
    (lambda: trainer().fit(loader(), 1.5), fg.OptionError,
     "Trainer.fit: expected epochs, a number from 1 up, got epochs=1.5; count them"),
    (lambda: trainer().fit(iter([(X, Y)]), 2), fg.OptionError,
     f"Trainer: expected batches, got none; {AGAIN}"),
    (lambda: trainer().evaluate([]), fg.OptionError,
     f"Trainer: expected batches, got none; {AGAIN}"),
    (lambda: trainer().predict([]), fg.OptionError,
     "Trainer.predict: expected batches, got none; give it rows"),
    (lambda: trainer().fit([X], 1), fg.OptionError,
     "Trainer: expected a batch (x, ..., y), or a dict with 'target', got no target; override "
     "step, or see target="),
    (lambda: trainer().fit([{"x": X, "label": Y}], 1), fg.OptionError,
     "Trainer: expected a batch (x, ..., y), or a dict with 'target', got a dict of "
     "['label', 'x']; override step, or see target="),
    (lambda: Trainer(MODEL, adam(MODEL.parameters()), lambda o, y: 0.0).fit([(X, Y)], 1),
     fg.DTypeError,
     "Trainer: expected a loss that is a Tensor, got float; compute it with the ops of "
     "fusegrad"),
    (lambda: trainer(metrics={"each": lambda o, y: o == y[:, None]}).evaluate(held_out()),
     fg.OptionError,
     "metric each: expected a single number, got shape (10, 3); average it"),
    (lambda: Trainer(Identity(), adam(MODEL.parameters()), LOSS).predict(ragged()),
     fg.ShapeError,
     "Trainer: expected batches alike but for their rows, got (3, 3) and (2, 4); pad them to "
     "one length"),
    (lambda: trainer().history["loss"], fg.OptionError,
     "History: expected a column among none, got 'loss'; choose one of these"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED)
def test_refusals(wrong: Callable[[], Any], kind: type[Exception], text: str) -> None:
    if "(FUNCTION)" in text:
        pattern = re.escape(text).replace(r"\(FUNCTION\)", "<function .*>")
        with pytest.raises(kind, match=f"^{pattern}$"):
            wrong()
        return
    with refused(kind, text):
        wrong()

"""What a run does not resume from, and that it is as it was then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.data import DataLoader, TensorDataset
from fusegrad.optim.schedules import Cosine
from fusegrad.training import Callback
from tests.ops_sample import refused
from tests.training_sample import X, Y, adam, loader, network, same, trainer


def scheduled(p: Any) -> optim.Adam:
    return optim.Adam(p, lr=Cosine(0.1, 10))


def other(p: Any) -> optim.Adam:
    return optim.Adam(p, lr=Cosine(0.1, 11))


def wide() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 3, rng=np.random.default_rng(0))).to(np.float64)


BUILD = "build the optimizer with it"
WRONG: list[tuple[str, Callable[[Any], Any], Any, Any, type[Exception], str]] = [
    ("another rule", adam, lambda p: optim.SGD(p, lr=0.1), network, fg.OptionError,
     "SGD.load_state_dict: expected settings ['lr', 'weight_decay'], got ['lr', 'betas', "
     "'eps', 'weight_decay']; load a state of the same optimizer"),
    ("another schedule", scheduled, other, network, fg.OptionError,
     "Trainer.resume: expected Cosine(value=0.1, steps=10, floor=0.0) for "
     "optimizer.param_groups.0.lr, as it was saved, got Cosine(value=0.1, steps=11, "
     f"floor=0.0); {BUILD}"),
    ("a number for a schedule", scheduled, adam, network, fg.OptionError,
     "Trainer.resume: expected Cosine(value=0.1, steps=10, floor=0.0) for "
     f"optimizer.param_groups.0.lr, as it was saved, got 0.02; {BUILD}"),
    ("a number for a function", lambda p: optim.Adam(p, lr=lambda t: 0.1 / t), adam, network,
     fg.OptionError,
     "Trainer.resume: expected a function for optimizer.param_groups.0.lr, as it was saved, "
     f"got 0.02; {BUILD}"),
    ("another network", adam, adam, wide, fg.OptionError,
     "load_state_dict: expected the names of this module, got missing [], unexpected "
     "['3.bias', '3.weight']; load the state of the same architecture, or pass strict=False"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "saved", "built", "model", "kind", "text"), WRONG, ids=[w[0] for w in WRONG]
)
def test_a_run_of_another_kind_changes_nothing(
    name: str, saved: Any, built: Any, model: Any, kind: Any, text: str, tmp_path: Path
) -> None:
    first = trainer(saved)
    first.fit(loader(), 1)
    first.save(tmp_path / "run")
    mine = trainer(built, model())
    before, state = mine.model.state_dict(), mine.optimizer.state_dict()
    with refused(kind, text):
        mine.resume(tmp_path / "run")
    assert same(mine.model.state_dict(), before) and mine.epoch == 0
    assert mine.optimizer.state_dict() == state


def test_a_file_of_weights_is_no_run(tmp_path: Path) -> None:
    nn.save(network().state_dict(), tmp_path / "weights")
    with refused(
        fg.OptionError,
        "Trainer.resume: expected a checkpoint of a Trainer, got a state of 4 arrays; nn.load "
        "reads weights",
    ):
        trainer().resume(tmp_path / "weights")
    with pytest.raises(FileNotFoundError):
        trainer().resume(tmp_path / "nothing")


@pytest.mark.parametrize("found", ["none", "MT19937"])
def test_a_generator_that_is_missing_or_of_another_kind_is_named(
    found: str, tmp_path: Path
) -> None:
    first = trainer()
    first.fit(loader(), 1)
    first.save(tmp_path / "run")
    batches = DataLoader(TensorDataset(X, Y), 8)
    if found != "none":
        batches = DataLoader(
            TensorDataset(X, Y), 8, True, rng=np.random.Generator(np.random.MT19937(0))
        )
    mine = trainer(model=network(3)).resume(tmp_path / "run")
    dropout = mine.generators["model.2.rng"].bit_generator.state
    with refused(
        fg.OptionError,
        f"Trainer.fit: expected a generator train of PCG64, got {found}; build model and "
        "loaders as they were saved",
    ):
        mine.fit(batches, 2)
    assert mine.generators["model.2.rng"].bit_generator.state == dropout
    assert len(mine.fit(loader(9), 2)) == 2  # and with the right one it goes on


def test_a_callback_saves_numbers_texts_and_arrays_only(tmp_path: Path) -> None:
    class Odd(Callback):
        def state_dict(self) -> dict[str, Any]:
            return {"seen": {1, 2}}

    with refused(
        fg.DTypeError,
        "Trainer.save: expected numbers, texts and arrays, got set at callbacks.Odd.0.seen; "
        "save it apart",
    ):
        trainer(callbacks=[Odd()]).save(tmp_path / "run")


@pytest.mark.parametrize("name", [(1, 2), np.int64(3)])
def test_a_callback_names_by_numbers_and_texts_only(name: Any, tmp_path: Path) -> None:
    class Odd(Callback):
        def state_dict(self) -> dict[str, Any]:
            return {"seen": {name: 1}}

    with refused(
        fg.DTypeError,
        f"Trainer.save: expected numbers or texts as names, got {name!r} in "
        "callbacks.Odd.0.seen; rename it",
    ):
        trainer(callbacks=[Odd()]).save(tmp_path / "run")


class Full(Callback):
    """Remembers something of every kind."""

    kept: Any = None

    def state_dict(self) -> dict[str, Any]:
        return {
            "a.b": np.arange(2), "a": {"b": np.float32(0.1), 3: [None, True, (1, 2.5)]},
            "big": 2**100, "nan": float("nan"), "inf": -float("inf"), "text": "é\n",
            "empty": np.zeros((0, 2), np.uint8), "half": np.float16([[1.5]]).T,
        }  # fmt: skip

    def load_state_dict(self, state: Any) -> None:
        self.kept = state


def test_names_that_meet_and_numbers_of_every_kind_come_back(tmp_path: Path) -> None:
    mine = Full()
    trainer(callbacks=[Full()]).save(tmp_path / "run")
    trainer(callbacks=[mine]).resume(tmp_path / "run")
    kept, wanted = mine.kept, mine.state_dict()
    assert np.array_equal(kept["a.b"], [0, 1]) and kept["a"][3] == [None, True, (1, 2.5)]
    assert kept["a"]["b"].dtype == np.float32 and kept["a"]["b"] == np.float32(0.1)
    assert kept["a"]["b"].shape == () and kept["half"].dtype == np.float16
    assert kept["empty"].shape == (0, 2) and np.isnan(kept["nan"])
    assert all(kept[name] == wanted[name] for name in ("big", "inf", "text", "half"))

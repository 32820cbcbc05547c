"""The loop against one written by hand."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import metrics, nn, optim
from fusegrad.data import DataLoader, TensorDataset
from fusegrad.training import Callback, Trainer
from tests.training_sample import (
    N,
    X,
    Y,
    adam,
    held_out,
    loader,
    network,
    rng,
    same,
    trainer,
)


def by_hand(model: Any, batches: Any, epochs: int, clip: float | None) -> list[float]:
    """Train, and give the mean loss of each epoch."""
    optimizer, losses = adam(model.parameters()), []
    for _ in range(epochs):
        total = 0.0
        for x, y in batches:
            optimizer.zero_grad()
            loss = fg.cross_entropy(model(x), y)
            loss.backward()
            if clip is not None:
                optim.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            total += float(loss) * len(y)
        losses.append(total / N)
    return losses


@pytest.mark.parametrize("clip", [None, 0.05, 0.0])
def test_a_fit_is_the_loop_that_one_would_write(clip: float | None) -> None:
    model = network()
    losses = by_hand(model, loader(), 3, clip)
    mine = trainer(clip_norm=clip)
    history = mine.fit(loader(), epochs=3)
    assert same(mine.model.state_dict(), model.state_dict())
    assert history["loss"] == pytest.approx(losses, rel=1e-14)
    assert history["epoch"] == [1, 2, 3]
    unclipped = trainer()
    unclipped.fit(loader(), epochs=3)
    assert same(unclipped.model.state_dict(), model.state_dict()) == (clip is None)


def test_evaluation_is_that_of_all_rows_without_dropout_and_without_a_trace() -> None:
    shares = {"f1": lambda o, y: metrics.f1(o, y, "macro"), "accuracy": metrics.accuracy}
    mine = trainer(metrics=shares)
    mine.model.train()
    frozen = mine.model[2].eval()
    states = [mine.model.state_dict(), mine.generators["model.2.rng"].bit_generator.state]
    row = mine.evaluate(held_out())
    assert mine.model.training and not frozen.training
    assert states[1] == mine.generators["model.2.rng"].bit_generator.state
    assert same(mine.model.state_dict(), states[0])
    assert all(p.grad is None for p in mine.model.parameters())
    logits = mine.model.eval()(X[:10])
    assert row["loss"] == pytest.approx(float(fg.cross_entropy(logits, Y[:10])), rel=1e-14)
    assert row["f1"] == metrics.f1(logits, Y[:10], "macro")  # no mean of batches gives this
    assert row["accuracy"] == metrics.accuracy(logits, Y[:10])
    assert np.allclose(mine.predict(held_out()), logits.numpy(), rtol=1e-14, atol=0)


def test_rows_hold_training_and_validation() -> None:
    mine = trainer(metrics={"accuracy": metrics.accuracy})
    history = mine.fit(loader(), 2, validation=held_out())
    assert list(history[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert history[-1]["val_loss"] == mine.evaluate(held_out())["loss"]
    assert repr(history).splitlines()[0].split() == list(history[0])
    mine.fit(loader(), 3)
    assert history["val_loss"][2] is None and repr(history).splitlines()[-1].endswith("-")
    assert len(history) == 3 and [row["epoch"] for row in history] == [1, 2, 3]
    assert mine.fit(loader(), 3) is history and len(history) == 3  # three epochs are done
    assert repr(trainer().history) == "History(no epochs)"


class Named(nn.Module):
    """A network of inputs by name."""

    def __init__(self) -> None:
        self.inner = network()

    def forward(self, inputs: Any) -> Any:
        assert list(inputs) == ["x", "more"]
        return self.inner(inputs["x"])


class Pair(Named):
    """A network of two inputs, with two outputs."""

    def forward(self, x: Any, more: Any) -> Any:
        return {"logits": self.inner(x), "more": more}


def test_batches_of_names_and_of_several_inputs_give_the_same() -> None:
    plain, named, pair = network(), Named(), Pair()
    sets = TensorDataset(x=X, label=Y, more=X), TensorDataset(X, X, Y)
    one = trainer(model=plain)
    two = Trainer(named, adam(named.parameters()), nn.CrossEntropyLoss(), target="label")
    three = Trainer(
        pair, adam(pair.parameters()), lambda out, y: fg.cross_entropy(out["logits"], y)
    )
    for mine, dataset in ((one, TensorDataset(X, Y)), (two, sets[0]), (three, sets[1])):
        mine.fit(DataLoader(dataset, 8, shuffle=True, rng=rng(5)), 2)
    assert same(plain.state_dict(), named.inner.state_dict())
    assert same(plain.state_dict(), pair.inner.state_dict())
    out = three.predict(DataLoader(sets[1], 8))
    assert np.array_equal(out["more"], X)
    assert np.array_equal(out["logits"], one.predict(DataLoader(TensorDataset(X, Y), 8)))
    # What has no target can be predicted: rows alone, tuples of one, dicts without.
    bare = [one.predict(DataLoader(X, 8)), one.predict(DataLoader(TensorDataset(X), 8))]
    bare.append(two.predict(DataLoader(TensorDataset(x=X, more=X), 8)))
    assert all(np.array_equal(logits, out["logits"]) for logits in bare)


class Odd(Trainer):
    """The loss of a batch is its number of rows; what stands for them is chosen."""

    output: Any = None
    target: Any = None

    def step(self, batch: Any) -> Any:
        assert not self.model(X[:1]).requires_grad
        return fg.Tensor(float(len(batch))), self.output, self.target(batch)


@pytest.mark.parametrize(
    "target",
    [lambda rows: rows, lambda rows: ["word"] * len(rows), lambda rows: {"a": (rows, 3.0)}],
)
def test_a_loss_counts_as_often_as_there_are_targets(target: Any) -> None:
    model = network()
    mine = Odd(model, adam(model.parameters()), nn.MSELoss())
    mine.target, mine.output = target, np.zeros((1, 9))
    assert mine.evaluate(DataLoader(X, 8))["loss"] == (8 * 8 + 8 * 8 + 6 * 6) / 22
    mine.target, mine.output = (lambda rows: None), np.zeros((2, 9))  # then outputs are counted
    assert mine.evaluate(DataLoader(X, 8))["loss"] == pytest.approx(22 / 3)


def test_a_single_number_of_each_batch_is_a_row() -> None:
    model, seen = network(), []
    figures = {"sum": lambda output, target: seen.append(target) or output.sum()}
    mine = Odd(model, adam(model.parameters()), nn.MSELoss(), metrics=figures)
    mine.output, mine.target = fg.Tensor(2.0), lambda rows: float(len(rows))
    assert mine.evaluate(DataLoader(X, 8))["sum"] == 6.0
    assert seen[0].tolist() == [8.0, 8.0, 6.0]


def test_a_part_that_is_set_to_evaluation_for_an_epoch_stays_so() -> None:
    class Frozen(Callback):
        seen: ClassVar[list[bool]] = []

        def on_epoch_start(self, trainer: Trainer) -> None:
            trainer.model[2].eval()

        def on_batch_end(self, trainer: Trainer, loss: float) -> None:
            self.seen.append(trainer.model[2].training)

    trainer(callbacks=[Frozen()]).fit(loader(), 2, held_out())
    assert Frozen.seen == [False] * 6


def test_packed_sequences_are_one_input() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            self.lstm = nn.LSTM(3, 2, rng=rng())

        def forward(self, steps: Any) -> Any:
            return self.lstm(steps)[1][0][-1]

    texts = [X[:3], X[3:4], X[4:9], X[9:11]]

    def packed(samples: Any) -> Any:
        return nn.pack_sequence(samples, enforce_sorted=False)

    model = Last().to(np.float64)
    mine = Trainer(model, adam(model.parameters()), nn.MSELoss())
    alone = np.stack([model.lstm(x)[1][0][-1].numpy() for x in texts])
    for collate in (packed, lambda samples: (packed(samples), Y[: len(samples)])):
        out = mine.predict(DataLoader(texts, 3, collate=collate, prefetch=2))
        assert np.allclose(out, alone, rtol=1e-12, atol=0)


def test_step_may_be_overridden() -> None:
    class Autoencoder(Trainer):
        def step(self, batch: Any) -> Any:
            output = self.model(batch)
            return self.loss(output, batch), output, batch

    model = nn.Linear(3, 3, rng=rng()).to(np.float64)
    mine = Autoencoder(model, optim.SGD(model.parameters(), lr=0.1), nn.MSELoss())
    losses = mine.fit(DataLoader(X, 8), 30)["loss"]
    assert losses[-1] < 0.1 * losses[0]
    assert mine.evaluate(DataLoader(X, 5))["loss"] == pytest.approx(
        np.mean((model(X).numpy() - X) ** 2)
    )

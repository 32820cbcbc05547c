"""What a trainer refuses, by its whole text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import metrics, nn, optim
from fusegrad.data import Subset
from fusegrad.training import Trainer
from tests.ops_sample import refused
from tests.training_sample import (
    Told,
    X,
    Y,
    adam,
    held_out,
    loader,
    network,
    trainer,
)

MODEL = network()
LOSS = nn.CrossEntropyLoss()


def ragged() -> Any:
    return [(X[:3], Y[:3]), (np.ones((2, 4)), Y[:2])]


class Identity(nn.Module):
    def forward(self, x: Any) -> Any:
        return x


class Giving(Trainer):
    """Gives of its step what a function makes of it."""

    def __init__(self, give: Callable[..., Any]) -> None:
        model = network()
        super().__init__(model, adam(model.parameters()), LOSS)
        self.give = give

    def step(self, batch: Any) -> Any:
        return self.give(*super().step(batch))


PACKED = nn.pack_sequence([X[:3], X[:2]])
LOADER, WRAP = "Trainer: expected a loader, which gives batches, got", "pass a data.DataLoader"
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
    (lambda: trainer(metrics={"a": "f1"}), fg.DTypeError,
     f"Trainer: expected metrics, a dict of functions, got 'f1'; {EXAMPLE}"),
    (lambda: trainer(callbacks=None), fg.DTypeError,
     f"Trainer: expected callbacks, a list, got None; {EXAMPLE}"),
    (lambda: trainer(rngs=3), fg.DTypeError,
     f"Trainer: expected rngs, a dict of generators, got 3; {EXAMPLE}"),
    (lambda: trainer(rngs={"noise": 3}), fg.DTypeError,
     "rng: expected a numpy Generator, got 3; pass np.random.default_rng(0)"),
    (lambda: trainer(model=network(), make=lambda _: adam(MODEL.parameters())), fg.OptionError,
     "Trainer: expected an optimizer of this model's parameters, got one of others; build it "
     "with model.parameters()"),
    (lambda: trainer().fit(X, Y), fg.DTypeError, f"{LOADER} ndarray; {WRAP}"),
    (lambda: trainer().fit(None, 1), fg.DTypeError, f"{LOADER} NoneType; {WRAP}"),
    (lambda: trainer().fit(loader(), 1, loader().dataset), fg.DTypeError,
     f"{LOADER} TensorDataset; {WRAP}"),
    (lambda: trainer().evaluate(Subset(loader().dataset, [0, 1])), fg.DTypeError,
     f"{LOADER} Subset; {WRAP}"),
    (lambda: trainer().predict(X), fg.DTypeError, f"{LOADER} ndarray; {WRAP}"),
    (lambda: trainer().predict(fg.Tensor(X)), fg.DTypeError, f"{LOADER} Tensor; {WRAP}"),
    (lambda: Giving(lambda loss, output, target: loss).fit(loader(), 1), fg.DTypeError,
     "Trainer.step: expected (loss, output, target), got Tensor; return all three"),
    (lambda: Giving(lambda loss, output, target: (loss, output)).evaluate(loader()),
     fg.DTypeError,
     "Trainer.step: expected (loss, output, target), got 2 things; return all three"),
    (lambda: Giving(lambda loss, output, target: (loss, None, ())).fit(loader(), 1),
     fg.ShapeError,
     "Trainer: expected a target or an output, got neither; let step return one: its rows are "
     "counted"),
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
    (lambda: Trainer(Identity(), adam(MODEL.parameters()), LOSS).predict([(PACKED,)] * 2),
     fg.ShapeError,
     "Trainer: expected batches that can be joined, got packed sequences; pad with "
     "nn.pad_packed_sequence"),
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

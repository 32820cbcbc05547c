"""One network, trained: a plain loop that keeps the weights of the best validation loss."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import no_grad
from ..engine.ops.softmax import cross_entropy, softmax
from ..lens.record import Epoch, Run
from ..multimodal import BranchFlow, Multimodal
from ..multimodal.balance import Joint, Method
from ..optim import Optimizer
from ..tasks import Task, masks

OnEpoch = Callable[[Run, Epoch], None]


@dataclass
class Trainer:
    """A network, its optimizer and what it is trained on."""

    task: Task
    modalities: Sequence[str]
    network: Multimodal
    optimizer: Optimizer
    epochs: int
    batch_size: int
    rng: np.random.Generator
    interrupted: Callable[[], bool] = lambda: False
    method: Method = field(default_factory=Joint)

    def train(self, run: Run, on_epoch: OnEpoch) -> None:
        """Fill `run`, epoch by epoch, so that what was measured survives an interruption.

        A run whose validation loss was never finite diverged: it is not tested.
        """
        self.optimizer.prepare()  # a compiler's time is not training's
        began = time.perf_counter()
        with BranchFlow(self.network, self.optimizer) as flow:
            run.flow = flow.records
            state = self._epochs(run, on_epoch, began)
        if state:  # else no weights are worth a test
            self.network.load_state_dict(state)
            self._test(run)

    def _epochs(self, run: Run, on_epoch: OnEpoch, began: float) -> dict[str, Any]:
        """Train; gives the state of the lowest validation loss, none where all diverged."""
        run.start_loss = self.measure("train")[0]
        best, state = np.inf, dict[str, Any]()
        for number in range(1, self.epochs + 1):
            train_loss = self._epoch()
            loss, accuracy = self.measure("validation")
            if loss < best:
                best, state = loss, self.network.state_dict()
            run.epochs.append(Epoch(number, train_loss, loss, accuracy))
            run.seconds = time.perf_counter() - began
            on_epoch(run, run.epochs[-1])
        return state

    def _epoch(self) -> float:
        """One pass in a new order; the mean of the losses of its steps. Units: nats."""
        rows = self.rng.permutation(self.task.split["train"])
        self.network.train()
        losses = [
            self._step(rows[k : k + self.batch_size])
            for k in range(0, len(rows), self.batch_size)
        ]
        return float(
            np.average(
                losses,
                weights=[
                    min(self.batch_size, len(rows) - k)
                    for k in range(0, len(rows), self.batch_size)
                ],
            )
        )

    def _step(self, rows: np.ndarray) -> float:
        if self.interrupted():
            raise KeyboardInterrupt
        self.optimizer.zero_grad()
        inputs = self.task.inputs(rows, self.modalities)
        here = masks(self.task, rows, self.modalities)
        step = self.method.backward(self.network, inputs, self.task.labels[rows], here)
        self.optimizer.step()
        return float(step.loss)

    def measure(self, split: str) -> tuple[float, float]:
        """Loss (nats) and accuracy on a split, without dropout."""
        rows = self.task.split[split]
        logits = self.logits(rows)
        truth = self.task.labels[rows]
        accuracy = float(np.mean(np.argmax(logits, axis=1) == truth))
        return float(cross_entropy(logits, truth)), accuracy

    def logits(self, rows: np.ndarray) -> np.ndarray:
        """Logits on the host, (rows, classes)."""
        self.network.eval()
        here = masks(self.task, rows, self.modalities)
        with no_grad():
            return self.network(self.task.inputs(rows, self.modalities), here).numpy()

    def _test(self, run: Run) -> None:
        rows = self.task.split["test"]
        truth, predicted = self.task.labels[rows], np.argmax(self.logits(rows), axis=1)
        run.test_loss, run.test_accuracy = self.measure("test")
        run.right = (predicted == truth).tolist()
        counts = np.zeros((len(self.task.classes),) * 2, int)
        np.add.at(counts, (truth, predicted), 1)
        run.confusion = counts.tolist()

    def predictions(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """The predicted class of each row of a split, and the probability given to it."""
        p: Any = softmax(self.logits(self.task.split[split]))
        return np.argmax(p, axis=1), np.max(p, axis=1)

"""The loop: batches to losses, losses to gradients, gradients to steps, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..engine import NonFiniteError, Tensor
from ..kernels import DTypeError, OptionError
from ..nn import Module, PackedSequence
from ..optim import Averaged, Optimizer, clip_grad_norm_
from . import generators, snapshot
from .callbacks import Callback
from .given import check_fit, check_loader, check_parts, form, three
from .history import History
from .interrupt import noted_interrupt
from .passes import Metric, Pass, evaluating, joined, on_device, on_host


class Trainer:
    """A model trained: for every batch, loss(model(x), y), its gradients, and a step.

    A batch is a tuple (x, ..., y), of which the model gets all but the last, or a dict, of
    which it gets all but `target`, as a dict; `inputs_and_target` and `step` may be overridden
    for others. Arrays go to the device of the model. The loss is a mean over the rows. The
    averages of an `Averaged` are used where you ask: `with optimizer.applied(): evaluate`.

    metrics       functions of (outputs, targets) by name, of all rows of a pass together
    clip_norm     the largest norm of all gradients of a step
    callbacks     what is told of fits, epochs and batches; see `Callback`
    rngs          generators by name that are neither the model's nor a loader's, so that
                  checkpoints hold them

    >>> from fusegrad import data, nn, optim
    >>> x = np.linspace(-1.0, 1.0, 8)[:, None]
    >>> loader = data.DataLoader(data.TensorDataset(x, 3.0 * x), batch_size=4)
    >>> model = nn.Linear(1, 1, bias=False, rng=np.random.default_rng(0)).to(np.float64)
    >>> trainer = Trainer(model, optim.SGD(model.parameters(), lr=0.5), nn.MSELoss())
    >>> history = trainer.fit(loader, epochs=20)
    >>> len(history), round(model.weight.item(), 3), trainer.evaluate(loader)["loss"] < 1e-6
    (20, 3.0, True)
    """

    def __init__(
        self,
        model: Module,
        optimizer: Optimizer | Averaged,
        loss: Callable[[Any, Any], Tensor],
        *,
        metrics: Mapping[str, Metric] | None = None,
        target: str = "target",
        clip_norm: float | None = None,
        callbacks: Iterable[Callback] = (),
        rngs: Mapping[str, np.random.Generator] | None = None,
    ) -> None:
        metrics, rngs = {} if metrics is None else metrics, {} if rngs is None else rngs
        listeners = check_parts(model, optimizer, loss, metrics, callbacks, rngs)
        self.model, self.optimizer, self.loss = model, optimizer, loss
        self.metrics, self.target, self.clip_norm = dict(metrics), target, clip_norm
        self.callbacks = sorted(listeners, key=lambda c: c.last)
        self.history, self.epoch, self.epochs, self.stopped = History(), 0, 0, ""
        self.rngs, self.loaders = dict(rngs), dict[str, Any]()
        self.beside: dict[str, Module] = {}  # modules that are not the model's, for checkpoints
        self.resumed = False  # until fit goes on, and sets these:
        self.rng_states: dict[str, Any] = {}
        self._interrupted: Callable[[], bool] = lambda: False

    # ---- the loop -------------------------------------------------------------------------
    def fit(self, train: Iterable[Any], epochs: int, validation: Any = None) -> History:
        """Train until `epochs` epochs are done in all, those before `resume` included; gives
        the history. Each row holds the losses and metrics of training, as they were while the
        weights moved, and those of `validation`, if given, after it, as val_...

        Raises: NonFiniteError for a loss that is nan or inf, before it reaches the weights;
        KeyboardInterrupt after Ctrl-C, once the step is whole.
        """
        check_fit(train, epochs, validation)
        self.epochs, self.stopped = epochs, self.stopped if self.resumed else ""
        self.loaders = {"train": train, "validation": validation}
        generators.set_states(self.generators, self.rng_states)
        self.rng_states, self.resumed = {}, False
        try:
            self._tell("on_fit_start")
            with self._interruptible():
                while self.epoch < epochs and not self.stopped:
                    self._epoch(train, validation)
                    self._heed_interrupt()
        except KeyboardInterrupt:
            self._tell("on_interrupt")
            raise
        finally:
            self._tell("on_fit_end")
        return self.history

    def _epoch(self, train: Iterable[Any], validation: Any) -> None:
        self.model.train()
        self._tell("on_epoch_start")
        seen = Pass(self.metrics)
        for number, batch in enumerate(self._batches(train), 1):
            self.optimizer.zero_grad()
            value, output, target = self.gradients(batch, number)
            if self.clip_norm is not None:
                clip_grad_norm_(self.optimizer.param_groups, self.clip_norm)
            self.optimizer.step()
            seen.add(value, output, target)
            self._tell("on_batch_end", value)
        row = seen.figures()
        if validation is not None:
            row |= {f"val_{name}": x for name, x in self.evaluate(validation).items()}
        self.epoch += 1
        self.history.append({"epoch": self.epoch, **row})
        self._tell("on_epoch_end", self.history[-1])
        self._tell("on_epoch_done")

    def step(self, batch: Any) -> tuple[Tensor, Any, Any]:
        """The loss of a batch, the output of the model and the target: what to override where
        training is not loss(model(x), y)."""
        inputs, target = self.inputs_and_target(batch)
        if target is None:
            expected, got = f"a batch (x, ..., y), or a dict with {self.target!r}", form(batch)
            raise OptionError("Trainer", expected, got, "override step, or see target=")
        output = self.model(*inputs)
        return self.loss(output, target), output, target

    def gradients(self, batch: Any, number: int) -> tuple[float, Any, Any]:
        """Add the gradients of a batch, the number-th of its epoch, to those of the model;
        gives the loss, the output and the target. Override it where they are not one loss's.

        Raises: NonFiniteError before any gradient is added.
        """
        loss, output, target = three(self.step(batch))
        value = self._finite(loss, number)
        loss.backward()
        return value, output, target

    def inputs_and_target(self, batch: Any) -> tuple[tuple[Any, ...], Any]:
        """What the model gets of a batch, and what it is held against: None where the batch
        has no target, as an array, a packed sequence or a tuple of one have none."""
        if isinstance(batch, Mapping):
            rest = {name: x for name, x in batch.items() if name != self.target}
            return (rest,), batch.get(self.target)
        is_one = isinstance(batch, PackedSequence) or not isinstance(batch, (tuple, list))
        parts = (batch,) if is_one else tuple(batch)
        return (parts[:-1], parts[-1]) if len(parts) > 1 else (parts, None)

    # ---- without training -----------------------------------------------------------------
    def evaluate(self, loader: Iterable[Any]) -> dict[str, float]:
        """The loss and the metrics of all rows, in evaluation mode, without gradients."""
        seen = Pass(self.metrics)
        with evaluating(self.model):
            for batch in self._batches(loader):
                loss, output, target = three(self.step(batch))
                seen.add(float(loss), output, target)
        return seen.figures()

    def predict(self, loader: Iterable[Any]) -> Any:
        """The outputs of the model for all rows, in evaluation mode, as arrays on the host;
        targets are not looked at. A batch without one is a single array, a tuple of one, or a
        dict: of a longer tuple the last is always taken for the target."""
        with evaluating(self.model):
            outputs = [
                on_host(self.model(*self.inputs_and_target(batch)[0]))
                for batch in self._batches(loader)
            ]
        if not outputs:
            raise OptionError("Trainer.predict", "batches", "none", "give it rows")
        return joined(outputs)

    # ---- checkpoints ----------------------------------------------------------------------
    def save(self, path: str | Path) -> None:
        """Write the whole run to one safetensors file, or leave the old one."""
        snapshot.save(self, path)

    def resume(self, path: str | Path) -> Self:
        """Go on where `save` was called; gives the trainer itself. A run saved between two
        epochs continues to the last bit, dropout and shuffling included, when model, optimizer
        and loaders are built as they were; `fit` then sets the generators. One that had been
        stopped is over: the first `fit` gives its history, and only the next trains on.

        Raises: OptionError for another file or another optimizer, and what `load_state_dict`
        of the model raises; nothing is changed then.
        """
        snapshot.restore(self, path)
        return self

    # ---- around it ------------------------------------------------------------------------
    def stop(self, reason: str) -> None:
        """Let the epoch that runs be the last of this fit."""
        self.stopped = reason

    @property
    def is_last_epoch(self) -> bool:
        """Whether no epoch comes after those done."""
        return bool(self.stopped) or self.epoch >= self.epochs

    @property
    def generators(self) -> dict[str, np.random.Generator]:
        """All that the run draws from, by name."""
        return generators.of({"model": self.model, **self.beside}, self.loaders, self.rngs)

    def _tell(self, moment: str, *facts: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, moment)(self, *facts)

    def _batches(self, loader: Iterable[Any]) -> Iterator[Any]:
        """Batches where the model is; a Ctrl-C noted meanwhile is acted on between them."""
        check_loader(loader)
        device = next((p.device for p in self.model.parameters()), "cpu")
        for batch in loader:
            yield batch if device == "cpu" else on_device(batch, device)
            self._heed_interrupt()

    def _heed_interrupt(self) -> None:
        if self._interrupted():
            raise KeyboardInterrupt

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        before = self._interrupted
        with noted_interrupt() as self._interrupted:
            try:
                yield
            finally:
                self._interrupted = before

    def _finite(self, loss: Any, number: int) -> float:
        if not isinstance(loss, Tensor):
            repair = "compute it with the ops of fusegrad"
            raise DTypeError("Trainer", "a loss that is a Tensor", type(loss).__name__, repair)
        if not math.isfinite(value := float(loss)):
            where = f"Trainer, epoch {self.epoch + 1}, batch {number}"
            repair = "lower lr, pass clip_norm, or look for it with fg.detect_anomaly()"
            raise NonFiniteError(where, "a finite loss", str(value), repair)
        return value

"""What a trainer is given, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops.random import generator
from ..kernels import DTypeError, OptionError
from ..nn import Module
from ..optim import Averaged, Optimizer
from .callbacks import Callback


def check_parts(
    model: Any, optimizer: Any, loss: Any, metrics: Any, callbacks: Any, rngs: Any
) -> list[Callback]:
    """Refuse what cannot be trained, or with; classes are often given for their instances.
    Gives the callbacks as a list."""
    _demand("a model, a Module", model, Module)
    _demand("an optimizer", optimizer, (Optimizer, Averaged))
    _demand("a loss, a function of output and target", loss, Callable)
    _demand("metrics, a dict of functions", metrics, Mapping)
    _demand("callbacks, a list", callbacks, Iterable)
    _demand("rngs, a dict of generators", rngs, Mapping)
    listeners = list(callbacks)
    for callback in listeners:
        _demand("callbacks", callback, Callback)
    for metric in metrics.values():
        _demand("metrics, a dict of functions", metric, Callable)
    for rng in rngs.values():
        generator(rng)
    if taken := metrics.keys() & {"epoch", "loss"}:
        repair = "choose another name"
        raise OptionError("Trainer", "metrics of other names", min(taken), repair)
    _check_parameters(model, optimizer)
    return listeners


def _demand(expected: str, value: Any, kind: Any) -> None:
    if isinstance(value, type) or not isinstance(value, kind):
        got, repair = repr(value), "see the example of Trainer"
        if isinstance(value, type):
            got, repair = f"the class {value.__name__}", f"write {value.__name__}(...)"
        raise DTypeError("Trainer", expected, got, repair)


def _check_parameters(model: Module, optimizer: Optimizer | Averaged) -> None:
    """An optimizer that was built for another model would train that one."""
    mine = {id(p) for p in model.parameters()}
    moved = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if mine and not mine & moved:
        repair = "build it with model.parameters()"
        expected = "an optimizer of this model's parameters"
        raise OptionError("Trainer", expected, "one of others", repair)


def check_fit(train: Any, epochs: Any, validation: Any) -> None:
    """Loaders, and how often to go through the first."""
    check_loader(train)
    if validation is not None:
        check_loader(validation)
    if not isinstance(epochs, (int, np.integer)) or epochs < 1:
        got = f"epochs={epochs!r}"
        raise OptionError("Trainer.fit", "epochs, a number from 1 up", got, "count them")


def check_loader(loader: Any) -> None:
    """Refuse arrays and data sets: their rows would be taken for batches."""
    has_rows = isinstance(loader, (np.ndarray, Tensor)) or hasattr(loader, "takes_rows")
    if has_rows or not isinstance(loader, Iterable):
        got, repair = type(loader).__name__, "pass a data.DataLoader"
        raise DTypeError("Trainer", "a loader, which gives batches", got, repair)


def three(result: Any) -> tuple[Any, Any, Any]:
    """What `step` gave, if it is what it should be."""
    if not isinstance(result, tuple) or len(result) != 3:
        got = f"{len(result)} things" if isinstance(result, tuple) else type(result).__name__
        raise DTypeError("Trainer.step", "(loss, output, target)", got, "return all three")
    return result


def form(batch: Any) -> str:
    return f"a dict of {sorted(batch)}" if isinstance(batch, Mapping) else "no target"

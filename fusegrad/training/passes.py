"""One pass over batches: where they go, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import Tensor, no_grad
from ..engine.pytree import leaves, rebuilt, tree_map
from ..kernels import OptionError, ShapeError
from ..kernels.device import to_device
from ..metrics import Mean
from ..nn import Module, PackedSequence

Metric = Callable[[Any, Any], Any]


class Pass:
    """The mean loss of the rows of all batches, and metrics of all rows together: those that
    are no means over rows, as F1, would be wrong as means over batches.

    Holds outputs and targets on the host until the end where there are metrics.
    """

    def __init__(self, metrics: Mapping[str, Metric]) -> None:
        self.metrics, self.loss = metrics, Mean()
        self.outputs: list[Any] = []
        self.targets: list[Any] = []

    def add(self, loss: float, output: Any, target: Any) -> None:
        """One more batch."""
        self.loss.add(loss, rows_of(target if leaves(target) else output))
        if self.metrics:
            self.outputs.append(on_host(output))
            self.targets.append(on_host(target))

    def figures(self) -> dict[str, float]:
        """The loss, and every metric by its name. Raises: OptionError where no batch came, or
        a metric is no number."""
        if not self.loss.weight:
            repair = "pass a DataLoader, which can be gone through again, or more rows"
            raise OptionError("Trainer", "batches", "none", repair)
        row = {"loss": self.loss.value}
        if self.metrics:
            output, target = joined(self.outputs), joined(self.targets)
            for name, metric in self.metrics.items():
                row[name] = _number(name, metric(output, target))
        return row


def _number(name: str, value: Any) -> float:
    if np.size(value) != 1:
        got = f"shape {np.shape(value)}"
        raise OptionError(f"metric {name}", "a single number", got, "average it")
    return float(value)


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Evaluation mode without gradients in this block, then each module's mode as it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def rows_of(tree: Any) -> int:
    """How many rows the first array of a tree has; a single number is one row.

    Raises: ShapeError for a tree without any.
    """
    found = leaves(tree)
    if not found:
        expected, repair = "a target or an output", "let step return one: its rows are counted"
        raise ShapeError("Trainer", expected, "neither", repair)
    shape = found[0].shape if hasattr(found[0], "shape") else np.shape(found[0])
    return shape[0] if shape else 1


def on_device(tree: Any, device: str) -> Any:
    """The arrays and Tensors of a batch on a device; strings and other things as they are."""
    return tree_map(lambda x: _moved(x, device), tree)


def _moved(x: Any, device: str) -> Any:
    if isinstance(x, Tensor):
        return x if x.device == device else Tensor(to_device(x.data, device))
    is_array = hasattr(x, "dtype") and x.dtype.kind in "fiub"
    return to_device(x, device) if is_array else x


def on_host(tree: Any) -> Any:
    """The values of Tensors and arrays on the host."""
    return tree_map(lambda x: x.numpy() if isinstance(x, Tensor) else _moved(x, "cpu"), tree)


def joined(parts: Sequence[Any]) -> Any:
    """What all batches gave, one after the other, as one tree of arrays.

    Raises: ShapeError for arrays that differ in more than their rows, and packed sequences.
    """
    if len(parts) > 1 and _is_packed(parts[0]):
        expected, repair = "batches that can be joined", "pad with nn.pad_packed_sequence"
        raise ShapeError("Trainer", expected, "packed sequences", repair)
    columns = zip(*map(leaves, parts))
    return rebuilt(parts[0], [_concatenated(column) for column in columns])


def _is_packed(tree: Any) -> bool:
    parts = tree.values() if isinstance(tree, dict) else tree
    inner = isinstance(tree, (dict, list, tuple)) and any(map(_is_packed, parts))
    return inner or isinstance(tree, PackedSequence)


def _concatenated(parts: Sequence[Any]) -> Any:
    if isinstance(parts[0], list):  # of strings
        return [item for part in parts for item in part]
    arrays = [np.atleast_1d(part) for part in parts]
    other = next((a.shape for a in arrays if a.shape[1:] != arrays[0].shape[1:]), None)
    if other is not None:
        expected, got = "batches alike but for their rows", f"{arrays[0].shape} and {other}"
        raise ShapeError("Trainer", expected, got, "pad them to one length")
    return np.concatenate(arrays)

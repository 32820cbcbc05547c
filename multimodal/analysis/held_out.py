"""A network as it is, looked at on data it does not learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...engine import Tensor, no_grad
from ...kernels import DTypeError, OptionError
from ...kernels.device import to_device
from ...kernels.draws import noted
from ...nn import Module
from ...optim import Optimizer
from ..network import Multimodal
from .rows import take

Metric = Callable[[np.ndarray, Any], float]
Criterion = Callable[[Tensor, Any], Tensor]


def accuracy(logits: np.ndarray, target: Any) -> float:
    """The share of the rows whose largest logit is at the label; the first wins a tie.

    >>> accuracy(np.array([[0.0, 1.0], [2.0, 1.0]]), [1, 1])
    0.5
    """
    return float(np.mean(np.argmax(logits, axis=1) == on_host(target)))


@contextmanager
def evaluating(network: Multimodal) -> Iterator[None]:
    """Evaluation mode, and no watcher told; modes and watchers are as before when it ends."""
    modes = [(module, module.training) for module in network.modules()]
    watchers, network.on_features = network.on_features, []
    network.eval()
    try:
        yield
    finally:
        network.on_features = watchers
        for module, mode in modes:
            module.training = mode


@contextmanager
def looking(network: Multimodal) -> Iterator[None]:
    """Evaluation mode, nothing recorded."""
    with evaluating(network), no_grad():
        yield


@contextmanager
def untouched(module: Module) -> Iterator[None]:
    """Parameters, buffers, gradients and generators are as before when this ends."""
    held = [*module.parameters(), *module.buffers()]
    before = [(x, x.grad, x.version, x.numpy().copy()) for x in held]
    with noted() as states:
        try:
            yield
        finally:
            for x, grad, version, values in before:
                x.grad = grad
                if x.version != version:
                    x.assign_(values)
            for rng, state in states.values():
                rng.bit_generator.state = state


def features_of(network: Multimodal, inputs: Any, present: Any = None) -> dict[str, Any]:
    """The features of all branches, computed once, outside every graph."""
    with looking(network):
        return network.features_of(inputs, present)


def on_host(x: Any) -> np.ndarray:
    """An array or a Tensor of any device as a NumPy array."""
    return np.asarray(to_device(x.data if isinstance(x, Tensor) else x, "cpu"))


def masks_of(present: Mapping[str, Any] | None, rows: np.ndarray) -> dict[str, Any] | None:
    """The masks of some samples."""
    if present is None:
        return None
    return {
        n: None if mask is None else take(on_host(mask), rows) for n, mask in present.items()
    }


def demand_network(where: str, network: Any) -> None:
    """Raises: DTypeError for what is no multimodal network."""
    if not isinstance(network, Multimodal):
        expected, repair = "a multimodal network", "pass a FeatureFusionNet, say"
        raise DTypeError(where, expected, _kind(network), repair)


def demand_optimizer(where: str, optimizer: Any) -> None:
    """Raises: DTypeError for what is no optimizer."""
    if not isinstance(optimizer, Optimizer):
        repair = "pass the one whose step trains it"
        raise DTypeError(where, "an optimizer", _kind(optimizer), repair)


def _kind(value: Any) -> str:
    is_class = isinstance(value, type)
    return f"the class {value.__name__}" if is_class else type(value).__name__


def demand_modality(where: str, name: Any, names: list[str]) -> None:
    """Raises: OptionError for a name that no modality has."""
    if name not in names:
        expected, repair = f"a modality among {names}", "name one of these"
        raise OptionError(where, expected, repr(name), repair)

"""What the parameters of an estimator name: a network, and an optimizer for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .. import nn, optim
from ..kernels import DTypeError, OptionError, ShapeError
from ..training.passes import evaluating

NewNetwork = Callable[[int, int, np.random.Generator], nn.Module]
NewOptimizer = Callable[..., optim.Optimizer]

# fmt: off
ACTIVATIONS = {
    layer.__name__.lower(): layer
    for layer in (
        nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Tanh,
        nn.Sigmoid, nn.Identity,
    )
}
OPTIMIZERS = {
    rule.__name__.lower(): rule
    for rule in (
        optim.SGD, optim.Momentum, optim.Nesterov, optim.Adagrad, optim.AdaDelta, optim.RMSProp,
        optim.Adam, optim.AdaMax, optim.NAdam, optim.RAdam, optim.AdamW, optim.AMSGrad,
        optim.AdaBound, optim.Lion,
    )
}
# fmt: on


def perceptron(
    inputs: int,
    outputs: int,
    rng: np.random.Generator,
    *,
    hidden: Sequence[int],
    activation: str,
) -> nn.Module:
    """Linear layers, an activation after each but the last.

    Shapes: (N, inputs) -> (N, outputs).
    """
    *firsts, last = pairwise([inputs, *hidden, outputs])
    layers: list[nn.Module] = []
    for i, o in firsts:
        layers += [nn.Linear(i, o, rng=rng), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(*last, rng=rng))


def new_network(where: str, module: Any, hidden: Any, activation: Any) -> NewNetwork:
    """A function of (inputs, outputs, rng): the one given, or a perceptron of these sizes.

    Raises: OptionError for sizes that are no counts, or an unknown activation; DTypeError for a
    module that cannot be called.
    """
    if module is not None:
        if isinstance(module, nn.Module) or not callable(module):
            rule, repair = "module, a function of (inputs, outputs, rng)", "give what builds it"
            raise DTypeError(where, rule, type(module).__name__, repair)
        return module
    sizes = np.atleast_1d(hidden).tolist()
    for size in sizes:
        check_count(where, "hidden_layer_sizes", size)
    _check_name(where, "activation", activation, ACTIVATIONS)
    return partial(perceptron, hidden=tuple(sizes), activation=activation)


def checked(where: str, network: Any, shape: tuple[int, int], dtype: Any) -> nn.Module:
    """The network in this dtype. Raises: DTypeError for what is none, ShapeError for one of
    other widths."""
    if not isinstance(network, nn.Module):
        rule, repair = "module to give an nn.Module", "return the network"
        raise DTypeError(where, rule, type(network).__name__, repair)
    network.to(dtype)
    inputs, outputs = shape
    with evaluating(network):
        got = network(np.zeros((1, inputs), dtype)).shape
    if got != (1, outputs):
        rule = f"module to map (1, {inputs}) to (1, {outputs})"
        raise ShapeError(where, rule, str(got), "build it for these counts")
    return network


def new_optimizer(where: str, optimizer: Any, lr: Any, weight_decay: Any) -> NewOptimizer:
    """A function of parameters: the rule of this name, or the one given, with these settings
    where they are not None.

    Raises: OptionError for an unknown name.
    """
    if not callable(optimizer):
        _check_name(where, "optimizer", optimizer, OPTIMIZERS)
        optimizer = OPTIMIZERS[optimizer]
    settings = {"lr": lr, "weight_decay": weight_decay}
    return partial(optimizer, **{k: v for k, v in settings.items() if v is not None})


def check_settings(estimator: Any) -> None:
    """Raises: OptionError for counts below 1, and a fraction that is none."""
    where = type(estimator).__name__
    for name in ("batch_size", "max_epochs", "patience"):
        check_count(where, name, getattr(estimator, name))
    fraction = estimator.validation_fraction
    if not isinstance(fraction, float) or not 0 < fraction < 1:
        rule, repair = "validation_fraction between 0 and 1", "try 0.1"
        raise OptionError(where, rule, repr(fraction), repair)


def check_count(where: str, name: str, value: Any) -> None:
    """Raises: OptionError for what is no whole number from 1 up."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise OptionError(where, f"{name}, from 1 up", repr(value), "give a whole number")


def _check_name(where: str, what: str, name: Any, known: dict[str, Any]) -> None:
    if not isinstance(name, str) or name not in known:
        raise OptionError(where, f"{what} in {', '.join(known)}", repr(name), "choose one")

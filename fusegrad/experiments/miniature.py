"""Miniatures: small networks on made-up sets, trained for a fixed number of epochs.

All of them alike: float64; weights N(0, 2 / fan_in), biases 0; an encoder is one layer of
rectified units; batches of 50, in a new order every epoch. Nothing is chosen on the test rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .. import nn
from ..data.synthetic import Synthetic
from ..engine import Tensor, no_grad
from ..lens.outcome import Curve, Picture
from ..multimodal import DecisionFusionNet, Multimodal, SumLogits
from ..multimodal.balance import Joint, Method, Step
from ..multimodal.presence import Present
from ..optim import Optimizer

BATCH = 50
OnStep = Callable[[Step], None]
OnEpoch = Callable[[], None]


def layer(inputs: int, outputs: int, rng: np.random.Generator) -> nn.Linear:
    """A Linear in float64: weights N(0, 2 / inputs), bias 0."""
    made = nn.Linear(inputs, outputs, rng=rng)
    made.to(np.float64)
    made.weight.assign_(np.sqrt(2 / inputs) * rng.standard_normal((outputs, inputs)))
    made.bias.assign_(np.zeros(outputs))  # type: ignore[union-attr]
    return made


def encoder(inputs: int, hidden: int, rng: np.random.Generator) -> nn.Sequential:
    """One layer of rectified units."""
    return nn.Sequential(layer(inputs, hidden, rng), nn.ReLU())


def voting(
    data: Synthetic, names: Sequence[str], hidden: int, rng: np.random.Generator
) -> DecisionFusionNet:
    """An encoder with a linear head for each modality; the logits of the heads are added."""
    branches = {n: encoder(data.inputs[n].shape[1], hidden, rng) for n in names}
    heads = {n: layer(hidden, len(data.classes), rng) for n in names}
    return DecisionFusionNet(branches, heads, SumLogits(list(names)))


def redrawn(module: nn.Module, rng: np.random.Generator) -> nn.Module:
    """A module with all its Linear layers drawn as `layer` draws them."""
    module.to(np.float64)
    for part in module.modules():
        if isinstance(part, nn.Linear):
            out, into = part.weight.shape
            part.weight.assign_(np.sqrt(2 / into) * rng.standard_normal((out, into)))
            if part.bias is not None:
                part.bias.assign_(np.zeros(out))
    return module


def train(
    network: Multimodal,
    data: Synthetic,
    optimizer: Optimizer,
    epochs: int,
    rng: np.random.Generator,
    method: Method | None = None,
    on_step: OnStep | None = None,
    on_epoch: OnEpoch | None = None,
    masks: Callable[[int], Present] | None = None,
) -> None:
    """Train on the rows of the training split; a method of balance makes the gradients, and
    `masks(rows)` says what is there of each batch."""
    method = Joint() if method is None else method
    network.train()
    for _ in range(epochs):
        for rows in batches(data.split["train"], rng):
            optimizer.zero_grad()
            present = masks(len(rows)) if masks else None
            inputs, labels = chosen(network, data, rows), data.label[rows]
            step = method.backward(network, inputs, labels, present)
            if on_step:
                on_step(step)
            optimizer.step()
        if on_epoch:
            on_epoch()


def followed(
    network: Multimodal,
    data: Synthetic,
    optimizer: Optimizer,
    epochs: int,
    rng: np.random.Generator,
    method: Method | None = None,
) -> list[float]:
    """Train, and give the accuracy on the test rows after every epoch."""
    scores: list[float] = []

    def on_epoch() -> None:
        scores.append(accuracy(network, data))
        network.train()

    train(network, data, optimizer, epochs, rng, method, on_epoch=on_epoch)
    return scores


def learning(curves: Mapping[str, Sequence[Sequence[float]]], epochs: int) -> Picture:
    """Accuracy by epoch, each network's mean over its seeds."""
    lines = [Curve(name, [float(x) for x in np.mean(c, axis=0)]) for name, c in curves.items()]
    return Picture("Test accuracy", "epoch", list(range(1, epochs + 1)), lines)


def batches(rows: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """The rows in a new order, cut in batches."""
    order = rng.permutation(rows)
    return [order[k : k + BATCH] for k in range(0, len(order), BATCH)]


def chosen(network: Multimodal, data: Synthetic, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The inputs of the modalities that a network has."""
    return {name: data.inputs[name][rows] for name in network.branches}


def logits(network: Multimodal, data: Synthetic) -> np.ndarray:
    """The logits of the test rows."""
    network.eval()
    with no_grad():
        return network(chosen(network, data, data.split["test"])).numpy()


def accuracy(network: Multimodal, data: Synthetic) -> float:
    """The share of the test rows that the network gets right."""
    return right(logits(network, data), data)


def voices(network: Multimodal, data: Synthetic) -> dict[str, float]:
    """The accuracies of the unimodal heads on the test rows."""
    network.eval()
    with no_grad():
        out = network.outputs(chosen(network, data, data.split["test"]))
    return {name: right(z.numpy(), data) for name, z in out.unimodal.items()}


def right(scores: np.ndarray, data: Synthetic) -> float:
    """The share of the test rows whose highest score is the truth's."""
    return float(np.mean(scores.argmax(1) == data.label[data.split["test"]]))


def norms(branches: Mapping[str, nn.Module]) -> dict[str, float]:
    """The norm of the gradient over all parameters of each branch."""
    return {
        name: float(np.sqrt(sum(_square(p.grad) for p in branch.parameters())))
        for name, branch in branches.items()
    }


def _square(grad: Tensor | None) -> float:
    return 0.0 if grad is None else float((grad.numpy() ** 2).sum())

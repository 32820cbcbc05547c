"""What a factor on a branch's gradients does, by optimizer: Adam divides a constant one out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.data.synthetic import mini_compete
from fusegrad.multimodal import balance
from fusegrad.multimodal.balance.own import own_parameters, scale, set_aside

HIDDEN, EPOCHS, BATCH, FACTOR = 48, 3, 50, 0.25
NOTHING, SOMETHING = 1e-5, 1e-2  # relative changes of the final weights
OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "sgd": lambda params: optim.SGD(params, lr=0.01, momentum=0.9),
    "adam": lambda params: optim.Adam(params, lr=0.002),
}


class Constant(balance.Method):
    """Joint training with the gradients of one branch times a constant."""

    def __init__(self, name: str, factor: float) -> None:
        super().__init__()
        self.name, self.factor = name, factor

    def gradients(self, network: mm.Multimodal, *batch: Any) -> balance.Step:
        with set_aside(network.parameters()):
            step = super().gradients(network, *batch)
            scale(own_parameters(network)[self.name], self.factor)
        return step


class Total(mm.Decision):
    """Logits added."""

    def meet(self, features: dict[str, fg.Tensor], here: mm.Presence) -> fg.Tensor:
        first, *rest = features.values()
        return first + rest[0]


def layer(inputs: int, outputs: int, rng: np.random.Generator) -> nn.Linear:
    made = nn.Linear(inputs, outputs, rng=rng).to(np.float64)
    made.weight.assign_(rng.standard_normal((outputs, inputs)) * math.sqrt(2 / inputs))
    made.bias.assign_(np.zeros(outputs))
    return made


def trained(kind: str, method: balance.Method) -> np.ndarray:
    """The final weights, in one vector, of the setting with little noise."""
    data, rng = mini_compete(0, noise=0.34), np.random.default_rng(0)
    widths = {n: x.shape[1] for n, x in data.inputs.items()}
    branches = {n: nn.Sequential(layer(d, HIDDEN, rng), nn.ReLU()) for n, d in widths.items()}
    net = mm.DecisionFusionNet(
        branches, {n: layer(HIDDEN, 6, rng) for n in widths}, Total(["a", "v"])
    )
    optimizer = OPTIMIZERS[kind](net.parameters())
    for _ in range(EPOCHS):
        for rows in rng.permutation(data.split["train"]).reshape(-1, BATCH):
            optimizer.zero_grad()
            method.backward(net, {n: x[rows] for n, x in data.inputs.items()}, data.label[rows])
            optimizer.step()
    return np.concatenate([p.numpy().ravel() for p in net.parameters()])


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_constant_factor_moves_sgd_and_not_adam(kind: str) -> None:
    plain, scaled = trained(kind, balance.Joint()), trained(kind, Constant("a", FACTOR))
    change = np.linalg.norm(scaled - plain) / np.linalg.norm(plain)
    assert change >= SOMETHING if kind == "sgd" else 0 < change <= NOTHING


def test_a_factor_that_changes_moves_adam() -> None:
    plain, held = trained("adam", balance.Joint()), trained("adam", balance.OGM(0.8))
    assert np.linalg.norm(held - plain) / np.linalg.norm(plain) > SOMETHING

"""A network as one vector of parameters, and its training from there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..engine import no_grad
from ..nn import Module
from .networks import Loss
from .rivals import Rival


class Weights:
    """The parameters of a network as one vector, and the loss at any of its values."""

    def __init__(self, network: Module, loss: Loss) -> None:
        network.to(np.float64)
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.loss = loss
        self.size = sum(p.size for p in self.parameters)

    def read(self) -> np.ndarray:
        """A copy. Shapes: -> (P,)."""
        return np.concatenate([p.numpy().ravel() for p in self.parameters])

    def write(self, vector: np.ndarray) -> None:
        """Put values in place. Shapes: (P,)."""
        at = 0
        for p in self.parameters:
            p.assign_(vector[at : at + p.size].reshape(p.shape))
            at += p.size

    def value(self, vector: np.ndarray) -> float:
        """The loss there; nothing is recorded."""
        self.write(vector)
        with no_grad():
            return float(self.loss())


class Track(NamedTuple):
    """One trial: kept parameters (rows, P), and at every step the loss and whether all was
    finite (steps + 1,)."""

    kept: np.ndarray
    losses: np.ndarray
    finite: np.ndarray


def train(
    kind: Rival, weights: Weights, start: np.ndarray, lr: float, kept: np.ndarray
) -> Track:
    """A fresh optimizer from the start on, to the last of the steps that are kept."""
    weights.write(start)
    optimizer = kind(weights.parameters, lr=lr)
    points, losses, finite = [], [], []
    last, wanted = int(kept[-1]), set(kept.tolist())
    for t in range(last + 1):
        at = weights.read()
        points += [at] if t in wanted else []
        finite.append(bool(np.isfinite(at).all()))
        optimizer.zero_grad()
        loss = weights.loss()
        losses.append(float(loss))
        if t < last:
            loss.backward()
            optimizer.step()
    return Track(np.array(points), np.array(losses), np.array(finite))

"""A constant factor on one branch's gradients: it slows SGD, and Adam divides it out again.

Adam's step is m / sqrt(v): a factor k on all gradients of a branch is in both, and cancels but
for eps. To hold a branch back under Adam, the factor has to change from step to step.
"""

from __future__ import annotations

import numpy as np

from .. import optim
from ..data import synthetic
from ..lens.outcome import Finding, Table
from ..multimodal import Multimodal
from ..multimodal.balance import Step
from . import miniature

HIDDEN, FACTOR, EPOCHS, NOISE = 48, 0.25, 3, 0.34
LIMITS = {"SGD": (1e-2, np.inf), "Adam": (0.0, 1e-5)}


def modulation() -> tuple[Table, list[Finding]]:
    """How far the final weights move when a's encoder gets a quarter of its gradient."""
    data = synthetic.mini_compete(0, noise=NOISE)
    rows, findings = [], []
    for name in LIMITS:
        plain, scaled = (_weights(data, name, k) for k in (1.0, FACTOR))
        change = float(np.linalg.norm(scaled - plain) / np.linalg.norm(plain))
        rows.append([name, f"{change:.1e}"])
        text = f"change of the weights by a constant factor {FACTOR:g}, {name}"
        findings.append(Finding(text, change, LIMITS[name]))
    head = ("optimizer", "relative change of the final weights")
    return Table(f"Gradients of a's encoder times {FACTOR:g}, throughout", head, rows), findings


def _weights(data: synthetic.Synthetic, kind: str, factor: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    network = miniature.voting(data, ("a", "v"), HIDDEN, rng)
    optimizer = _optimizer(network, kind)

    def scale(_: Step) -> None:
        for p in network.branches["a"].parameters():
            if p.grad is not None:
                p.grad = p.grad * factor

    miniature.train(network, data, optimizer, EPOCHS, rng, on_step=scale)
    return np.concatenate([p.numpy().ravel() for p in network.parameters()])


def _optimizer(network: Multimodal, kind: str) -> optim.Optimizer:
    if kind == "SGD":
        return optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    return optim.Adam(network.parameters(), lr=0.002)

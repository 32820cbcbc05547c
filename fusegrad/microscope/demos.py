"""Small programs worth looking into, each recorded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import nn
from ..engine import Tensor
from ..engine.ops.softmax import cross_entropy
from ..multimodal import FeatureFusionNet
from ..multimodal.fusion import Concat
from ..optim import SGD, Adam
from .record import Trace
from .tracing import trace


def neuron() -> Trace:
    """One neuron learns AND: two weights, a bias, a sigmoid and Adam"""
    x = Tensor(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
    target = Tensor(np.array([0.0, 0.0, 0.0, 1.0]))
    w = Tensor(np.array([0.1, -0.2]), requires_grad=True, name="w")
    b = Tensor(0.0, requires_grad=True, name="b")
    adam = Adam([w, b], lr=0.1)
    with trace(title="One neuron learns AND", graphs=(0, 199)) as seen:
        for _ in range(200):
            adam.zero_grad()
            y = ((x * w).sum(axis=1) + b).sigmoid()
            ((y - target) ** 2).mean().backward()
            adam.step()
    return seen


def rosenbrock() -> Trace:
    """Adam in Rosenbrock's valley, 300 steps"""
    p = Tensor(np.array([-1.2, 1.0]), requires_grad=True, name="p")
    adam = Adam([p], lr=0.05)
    with trace(title="Adam in Rosenbrock's valley") as seen:
        for _ in range(300):
            adam.zero_grad()
            x, y = p[0], p[1]
            ((1 - x) ** 2 + 100 * (y - x * x) ** 2).backward()
            adam.step()
    return seen


def order() -> Trace:
    """a = 2, b = 3, c = a + b, d = a b, y = (c + d) + c d: why the way back has an order"""
    a = Tensor(2.0, requires_grad=True, name="a")
    b = Tensor(3.0, requires_grad=True, name="b")
    sgd = SGD([a, b], lr=0.001)
    with trace(title="Why the way back has an order") as seen:
        for _ in range(20):
            sgd.zero_grad()
            c, d = a + b, a * b
            ((c + d) + c * d).backward()
            sgd.step()
    return seen


def eps() -> Trace:
    """Gradients as small as eps: where formulas that are all called Adam part"""
    w = Tensor(0.0, requires_grad=True, name="w")
    adam = Adam([w], lr=0.001)
    with trace(title="When the gradient is as small as eps") as seen:
        for _ in range(50):
            adam.zero_grad()
            (w * 1e-8).backward()
            adam.step()
    return seen


def correction() -> Trace:
    """Rare gradients and beta2 = .999: what bias correction is for"""
    w = Tensor(1.0, requires_grad=True, name="w")
    adam = Adam([w], lr=0.01)
    with trace(title="What bias correction is for") as seen:
        for t in range(100):
            adam.zero_grad()
            (w * (1.0 if t % 10 == 0 else 0.1)).backward()
            adam.step()
    return seen


def branches() -> Trace:
    """Two branches, one error: a picture and a text meet, and share one gradient"""
    rng = np.random.default_rng(0)
    net = _two_branches(rng)
    adam = Adam(net.parameters(), lr=0.01)
    image, text = rng.normal(size=(32, 8)), 0.2 * rng.normal(size=(32, 6))
    inputs = {"image": Tensor(image), "text": Tensor(text)}
    labels = (image[:, 0] + text[:, 0] > 0).astype(int)
    with trace(title="Two branches, one error") as seen:
        for _ in range(60):
            adam.zero_grad()
            cross_entropy(net(inputs), labels).backward()
            adam.step()
    return seen


def _two_branches(rng: np.random.Generator) -> FeatureFusionNet:
    widths = {"image": 8, "text": 6}
    made = {n: nn.Sequential(nn.Linear(w, 4, rng=rng), nn.ReLU()) for n, w in widths.items()}
    fusion = Concat(dict.fromkeys(widths, 4))
    net = FeatureFusionNet(made, fusion, nn.Linear(8, 2, rng=rng))
    net.to(np.float64)
    return net


def diverged() -> Trace:
    """A step size that is too large: the run ends in nan, and the page says why"""
    x = Tensor(1.0, requires_grad=True, name="x")
    sgd = SGD([x], lr=1.2)
    with trace(title="A run that diverged", graphs=(0, 6)) as seen:
        for _ in range(60):
            sgd.zero_grad()
            (x**4).backward()
            sgd.step()
    return seen


DEMOS: dict[str, Callable[[], Trace]] = {
    made.__name__: made
    for made in (neuron, rosenbrock, order, eps, correction, branches, diverged)
}

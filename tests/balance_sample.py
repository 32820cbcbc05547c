"""What tests of balance share: small networks, batches, and one network derived by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal import balance

CLASSES, WIDTH, INPUTS = 3, 5, 4
LABELS = np.array([0, 1, 2, 0, 1, 2])
FUSIONS = ("concat", "gate", "sum", "mean", "hybrid", "early")
Grads = dict[str, np.ndarray]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def network(
    fusion: str = "concat", names: Sequence[str] = "ab", heads: bool = True, seed: int = 0
) -> mm.Multimodal:
    """Branches tanh(linear), in float64."""
    g = rng(seed)
    if fusion == "early":
        widths = dict.fromkeys(names, INPUTS)
        return mm.EarlyFusionNet(widths, _trunk(INPUTS * len(names), g)).to(np.float64)
    branches = {n: nn.Sequential(nn.Linear(INPUTS, WIDTH, rng=g), nn.Tanh()) for n in names}
    readers = {n: nn.Linear(WIDTH, CLASSES, rng=g) for n in names} if heads else {}
    if fusion == "mean":
        return mm.DecisionFusionNet(branches, readers).to(np.float64)
    widths = dict.fromkeys(names, WIDTH)
    made: dict[str, Callable[[], mm.Fusion]] = {
        "gate": lambda: mm.Gate(widths, rng=g),
        "sum": lambda: mm.Sum(widths),
    }
    meeting = made.get(fusion, lambda: mm.Concat(widths))()
    kind: Any = mm.HybridFusionNet if fusion == "hybrid" else mm.FeatureFusionNet
    head = nn.Linear(meeting.width, CLASSES, rng=g)
    return kind(branches, meeting, head, readers).to(np.float64)


def _trunk(width: int, g: np.random.Generator) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 6, rng=g), nn.Tanh(), nn.Linear(6, CLASSES, rng=g))


def inputs(names: Sequence[str] = "ab", rows: int = 6, seed: int = 1) -> dict[str, Any]:
    g = rng(seed)
    return {n: g.standard_normal((rows, INPUTS)) for n in names}


def made(name: str, **options: Any) -> balance.Method:
    """A method of the table."""
    more = {"rng": rng(5)} if name == "ogm-ge" else {}
    return balance.METHODS[name](**more, **options)


def grads(network: nn.Module) -> Grads:
    """Gradients by name; zeros where there is none."""
    return {
        n: np.zeros(p.shape) if p.grad is None else p.grad.numpy().copy()
        for n, p in network.named_parameters()
    }


def taken(method: balance.Method, net: mm.Multimodal, *batch: Any) -> tuple[Grads, Any]:
    """The gradients of one step from none, and the step."""
    net.zero_grad()
    step = method.backward(net, *batch)
    return grads(net), step


def agree(got: Grads, want: Grads, tolerance: float = 1e-12) -> None:
    assert got.keys() == want.keys()
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=0, atol=tolerance, err_msg=name)


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(z: np.ndarray, y: np.ndarray) -> float:
    return float(-np.log(softmax(z)[np.arange(len(y)), y]).mean())


class Hand:
    """The network of concatenation, in NumPy, gradients worked by hand.

    f_m = tanh(x_m W_m^T + b_m), z = [f_1 .. f_M] H^T + c, z_m = f_m V_m^T + d_m.
    """

    def __init__(
        self, net: mm.Multimodal, x: dict[str, Any], y: np.ndarray, here: Any = None
    ) -> None:
        self.p = {n: p.numpy().copy() for n, p in net.named_parameters()}
        self.names, self.x, self.y = list(x), x, y
        self.here = {n: np.ones(len(y), bool) for n in x} | dict(here or {})
        self.f = {n: self.feature(n) for n in x}

    def feature(self, m: str) -> np.ndarray:
        w, b = self.p[f"branches.{m}.0.weight"], self.p[f"branches.{m}.0.bias"]
        return np.where(self.here[m][:, None], np.tanh(self.x[m] @ w.T + b), 0.0)

    def part(self, m: str) -> np.ndarray:
        """H_m, the columns of H that read f_m."""
        k = self.names.index(m)
        return self.p["head.weight"][:, k * WIDTH : (k + 1) * WIDTH]

    def fused(self) -> np.ndarray:
        return sum(self.f[m] @ self.part(m).T for m in self.names) + self.p["head.bias"]

    def alone(self, m: str) -> np.ndarray:
        return self.f[m] @ self.p[f"heads.{m}.weight"].T + self.p[f"heads.{m}.bias"]

    def excess(self, z: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(p - y) / N in the rows, 0 in others."""
        e = softmax(z) - np.eye(CLASSES)[self.y]
        return np.where(rows[:, None], e, 0.0) / max(rows.sum(), 1)

    def zeros(self) -> Grads:
        return {n: np.zeros_like(p) for n, p in self.p.items()}

    def back(self, m: str, df: np.ndarray) -> Grads:
        """What df = dL/df_m gives the branch."""
        d = np.where(self.here[m][:, None], df * (1 - self.f[m] ** 2), 0.0)
        key = f"branches.{m}.0"
        return {**self.zeros(), f"{key}.weight": d.T @ self.x[m], f"{key}.bias": d.sum(0)}

    def of_fused(self) -> Grads:
        """Gradients of the fused loss."""
        e = self.excess(self.fused(), np.ones(len(self.y), bool))
        joined = np.concatenate([self.f[m] for m in self.names], axis=1)
        total = {**self.zeros(), "head.weight": e.T @ joined, "head.bias": e.sum(0)}
        return plus(total, *(self.back(m, e @ self.part(m)) for m in self.names))

    def of_head(self, m: str, branch: bool = True) -> Grads:
        """Gradients of L_m; of the head alone where it is a probe."""
        e = self.excess(self.alone(m), self.here[m])
        head = {
            **self.zeros(),
            f"heads.{m}.weight": e.T @ self.f[m],
            f"heads.{m}.bias": e.sum(0),
        }
        return plus(head, self.back(m, e @ self.p[f"heads.{m}.weight"])) if branch else head


def plus(*parts: Grads) -> Grads:
    return {n: np.sum([part[n] for part in parts], axis=0) for n in parts[0]}


def times(g: Grads, factor: float, prefix: str = "") -> Grads:
    """The gradients with a prefix times a factor."""
    return {n: x * factor if n.startswith(prefix) else x for n, x in g.items()}

"""BranchFlow: what reaches each branch where they meet, and how far it moves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...engine import Tensor
from ...kernels import DTypeError, reduce
from ...optim import Optimizer
from ..network import Multimodal


@dataclass
class FlowRecord:
    """One step, by branch: the gradient norm where branches meet, its share of all (shares sum
    to 1), and the size of the weight update over the size of the weights."""

    step: int
    norm: dict[str, float]
    share: dict[str, float]
    update: dict[str, float]


class BranchFlow:
    """Watches a network and its optimizer through their hooks; the training loop stays as it
    is.

        flow = BranchFlow(net, optimizer)
        ...train...
        flow.records[-1].share        # {"image": 0.31, "text": 0.69}

    A branch that no gradient reaches reads exactly 0. Where none reaches any, shares are equal.
    """

    def __init__(self, network: Multimodal, optimizer: Optimizer) -> None:
        _check("a multimodal network", network, Multimodal, "pass a FeatureFusionNet, say")
        _check("an optimizer", optimizer, Optimizer, "pass the one whose step trains it")
        self.network, self.records = network, list[FlowRecord]()
        self._features: dict[str, Tensor] = {}
        self._before: dict[str, list[Any]] = {}
        network.on_features.append(self._watch)
        self._removers = [
            lambda: network.on_features.remove(self._watch),
            optimizer.register_step_pre_hook(self._remember),
            optimizer.register_step_post_hook(self._record),
        ]

    def __repr__(self) -> str:
        return f"BranchFlow({', '.join(self.network.branches)}; {len(self.records)} records)"

    def close(self) -> None:
        """Stop watching; the records stay."""
        while self._removers:
            self._removers.pop()()

    def _watch(self, features: dict[str, Tensor]) -> None:
        if self.network.training:
            self._features = {name: f.retain_grad() for name, f in features.items()}

    def _remember(self, _: Optimizer) -> None:
        self._before = {
            name: [p.data.copy() for p in branch.parameters()]
            for name, branch in self.network.branches.items()
        }

    def _record(self, _: Optimizer) -> None:
        norms = {name: self._norm(name) for name in self.network.branches}
        total = sum(norms.values())
        shares = {name: n / total if total else 1 / len(norms) for name, n in norms.items()}
        updates = {name: self._update_ratio(name) for name in self.network.branches}
        self.records.append(FlowRecord(len(self.records) + 1, norms, shares, updates))
        self._features, self._before = {}, {}

    def _norm(self, name: str) -> float:
        feature = self._features.get(name)
        return (
            reduce.norm(feature.grad.data)
            if feature is not None and (feature.grad is not None)
            else 0.0
        )

    def _update_ratio(self, name: str) -> float:
        before = self._before[name]
        now = [p.data for p in self.network.branches[name].parameters()]
        size = reduce.norm(*before) if before else 0.0
        return reduce.distance(now, before) / size if size else 0.0


def _check(expected: str, value: Any, kind: type, repair: str) -> None:
    if not isinstance(value, kind):
        got = f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
        raise DTypeError("BranchFlow", expected, got, repair)

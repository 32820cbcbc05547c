"""How the gradient divides between the branches of fused networks that train in a recording."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..kernels import FusegradError
from ..multimodal import BranchFlow, FlowRecord, Multimodal
from ..nn import Module
from ..optim import Optimizer


class Flows:
    """Puts a `BranchFlow` on every fused network once its optimizer is known: from the second
    step on."""

    def __init__(self) -> None:
        self.flows: dict[int, BranchFlow] = {}
        self.optimizers: list[Optimizer] = []

    @property
    def records(self) -> list[FlowRecord]:
        """The records of the first fused network."""
        return next((flow.records for flow in self.flows.values()), [])

    def stepped(self, optimizer: Optimizer) -> None:
        """Remember who trains."""
        if not any(optimizer is known for known in self.optimizers):
            self.optimizers.append(optimizer)

    def begins(self, module: Module) -> None:
        """A forward pass begins: watch it, if it is one of a fused network that learns."""
        if not isinstance(module, Multimodal) or id(module) in self.flows:
            return
        held = {id(p) for p in module.parameters()}
        for optimizer in self.optimizers:
            trained = (p for group in optimizer.param_groups for p in group["params"])
            if any(id(p) in held for p in trained):
                with suppress(FusegradError):  # of a kind that has no branches to compare
                    self.flows[id(module)] = BranchFlow(module, optimizer, every=1)
                return

    def ended(self, module: Module) -> None:
        """Nothing is to be done when a module has ended."""

    def close(self) -> None:
        """Stop watching; the records stay."""
        for flow in self.flows.values():
            flow.close()


def weakest(records: list[FlowRecord]) -> tuple[str, float] | None:
    """The branch with the smallest mean share of the gradient, and that share."""
    if not records:
        return None
    names = list(records[0].share)
    means = {n: sum(r.share[n] for r in records) / len(records) for n in names}
    name = min(means, key=means.__getitem__)
    return name, means[name]


def silent(records: list[FlowRecord]) -> list[str]:
    """The branches that no gradient reached in any step."""
    if not records:
        return []
    return [name for name in records[0].norm if all(r.norm[name] == 0 for r in records)]


def says(records: list[FlowRecord]) -> str:
    """Who is taught least, in a sentence; a branch that nothing reaches is detached."""
    cut = silent(records)
    if cut:
        return f"detached at {', '.join(cut)}: no gradient of the loss reaches it."
    found = weakest(records)
    if found is None:
        return ""
    return f"weakest branch: {found[0]}, {found[1]:.0%} of the gradient where branches meet."


def flow_book(records: list[FlowRecord]) -> dict[str, Any] | None:
    """All records as plain values."""
    if not records:
        return None
    return {"says": says(records), "steps": [plain(record) for record in records]}


def plain(record: FlowRecord) -> dict[str, Any]:
    kept = ("norm", "share", "update", "gradient", "dead", "between")
    return {"step": record.step, **{name: getattr(record, name) for name in kept}}

"""BranchFlow: what reaches each branch where they meet, and how far it moves them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from types import TracebackType
from typing import Any, Self

from ...engine import Tensor
from ...engine.mode import is_recording
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...nn import Module
from ...optim import Optimizer
from ..network import Multimodal, Outputs
from .arrivals import Arrivals, opened
from .flow_record import FlowRecord
from .held_out import Criterion, demand_network, demand_optimizer
from .measures import cosine, gradient_norm, shares
from .movement import Movement
from .unimodal_gradients import UnimodalGradients

REREAD = 16  # records after which the parameters of branches are looked for anew

EVERY = 2  # steps; each costs 10 to 16 % of one of 3 ms (`benchmarks/branch_flow.py`)


class BranchFlow:
    """Watches a network and its optimizer through their hooks; the training loop stays as it
    is.

        with BranchFlow(net, optimizer) as flow:
            ...train...
        flow.records[-1].share        # {"image": 0.31, "text": 0.69}
        print(flow.table())

    Every `every`-th step is measured, from the first on, and leaves a `FlowRecord`: every
    second by default, which keeps the cost under a tenth of a short step. A branch
    that no gradient reaches reads exactly 0 and stands in `silent`; where none reaches any,
    shares are equal. A branch without parameters, as of early fusion, is read too: its input
    is then asked for a gradient. Nothing that is trained or drawn changes.

    Layers that are exchanged inside a branch are noticed within 16 records. Of several forward
    passes in training mode before one step, the last that was recorded is read.

    Costs: without `compare` and without shared weights, no extra pass; `passes` counts the
    extra backward passes. Memory for one copy of the branches' weights.
    Raises: DTypeError for what is no network or optimizer, OptionError for `every` under 1.
    Source: the balance of branches as in Peng et al. 2022; no toolkit reports it.
    """

    def __init__(self, network: Multimodal, optimizer: Optimizer, every: int = EVERY) -> None:
        demand_network("BranchFlow", network)
        demand_optimizer("BranchFlow", optimizer)
        if not isinstance(every, int) or every < 1:
            raise OptionError("BranchFlow", "every of 1 or more", repr(every), "1 is each step")
        self.network, self.every = network, every
        self.records: list[FlowRecord] = []
        self.steps = self.passes = 0
        self._parameters: dict[str, list[Tensor]] = {}
        self._shared: dict[str, list[Tensor]] = {}
        self._read_at: tuple[int, ...] = ()
        self._arrivals, self._unimodal = Arrivals({}, {}), UnimodalGradients(network)
        self._movement = Movement()
        network.on_features.append(self._watch)
        self._removers = [
            lambda: network.on_features.remove(self._watch),
            optimizer.register_step_pre_hook(self._remember),
            optimizer.register_step_post_hook(self._record),
        ]

    def __repr__(self) -> str:
        found = f"{len(self.records)} records, {self.passes} extra passes"
        return f"BranchFlow({', '.join(self.network.branches)}; {found})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop watching; the records stay."""
        self._forget()
        while self._removers:
            self._removers.pop()()

    def table(self) -> str:
        """The last record as a table."""
        return str(self.records[-1]) if self.records else "no step yet"

    @property
    def is_due(self) -> bool:
        """Whether the step that comes will be measured."""
        return self.steps % self.every == 0

    def compare(
        self, outputs: Outputs, target: Any, criterion: Criterion = cross_entropy
    ) -> None:
        """Let the next record tell cos(gradient of the step, gradient of L_m) by branch.

        To be called between forward and backward, with what `network.outputs` gave; then the
        graph, and its dropout, are those of the step, and each branch costs one backward pass
        from its own loss L_m = criterion(logits of its head, target) over the rows that have
        the modality. Without a head, the logits are the network's with all other modalities
        absent, in evaluation mode. Where the step is not measured, nothing is done.
        """
        if self.is_due:
            at = self._arrivals
            at.is_paused = True
            try:
                self._unimodal.measure(outputs, target, criterion, self._read_parameters())
            finally:
                at.is_paused = False
            self.passes += len(self._unimodal.gradients)

    def _forget(self) -> None:
        """Let go of what belongs to one step."""
        self._arrivals.close()
        self._arrivals, self._unimodal = Arrivals({}, {}), UnimodalGradients(self.network)

    # ---- hooks ----------------------------------------------------------------------------
    def _watch(self, features: dict[str, Any]) -> None:
        if self.network.training and self.is_due and is_recording():
            self._arrivals.close()
            held = self._read_parameters()
            features.update({n: opened(f) for n, f in features.items() if not held[n]})
            self._arrivals = Arrivals(features, self._shared)

    def _remember(self, _: Optimizer) -> None:
        if self.is_due:
            self._movement.begin(self._read_parameters())

    def _record(self, _: Optimizer) -> None:
        if self.is_due:
            self.records.append(self._measured())
            self._forget()
        self.steps += 1

    # ---- measuring ------------------------------------------------------------------------
    def _measured(self) -> FlowRecord:
        at, names, held = self._arrivals, list(self.network.branches), self._read_parameters()
        sizes, moves = self._movement.end(held)
        norms = {n: at.norm(n) for n in names}
        pulls = {n: gradient_norm(held[n]) for n in names}
        extra = at.passes + len(self._unimodal.gradients)
        self.passes += at.passes
        return FlowRecord(
            self.steps + 1,
            norms,
            shares(norms),
            {n: moves[n] / sizes[n] if sizes[n] else 0.0 for n in names},
            {n: pulls[n] / sizes[n] if sizes[n] else 0.0 for n in names},
            shares(pulls),
            shares(moves),
            {n: at.dead(n) for n in names},
            self._unimodal.agreement(held),
            self._unimodal.by,
            self._between(),
            extra,
        )

    def _between(self) -> dict[str, float | None]:
        sent, pairs = self._arrivals.sent, combinations(self.network.branches, 2)
        found: dict[str, float | None] = {}
        for a, b in pairs:
            both = [p for p in sent.get(a, {}) if p in sent.get(b, {})]
            sides = [[sent[n][p] for p in both] for n in (a, b)] if both else [[], []]
            found[f"{a} & {b}"] = cosine(*sides)
        return found

    def _read_parameters(self) -> dict[str, list[Tensor]]:
        """The parameters of every branch; read anew for another branch, and now and then."""
        branches = self.network.branches
        key = (len(self.records) // REREAD, *map(id, branches.values()))
        if key != self._read_at:
            self._parameters = {name: list(b.parameters()) for name, b in branches.items()}
            self._shared = shared(self._parameters, self.network.heads)
            self._read_at = key
        return self._parameters


def shared(
    held: Mapping[str, list[Tensor]], heads: Mapping[str, Module]
) -> dict[str, list[Tensor]]:
    """By modality, the trained parameters of branch and head that another one holds too."""
    below = {n: [*ps, *heads[n].parameters()] if n in heads else ps for n, ps in held.items()}
    ids = {n: {id(p) for p in ps} for n, ps in below.items()}
    others = {n: set().union(*(s for m, s in ids.items() if m != n)) for n in ids}
    return {
        n: [p for p in ps if p.requires_grad and id(p) in others[n]] for n, ps in below.items()
    }

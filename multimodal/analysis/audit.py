"""Audit: is all that reaches the loss trained, and all that is trained reached?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.mode import recording, watching
from ...engine.ops.softmax import cross_entropy
from ...kernels import GraphError, OptionError
from ...nn import Module
from ...optim import Optimizer
from ..network import Inputs, Multimodal, Outputs
from ..presence import Present
from .findings import KINDS, Evidence, Finding, findings
from .graph_walk import Aliases, Reached
from .held_out import Criterion, demand_network, demand_optimizer, evaluating
from .rows import count, demand_rows
from .sample_mix import mixes
from .table import Record

Objective = Callable[[Outputs, Any], Tensor]
NOTE = "evaluation mode: what dropout and batch norms do in training is not judged"


@dataclass(frozen=True)
class Audit(Record):
    """What was found wrong; nothing where `passed`."""

    findings: tuple[Finding, ...]
    checked: int  # parameters of network and optimizer
    note: str = NOTE

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def check(self) -> None:
        """Raises: GraphError with all findings, where there are some."""
        if self.findings:
            got = "; ".join(map(str, self.findings))
            raise GraphError("audit", "a sound network", got, "see audit.findings")

    def __str__(self) -> str:
        """One line a finding."""
        end = f"{len(self.findings)} findings, {self.checked} parameters checked ({self.note})"
        return "\n".join([*map(str, self.findings), end])


def audit(
    network: Multimodal,
    optimizer: Optimizer,
    inputs: Inputs,
    target: Any,
    *,
    criterion: Criterion = cross_entropy,
    objective: Objective | None = None,
    present: Present | None = None,
    frozen: Iterable[Any] = (),
    ignore: Sequence[str] = (),
) -> Audit:
    """Walk back from the loss of one batch, and hold what is found against the parameters of
    the network and of the optimizer. Values, gradients, modes and generators stay as they are.

        unregistered  a tensor that requires a gradient reaches the loss and is no parameter of
                      the network: a list-held factor, say
        detached      no gradient path leads from the fused logits to the feature of a branch
        untrained     a parameter that is to learn reaches the loss; the optimizer lacks it
        unreached     a parameter that no path leads to
        stray         the optimizer trains what is no parameter of the network: a copy, say
        frozen        a parameter asks for no gradient, and `frozen` does not name it
        alias         an op reads the values of a parameter past its gradient
        mix           samples of a batch act on each other

    The loss is `criterion(logits, target)`, and that of every unimodal head;
    `objective(outputs, target)` where it is another. `frozen` names what is not to learn, as is
    or with all below (`branches.image`), or holds parameters and modules. `ignore` are kinds
    not to look for, as mix where samples are nodes of a graph. A second pass takes each
    modality away from some rows, so that what stands in for it is reached.

    Raises: OptionError for a batch of one row, an unknown name or kind; DTypeError for what is
    no network or optimizer.
    """
    demand_network("audit", network)
    rows = _demand(optimizer, inputs, target, ignore)
    named = dict(network.named_parameters())
    aliases = Aliases(named.items())
    goal = objective or (lambda out, t: _losses(out, t, criterion))
    with evaluating(network), recording(True):
        with watching(aliases):
            out = network.outputs(inputs, present)
        fused = Reached([out.logits])
        reached = Reached([goal(out, target)]) | _with_absent(
            network, inputs, target, goal, rows
        )
        mixed = [] if "mix" in ignore else list(mixes(network, inputs, rows))
    declared = _declared(network, named, frozen)
    theirs = [p for group in optimizer.param_groups for p in group["params"]]
    known = _own_leaves(inputs, target, objective or criterion)
    evidence = Evidence(network, named, theirs, out, fused, reached, declared, known)
    found = [f for f in findings(evidence, aliases.found, mixed) if f.kind not in ignore]
    both = {id(p) for p in [*named.values(), *theirs]}
    return Audit(tuple(found), len(both))


def _demand(optimizer: Any, inputs: Inputs, target: Any, ignore: Sequence[str]) -> int:
    demand_optimizer("audit", optimizer)
    if unknown := [kind for kind in ignore if kind not in KINDS]:
        expected = f"kinds among {', '.join(KINDS)}"
        raise OptionError("audit, ignore", expected, str(unknown), "choose among these")
    rows = count(target)
    if rows < 2:
        raise OptionError("audit", "2 rows or more", str(rows), "one alone mixes with nothing")
    demand_rows("audit", inputs, rows)
    return rows


def _losses(out: Outputs, target: Any, criterion: Criterion) -> Tensor:
    loss = criterion(out.logits, target)
    for logits in out.unimodal.values():
        loss = loss + criterion(logits, target)
    return loss


def _with_absent(
    network: Multimodal, inputs: Inputs, target: Any, goal: Objective, rows: int
) -> Reached:
    """What is reached where row k lacks modality k: what stands in for it, too."""
    names = [name for name in network.branches if name in inputs]
    if len(names) < 2:
        return Reached([])
    lacking = np.arange(rows) % (len(names) + 1)
    present = {name: lacking != k for k, name in enumerate(names)}
    return Reached([goal(network.outputs(inputs, present), target)])


def _declared(
    network: Multimodal, named: Mapping[str, Tensor], frozen: Iterable[Any]
) -> set[int]:
    """The parameters that are declared not to learn."""
    ids: set[int] = set()
    for given in [frozen] if isinstance(frozen, (str, Module, Tensor)) else frozen:
        if isinstance(given, Module):
            held: list[Tensor] = list(given.parameters())
        elif isinstance(given, Tensor):
            held = [given]
        else:
            held = [p for n, p in _all_names(network) if f"{n}.".startswith(f"{given}.")]
        if not held:
            expected = f"names among {', '.join(named)}, or what they begin with"
            raise OptionError(
                "audit, frozen", expected, repr(given), "name what is not to learn"
            )
        ids |= set(map(id, held))
    return ids


def _all_names(network: Multimodal) -> list[tuple[str, Tensor]]:
    return [*network.named_parameters(remove_duplicate=False)]


def _own_leaves(inputs: Inputs, target: Any, loss: Any) -> set[int]:
    """Leaves that may reach the loss without being the network's: the data's, the loss's."""
    parts = [
        p for x in [*inputs.values(), target] for p in (x if isinstance(x, tuple) else [x])
    ]
    held = list(loss.parameters()) if isinstance(loss, Module) else []
    return {id(x) for x in [*parts, *held] if isinstance(x, Tensor)}

"""What one step did to each branch, as figures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from .table import Record, aligned, figure

SIZES = ("norm", "share", "|g|/|w|", "grad share", "|dw|/|w|", "update share", "dead units")
HEAD = ("branch", *SIZES, "cos unimodal")


@dataclass(frozen=True)
class FlowRecord(Record):
    """One step, by branch.

    norm            |dL/df_m| at the fusion point
    share           of the norms of all branches; the shares sum to 1
    update          |change of the weights of the branch| / |its weights|, after the optimizer
    gradient        |gradient of its weights| / |its weights|
    gradient_share  of the gradient norms of all branches' weights
    update_share    of the sizes of all branches' changes: what the optimizer made of it
    dead            the part of its units that were 0 for all samples and passed nothing back
    agreement       cos(gradient of the step, gradient of its unimodal loss), where compared
    by              how that loss was made: "head", or "others absent"
    between         by "a & b", cos of what a and b each send to the weights that they share;
                    None where they share none
    passes          how many backward passes this record cost beyond the step's own
    """

    step: int
    norm: dict[str, float]
    share: dict[str, float]
    update: dict[str, float]
    gradient: dict[str, float] = field(default_factory=dict)
    gradient_share: dict[str, float] = field(default_factory=dict)
    update_share: dict[str, float] = field(default_factory=dict)
    dead: dict[str, float] = field(default_factory=dict)
    agreement: dict[str, float | None] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    between: dict[str, float | None] = field(default_factory=dict)
    passes: int = 0

    @property
    def total(self) -> float:
        """The sum of the norms: share times total is norm again, but for the last bit."""
        return math.fsum(self.norm.values())

    @property
    def silent(self) -> list[str]:
        """The branches that no gradient reached: exactly 0."""
        return [name for name, norm in self.norm.items() if norm == 0]

    def __str__(self) -> str:
        lines = [f"step {self.step}", aligned(HEAD, [self._row(name) for name in self.norm])]
        if self.silent:
            lines.append(f"no gradient reaches {', '.join(self.silent)}")
        for pair, cosine in self.between.items():
            if cosine is not None:
                lines.append(f"on weights that {pair} share: cosine {figure(cosine)}")
        if self.by:
            made = ", ".join(f"{name} by {how}" for name, how in self.by.items())
            lines.append(f"unimodal losses: {made}")
        lines.append(f"{self.passes} extra backward passes")
        return "\n".join(lines)

    def _row(self, name: str) -> list[str]:
        pulls, moves = (self.gradient, self.gradient_share), (self.update, self.update_share)
        columns = (self.norm, self.share, *pulls, *moves, self.dead)
        found = [figure(column.get(name)) for column in columns]
        return [name, *found, figure(self.agreement.get(name))]

"""Some ops of a pass as a pass of their own, numbered anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from .passes import Leaf, Pass, Source

LEFT_OUT = "not kept"


class Part:
    """Ops of a pass, with all that they read, on their way to another one."""

    def __init__(self, whole: Pass, kept: Sequence[int]) -> None:
        self.whole, self.now = whole, Pass(whole.number, left_out=whole.left_out)
        self.at = {Source("op", k): Source("op", new) for new, k in enumerate(kept)}
        for k in kept:
            op = whole.ops[k]
            self.now.ops.append(replace(op, inputs=tuple(map(self.to, op.inputs))))

    def to(self, source: Source) -> Source:
        """Where something is now; leaves and constants come along when first asked for, and of
        an op that does not come, its value."""
        if source not in self.at:
            held = self.now.leaves if source.kind == "leaf" else self.now.constants
            kind: Literal["leaf", "constant"] = "leaf" if source.kind == "leaf" else "constant"
            self.at[source] = Source(kind, len(held))
            held.append(self._from_outside(source))
        return self.at[source]

    def _from_outside(self, source: Source) -> Leaf:
        if source.kind == "op":
            op = self.whole.ops[source.number]
            return Leaf(f"{op.op}, {LEFT_OUT}", op.value, False)
        held = self.whole.leaves if source.kind == "leaf" else self.whole.constants
        return held[source.number]

    def with_way_back(self) -> Pass:
        """The part, and the way back through it."""
        whole, now = self.whole, self.now
        now.pulls = [
            p._replace(op=self.to(Source("op", p.op)).number, source=self.to(p.source))
            for p in whole.pulls
        ]
        now.roots = [(self.to(Source("op", k)).number, g) for k, g in whole.roots]
        now.changes = [c._replace(source=self.to(c.source)) for c in whole.changes]
        return now

"""Some ops of a pass as a pass of their own, numbered anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .passes import Pass, Source


class Part:
    """Ops of a pass, with all that they read, on their way to another one. `kept` holds, with
    an op, whatever it was computed from."""

    def __init__(self, whole: Pass, kept: Sequence[int]) -> None:
        self.whole, self.now = whole, Pass(whole.number, left_out=whole.left_out)
        self.at = {Source("op", k): Source("op", new) for new, k in enumerate(kept)}
        for k in kept:
            op = whole.ops[k]
            self.now.ops.append(replace(op, inputs=tuple(map(self.to, op.inputs))))

    def to(self, source: Source) -> Source:
        """Where something is now; a leaf or constant comes along when first asked for."""
        if source not in self.at:
            is_leaf = source.kind == "leaf"
            held = self.whole.leaves if is_leaf else self.whole.constants
            now = self.now.leaves if is_leaf else self.now.constants
            self.at[source] = Source(source.kind, len(now))
            now.append(held[source.number])
        return self.at[source]

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

"""Looks on at ops, modules and the way back, and writes down what it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import get_ident
from typing import Any
from weakref import ref

from ..engine.mode import MODE
from ..engine.op import Op
from ..engine.tape import Node
from ..kernels import OptionError
from ..nn import Module
from .around import around
from .back import Back
from .forward import Ops
from .known import reaching
from .names import Names
from .parts import Part
from .passes import Pass
from .wrong_order import wrong_order

LEAST = 256  # ops from which on those that nothing can go back through are forgotten


class Watcher:
    """Records one pass after another: a way back, and the ops that it goes through.

    A pass ends where an op runs after its way back, where the next one begins, where an
    optimizer steps, or with the recording. Ops of graphs that live on belong to the next pass
    too. Whoever stood in `MODE.watcher` before still sees everything.
    """

    def __init__(self, names: Names, wanted: frozenset[int]) -> None:
        self.names, self.wanted, self.count = names, wanted, 0
        self.running: list[tuple[Module, str, int]] = []
        self.calls = 0
        self.passes: list[Pass] = []
        self.thread, self.outer = get_ident(), MODE.watcher
        self._begin(Ops(names, Pass(0)))

    def _begin(self, ops: Ops) -> None:
        """Go on with the ops that a new pass begins with."""
        self.ops, self.back = ops, Back(ops)
        self.carried, self.limit = len(ops.now.ops), LEAST + 2 * len(ops.now.ops)
        self.walk: Callable[[], Any] = lambda: None
        self.cut = -1  # the number of the last node when old ops were left out

    # ---- passes ---------------------------------------------------------------------------
    @property
    def is_done(self) -> bool:
        """Whether no later pass is wanted."""
        return self.count > max(self.wanted, default=-1)

    def finish(self) -> None:
        """Close the pass that is running, if it went back."""
        if not self.back.began or get_ident() != self.thread:
            return
        self.back.finish()
        if self.count in self.wanted:
            self.passes.append(self._closed())
        self.count += 1
        if self.is_done:
            self.leave()
            self._begin(Ops(self.names, Pass(self.count)))
        else:
            self._begin(self.ops.part(self.ops.known.alive(), self.count))

    def _closed(self) -> Pass:
        """The pass, without what it was handed by earlier ones and did not go through."""
        now, known = self.ops.now, self.ops.known
        ends = {*range(self.carried, len(now.ops)), *(pull.op for pull in now.pulls)}
        ends |= {number for number, _ in now.roots}
        kept = sorted(reaching(now.ops, list(ends)), key=lambda k: known.made[k])
        one = Part(now, kept).with_way_back()
        one.wrong = wrong_order(one, self.back.again) if self.back.again else None
        return one

    # ---- its place in the line of watchers ------------------------------------------------
    def enter(self) -> None:
        MODE.set("watcher", self)

    def leave(self) -> None:
        """Step out of the line, wherever it stands in it."""
        if MODE.watcher is self:
            MODE.set("watcher", self.outer)
            return
        other = MODE.watcher
        while other is not None and getattr(other, "outer", None) is not self:
            other = getattr(other, "outer", None)
        if other is not None:
            other.outer = self.outer

    def close(self) -> None:
        """End the recording."""
        try:
            self.finish()
        finally:
            self.leave()
            self.wanted = frozenset()
            self._begin(Ops(self.names, Pass(self.count)))

    def check(self) -> None:
        """Refuse to look away. Raises: OptionError where another stands in its place."""
        other = MODE.watcher
        while other is not None and other is not self:
            other = getattr(other, "outer", None)
        if other is None and not self.is_done and get_ident() == self.thread:
            got, repair = "detect_anomaly in it", "put trace inside of detect_anomaly"
            raise OptionError("trace", "to see every op of its block", got, repair)

    # ---- modules --------------------------------------------------------------------------
    def begins(self, module: Module) -> None:
        if get_ident() != self.thread:
            return
        self.check()
        parent = self.running[-1][0] if self.running else None
        if parent is None:
            self.names.root(module)
        self.calls += 1
        self.running.append((module, self.names.step(parent, module), self.calls))

    def ended(self, module: Module) -> None:
        if get_ident() == self.thread:
            self.running.pop()

    # ---- ops ------------------------------------------------------------------------------
    def after_forward(
        self, op: Op, args: Sequence[Any], params: Any, y: Any, node: Node | None
    ) -> None:
        """Write down an op that a gradient may be asked of."""
        if node is not None and self._is_of_forward(node):
            self._make_room()
            if self.ops.has_room():
                scope = [(name, call) for _, name, call in self.running]
                self.ops.ran(args, params, y, node, scope)
            else:
                self.ops.now.left_out += 1
        if self.outer is not None:
            self.outer.after_forward(op, args, params, y, node)

    def _is_of_forward(self, node: Node) -> bool:
        """Whether an op is one more of this pass, or else of the next: on a way back, one that
        is to be differentiated itself is; what a hook or a checkpoint computes there is not."""
        if self.is_done or not (MODE.replaying or self.back.began):
            return not self.is_done
        walks, segment = around()
        if segment is not None:
            self.ops.known.add_again(node, segment)
            return False
        if walks:
            return walks[0].create_graph and walks[0] is self.walk()
        self.finish()
        return not self.is_done

    def _make_room(self) -> None:
        """Where it gets tight, forget the ops of graphs that are no more; then the oldest."""
        if self.back.began or not self.ops.is_due(self.limit):
            return
        kept, known = self.ops.known.alive(), self.ops.known
        newest = self.ops.newest(kept)
        is_cut = len(kept) > 0 and known.made[kept[0]] <= self.cut
        left_out = (self.ops.now.left_out if is_cut else 0) + len(kept) - len(newest)
        cut = known.made[-1] if len(newest) < len(kept) else self.cut
        carried = sum(k < self.carried for k in newest)
        self._begin(self.ops.part(newest, self.count))
        self.carried, self.cut, self.ops.now.left_out = carried, cut, left_out

    # ---- the way back ---------------------------------------------------------------------
    def before_vjps(self, node: Node) -> None:
        """Nothing is to be done before the vjps of a node."""
        if self.outer is not None:
            self.outer.before_vjps(node)

    def after_vjp(self, node: Node, i: int, g: Any, given: Any) -> None:
        """Write down one vjp."""
        if not self.is_done and self._is_of_this_way_back():
            self.back.pulled(node, i, g, given, self.walk().rows)
        if self.outer is not None:
            self.outer.after_vjp(node, i, g, given)

    def _is_of_this_way_back(self) -> bool:
        """Whether what runs is the way back of this pass, and none inside of it, as in a hook;
        where the one before is over, the next pass begins."""
        walks, known = around().walks, self.walk()
        if known is walks[0]:
            return True
        if any(walk is known for walk in walks):
            return False
        self.finish()
        self.walk = ref(walks[0])
        return not self.is_done

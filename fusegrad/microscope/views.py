"""A recorded graph as pictures to look into: a view for every module, with what lies directly
in it, and what it takes from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from .passes import Pass, Source

MOST = 500  # boxes of a picture; a larger graph is folded
WHOLE = 60  # up to here everything is shown at once
CHUNK = 40  # ops of a fold by number

Scope = tuple[tuple[str, int], ...]


@dataclass
class Item:
    """A box: an op, a leaf or a constant, or a scope with all that lies in it."""

    kind: str  # "op", "leaf", "constant", "scope", "outside"
    number: int  # of the op, leaf or constant; of a scope, its view
    title: str
    ops: tuple[int, ...] = ()


@dataclass
class View:
    """What is drawn together: boxes, and edges between them by number."""

    title: str
    above: int | None  # the view that this one lies in
    items: list[Item] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)


def views(one: Pass) -> list[View]:
    """Every view of a pass: of small ones the whole first, and then of each scope."""
    scopes = _scopes(one)
    inner = {scope[:k] for scope in scopes for k in range(len(scope) + 1)}
    order = sorted(inner, key=lambda s: (len(s), s))
    numbers = {scope: k for k, scope in enumerate(order)}
    found = [_view(one, scopes, scope, numbers) for scope in order]
    if len(order) > 1 and _size(one) <= MOST:
        flat: list[Scope] = [()] * len(one.ops)
        whole = _view(one, flat, (), {(): 0})
        whole.title = "everything"
        found.append(whole)
    return found


def first_view(one: Pass, found: Sequence[View]) -> int:
    """What is shown first: everything, where that is little; else the outermost modules."""
    return len(found) - 1 if _size(one) <= WHOLE else 0


def _size(one: Pass) -> int:
    return len(one.ops) + len(one.leaves)


def _scopes(one: Pass) -> list[Scope]:
    """Where each op lies; of a large graph without modules, by source line and number."""
    scopes: list[Scope] = [tuple(zip(op.scope, op.calls)) for op in one.ops]
    if _size(one) <= MOST or any(scopes):
        return scopes
    folded: list[Scope] = []
    for place, group in groupby(one.ops, key=lambda op: op.place):
        folded += [((place or "ops", len(folded)),)] * len(list(group))
    if len(set(folded)) <= MOST:
        return folded
    return [((f"ops {k // CHUNK * CHUNK} on", k // CHUNK),) for k in range(len(one.ops))]


def _view(one: Pass, scopes: Sequence[Scope], scope: Scope, numbers: dict[Scope, int]) -> View:
    title = scope[-1][0] if scope else "the whole program"
    view = View(title, numbers[scope[:-1]] if scope else None)
    boxes = _Boxes(view, one, scopes, scope, numbers)
    for number, op in enumerate(one.ops):
        target = boxes.of(Source("op", number))
        if target is None:
            continue
        for source in op.inputs:
            origin = boxes.inside(source, number)
            if origin is not None and origin != target:
                boxes.edge(origin, target)
    return view


class _Boxes:
    """The boxes of one view, made when they are first met."""

    def __init__(
        self,
        view: View,
        one: Pass,
        scopes: Sequence[Scope],
        scope: Scope,
        numbers: dict[Scope, int],
    ) -> None:
        self.view, self.one, self.scopes = view, one, scopes
        self.scope, self.numbers = scope, numbers
        self.at: dict[object, int] = {}

    def of(self, source: Source) -> int | None:
        """The box of an op that lies in this scope, or deeper; None for another."""
        depth, where = len(self.scope), self.scopes[source.number]
        if where[:depth] != self.scope:
            return None
        if len(where) == depth:
            op = self.one.ops[source.number]
            box = Item("op", source.number, op.op, (source.number,))
            return self._box(source, box)
        inner = where[: depth + 1]
        k = self._box(inner, Item("scope", self.numbers[inner], inner[-1][0]))
        item = self.view.items[k]
        if source.number not in item.ops:
            item.ops = (*item.ops, source.number)
        return k

    def inside(self, source: Source, user: int) -> int | None:
        """The box that an argument of an op comes from; parameters of a deeper scope stay in
        it, and so do numbers."""
        if source.kind == "op":
            found = self.of(source)
            return self._outside(source) if found is None else found
        if len(self.scopes[user]) > len(self.scope) and self._is_private(source):
            return None
        if source.kind == "leaf":
            leaf = self.one.leaves[source.number]
            return self._box(source, Item("leaf", source.number, leaf.name))
        return self._constant(source)

    def _constant(self, source: Source) -> int | None:
        """Arrays are drawn; numbers stand in the op that they belong to."""
        constant = self.one.constants[source.number]
        if not constant.value.shape:
            return None
        return self._box(source, Item("constant", source.number, constant.name or "data"))

    def _is_private(self, source: Source) -> bool:
        """Whether only deeper scopes of one box use it."""
        depth = len(self.scope) + 1
        users = {
            self.scopes[k][:depth] for k, op in enumerate(self.one.ops) if source in op.inputs
        }
        return len(users) == 1

    def _outside(self, source: Source) -> int:
        op = self.one.ops[source.number]
        title = f"from {'.'.join(op.scope) or op.op}"
        return self._box(source, Item("outside", source.number, title, (source.number,)))

    def _box(self, key: object, item: Item) -> int:
        if key not in self.at:
            self.at[key] = len(self.view.items)
            self.view.items.append(item)
        return self.at[key]

    def edge(self, origin: int, target: int) -> None:
        if (origin, target) not in self.view.edges:
            self.view.edges.append((origin, target))

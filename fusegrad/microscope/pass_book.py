"""A recorded pass as plain values, and its graph as pictures."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..lens.graph import Box, draw_graph
from .badge import Badge, badges, worst_of
from .passes import Leaf, Pass, Pull, Source, WrongOrder
from .seen import Seen
from .telling import name_of, shown
from .views import View, first_view, views

Gradients = Mapping[Source, np.ndarray]
Badges = Mapping[int, Badge]  # the worst of each op
MARKS = {"agrees": "checked", "differs": "wrong"}
SHOWN = 8  # elements of an array whose rest is left out


class Budget:
    """How many numbers of large arrays a page may still hold."""

    def __init__(self, left: int) -> None:
        self.left = left

    def book(self, x: Seen) -> dict[str, Any]:
        """An array: whole, as base64 of its bytes, or what sums it up."""
        head: dict[str, Any] = {"shape": list(x.shape)}
        if x.values is not None and (x.size <= SHOWN or x.size <= self.left):
            self.left -= x.size if x.size > SHOWN else 0
            kind = "<f4" if x.dtype in ("float32", "float16") else "<f8"
            values = np.ascontiguousarray(x.values, kind).tobytes()
            return {**head, "kind": kind[1:], "values": b64encode(values).decode()}
        ends = np.array([x.low, x.high, x.mean, x.norm], "<f8").tobytes()
        return {**head, "ends": b64encode(ends).decode(), "bad": x.not_finite}


def pass_book(one: Pass, budget: Budget, checked: bool) -> dict[str, Any]:
    """Everything of a pass; with the check of every op's gradient, or without."""
    found, grads, held = views(one), one.gradients(), _badges(one) if checked else {}
    return {
        "number": one.number,
        "ops": [_op(one, k, budget, held.get(k)) for k in range(len(one.ops))],
        "leaves": [_leaf(leaf, budget) for leaf in one.leaves],
        "constants": [_leaf(leaf, budget) for leaf in one.constants],
        "roots": [[number, budget.book(g)] for number, g in one.roots],
        "pulls": [_pull(pull, budget) for pull in one.pulls],
        "changes": [[list(c.source), budget.book(c.value)] for c in one.changes],
        "wrong": _wrong(one.wrong, budget),
        "views": [_drawn(one, view, grads, held) for view in found],
        "first": first_view(one, found),
        "leftOut": one.left_out,
        "trouble": trouble(one),
    }


def trouble(one: Pass) -> str:
    """The first op, forward or back, that made what is not finite of what was."""
    for k, op in enumerate(one.ops):
        if op.value.not_finite and not any(one.value(s).not_finite for s in op.inputs):
            return f"{op.op} {k + 1} is the first that is not finite: {shown(op.value)}."
    for pull in one.pulls:
        if pull.contribution.not_finite and not pull.upstream.not_finite:
            path = f"{one.ops[pull.op].op} {pull.op + 1} -> {name_of(one, pull.source)}"
            return f"On the way back, {path} is the first that is not finite."
    return ""


def _badges(one: Pass) -> dict[int, Badge]:
    found: dict[int, list[Badge]] = {}
    for badge in badges(one):
        found.setdefault(badge.op, []).append(badge)
    return {number: worst_of(some) for number, some in found.items()}


def _op(one: Pass, number: int, budget: Budget, badge: Badge | None) -> dict[str, Any]:
    op = one.ops[number]
    return {
        "op": op.op,
        "inputs": [list(source) for source in op.inputs],
        "names": list(op.names),
        "params": op.params,
        "scope": ".".join(op.scope),
        "place": op.place,
        "value": budget.book(op.value),
        "badge": None if badge is None else [badge.verdict, badge.text],
    }


def _leaf(leaf: Leaf, budget: Budget) -> dict[str, Any]:
    return {"name": leaf.name, "value": budget.book(leaf.value)}


def _pull(pull: Pull, budget: Budget) -> list[Any]:
    local = None if pull.local is None else budget.book(pull.local)
    ends = [budget.book(pull.upstream), local, pull.rule, budget.book(pull.contribution)]
    return [pull.op, pull.input, list(pull.source), *ends]


def _wrong(wrong: WrongOrder | None, budget: Budget) -> dict[str, Any] | None:
    if wrong is None:
        return None
    return {
        "pulls": [_pull(pull, budget) for pull in wrong.pulls],
        "leaves": {str(k): budget.book(g) for k, g in wrong.leaves.items()},
        "early": wrong.early,
    }


# ---- pictures -----------------------------------------------------------------------------
def _drawn(one: Pass, view: View, grads: Gradients, held: Badges) -> dict[str, Any]:
    boxes = list(_boxes(one, view, grads, held))
    return {
        "title": view.title,
        "above": view.above,
        "svg": draw_graph(boxes, view.edges, f"Graph: {view.title}"),
        "holds": {b.key: list(i.ops) for b, i in zip(boxes, view.items) if i.kind == "scope"},
    }


def _boxes(one: Pass, view: View, grads: Gradients, held: Badges) -> Iterator[Box]:
    for item in view.items:
        mark = _mark([held[k].verdict for k in item.ops if k in held])
        if item.kind == "scope":
            lines = [f"{len(item.ops)} op{'s' * (len(item.ops) != 1)}"]
            yield Box(f"scope{item.number}", "scope", item.title, lines, item.number, mark)
        else:
            kind = "op" if item.kind in ("op", "outside") else item.kind
            source = Source(kind, item.number)  # type: ignore[arg-type]
            lines = [_said("", one.value(source))]
            if (g := grads.get(source)) is not None:
                lines.append(f"grad {_numbers(g)}")
            yield Box(f"{kind}{item.number}", item.kind, item.title, lines, mark=mark)


def _mark(verdicts: Sequence[str]) -> str:
    """Of some ops: wrong if one is, checked if all are."""
    found = {MARKS.get(verdict, "") for verdict in verdicts}
    return "wrong" if "wrong" in found else found.pop() if len(found) == 1 else ""


def _said(head: str, x: Seen) -> str:
    if x.values is not None and x.size <= 2:
        return head + _numbers(x.values)
    return f"{head}{' × '.join(map(str, x.shape))}"


def _numbers(x: np.ndarray) -> str:
    x = np.asarray(x)
    if x.size > 2:
        return f"{' × '.join(map(str, x.shape))}"
    return ", ".join(f"{float(value):.4g}" for value in np.ravel(x))

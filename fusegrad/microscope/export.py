"""A recorded graph for other programs: as Graphviz text, and as a picture of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from ..kernels import OptionError
from ..lens.graph import alone
from .pass_book import Budget, pass_book
from .passes import Pass, Source
from .seen import seen
from .telling import shown

Gradients = Mapping[Source, np.ndarray]


def chosen(passes: list[Pass], number: int, where: str) -> Pass:
    """One of the recorded passes, in their order. Raises: OptionError where it is not there."""
    if number not in range(len(passes)):
        known = f"a recorded pass: 0 to {len(passes) - 1}" if passes else "a recorded pass"
        repair = "choose one of these" if passes else "go back inside of the block of trace"
        raise OptionError(where, known, str(number), repair)
    return passes[number]


def to_svg(one: Pass, view: str = "") -> str:
    """A view as a picture that needs no page: what is shown first, or the one of this title.

    Raises: OptionError for a view that is not there.
    """
    found = pass_book(one, Budget(0), checked=True)
    titles = [drawn["title"] for drawn in found["views"]]
    if view and view not in titles:
        known = ", ".join(dict.fromkeys(titles))
        raise OptionError("Trace.to_svg", f"a view: {known}", repr(view), "choose one of these")
    return alone(found["views"][titles.index(view) if view else found["first"]]["svg"])


# ---- Graphviz -----------------------------------------------------------------------------
def to_dot(one: Pass) -> str:
    """The whole graph: a node an op, parameter and array, a cluster a call of a module."""
    grads = one.gradients()
    lines = ["digraph fusegrad {", "  node [shape=box, fontname=sans];"]
    lines += _ops(one, range(len(one.ops)), 0, grads)
    lines += [_node(one, source, grads) for source in _ends(one)]
    return "\n".join([*lines, *_edges(one), "}", ""])


def _ops(one: Pass, ops: Iterable[int], depth: int, grads: Gradients) -> Iterator[str]:
    """Nodes of ops that share their scopes down to a depth, inner ones in clusters."""
    inner: dict[tuple[str, int], list[int]] = {}
    for k in ops:
        op = one.ops[k]
        if len(op.scope) == depth:
            yield "  " * depth + _node(one, Source("op", k), grads)
        else:
            inner.setdefault((op.scope[depth], op.calls[depth]), []).append(k)
    for (name, call), some in inner.items():
        yield f"{'  ' * depth}  subgraph cluster_{call} {{ label={_quoted(name)};"
        yield from _ops(one, some, depth + 1, grads)
        yield f"{'  ' * depth}  }}"


def _ends(one: Pass) -> list[Source]:
    """Parameters, and data that are arrays."""
    read = dict.fromkeys(source for op in one.ops for source in op.inputs)
    return [s for s in read if s.kind == "leaf" or (s.kind == "constant" and _is_array(one, s))]


def _is_array(one: Pass, source: Source) -> bool:
    return bool(one.value(source).shape)


def _node(one: Pass, source: Source, grads: Gradients) -> str:
    kind, number = source
    leaf = {"leaf": one.leaves, "constant": one.constants}.get(kind)
    name = f"{one.ops[number].op} {number + 1}" if leaf is None else leaf[number].name or "data"
    lines = [name, shown(one.value(source))]
    if source in grads:
        lines.append(f"grad {shown(seen(grads[source]))}")
    style = "" if kind == "op" else ", style=filled, fillcolor=gray95"
    return f"  {kind}{number} [label={_quoted(*lines)}{style}];"


def _edges(one: Pass) -> Iterator[str]:
    for k, op in enumerate(one.ops):
        for kind, number in dict.fromkeys(op.inputs):
            if kind != "constant" or _is_array(one, Source(kind, number)):
                yield f"  {kind}{number} -> op{k};"


def _quoted(*lines: str) -> str:
    """Lines of text as a string of Graphviz."""
    escaped = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'

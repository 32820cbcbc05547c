"""What a step table shows of a rule: its columns, found in the rule itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from ..kernels.node import Node, in_order
from ..kernels.notation import MATHML
from ..kernels.program import Program
from ..kernels.typeset import Writer


class Column(NamedTuple):
    """One quantity of a rule: its key, the node that computes it, symbol and formula in MathML
    (the formula is empty for what the rule is given)."""

    key: str
    node: Node
    symbol: str
    formula: str


@cache
def columns(program: Program) -> tuple[Column, ...]:
    """What a rule reads, what the host corrects by, what the author named, what the step is
    divided by, the step, and what comes of it."""
    writer = Writer(program, MATHML)
    given = [n for n in program.nodes if n.name == "element"]
    shown = {n: (n.value, writer.leaf(n), "") for n in given}
    shown |= {n: (key, symbol, writer.formula(n)) for n, key, symbol in _computed(program)}
    order = {"theta": 0, "g": 1}
    first = sorted(given, key=lambda n: order.get(n.value, 2 + n.number))
    rest = [n for n in in_order(tuple(shown)) if n in shown and n not in first]
    end = theta_after(program)
    rest = [n for n in rest if n is not end] + [end]
    return tuple(Column(shown[n][0], n, shown[n][1], shown[n][2]) for n in [*first, *rest])


def _computed(program: Program) -> Iterator[tuple[Node, str, str]]:
    writer = Writer(program, MATHML)
    for node in program.nodes:
        if node.name == "one_minus_power":
            base = node.args[0].value or "b"
            yield node, f"1-{base}^t", writer.formula(node)
    divisor, taken = denominator(program), step(program)
    for end, word in ((divisor, "denominator"), (taken, "step")):
        if end is not None and end not in program.named and not end.is_leaf:
            yield end, word, f"<mtext>{word}</mtext>"
    for node, name in program.named.items():
        yield node, f"{name}'" if name in program.inputs else name, writer.named(node, name)


def theta_after(program: Program) -> Node:
    """The node of the parameter as the step leaves it."""
    return dict(zip(program.output_names, program.outputs, strict=True))["theta"]


def step(program: Program) -> Node | None:
    """What is taken from theta; None where the rule does not say `theta - ...`."""
    end = theta_after(program)
    is_plain = end.name == "subtract" and end.args[0].value == "theta"
    return end.args[1] if is_plain else None


def denominator(program: Program) -> Node | None:
    """What the step is divided by, where the rule has one division alone."""
    taken = step(program)
    found = [n for n in in_order((taken,)) if n.name == "ratio"] if taken else []
    return found[0].args[1] if len(found) == 1 else None

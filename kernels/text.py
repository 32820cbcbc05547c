"""Straight-line program text from a program, shared by the readers that write source."""

from __future__ import annotations

import re
from collections.abc import Callable

from .node import Node, plain
from .program import Program


def function(name: str) -> str:
    """The name of a rule's function: no word of Python's or of C's, as `erf` would be."""
    return "rule_" + re.sub(r"\W", "_", name, flags=re.ASCII)


def element(name: str) -> str:
    """The variable that holds one element of an input."""
    return f"e_{name}"


def hoist(k: int) -> str:
    """The variable that holds the k-th value which the host computed."""
    return f"h{k}"


def body(
    program: Program,
    expression: Callable[[Node, list[str]], str],
    constant: Callable[[float], str],
) -> tuple[list[tuple[Node, str, str]], list[str]]:
    """(node, variable, expression) for every word of a program, and the outputs' names."""
    held = {n: hoist(k) for k, n in enumerate(program.hoisted)}

    def name(node: Node) -> str:
        if node.name == "constant" and node not in held:
            held[node] = constant(plain(node.value))
        return held[node]

    lines = []
    for n in program.nodes:
        if n.name == "element":
            held[n] = element(n.value)
        elif n.elementwise:
            text = expression(n, [name(a) for a in n.args])
            held[n] = f"v{n.number}"
            lines.append((n, held[n], text))
    return lines, [name(n) for n in program.outputs]

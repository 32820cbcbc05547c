"""What the host computes of a rule's scalars, once a call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import wide
from .node import Node, in_order, plain
from .vocabulary import Word

Host: Any = np.longdouble


class Arithmetic(NamedTuple):
    """A number of it, a word on its numbers, and what is left of one as a float."""

    number: Callable[[Any], Any]
    word: Callable[[Word], Callable[..., Any]]
    narrow: Callable[[Any], float]


# Right to the last bit on every machine; what it has no word or no number for, IEEE 754 has,
# in the longest float of the machine.
WIDE = Arithmetic(wide.wide, lambda word: wide.WORDS[word.name], wide.narrow)
IEEE = Arithmetic(Host, lambda word: word.numpy, float)


class HostSide:
    """The values of some nodes that depend on scalars alone."""

    def __init__(self, ends: tuple[Node, ...]) -> None:
        nodes = in_order(ends)
        self.ends = ends
        self.ieee = _Renewed(nodes, ends, IEEE)
        has_words = all(n.is_leaf or n.name in wide.WORDS for n in nodes)
        self.wide = _Renewed(nodes, ends, WIDE) if has_words else None

    def values(self, scalars: Mapping[str, Any]) -> list[float]:
        """The ends, one float for each."""
        if self.wide is not None:
            try:
                return self.wide.values(scalars)
            except (ArithmeticError, ValueError):
                pass
        with np.errstate(all="ignore"):  # as in a kernel: a side of `where` may not be taken
            return self.ieee.values(scalars)


class _Renewed:
    """From one step to the next few scalars change, as t does: what depends on the others alone
    is kept."""

    def __init__(
        self, nodes: list[Node], ends: tuple[Node, ...], arithmetic: Arithmetic
    ) -> None:
        place = {n: k for k, n in enumerate(nodes)}
        self.arithmetic = arithmetic
        self.reads = [n.value for n in nodes if n.name == "scalar"]
        self.ends = [(place[n], n.value if n.name == "scalar" else None) for n in ends]
        self.steps = [(k, n, [place[a] for a in n.args]) for k, n in enumerate(nodes)]
        self.steps = [step for step in self.steps if step[1].name != "constant"]
        number = arithmetic.number
        values = [number(plain(n.value)) if n.name == "constant" else None for n in nodes]
        self.last: tuple[list[Any], list[Any]] = [object()] * len(self.reads), values
        self.plans: dict[tuple[int, ...], list[tuple[int, Any, Any]]] = {}

    def plan(self, changed: tuple[int, ...]) -> list[tuple[int, Any, Any]]:
        """The steps to take again where these scalars have changed: the place of a value, and
        a function with the places of its arguments, or nothing with the number of a scalar."""
        moved: set[int] = set()
        plan: list[tuple[int, Any, Any]] = []
        for k, node, args in self.steps:
            if node.is_leaf and (number := self.reads.index(node.value)) in changed:
                plan.append((k, None, number))
            elif moved.isdisjoint(args) and len(changed) < len(self.reads):
                continue
            else:
                plan.append((k, self.arithmetic.word(node.function), args))
            moved.add(k)
        return plan

    def values(self, scalars: Mapping[str, Any]) -> list[float]:
        known, values = self.last
        given, values = [scalars[name] for name in self.reads], values.copy()
        changed = tuple([k for k, x in enumerate(given) if x is not known[k]])
        if changed not in self.plans:
            self.plans[changed] = self.plan(changed)
        number, narrow = self.arithmetic.number, self.arithmetic.narrow
        for k, f, args in self.plans[changed]:
            if f is None:
                values[k] = number(given[args])
                continue
            try:
                values[k] = f(*[values[i] for i in args])
            except TypeError:  # wide numbers are pairs, and nan is none
                if math.nan not in (values[i] for i in args):
                    raise
                values[k] = math.nan
        self.last = given, values
        return [narrow(values[k]) if n is None else float(scalars[n]) for k, n in self.ends]

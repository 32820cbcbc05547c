"""Read a rule once, on symbols, into a straight-line program that every reader reads.

A rule is a plain function of scalars. Positional arguments are elements of arrays, keyword-only
arguments are scalars, and the returned names are the outputs.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import RuleError
from .node import Node
from .program import Program
from .vocabulary import BY_UFUNC, WORDS, Constant, Word

Rule = Callable[..., Any]


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for one element while a rule is traced; every operation writes a node."""

    __array_priority__ = 1000

    def __init__(self, tracer: Tracer, node: Node) -> None:
        self.tracer, self.node = tracer, node

    def apply_word(self, word: Word, args: Sequence[Any]) -> Symbol:
        return self.tracer.record(word, args)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kw: Any) -> Symbol:
        if method != "__call__" or kw or ufunc not in BY_UFUNC:
            raise self.tracer.refuse(f"np.{ufunc.__name__}", _use_the_vocabulary())
        return self.tracer.record(BY_UFUNC[ufunc], args)

    def __array_function__(self, f: Any, *_: Any) -> Any:
        chosen = "use where(condition, a, b) of fusegrad.kernels.words"
        repair = chosen if f is np.where else _use_the_vocabulary()
        raise self.tracer.refuse(f"np.{f.__name__}", repair)

    def __abs__(self) -> Symbol:
        return self.tracer.record(WORDS["absolute"], (self,))

    def __bool__(self) -> bool:
        raise self.tracer.refuse(
            "`if`, `and`, `or`, min or max on an element",
            "use where(condition, a, b), maximum(a, b) or minimum(a, b)",
        )

    def __float__(self) -> float:
        raise self.tracer.refuse("a function of the math module", _use_the_vocabulary())

    __hash__ = None  # type: ignore[assignment]  # == writes a node, so symbols cannot be keys


def _use_the_vocabulary() -> str:
    known = " ".join(sorted(set(WORDS) - {"one_minus_power", "scale"}))
    return f"write it with the vocabulary: {known}"


class Tracer:
    """Writes nodes; the same word on the same arguments is one node."""

    def __init__(self, name: str, scales: bool = False) -> None:
        self.name, self.scales = name, scales
        self.nodes: dict[tuple[Any, ...], Node] = {}

    def refuse(self, got: str, repair: str) -> RuleError:
        return RuleError(f"rule {self.name}", "scalar mathematics", got, repair)

    def leaf(self, kind: str, value: Any) -> Node:
        key = (kind, type(value), repr(value))  # repr tells -0.0 from 0.0
        return self._once(key, kind, value, ())

    def record(self, word: Word, args: Sequence[Any]) -> Symbol:
        if len(args) != len(word.takes):
            raise self.refuse(
                f"{word.name} with {len(args)} arguments", f"give it {len(word.takes)}"
            )
        nodes = tuple(map(self._argument, args, word.takes))
        return Symbol(self, _without_one(word, nodes) or self._node(word, nodes))

    def _node(self, word: Word, nodes: tuple[Node, ...]) -> Node:
        word, nodes = _bias_correction(word, nodes)
        if self.scales and word.name == "divide" and _is_scaling(*nodes[::-1]):
            one = self.leaf("constant", 1)
            word, nodes = WORDS["multiply"], (nodes[0], self._node(word, (one, nodes[1])))
        return self._once((word.name, *map(id, nodes)), word, None, nodes)

    def _once(
        self, key: tuple[Any, ...], word: Word | str, value: Any, args: tuple[Node, ...]
    ) -> Node:
        if key not in self.nodes:
            self.nodes[key] = Node(word, value, args, len(self.nodes))
        return self.nodes[key]

    def _argument(self, x: Any, kind: str) -> Node:
        node = self._as_node(x)
        if kind == node.gives:
            return node
        if kind == "n":  # a comparison as a factor counts as 1 or 0
            one, zero = self.leaf("constant", 1), self.leaf("constant", 0)
            return self._node(WORDS["where"], (node, one, zero))
        return self._node(WORDS["not_equal"], (node, self.leaf("constant", 0)))

    def _as_node(self, x: Any) -> Node:
        if isinstance(x, Symbol):
            return x.node
        if isinstance(x, float) and not math.isfinite(x):
            raise self.refuse(f"the constant {x}", "pass it as a keyword argument")
        if isinstance(x, (int, float, Constant)) and not isinstance(x, np.generic):
            return self.leaf("constant", x)
        raise self.refuse(f"{type(x).__name__} {x!r}", "use Python numbers as constants")


def _without_one(word: Word, args: tuple[Node, ...]) -> Node | None:
    """x * 1 is x, exactly: slopes of 1 then cost nothing."""
    if word.name != "multiply":
        return None
    for one, other in (args, args[::-1]):
        if one.word == "constant" and one.value == 1 and other.elementwise:
            return other
    return None


def _bias_correction(word: Word, args: tuple[Node, ...]) -> tuple[Word, tuple[Node, ...]]:
    """1 - b**t of scalars cancels near b = 1: give it its own word, which does not."""
    if word.name == "subtract" and not args[1].elementwise:
        one, power = args
        if one.word == "constant" and one.value == 1 and power.name == "power":
            return WORDS["one_minus_power"], power.args
    return word, args


def _is_scaling(h: Node, x: Node) -> bool:
    return x.elementwise and not h.elementwise and h.word != "constant"


def _keep_whole(nodes: Collection[Node], renewed: Collection[str]) -> None:
    """A scalar times a state that is renewed has its own word, which rounds once."""
    for node in nodes:
        for h, x in (node.args, node.args[::-1]) if node.name == "multiply" else ():
            if x.word == "element" and x.value in renewed and _is_scaling(h, x):
                node.word, node.args = WORDS["scale"], (h, x)


def trace(
    rule: Rule, name: str = "", elements: tuple[str, ...] = (), scales: bool = False
) -> Program:
    """The program of a rule; everything outside the vocabulary is refused by name. `elements`
    names the positional arguments of a rule that does not (`*values`). With `scales`, as for a
    rule that renews its own inputs: products of scalars and of what is renewed are rounded once
    (a state would else fade at a scalar's rounded rate), and what is divided by a scalar is
    multiplied by its reciprocal, which the host computes.

    Raises: RuleError, which names the rule, what it used and the word to use instead.
    """
    tracer = Tracer(name or rule.__name__, scales)
    elements, scalars = (elements, ()) if elements else _parameters(rule)
    given = {n: Symbol(tracer, tracer.leaf("element", n)) for n in elements}
    given |= {n: Symbol(tracer, tracer.leaf("scalar", n)) for n in scalars}
    result, names = _call_and_see_names(rule, given, elements)
    outputs = result if isinstance(result, tuple) else (result,)
    nodes = tuple(tracer._as_node(x) for x in outputs)
    if scales:
        _keep_whole(tracer.nodes.values(), {names[n] for n in nodes if n in names})
    return Program(tracer.name, elements, scalars, nodes, names)


def _parameters(rule: Rule) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parameters = inspect.signature(rule).parameters.values()
    kinds = {p.name: p.kind is p.KEYWORD_ONLY for p in parameters}
    return (
        tuple(n for n, scalar in kinds.items() if not scalar),
        tuple(n for n, scalar in kinds.items() if scalar),
    )


def _codes(rule: Any) -> list[Any]:
    """The code of a rule, and of the one that it wraps."""
    if rule is None:
        return []
    return [getattr(rule, "__code__", None), *_codes(getattr(rule, "__wrapped__", None))]


def _named(variables: Mapping[str, Any], given: Collection[str]) -> dict[Node, str]:
    """The author's name of each node: of two, that of another input, which it then renews, or
    else that of an input."""

    def rank(name: str, node: Node) -> int:
        return (name in given) + (name in given and name != node.value)

    found: dict[Node, str] = {}
    for name, value in variables.items():
        if isinstance(value, Symbol):
            node = value.node
            if node not in found or rank(name, node) >= rank(found[node], node):
                found[node] = name
    return found


def _call_and_see_names(
    rule: Rule, given: dict[str, Symbol], elements: Sequence[str]
) -> tuple[Any, dict[Node, str]]:
    """Call the rule and read its local names at its return, so that the typesetter and the
    outputs can use the words of the author. A rule around a rule names what it adds."""
    names: dict[Node, str] = {}
    codes = _codes(rule)

    def at_return(frame: Any, event: str, _: Any) -> None:
        if event == "return" and frame.f_code in codes:
            names.update(_named(frame.f_locals, given))

    before = sys.getprofile()
    sys.setprofile(at_return)
    try:
        scalars = {n: s for n, s in given.items() if n not in elements}
        return rule(*(given[n] for n in elements), **scalars), names
    finally:
        sys.setprofile(before if callable(before) else None)
        if before is not None and not callable(before):
            before.enable()  # cProfile of Python 3.11, which is not set as it was found

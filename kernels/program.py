"""A traced rule: a straight line of nodes, split into what the host computes once a call and
what is computed for every element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from .vocabulary import Constant, Word

# What the host computes scalars in, once a call: the longest float that the machine has, so
# that they are right to the last bit of float64 although `1 - beta` cancels. (On machines
# without a longer one it is float64.)
Host: Any = np.longdouble


class Node:
    """A leaf (`element`, `scalar` or `constant`, with its value) or a word on earlier nodes."""

    __slots__ = ("args", "elementwise", "number", "value", "word")

    def __init__(
        self, word: Word | str, value: Any, args: tuple[Node, ...], number: int
    ) -> None:
        self.word, self.value, self.args, self.number = word, value, args, number
        self.elementwise: bool = word == "element" or any(a.elementwise for a in args)

    @property
    def name(self) -> str:
        """The word's name; for a leaf, its kind."""
        return self.word if isinstance(self.word, str) else self.word.name

    @property
    def function(self) -> Word:
        """The word of a node that is no leaf."""
        assert isinstance(self.word, Word)
        return self.word

    @property
    def is_leaf(self) -> bool:
        return isinstance(self.word, str)

    @property
    def gives(self) -> str:
        return "n" if isinstance(self.word, str) else self.word.gives


class Program:
    """What a rule says: inputs, scalars, outputs, and the nodes between them in order."""

    def __init__(
        self,
        name: str,
        inputs: tuple[str, ...],
        scalars: tuple[str, ...],
        outputs: tuple[Node, ...],
        names: Mapping[Node, str],
    ) -> None:
        self.name, self.inputs, self.scalars = name, inputs, scalars
        self.outputs, self.names = outputs, dict(names)
        self.nodes = tuple(_in_order(outputs))

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        """The author's names of the outputs; y where the author gave none."""
        unnamed = "y" if len(self.outputs) == 1 else "y{}"
        return tuple(self.names.get(n, unnamed.format(i)) for i, n in enumerate(self.outputs))

    @cached_property
    def named(self) -> dict[Node, str]:
        """Every value that the author named, and every output, in order."""
        outputs = dict(zip(self.outputs, self.output_names, strict=True))
        names = {**outputs, **self.names}
        return {n: names[n] for n in self.nodes if n in names and not n.is_leaf}

    @cached_property
    def stored(self) -> tuple[str, ...]:
        """The name of each output that an array holds; nothing for what the host holds."""
        pairs = zip(self.output_names, self.outputs, strict=True)
        return tuple(name if node.elementwise else "" for name, node in pairs)

    @cached_property
    def host_names(self) -> tuple[str, ...]:
        """The outputs that depend on scalars alone, which the host holds."""
        pairs = zip(self.output_names, self.outputs, strict=True)
        return tuple(name for name, node in pairs if not node.elementwise)

    @cached_property
    def words(self) -> tuple[Node, ...]:
        """The nodes that are computed for every element."""
        return tuple(n for n in self.nodes if n.elementwise and not n.is_leaf)

    @cached_property
    def hoisted(self) -> tuple[Node, ...]:
        """Scalar nodes that elements read: computed once a call, on the host (`Host`)."""
        used = [a for n in self.words for a in n.args] + list(self.outputs)
        return tuple(
            dict.fromkeys(n for n in used if not n.elementwise and n.name != "constant")
        )

    @cached_property
    def is_slow(self) -> bool:
        """Whether NumPy has no form of some word, so that Python takes the elements."""
        return any(n.function.slow for n in self.words)

    @cached_property
    def only_word(self) -> Word | None:
        """The word of a rule of one word on the rule's own arguments, in their order."""
        if len(self.words) != 1 or [a.value for a in self.words[0].args] != list(self.inputs):
            return None
        return self.words[0].function

    @cached_property
    def is_for_numpy(self) -> bool:
        """Whether NumPy reads large arrays faster than a fused loop does: where it has a vector
        form that compiled code lacks, or there is nothing to fuse and compiled code has no
        better one; never where NumPy has no form at all."""
        if self.is_slow:
            return False
        if any(n.function.simd for n in self.words):
            return True
        return self.only_word is not None and not self.only_word.vector

    @cached_property
    def _host(self) -> HostSide:
        return HostSide(self.hoisted)

    def host_values(self, scalars: Mapping[str, Any]) -> list[float]:
        """The hoisted values, one float for each node of `hoisted`."""
        return self._host.values(scalars) if self.hoisted else []

    def interpret(
        self,
        elements: Mapping[str, Any],
        scalars: Mapping[str, Any],
        constant: Callable[[Any], Any],
        meaning: Callable[[Word], Any],
    ) -> list[Any]:
        """The outputs, word by word, in whatever numbers `constant` and `meaning` speak."""
        given = {**elements, **scalars}
        values = self.values(self.outputs, lambda n: given[n.value], constant, meaning)
        return [values[n] for n in self.outputs]

    def values(
        self,
        ends: tuple[Node, ...],
        leaf: Callable[[Node], Any],
        constant: Callable[[Any], Any],
        meaning: Callable[[Word], Any],
    ) -> dict[Node, Any]:
        """The value of every node that the ends need."""
        values: dict[Node, Any] = {}
        for n in _in_order(ends):
            if n.name == "constant":
                values[n] = constant(n.value)
            elif isinstance(n.word, str):
                values[n] = leaf(n)
            else:
                values[n] = meaning(n.word)(*(values[a] for a in n.args))
        return values


class HostSide:
    """What the host computes of scalars. From one step to the next few of them change, as t
    does: what depends on the others alone is kept."""

    def __init__(self, ends: tuple[Node, ...]) -> None:
        nodes = _in_order(ends)
        place = {n: k for k, n in enumerate(nodes)}
        self.reads = [n.value for n in nodes if n.name == "scalar"]
        self.ends = [place[n] for n in ends]
        self.steps = [(k, n, [place[a] for a in n.args]) for k, n in enumerate(nodes)]
        self.steps = [step for step in self.steps if step[1].name != "constant"]
        values = [host(n.value) if n.name == "constant" else None for n in nodes]
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
                plan.append((k, node.function.numpy, args))
            moved.add(k)
        return plan

    def values(self, scalars: Mapping[str, Any]) -> list[float]:
        """The ends, one float for each."""
        known, values = self.last
        given, values = [scalars[name] for name in self.reads], values.copy()
        changed = tuple([k for k, x in enumerate(given) if x is not known[k]])
        if changed not in self.plans:
            self.plans[changed] = self.plan(changed)
        with np.errstate(all="ignore"):  # as in a kernel: a side of `where` may not be taken
            for k, f, args in self.plans[changed]:
                values[k] = Host(given[args]) if f is None else f(*[values[i] for i in args])
        self.last = given, values
        return [float(values[k]) for k in self.ends]


def plain(value: Any) -> float:
    """A constant of a rule as a float."""
    return float(value.value if isinstance(value, Constant) else value)


def host(value: Any) -> Any:
    """A constant of a rule as the host computes with it."""
    return Host(plain(value))


def _in_order(ends: tuple[Node, ...]) -> list[Node]:
    """Every node that the ends need, in the order in which the author wrote them."""
    seen: set[Node] = set()
    stack = list(ends)
    while stack:
        if (node := stack.pop()) not in seen:
            seen.add(node)
            stack.extend(node.args)
    return sorted(seen, key=lambda n: n.number)

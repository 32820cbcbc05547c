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
    def is_for_numpy(self) -> bool:
        """Whether NumPy reads large arrays faster than a fused loop does: where it has a vector
        form that LLVM lacks, or there is nothing to fuse; never where it has no form at all."""
        if any(n.function.slow for n in self.words):
            return False
        return len(self.words) < 2 or any(n.function.simd for n in self.words)

    def host_values(self, scalars: Mapping[str, Any]) -> list[float]:
        """The hoisted values, one float for each node of `hoisted`."""
        if not self.hoisted:
            return []
        with np.errstate(all="ignore"):  # as in a kernel: a side of `where` may not be taken
            values = self.values(
                self.hoisted, lambda n: Host(scalars[n.value]), host, lambda word: word.numpy
            )
        return [float(values[n]) for n in self.hoisted]

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

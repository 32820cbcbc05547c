"""A traced rule: a straight line of nodes, split into what the host computes once a call and
what is computed for every element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from .host import HostSide
from .node import Node, in_order
from .vocabulary import Word


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
        self.nodes = tuple(in_order(outputs))

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
        """Scalar nodes that elements read: computed once a call; see `host.py`."""
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

    @cached_property
    def _whole_host(self) -> HostSide:
        return HostSide(tuple(n for n in self.nodes if not n.elementwise))

    def host_values(self, scalars: Mapping[str, Any]) -> list[float]:
        """The hoisted values, one float for each node of `hoisted`."""
        return self._host.values(scalars) if self.hoisted else []

    def host_numbers(self, scalars: Mapping[str, Any]) -> dict[Node, float]:
        """Every value that depends on scalars alone, as the host computes it."""
        return dict(zip(self._whole_host.ends, self._whole_host.values(scalars)))

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
        for n in in_order(ends):
            if n.name == "constant":
                values[n] = constant(n.value)
            elif isinstance(n.word, str):
                values[n] = leaf(n)
            else:
                values[n] = meaning(n.word)(*(values[a] for a in n.args))
        return values

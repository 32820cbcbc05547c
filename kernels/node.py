"""What a traced rule is made of: leaves, and words on earlier nodes."""

from __future__ import annotations

from typing import Any

from .vocabulary import Constant, Word


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


def plain(value: Any) -> float:
    """A constant of a rule as a float."""
    return float(value.value if isinstance(value, Constant) else value)


def in_order(ends: tuple[Node, ...]) -> list[Node]:
    """Every node that the ends need, in the order in which the author wrote them."""
    seen: set[Node] = set()
    stack = list(ends)
    while stack:
        if (node := stack.pop()) not in seen:
            seen.add(node)
            stack.extend(node.args)
    return sorted(seen, key=lambda n: n.number)

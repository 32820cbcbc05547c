"""A module as a tree: what it holds, wherever in its attributes that was put."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .module import Module

CONTAINERS = (dict, list, tuple, Mapping)  # the quick ones first


def held(module: Module, kind: type | tuple[type, ...]) -> Iterator[tuple[str, Any]]:
    """What a module itself holds of a kind: in its attributes, and in the lists, tuples and
    dicts among them, with dotted names."""
    for name, value in vars(module).items():
        if isinstance(value, CONTAINERS):
            yield from ((n, v) for n, v in _flat(name, value) if isinstance(v, kind))
        elif isinstance(value, kind):
            yield name, value


def walk(module: Module, prefix: str, once: bool = True) -> Iterator[tuple[str, Module]]:
    """The module and all below it, parents first, with dotted names; one that is held in two
    places comes once, or under both names."""
    seen: set[int] = set()
    stack: list[tuple[str, Module, frozenset[int]]] = [(prefix, module, frozenset())]
    while stack:
        name, at, above = stack.pop()
        if id(at) in above or (once and id(at) in seen):  # a cycle, or known
            continue
        seen.add(id(at))
        yield name, at
        children = [(dotted(name, n), m, above | {id(at)}) for n, m in at.named_children()]
        stack.extend(reversed(children))


def leaves(module: Module, kind: type, prefix: str, once: bool) -> Iterator[tuple[str, Any]]:
    """All of a kind that is no module, here and below."""
    seen: set[int] = set()
    for at, part in walk(module, prefix, once):
        for name, value in held(part, kind):
            if not (once and id(value) in seen):
                seen.add(id(value))
                yield dotted(at, name), value


def dotted(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value, or the items of a list, tuple or dict, with dotted names."""
    if not isinstance(value, CONTAINERS):
        yield name, value
        return
    items: Any = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        yield from _flat(f"{name}.{key}", item)

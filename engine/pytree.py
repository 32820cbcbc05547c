"""Trees of arrays: dicts, lists and tuples that hold Tensors or arrays, to any depth.

A list or tuple of plain numbers is no tree but data, as it is in `Tensor([1.0, 2.0])`. Dicts
keep their order, named tuples their type, and None stays where it is and holds nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..kernels import ShapeError
from .value import Value


class Arguments(tuple[Any, ...]):
    """The arguments of a call: a branch whatever they are, and a plain tuple once rebuilt."""


def is_branch(x: Any) -> bool:
    """Whether x is a container of the tree, rather than a leaf."""
    if isinstance(x, (dict, Arguments)):
        return True
    if hasattr(x, "_fields"):  # a named tuple is never data
        return True
    return isinstance(x, (list, tuple)) and (not x or any(map(_holds_arrays, x)))


def _holds_arrays(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_holds_arrays, x))
    is_array = hasattr(x, "dtype") and not isinstance(x, np.generic)
    return x is None or isinstance(x, (Value, dict)) or is_array


def leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, in order.

    >>> leaves({"w": [1.0, 2.0], "rest": (None, {"b": 3.0})})
    [[1.0, 2.0], 3.0]
    """
    return list(_walk(tree))


def _walk(tree: Any) -> Iterator[Any]:
    if is_branch(tree):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _walk(item)
    elif tree is not None:
        yield tree


def rebuilt(tree: Any, values: Sequence[Any]) -> Any:
    """A tree of the same form with other leaves."""
    return _rebuild(tree, iter(values))


def _rebuild(tree: Any, values: Iterator[Any]) -> Any:
    if tree is None:
        return None
    if not is_branch(tree):
        return next(values)
    if isinstance(tree, dict):
        items = {k: _rebuild(v, values) for k, v in tree.items()}
        return OrderedDict(items) if isinstance(tree, OrderedDict) else items
    rest = [_rebuild(v, values) for v in tree]
    kind = tuple if isinstance(tree, Arguments) else type(tree)
    return kind(*rest) if hasattr(tree, "_fields") else kind(rest)


def tree_map(f: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """f on every leaf, and on the leaves of other trees of the same form.

    >>> tree_map(lambda p, g: p - g, {"w": 3.0, "b": 2.0}, {"w": 1.0, "b": 1.0})
    {'w': 2.0, 'b': 1.0}

    Raises: ShapeError where the trees differ in form.
    """
    beside = [matching("tree_map", tree, other) for other in others]
    return rebuilt(tree, [f(*values) for values in zip(leaves(tree), *beside)])


def matching(where: str, tree: Any, other: Any) -> list[Any]:
    """What another tree holds in the places of the first one's leaves.

    Raises: ShapeError where it has not the form of the first.
    """
    found: list[Any] = []
    if not _follow(tree, other, found):
        repair = "give one value for each leaf"
        raise ShapeError(where, f"a tree like {form(tree)}", form(other), repair)
    return found


def _follow(tree: Any, other: Any, found: list[Any]) -> bool:
    if tree is None:
        return other is None
    if not is_branch(tree):
        found.append(other)
        return other is not None
    if isinstance(tree, dict):
        same = isinstance(other, dict) and tree.keys() == other.keys()
        return same and all([_follow(tree[k], other[k], found) for k in tree])
    same = isinstance(other, (list, tuple)) and len(tree) == len(other)
    return same and all([_follow(*pair, found) for pair in zip(tree, other)])


def form(tree: Any) -> str:
    """What a tree looks like, with a star for each leaf.

    >>> form({"w": 1.0, "b": [{}, {"c": 2.0}]})
    "{'w': *, 'b': [{}, {'c': *}]}"
    """
    if tree is None or not is_branch(tree):
        return "None" if tree is None else "*"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{k!r}: {form(v)}" for k, v in tree.items()) + "}"
    items = ", ".join(map(form, tree))
    return f"[{items}]" if isinstance(tree, list) else f"({items})"

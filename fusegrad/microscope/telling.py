"""A recorded pass as lines of text: what ran, and the way back one product at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .passes import Pass, Pull, Source
from .seen import Seen

SHOWN = 4  # elements of an array that stand in a line


def told(one: Pass) -> str:
    """The ops in their order, then every vector-Jacobian product in the order of the way back,
    with what has gathered."""
    return "\n".join([*_forward(one), "back:", *_back(one)])


def name_of(one: Pass, source: Source) -> str:
    """What a value is called: a leaf by its name, an op by its name and number."""
    if source.kind == "op":
        return f"{one.ops[source.number].op} {source.number + 1}"
    held = one.leaves if source.kind == "leaf" else one.constants
    leaf = held[source.number]
    return leaf.name or shown(leaf.value)


def shown(x: Seen) -> str:
    """A few numbers as they are; of more, the shape and the norm."""
    if x.values is None or x.size > SHOWN:
        return f"{'x'.join(map(str, x.shape))} of norm {x.norm:.4g}"
    return _numbers(x.values)


def _numbers(x: np.ndarray) -> str:
    if np.size(x) > SHOWN:
        return f"{'x'.join(map(str, np.shape(x)))} of norm {np.sqrt(np.square(x).sum()):.4g}"
    texts = [f"{float(value):.6g}" for value in np.ravel(x)]
    return texts[0] if np.ndim(x) == 0 else f"[{', '.join(texts)}]"


def _forward(one: Pass) -> Iterator[str]:
    for number, op in enumerate(one.ops):
        given = ", ".join(name_of(one, source) for source in op.inputs)
        name = name_of(one, Source("op", number))
        yield f"  {name} = {op.op}({given}) = {shown(op.value)}"


def _back(one: Pass) -> Iterator[str]:
    gathered: dict[Source, np.ndarray] = {}
    for pull in one.pulls:
        yield f"  {_product(one, pull)}{_sum(gathered, pull)}"


def _product(one: Pass, pull: Pull) -> str:
    path = f"{name_of(one, Source('op', pull.op))} -> {name_of(one, pull.source)}"
    factor = pull.rule if pull.local is None else f"local {shown(pull.local)}"
    return f"{path}: upstream {shown(pull.upstream)}, {factor}: {shown(pull.contribution)}"


def _sum(gathered: dict[Source, np.ndarray], pull: Pull) -> str:
    """What a value has in all, where this was not the first that it got."""
    given, known = pull.contribution.values, gathered.get(pull.source)
    if given is None:
        return ""
    gathered[pull.source] = given if known is None else known + given
    return "" if known is None else f"; in all {_numbers(gathered[pull.source])}"

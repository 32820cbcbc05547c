"""einsum, as a chain of matrix products: every order of derivative is theirs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain, combinations
from math import prod
from typing import Any

import numpy as np

from ...kernels import OptionError, ShapeError
from ..tape import apply
from .indexing import GETITEM
from .linear import Labels, contract, ordered, summed
from .shaping import as_array, transpose

Term = tuple[Any, list[Hashable]]  # an array, and a label for each of its axes


def einsum(spec: str, *operands: Any) -> Any:
    """The product of arrays, axis by axis by letter, summed over letters the output lacks.

    `"ij,jk->ik"` is a matrix product, `"ii->i"` a diagonal, `"...i,...i"` a dot product of
    batches. Without `->` the output has the letters that occur once, in the order of the
    alphabet, behind the ellipsis. Axes of length 1 broadcast. The pair with the smallest result
    is multiplied first, by a matrix product.

    Differs: NumPy refuses an output without the ellipsis that an operand has; here, as in
    PyTorch, its axes are summed.
    Raises: OptionError for a spec that is not so, ShapeError for arrays that do not fit it.

    >>> einsum("ij,kj->ik", [[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]])
    array([[11., 17.]])
    """
    arrays = [as_array(x) for x in operands]
    inputs, output = _parsed(spec, arrays)
    sizes = _sizes(spec, arrays, inputs)
    _check_output(spec, output, sizes)
    terms = [_simple(x, labels, sizes) for x, labels in zip(arrays, inputs)]
    while len(terms) > 1:
        i, j = _cheapest(terms, output, sizes)
        a, b = terms[i], terms[j]
        terms = [t for k, t in enumerate(terms) if k not in (i, j)]
        terms.append(contract(*a, *b, {*output, *chain(*(labels for _, labels in terms))}))
    x, labels = summed(*terms[0], output)
    return ordered(x, labels, output)


# ---- reading the spec -----------------------------------------------------------------------
def _parsed(spec: str, arrays: Sequence[Any]) -> tuple[list[list[Hashable]], list[Hashable]]:
    """Labels of every operand and of the output. A letter is its own label, and the axes of an
    ellipsis are counted from its end: -1, -2, ..."""
    left, arrow, right = spec.replace(" ", "").partition("->")
    written = left.split(",")
    if len(written) != len(arrays) or not all(map(_is_term, (*written, right))):
        rule = "a term of letters, with one ellipsis at most, for each operand"
        got = f"{spec!r} and {len(arrays)} operands"
        raise OptionError("einsum", rule, got, "write it like 'ij,jk->ik'")
    inputs = [_labels(spec, term, x.shape) for term, x in zip(written, arrays)]
    every = list(chain(*inputs))
    hidden: list[Hashable] = [
        *range(min((n for n in every if isinstance(n, int)), default=0), 0)
    ]
    if arrow:
        head, dots, tail = right.partition("...")
        return inputs, [*head, *(hidden if dots else ()), *tail]
    return inputs, [
        *hidden,
        *sorted(n for n in every if isinstance(n, str) and every.count(n) == 1),
    ]


def _is_term(term: str) -> bool:
    letters = term.replace("...", "", 1)
    return not letters or (letters.isascii() and letters.isalpha())


def _labels(spec: str, term: str, shape: tuple[int, ...]) -> list[Hashable]:
    head, dots, tail = term.partition("...")
    hidden = len(shape) - len(head) - len(tail)
    if hidden < 0 or (hidden and not dots):
        rule = f"{len(head) + len(tail)} axes{' or more' * bool(dots)} for {term!r}"
        raise ShapeError("einsum", rule, f"shape {shape} in {spec!r}", "name every axis")
    return [*head, *range(-hidden, 0), *tail]


def _sizes(spec: str, arrays: Sequence[Any], inputs: Sequence[Labels]) -> dict[Hashable, int]:
    """The length of every label's axes, those of length 1 aside."""
    sizes: dict[Hashable, int] = {}
    for x, labels in zip(arrays, inputs):
        for label, n in zip(labels, x.shape):
            if sizes.setdefault(label, n) not in (n, 1) and n != 1:
                name = repr(label) if isinstance(label, str) else "the ellipsis"
                got = f"{sizes[label]} and {n} in {spec!r}"
                raise ShapeError("einsum", f"one length for {name}", got, "see the shapes")
            sizes[label] = n if sizes[label] == 1 else sizes[label]
    return sizes


def _check_output(spec: str, output: Labels, sizes: dict[Hashable, int]) -> None:
    if len(set(output)) < len(output) or not sizes.keys() >= set(output):
        rule = "an output of letters that the operands have, each once"
        raise OptionError("einsum", rule, repr(spec), "name other axes behind '->'")


# ---- the product ----------------------------------------------------------------------------
def _simple(x: Any, labels: list[Hashable], sizes: dict[Hashable, int]) -> Term:
    """An operand without the axes that broadcast, and with every label once, by diagonals."""
    full = [n == sizes[label] for label, n in zip(labels, x.shape)]
    if not all(full):
        x = apply(GETITEM, x, index=tuple(slice(None) if is_full else 0 for is_full in full))
        labels = [label for label, is_full in zip(labels, full) if is_full]
    for label in dict.fromkeys(n for n in labels if labels.count(n) > 1):
        own = [k for k, n in enumerate(labels) if n == label]
        rest = [k for k in range(len(labels)) if k not in own]
        i = np.arange(sizes[label])
        x = apply(GETITEM, transpose(x, (*own, *rest)), index=(i,) * len(own))
        labels = [label, *(labels[k] for k in rest)]
    return x, labels


def _cheapest(
    terms: Sequence[Term], output: Labels, sizes: dict[Hashable, int]
) -> tuple[int, int]:
    """The pair whose product is smallest beside what it replaces."""

    def growth(pair: tuple[int, int]) -> int:
        others = chain(output, *(terms[k][1] for k in range(len(terms)) if k not in pair))
        a, b = (set(terms[k][1]) for k in pair)
        result = (a | b) & set(others)
        return sum(
            s * prod(sizes[n] for n in part) for s, part in ((1, result), (-1, a), (-1, b))
        )

    return min(combinations(range(len(terms)), 2), key=growth)

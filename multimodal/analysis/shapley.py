"""Shapley values: what each modality is worth, fairly, from the worth of every set of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain, combinations

from ...kernels import OptionError
from .table import named

Subset = tuple[str, ...]


def subsets(names: Sequence[str]) -> list[Subset]:
    """All sets of names, the empty one first, each in the order of the names.

    >>> subsets(["a", "b"])
    [(), ('a',), ('b',), ('a', 'b')]
    """
    sizes = range(len(names) + 1)
    return list(chain.from_iterable(combinations(names, k) for k in sizes))


def shapley(values: Mapping[Subset, float]) -> dict[str, float]:
    """phi_m = sum over S without m of |S|! (M - 1 - |S|)! / M! (v(S + m) - v(S)).

    `values` has the worth v of every set of names, as `subsets` lists them. The terms are
    summed without rounding in between: a name that never changes the worth gets exactly 0,
    and two that always change it alike get exactly the same.

    Raises: OptionError for a set whose worth is not given.
    Source: Shapley 1953.

    >>> shapley({(): 0.0, ("a",): 1.0, ("b",): 2.0, ("a", "b"): 4.0})
    {'a': 1.5, 'b': 2.5}
    """
    names = max(values, key=len, default=())
    if missing := [s for s in subsets(names) if s not in values]:
        expected, repair = f"the worth of all subsets of {list(names)}", "see subsets(names)"
        raise OptionError("shapley", expected, f"none of {named(missing[0])}", repair)
    return {name: math.fsum(_terms(name, names, values)) for name in names}


def residual(values: Mapping[Subset, float], phi: Mapping[str, float]) -> float:
    """|sum phi_m - (v(all) - v(none))|: 0 but for rounding."""
    whole = max(values, key=len)
    return abs(math.fsum([*phi.values(), values[()], -values[whole]]))


def _terms(name: str, names: Subset, values: Mapping[Subset, float]) -> list[float]:
    total = math.factorial(len(names))
    terms = []
    for s in subsets([n for n in names if n != name]):
        ways = math.factorial(len(s)) * math.factorial(len(names) - 1 - len(s))
        joined = tuple(n for n in names if n in s or n == name)
        terms.append(ways / total * (values[joined] - values[s]))
    return terms

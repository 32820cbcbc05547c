"""What objectives ask of a batch: named arrays of one number of rows, and who has what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ...engine import Tensor
from ...kernels import DTypeError, OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Module
from ..presence import Presence, Present, read_presence


def read_batch(
    where: str, names: Sequence[str], given: Any, present: Present | None
) -> tuple[dict[str, Tensor], Presence]:
    """The arrays that came, as Tensors in the order of the names, and the masks: a modality
    that did not come is missing from every row.

    Shapes: (B, ...) each.
    Raises: DTypeError, OptionError, ShapeError for what is no dict of them, of one B.
    """
    if not isinstance(given, Mapping):
        repair = "name each array by its modality"
        raise DTypeError(where, "a dict of arrays", type(given).__name__, repair)
    unknown = sorted(given.keys() - set(names), key=str)
    if unknown or not given:
        expected, got = f"arrays among {list(names)}", str(unknown or "none")
        raise OptionError(where, expected, got, "name each by its modality")
    values = {n: tensor(given[n]) for n in names if n in given}
    rows = {x.shape[:1] for x in values.values()}
    if len(rows) != 1 or () in rows:
        got = str({name: x.shape for name, x in values.items()})
        raise ShapeError(where, "arrays (B, ...), of one B", got, "give one row a sample")
    ((count,),) = rows
    here = read_presence(list(names), count, present)
    here.masks |= {n: np.zeros(count, bool) for n in names if n not in values}
    return values, here


def tensor(x: Any) -> Tensor:
    """x, as a Tensor."""
    return x if isinstance(x, Tensor) else Tensor(x)


def zero(like: Tensor) -> Tensor:
    """A 0 that passes nothing back, of the dtype and on the device of another."""
    return Tensor(to_device(np.zeros((), like.dtype), like.device))


def added(terms: Iterable[Tensor], like: Tensor) -> Tensor:
    """The sum of the terms; `zero` where there are none."""
    first, *others = list(terms) or [zero(like)]
    for term in others:
        first = first + term
    return first


def rows_of(x: Tensor, rows: np.ndarray) -> Tensor:
    """Some rows of a batch; the batch itself where these are all."""
    return x if len(rows) == len(x) else x[rows]


def each_row(x: Tensor) -> Tensor:
    """The sum over everything but the rows. Shapes: (B, ...) -> (B,)."""
    axes = tuple(range(1, len(x.shape)))
    return x.sum(axis=axes) if axes else x


def modules(where: str, kind: str, given: Any) -> dict[str, Module]:
    """Modules by name. Raises: OptionError where there are none, or no dict of them."""
    right = isinstance(given, Mapping) and all(isinstance(m, Module) for m in given.values())
    if not right or not given:
        got = str(sorted(given)) if isinstance(given, Mapping) else type(given).__name__
        raise OptionError(where, f"a dict of {kind}", got, "name each module by its modality")
    return dict(given)


def factors(where: str, what: str, given: Mapping[Any, float] | None, keys: Any) -> Any:
    """A factor for every key, 1 where none is given.

    Raises: OptionError for keys that are none, or a factor below 0.
    """
    given = dict(given or {})
    if unknown := sorted(given.keys() - set(keys), key=str):
        expected = f"{what} of {list(keys)}"
        raise OptionError(where, expected, str(unknown), "name those that are there")
    if wrong := {key: f for key, f in given.items() if not f >= 0}:
        raise OptionError(where, f"{what} of 0 or more", str(wrong), "0 leaves a term out")
    return {key: float(given.get(key, 1.0)) for key in keys}

"""Samples to a batch: what is alike in all of them is stacked, a field at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops.shaping import stack
from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import is_cuda, module_of

REPAIR = "give the DataLoader a collate of your own, which pads or lists them"


def collate(samples: Sequence[Any]) -> Any:
    """One batch of many samples, of the same form as each.

    Numbers, arrays and Tensors are stacked along a new first axis; tuples, named tuples and
    dicts are gone into; strings become a list. A list of numbers is an array.

    Raises: ShapeError, OptionError, DTypeError naming the field that is not alike in all
    samples, or is nothing that can be stacked.
    Differs: PyTorch makes a list of columns of a list of numbers.

    >>> collate([(1.0, "a", {"x": [1, 2]}), (2.0, "b", {"x": [3, 4]})])
    (array([1., 2.]), ['a', 'b'], {'x': array([[1, 2],
           [3, 4]])})
    """
    return _stacked(list(samples), "")


def _stacked(values: list[Any], field: str) -> Any:
    first = values[0]
    if isinstance(first, str):
        return values
    if isinstance(first, Mapping):
        _demand_alike(values, field, Mapping, lambda v: sorted(map(str, v)), "names")
        return {k: _stacked([v[k] for v in values], _inner(field, k)) for k in first}
    if isinstance(first, tuple):
        _demand_alike(values, field, tuple, len, "lengths")
        names = getattr(first, "_fields", range(len(first)))
        columns = [_stacked(list(v), _inner(field, n)) for n, v in zip(names, zip(*values))]
        return type(first)(*columns) if hasattr(first, "_fields") else tuple(columns)
    return _array(values, field)


def _inner(field: str, name: Any) -> str:
    return f"{field}.{name}" if field else str(name)


def _where(field: str) -> str:
    return f"collate: field {field}" if field else "collate"


def _demand_alike(values: list[Any], field: str, kind: type, form: Any, what: str) -> None:
    found = [form(v) if isinstance(v, kind) else type(v).__name__ for v in values]
    other = next((f for f in found if f != found[0]), None)
    if other is not None:
        got = f"{found[0]} and {other}"
        raise OptionError(_where(field), f"samples of the same {what}", got, REPAIR)


def _demand_numbers(arrays: list[Any], field: str) -> None:
    """No objects or texts, as a list of dicts or of strings becomes."""
    odd = next((a.dtype for a in arrays if np.dtype(a.dtype).kind not in "biufcmM"), None)
    if odd is not None:
        got = f"values of dtype {odd}"
        raise DTypeError(_where(field), "lists and arrays of numbers", got, REPAIR)


def _array(values: list[Any], field: str) -> Any:
    """Numbers or arrays of one shape, stacked."""
    for value in values:
        known = isinstance(value, (Number, np.bool_, np.ndarray, Tensor, list))
        if not known and not is_cuda(value):
            expected = "numbers, arrays, strings, tuples or dicts"
            raise DTypeError(_where(field), expected, type(value).__name__, REPAIR)
    try:
        arrays = [np.asarray(v) if isinstance(v, (list, Number)) else v for v in values]
    except ValueError as error:
        got = "a list of lists of several lengths"
        raise ShapeError(_where(field), "values of one shape", got, REPAIR) from error
    _demand_numbers(arrays, field)
    other = next((a.shape for a in arrays if a.shape != arrays[0].shape), None)
    if other is not None:
        got = f"{arrays[0].shape} and {other}"
        raise ShapeError(_where(field), "values of one shape", got, REPAIR)
    if any(isinstance(a, Tensor) for a in arrays):
        return stack(arrays)
    return module_of(*arrays).stack(arrays)

"""Single samples of a batch, in whatever form a modality comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.shaping import data_of
from ...kernels import ShapeError
from ...kernels.device import device_of, to_device
from ..presence import Tokens


def count(value: Any) -> int:
    """How many samples a target, a feature or an input has."""
    if isinstance(value, Tokens):
        return count(value.values)
    if is_bag(value):
        return len(value[1])
    return len(value[0] if isinstance(value, tuple) else value)


def take(value: Any, rows: np.ndarray) -> Any:
    """Samples by number, of arrays, Tensors, Tokens, lists, bags of words, and tuples of them.

    >>> take((np.array([5, 6, 7, 8]), np.array([0, 3])), np.array([1, 0]))
    (array([8, 5, 6, 7]), array([0, 1]))
    """
    if value is None:
        return None
    if is_bag(value):
        return _bags(value, rows)
    if isinstance(value, tuple):
        parts = [take(part, rows) for part in value]
        return Tokens(*parts) if isinstance(value, Tokens) else tuple(parts)
    if isinstance(value, list):
        return [value[i] for i in rows]
    data = data_of(value) if isinstance(value, Tensor) else value
    return value[to_device(rows, device_of(data))]


def taken(values: Mapping[str, Any], rows: np.ndarray) -> dict[str, Any]:
    """The same samples of every modality."""
    return {name: take(value, rows) for name, value in values.items()}


def demand_rows(where: str, inputs: Mapping[str, Any], rows: int) -> None:
    """Raises: ShapeError where a modality has another number of samples than the target."""
    for name, value in inputs.items():
        parts = value if isinstance(value, tuple) and not is_bag(value) else (value,)
        found = [count(part) for part in parts if part is not None]
        if any(n != rows for n in found):
            repair = "give every modality one row for each label"
            raise ShapeError(f"{where}, {name}", f"{rows} rows", str(found[0]), repair)


def is_bag(value: Any) -> bool:
    """Whether this is (word numbers (N,), offsets (B,)), as EmbeddingBag takes them."""
    if not (type(value) is tuple and len(value) == 2):
        return False
    words, offsets = arrays = [data_of(x) if isinstance(x, Tensor) else x for x in value]
    if not all(
        isinstance(x, np.ndarray) and x.ndim == 1 and x.dtype.kind in "iu" for x in arrays
    ):
        return False
    rising = bool((np.diff(offsets) >= 0).all())
    return offsets.size > 0 and offsets[0] == 0 and rising and offsets[-1] <= len(words)


def _bags(value: tuple[Any, Any], rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    words, offsets = (data_of(x) if isinstance(x, Tensor) else x for x in value)
    ends = np.append(offsets[1:], len(words))
    parts = [words[offsets[i] : ends[i]] for i in rows]
    starts = np.cumsum([0, *(len(part) for part in parts[:-1])]).astype(offsets.dtype)
    return np.concatenate(parts) if parts else words[:0], starts

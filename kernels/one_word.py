"""A rule of one word as NumPy's ufunc, whose large results stand on memory of the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import pool
from .compiled import FROM
from .layout import float_of, is_on_host, like, model
from .vocabulary import Word


def of_ufunc(word: Word, read: Callable[..., Any]) -> Callable[..., Any]:
    """The ufunc of a word; `read` takes large arrays where compiled code has a better one."""
    ufunc, array, least = word.numpy, np.ndarray, FROM
    large = read if word.vector else _into_pool(word)

    def one(x: Any) -> Any:
        if x.__class__ is array and x.size >= least:
            return large(x)
        return ufunc(x)

    def two(x: Any, y: Any) -> Any:
        if (x.__class__ is array and x.size >= least) or (
            y.__class__ is array and y.size >= least
        ):
            return large(x, y)
        return ufunc(x, y)

    return one if len(word.takes) == 1 else two


def _into_pool(word: Word) -> Callable[..., Any]:
    ufunc: Any = word.numpy

    def large(*arrays: Any) -> Any:
        kind = float_of(arrays) if all(map(is_on_host, arrays)) else None
        if kind is None:
            return ufunc(*arrays)
        kind = kind if word.gives == "n" else np.dtype(bool)
        first = model(arrays)
        if first is not None:
            return ufunc(*arrays, out=like(first, kind))
        shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
        return ufunc(*arrays, out=pool.empty(shape, kind))

    return large

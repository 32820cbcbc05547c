"""What augmentations share: who is picked, and what a batch looks like.

An augmentation is called as `augment(x, rng=generator)`. x is an array whose first axis is the
batch, or a tuple (array, lengths) where rows end at different places; a new one of the same
shape and dtype comes back, and x is as before. Give it training data alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.random import generator
from ...kernels import DTypeError, OptionError, ShapeError


class Augmentation:
    """Base: picks every row of a batch with probability p and gives `changed(row)` for it.

    A row that is not picked is given back bit for bit, and with p = 0 all are. Which rows are
    picked is drawn first, then what becomes of each of them, in their order.
    Raises: ShapeError, DTypeError for an x that is not so; OptionError for settings.
    """

    p: float
    axes: tuple[int, ...] = ()  # how many a batch may have; empty: any, from two on

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What becomes of a row that was picked. Shapes: as the row."""
        raise OptionError(type(self).__name__, "a changed method", "none", "define one")

    def __call__(self, x: Any, *, rng: np.random.Generator) -> Any:
        rng, (values, *rest) = generator(rng), x if isinstance(x, tuple) else (x,)
        batch = self._batch(values)
        ends = _ends(type(self).__name__, batch, rest)
        found = batch.copy()
        for row in np.flatnonzero(rng.random(len(batch)) < self.p):
            part = batch[row, : ends[row]]
            if part.size:
                found[row, : ends[row]] = self.changed(part, rng)
        return (found, *rest) if isinstance(x, tuple) else found

    def _batch(self, values: Any) -> np.ndarray:
        where = type(self).__name__
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
            got = getattr(values, "dtype", type(values).__name__)
            repair = "vary batches on the host, before they are Tensors"
            raise DTypeError(where, "a NumPy array of numbers", str(got), repair)
        if values.ndim < 2 or (self.axes and values.ndim not in self.axes):
            rule = " or ".join(map(str, self.axes)) if self.axes else "2 or more"
            got, repair = f"shape {values.shape}", "the first axis is the batch"
            raise ShapeError(where, f"a batch of {rule} axes", got, repair)
        return values


def _ends(where: str, batch: np.ndarray, rest: list[Any]) -> np.ndarray:
    """Where every row ends. Raises: ShapeError, OptionError for lengths that are not so."""
    if not rest:
        return np.full(len(batch), batch.shape[1])
    ends = np.asarray(rest[0])
    if len(rest) > 1 or ends.shape != (len(batch),):
        got, repair = f"{len(rest)} more, of shape {ends.shape}", "give one length for each row"
        raise ShapeError(where, f"(x, lengths) with {len(batch)} lengths", got, repair)
    if ends.size and (
        ends.dtype.kind not in "iu" or not 0 <= ends.min() <= ends.max() <= batch.shape[1]
    ):
        rule, repair = f"whole lengths of 0 to {batch.shape[1]}", "see the second axis"
        raise OptionError(where, rule, str(ends.tolist()), repair)
    return ends


def check_share(where: str, name: str, value: float) -> None:
    """Raises: OptionError where the value is no share of 1."""
    if not 0 <= value <= 1:
        repair = "give a probability or a share"
        raise OptionError(where, f"{name} in [0, 1]", f"{name}={value!r}", repair)


def check_level(where: str, name: str, value: float) -> None:
    """Raises: OptionError where the value is below 0, or no number."""
    if not value >= 0:
        raise OptionError(where, f"{name} >= 0", f"{name}={value!r}", "0 changes nothing")


def rounded(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """The values in the dtype of another array: the nearest whole numbers in its range, where
    it holds whole numbers."""
    if like.dtype.kind == "f":
        return values.astype(like.dtype)
    limits = np.iinfo(like.dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(like.dtype)

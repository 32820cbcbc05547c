"""Corruptions of inputs by a level: nothing at all at 0, all of it at 1.

GaussianNoise   arrays: noise is added
Erase           arrays: a share of the elements becomes 0
PermuteRows     anything: a share of the samples gets the input of another one
DeleteWords     word numbers, bags or lists: a share of the words is gone
DropFrames      sound and other sequences: a share of the frames is silent
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import Tensor
from ...kernels import DTypeError, OptionError
from ...kernels.device import device_of, to_device
from .rows import count, is_bag, take


class Corruption:
    """Base: checks the level, and gives the very input back at level 0.

    Raises: OptionError for a level outside 0..1, DTypeError for inputs of another kind.
    """

    expects = "an array of floats"

    def __call__(self, x: Any, level: float, rng: np.random.Generator) -> Any:
        """x, spoilt to a level. The draws are the generator's."""
        name = type(self).__name__
        if not 0 <= level <= 1:
            raise OptionError(name, "a level in 0..1", repr(level), "0 leaves x as it is")
        if not self.fits(x):
            got, repair = type(x).__name__, "choose a corruption for this kind of input"
            raise DTypeError(name, self.expects, got, repair)
        return x if level == 0 else self.spoil(x, level, rng)

    def fits(self, x: Any) -> bool:
        """Whether this is an input that it knows to spoil."""
        dtype = getattr(x, "dtype", None)
        return dtype is not None and np.dtype(dtype).kind == "f" and len(x.shape) >= 1

    def spoil(self, x: Any, level: float, rng: np.random.Generator) -> Any:
        """The formula, for levels above 0: of an array, on the host."""
        data = x.data if isinstance(x, Tensor) else x
        host = np.asarray(to_device(data, "cpu"))
        changed = self.change(host, level, rng).astype(host.dtype, copy=False)
        return to_device(changed, device_of(data))

    def change(self, x: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
        """The formula, of an array of floats."""
        raise OptionError(type(self).__name__, "a change method", "none", "define one")

    def __repr__(self) -> str:
        found = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}({found})"


class GaussianNoise(Corruption):
    """x + level * scale * s * N(0, 1), with s the standard deviation of all elements of x.

    Units: scale 1 is noise as strong as the data at level 1.
    """

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def change(self, x: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
        size = level * self.scale * float(x.std(dtype=np.float64))
        return x + size * rng.standard_normal(x.shape)


class Erase(Corruption):
    """Each element becomes 0 with probability `level`: all of them at 1."""

    def change(self, x: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
        return np.where(rng.random(x.shape) < level, 0, x)


class DropFrames(Corruption):
    """Each frame of a sequence, `width` steps along axis 1, is silent (0) with probability
    `level`. Shapes: x (B, T, ...)."""

    expects = "an array of floats (B, T, ...)"

    def __init__(self, width: int = 1) -> None:
        if not isinstance(width, int) or width < 1:
            repair = "1 silences single steps"
            raise OptionError("DropFrames", "a width of 1 or more", repr(width), repair)
        self.width = width

    def fits(self, x: Any) -> bool:
        return super().fits(x) and len(x.shape) >= 2

    def change(self, x: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
        frames = -(-x.shape[1] // self.width)
        silent = np.repeat(rng.random((len(x), frames)) < level, self.width, axis=1)
        silent = silent[:, : x.shape[1]].reshape(x.shape[:2] + (1,) * (x.ndim - 2))
        return np.where(silent, 0, x)


class PermuteRows(Corruption):
    """A share `level` of the samples, drawn without repetition, pass their inputs on along one
    cycle: at level 1 every sample has the input of another. A single one keeps its own."""

    expects = "samples in rows"

    def fits(self, x: Any) -> bool:
        return isinstance(x, (list, tuple, Tensor)) or hasattr(x, "dtype")

    def spoil(self, x: Any, level: float, rng: np.random.Generator) -> Any:
        rows = count(x)
        order, cycle = np.arange(rows), rng.permutation(rows)[: round(level * rows)]
        order[cycle] = np.roll(cycle, 1)
        return take(x, order)


class DeleteWords(Corruption):
    """Each word is deleted with probability `level`: none is left at 1.

    Shapes: word numbers (B, T), of which what stands behind a gap moves up and `padding` fills
    the end; or a bag (N,) with offsets (B,); or a list of lists of words.
    """

    expects = "word numbers (B, T), a bag (N,) with offsets (B,), or lists of words"

    def __init__(self, padding: int = 0) -> None:
        self.padding = padding

    def fits(self, x: Any) -> bool:
        if is_bag(x):
            return True
        if isinstance(x, list):
            return all(isinstance(words, list) for words in x)
        return isinstance(x, np.ndarray) and x.dtype.kind in "iu" and x.ndim == 2

    def spoil(self, x: Any, level: float, rng: np.random.Generator) -> Any:
        if is_bag(x):
            words, offsets = x
            kept = rng.random(len(words)) >= level
            return words[kept], np.append(0, np.cumsum(kept))[offsets].astype(offsets.dtype)
        if isinstance(x, list):
            return [[w for w in words if rng.random() >= level] for words in x]
        kept = (rng.random(x.shape) >= level) & (x != self.padding)
        order = np.argsort(~kept, axis=1, kind="stable")
        moved = np.take_along_axis(np.where(kept, x, self.padding), order, axis=1)
        return moved.astype(x.dtype, copy=False)

"""Which samples have which modality: masks, and features that are 0 where there is none.

`present` maps modalities to truth values of shape (B,), or (B, T) where single tokens are
missing; a modality without an entry is there for every sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..engine.ops import elementwise
from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import to_device

Present = Mapping[str, Any]


class Tokens(NamedTuple):
    """A sequence for each sample, as what a branch gives to fusions of tokens.

    Shapes: values (B, T, d); present (B, T), True for real tokens; None where all are.
    """

    values: Tensor
    present: Any = None


class Presence:
    """The masks of one batch, as NumPy arrays: `here[name]` is (B,)."""

    def __init__(self, names: Sequence[str], rows: int) -> None:
        self.names, self.rows = list(names), rows
        self.masks: dict[str, np.ndarray] = {}  # of the modalities that somebody misses
        self.token_masks: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        mask = self.masks.get(name)
        return np.ones(self.rows, bool) if mask is None else mask

    @property
    def is_whole(self) -> bool:
        """Whether every sample has every modality."""
        return not self.masks

    def column(self, name: str, like: Tensor) -> Any:
        """1 for samples that have a modality, 0 for others. Shapes: (B, 1), dtype as `like`."""
        return to_device(self[name].astype(like.dtype)[:, None], like.device)

    def table(self, like: Tensor) -> Any:
        """1 and 0 for all modalities. Shapes: (B, M), in the order of the names."""
        found = np.stack([self[name] for name in self.names], axis=1)
        return to_device(found.astype(like.dtype), like.device)

    def count(self, like: Tensor) -> Any:
        """How many modalities a sample has, at least 1. Shapes: (B, 1)."""
        found = np.sum([self[name] for name in self.names], axis=0)
        return to_device(np.maximum(found, 1).astype(like.dtype)[:, None], like.device)

    def tokens(self, name: str, length: int) -> np.ndarray:
        """Which tokens are there. Shapes: (B, T).

        Raises: ShapeError where the mask as given is of another T.
        """
        mask = self.token_masks.get(name)
        if mask is not None and mask.shape[1] != length:
            rule, got = f"a mask {(self.rows, length)}, as the tokens", str(mask.shape)
            raise ShapeError(f"present[{name!r}]", rule, got, "mask what the branch gives")
        whole = np.ones((self.rows, length), bool) if mask is None else mask
        return whole & self[name][:, None]

    def together(self, *names: str) -> np.ndarray:
        """The rows that have all of these modalities. Shapes: (number of them,)."""
        return np.flatnonzero(np.all([self[name] for name in names], axis=0))


def read_presence(names: Sequence[str], rows: int, present: Present | None) -> Presence:
    """The masks as given.

    Raises: DTypeError for what is no dict, OptionError for a mask of another shape, or of no
    branch.
    """
    here = Presence(names, rows)
    for name, given in _by_name(present).items():
        if name not in here.names:
            expected, repair = f"names among {here.names}", "name each mask by its branch"
            raise OptionError("present", expected, repr(name), repair)
        if given is None:
            continue
        mask = np.asarray(to_device(given, "cpu"))
        if mask.shape[:1] != (rows,) or mask.ndim > 2 or mask.dtype != bool:
            expected = f"truth values of shape {(rows,)}, or {(rows, 'T')} for tokens"
            repair = "give one truth value for each sample"
            got = f"{mask.dtype} of shape {mask.shape}"
            raise OptionError(f"present[{name!r}]", expected, got, repair)
        _enter(here, name, mask)
    return here


def _enter(here: Presence, name: str, mask: np.ndarray) -> None:
    if mask.ndim == 2:
        here.token_masks[name] = mask
        mask = np.asarray(mask.any(axis=1))
    if not mask.all():
        here.masks[name] = mask


def joined(features: Mapping[str, Any], present: Present | None) -> dict[str, Any]:
    """`present`, and the masks that came with tokens; where there are both, both must hold.
    A sequence of no tokens at all is missing, mask or none.

    Raises: DTypeError for what is no dict, ShapeError for two masks that do not fit.
    """
    masks = dict(_by_name(present))
    for name, x in features.items():
        real = _real(x)
        if real is not None:
            given = masks.get(name)
            masks[name] = real if given is None else _both(name, real, given)
    return masks


def _real(x: Any) -> np.ndarray | None:
    """The mask that comes with a feature; None for one that is all there."""
    values, mask = (x.values, x.present) if isinstance(x, Tokens) else (x, None)
    if mask is not None:
        return np.asarray(to_device(mask, "cpu"))
    shape: tuple[int, ...] = getattr(values, "shape", ())
    return np.zeros(shape[:2], bool) if len(shape) == 3 and not shape[1] else None


def _both(name: str, real: np.ndarray, given: Any) -> np.ndarray:
    given = np.asarray(to_device(given, "cpu"))
    if given.dtype != bool or real.dtype != bool:  # which of them, read_presence will say
        return given if given.dtype != bool else real
    if given.shape not in (real.shape, real.shape[:1]):
        rule, repair = f"a mask of shape {real.shape} or {real.shape[:1]}", "give one mask"
        raise ShapeError(f"present[{name!r}]", rule, str(given.shape), repair)
    return real & given.reshape(given.shape + (1,) * (real.ndim - given.ndim))


def _by_name(present: Any) -> Mapping[str, Any]:
    if present is None or isinstance(present, Mapping):
        return present or {}
    expected, repair = "a dict of masks by modality", "name each mask by its branch"
    raise DTypeError("present", expected, type(present).__name__, repair)


def masked(feature: Tensor, mask: np.ndarray) -> Tensor:
    """The feature, and 0 (nan and gradients stopped too) where the mask is False.

    Shapes: feature (B, ...), mask (B,) or (B, T) -> (B, ...).
    """
    if mask.all():
        return feature
    shape = mask.shape + (1,) * (len(feature.shape) - mask.ndim)
    return elementwise.where(to_device(mask.reshape(shape), feature.device), feature, 0.0)

"""Modality dropout: masks that make samples do without some of their modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...engine.ops import random
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn import Module
from ..presence import Present, read_presence


class ModalityDropout(Module):
    """r_m ~ Bern(1 - p_m), independent, given that at least one of those present is kept.

        drop = ModalityDropout(["image", "audio"], 0.2, rng=rng)
        method.backward(network, inputs, labels, drop.masks(len(labels), present))

    Backward: f_m gets g_m r_m, exactly 0 in rows that lost it.
    The law of a row is that of independent draws conditioned on "not all dropped", P(r) =
    prod_m p_m^(1 - r_m) (1 - p_m)^r_m / (1 - prod_m p_m) over the modalities m it has: what
    repeating a draw until one is kept would give. It is drawn in one go: while nothing is kept,
    the next is kept with (1 - p_m) / (1 - product of p over it and those after it). So a
    modality is dropped a little less often than p: of two, with p (1 - p) / (1 - p^2) =
    p / (1 + p). Rows without any modality stay so. One uniform draw for each row and modality,
    whether it is needed or not. In evaluation mode nothing is dropped.
    p: one probability in [0, 1), or one by modality.
    Raises: OptionError for a p outside [0, 1), names that are not distinct, or a p without one.
    Source: Neverova et al. 2016, ModDrop.
    """

    def __init__(
        self,
        names: Sequence[str],
        p: float | Mapping[str, float] = 0.2,
        *,
        rng: np.random.Generator,
    ) -> None:
        where = "ModalityDropout"
        self.names, self.rng = _distinct(where, names), random.generator(rng)
        given = dict(p) if isinstance(p, Mapping) else dict.fromkeys(self.names, p)
        if given.keys() != set(self.names):
            repair = "give one for each, or one number"
            raise OptionError(where, f"p for {self.names}", str(list(given)), repair)
        for name, x in given.items():
            if not 0 <= x < 1:
                repair = "give a probability below 1"
                raise OptionError(where, "p in [0, 1)", f"{x} for {name!r}", repair)
        self.p = {name: given[name] for name in self.names}

    def masks(self, rows: int, present: Present | None = None) -> dict[str, Any]:
        """Masks as a network takes them: what is present, less what is dropped.

        Shapes: (rows,) by modality; (rows, T) where `present` says so of tokens.
        Raises: OptionError, DTypeError for a `present` that does not fit.
        """
        here = read_presence(self.names, rows, present)
        if not self.training:
            return dict(present or {})
        there = np.stack([here[name] for name in self.names])
        kept = self._kept(there)
        return {
            name: self._mask(name, kept[k], present or {}) for k, name in enumerate(self.names)
        }

    def _kept(self, there: np.ndarray) -> np.ndarray:
        """Shapes: (M, rows) -> (M, rows)."""
        p = np.array(list(self.p.values()))[:, None]
        draws = random.uniform(self.rng, there.shape).data
        lost = np.where(there, p, 1.0)  # the chance to be without it
        all_lost = np.cumprod(lost[::-1], axis=0)[::-1]  # it, and all after it
        kept, any_kept = np.zeros_like(there), np.zeros(there.shape[1], bool)
        for k in range(len(there)):
            chance = (1 - lost[k]) / np.where(all_lost[k] < 1, 1 - all_lost[k], 1.0)
            kept[k] = there[k] & (draws[k] < np.where(any_kept, 1 - lost[k], chance))
            any_kept |= kept[k]
        return kept

    def _mask(self, name: str, kept: np.ndarray, present: Present) -> np.ndarray:
        given = present.get(name)
        tokens = None if given is None else np.asarray(to_device(given, "cpu"))
        return kept if tokens is None or tokens.ndim == 1 else tokens & kept[:, None]

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={x:g}" for name, x in self.p.items())


def _distinct(where: str, names: Sequence[str]) -> list[str]:
    if isinstance(names, str) or not names or len(set(names)) != len(list(names)):
        repair = "pass a list such as ['image', 'text']"
        raise OptionError(where, "a list of distinct names", repr(names), repair)
    return list(names)

"""MMTM: what all modalities show together scales the channels of each."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import activations, shaping
from ...nn import Linear
from ..meeting import Features
from ..presence import Presence, Present, masked
from .fusion import Fusion, demand_sizes


class MMTM(Fusion):
    """a'_m = 2 sigmoid(e W_m^T + b_m) * a_m with e = relu([s_1 .. s_M] W^T + b), s_m the mean
    of a_m over its spatial axes. F = [a'_1 .. a'_M] of features, which are their own s_m.

    `exchange` recalibrates maps between the layers of branches; the call itself is the fusion
    of vectors. e has `width` units, by default half of sum C_m.

    Backward: g_m = delta_m * 2 sigmoid + (what e passes back to s_m) / (number of places):
    what other modalities need moves all places of a map alike.
    Shapes: f_m (B, C_m) -> F (B, sum C_m). A modality that is missing is 0 in s, and in F.
    Raises: OptionError for a width that is not so.
    Differs: the factor 2 is the paper's; its code leaves it out, and then every exchange halves
    the maps at first.
    Source: Vaezi Joze et al. 2020, eq. 1 to 4.
    """

    squeeze: Linear
    excite: dict[str, Linear]

    def __init__(
        self, widths: Mapping[str, int], width: int | None = None, *, rng: np.random.Generator
    ) -> None:
        super().__init__(widths)
        channels = sum(self.widths.values())
        units = max(channels // 2, 1) if width is None else width
        demand_sizes("MMTM", width=units)
        self.squeeze = Linear(channels, units, rng=rng)
        self.excite = {name: Linear(units, c, rng=rng) for name, c in self.widths.items()}

    def exchange(self, maps: Features, present: Present | None = None) -> dict[str, Tensor]:
        """The recalibrated maps, of those modalities that are given.

        Shapes: maps (B, C_m, ...) of any spatial axes -> the same.
        Raises: DTypeError, OptionError, ShapeError for maps and masks that are not so.
        """
        self._check_names(maps)
        given = {n: x if isinstance(x, Tensor) else Tensor(x) for n, x in maps.items()}
        squeezed, here = self.gathered({n: _squeezed(x) for n, x in given.items()}, present)
        gates = self._gates(squeezed)
        return {name: _scaled(masked(x, here[name]), gates[name]) for name, x in given.items()}

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        gates = self._gates(features)
        return self.joined({name: f * gates[name] for name, f in features.items()})

    def _gates(self, squeezed: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """2 sigmoid(e W_m^T + b_m), (B, C_m), by modality."""
        e = activations.relu(self.squeeze(self.joined(squeezed)))
        return {name: 2.0 * excite(e).sigmoid() for name, excite in self.excite.items()}


def _squeezed(x: Tensor) -> Tensor:
    return x.mean(axis=tuple(range(2, len(x.shape)))) if len(x.shape) > 2 else x


def _scaled(x: Tensor, gate: Tensor) -> Tensor:
    return x * shaping.reshape(gate, gate.shape + (1,) * (len(x.shape) - 2))

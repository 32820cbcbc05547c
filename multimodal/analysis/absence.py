"""Three answers to what it means that a modality is away.

    zero      it is absent: the presence mask is False, its feature exactly 0
    mean      its feature is the mean feature of a reference set: nothing is known of it
    permuted  its feature is another sample's: it says something, but of somebody else

They act on the features of the branches, which are computed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine import Tensor
from ...kernels import OptionError
from ...kernels.device import device_of, to_device
from ..presence import Tokens
from .held_out import on_host
from .rows import count, take

ABSENCES = ("zero", "mean", "permuted")


@dataclass(frozen=True, eq=False)
class Absent:
    """What stands for absent modalities: features by modality, for as many rows as the data,
    and masks. Several of them are several draws of the same absence."""

    features: Mapping[str, Any]
    masks: Mapping[str, Any]

    def met(
        self, features: Mapping[str, Any], present: Mapping[str, Any], kept: Sequence[str]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Features and masks with only `kept` as they are."""
        both = {n: f if n in kept else self.features[n] for n, f in features.items()}
        masks = {n: m for n, m in present.items() if n in kept}
        return both, {**masks, **{n: m for n, m in self.masks.items() if n not in kept}}


def demand_absence(where: str, absence: Any) -> None:
    """Raises: OptionError for an absence that nobody knows."""
    if absence not in ABSENCES:
        expected = f"absence in {', '.join(ABSENCES)}"
        raise OptionError(where, expected, repr(absence), "choose one of these")


def zero(features: Mapping[str, Any]) -> list[Absent]:
    """Masks of False for all rows."""
    gone = {name: np.zeros(count(f), bool) for name, f in features.items()}
    return [Absent(features, gone)]


def mean(
    features: Mapping[str, Any], reference: Mapping[str, Any], present: Mapping[str, Any]
) -> list[Absent]:
    """The mean feature of a reference set in every row; of tokens, the mean of all that are
    there, as the one token. `present` says what of the reference is there."""
    filled = {n: _filled(f, reference[n], present.get(n)) for n, f in features.items()}
    return [Absent(filled, {})]


def permuted(
    features: Mapping[str, Any],
    present: Mapping[str, Any],
    draws: int,
    rng: np.random.Generator,
) -> list[Absent]:
    """Features, with their masks, of other samples: each modality moved along one cycle through
    all rows, so that none keeps its own. A draw is the same for all sets of modalities."""
    return [_permuted(features, present, rng) for _ in range(draws)]


def _permuted(
    features: Mapping[str, Any], present: Mapping[str, Any], rng: np.random.Generator
) -> Absent:
    orders = {name: others(count(f), rng) for name, f in features.items()}
    masks = {n: take(on_host(m), orders[n]) for n, m in present.items() if m is not None}
    return Absent({n: take(f, orders[n]) for n, f in features.items()}, masks)


def others(rows: int, rng: np.random.Generator) -> np.ndarray:
    """For each row another one: a random cycle through all of them. Shapes: (rows,)."""
    cycle = rng.permutation(rows)
    order = np.empty(rows, np.intp)
    order[cycle] = np.roll(cycle, 1)
    return order


def _filled(feature: Any, reference: Any, present: Any) -> Any:
    """The mean of what is there of a reference, 0 of nothing, as often as the feature has
    rows."""
    values, mask = reference if isinstance(reference, Tokens) else (reference, None)
    known = on_host(values)
    rows = known[_there(known, mask) & _there(known, present)]
    total = rows.sum(axis=0, dtype=np.float64)
    average = (total / max(len(rows), 1)).astype(known.dtype)
    tokens = known.ndim == 3
    shape = (count(feature), *((1,) if tokens else ()), known.shape[-1])
    like = feature.values if isinstance(feature, Tokens) else feature
    data = to_device(
        np.ascontiguousarray(np.broadcast_to(average, shape)), device_of(like.data)
    )
    return Tensor(data)


def _there(known: np.ndarray, mask: Any) -> np.ndarray:
    """Which vectors of a feature a mask leaves. Shapes: (B, ..., d) -> (B, ...)."""
    vectors = known.shape[:-1]
    if mask is None:
        return np.ones(vectors, bool)
    mask = on_host(mask)
    if mask.ndim > len(vectors):
        mask = mask.any(axis=1)  # of tokens, of what is one vector
    return np.broadcast_to(
        mask.reshape(mask.shape + (1,) * (len(vectors) - mask.ndim)), vectors
    )

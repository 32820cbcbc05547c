"""Networks of named branches that meet: as features, or as decisions.

Inputs are a dict by modality; a value is what its branch takes, or a tuple where it takes
several arguments. A modality may be missing for the whole batch (its key is absent) or for some
samples (`present`, truth values of shape (B,) by modality). A missing feature is exactly 0, and
so is the gradient that reaches its branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import elementwise
from ..kernels import DTypeError, OptionError
from ..kernels.device import to_device
from ..nn import Module
from .fusion import Fusion

Inputs = Mapping[str, Any]
Present = Mapping[str, Any]


@dataclass
class Outputs:
    """What one forward pass computed: logits (B, C), and by modality what met at the fusion
    point and the logits of the unimodal heads (empty without heads)."""

    logits: Tensor
    features: dict[str, Tensor]
    unimodal: dict[str, Tensor]


class Multimodal(Module):
    """Base: runs branches, applies presence, and tells `on_features` what meets."""

    branches: dict[str, Module]

    def __init__(self, branches: Mapping[str, Module]) -> None:
        self.branches = dict(branches)
        self.on_features: list[Callable[[dict[str, Tensor]], None]] = []

    def outputs(self, inputs: Inputs, present: Present | None = None) -> Outputs:
        """Everything a training step may want of one forward pass."""
        raise OptionError(type(self).__name__, "an outputs method", "none", "define one")

    def forward(self, inputs: Inputs, present: Present | None = None) -> Tensor:
        return self.outputs(inputs, present).logits

    def _features(self, inputs: Inputs) -> dict[str, Tensor]:
        if not isinstance(inputs, Mapping):
            raise DTypeError(
                type(self).__name__,
                "a dict of inputs by modality",
                type(inputs).__name__,
                f"name each input by its branch, of {list(self.branches)}",
            )
        unknown = sorted(inputs.keys() - self.branches, key=str)
        if unknown or not inputs:
            raise OptionError(
                type(self).__name__,
                f"inputs among {list(self.branches)}",
                str(unknown or "none"),
                "name each input by its branch",
            )
        return {
            name: branch(*_arguments(inputs[name]))
            for name, branch in self.branches.items()
            if name in inputs
        }

    def _tell(self, features: dict[str, Tensor]) -> None:
        for watcher in self.on_features:
            watcher(features)


class FeatureFusionNet(Multimodal):
    """logits = head(fusion({m: branch_m(x_m)})), with optional heads on single branches.

    Shapes: branch_m gives (B, d_m); head takes (B, fusion.width) -> (B, C); heads[m] (B, d_m)
    -> (B, C).
    """

    def __init__(
        self,
        branches: Mapping[str, Module],
        fusion: Fusion,
        head: Module,
        heads: Mapping[str, Module] | None = None,
    ) -> None:
        super().__init__(branches)
        if list(fusion.widths) != list(self.branches):
            raise OptionError(
                "FeatureFusionNet",
                f"a fusion of {list(self.branches)}",
                str(list(fusion.widths)),
                "name both alike, in one order",
            )
        self.fusion, self.head, self.heads = fusion, head, dict(heads or {})

    def outputs(self, inputs: Inputs, present: Present | None = None) -> Outputs:
        features = self._features(inputs)
        self._tell(features)
        masked = {name: _masked(f, present, name) for name, f in features.items()}
        like = next(iter(masked.values()))
        whole = {
            name: masked.get(name, _absent(like, d)) for name, d in self.fusion.widths.items()
        }
        unimodal = {n: self.heads[n](f) for n, f in features.items() if n in self.heads}
        return Outputs(self.head(self.fusion(whole)), features, unimodal)


class DecisionFusionNet(Multimodal):
    """logits = the mean, over the modalities present, of heads[m](branch_m(x_m)).

    Backward: every present branch receives (softmax(logits) - y) / (M B): equal shares.
    """

    def __init__(self, branches: Mapping[str, Module], heads: Mapping[str, Module]) -> None:
        super().__init__(branches)
        if list(heads) != list(self.branches):
            raise OptionError(
                "DecisionFusionNet",
                f"a head for {list(self.branches)}",
                str(list(heads)),
                "name both alike, in one order",
            )
        self.heads = dict(heads)

    def outputs(self, inputs: Inputs, present: Present | None = None) -> Outputs:
        logits = {n: self.heads[n](f) for n, f in self._features(inputs).items()}
        self._tell(logits)
        return Outputs(mean_logits(logits, present), logits, dict(logits))


def mean_logits(logits: Mapping[str, Tensor], present: Present | None = None) -> Tensor:
    """The mean of logits over the modalities present, sample by sample; 0 where none is.

    Shapes: (B, C) by modality, present (B,) by modality -> (B, C).
    """
    first, *rest = (_masked(z, present, name) for name, z in logits.items())
    for z in rest:
        first = first + z
    rows = len(first)
    count = sum(_mask(present, name, rows).astype(first.dtype) for name in logits)
    return first / to_device(np.maximum(count, 1)[:, None], first.device)


def _arguments(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _mask(present: Present | None, name: str, rows: int) -> np.ndarray:
    mask = (present or {}).get(name)
    return np.ones(rows, bool) if mask is None else np.asarray(to_device(mask, "cpu"), bool)


def _masked(feature: Tensor, present: Present | None, name: str) -> Tensor:
    """The feature, and 0 (nan and gradients stopped too) where the modality is missing."""
    if present is None or name not in present:
        return feature
    mask = _mask(present, name, len(feature))
    if mask.shape != feature.shape[:1]:
        raise OptionError(
            f"present[{name!r}]",
            f"shape {feature.shape[:1]}",
            str(mask.shape),
            "give one truth value for each sample",
        )
    return elementwise.where(to_device(mask[:, None], feature.device), feature, 0.0)


def _absent(like: Tensor, width: int) -> Tensor:
    return Tensor(to_device(np.zeros((len(like), width), like.dtype), like.device))

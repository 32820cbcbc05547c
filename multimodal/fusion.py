"""Feature-level fusion: branch features, named by modality, become one vector.

Legend: M modalities, f_m (B, d_m) the feature of one, F (B, D) the fused feature, delta =
dL/dF. A fusion is built from the widths {name: d_m}, whose order is the order of the parts in
F.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..engine import Tensor
from ..engine.ops import shaping
from ..kernels import ShapeError
from ..nn import Linear, Module

Features = Mapping[str, Tensor]


class Fusion(Module):
    """Base of feature fusions: knows the names and widths of the parts, and its own width."""

    def __init__(self, widths: Mapping[str, int]) -> None:
        if not widths:
            raise ShapeError(
                type(self).__name__,
                "one modality or more",
                "none",
                "give widths such as {'image': 64, 'text': 64}",
            )
        self.widths = dict(widths)

    @property
    def width(self) -> int:
        """D, the width of F."""
        return sum(self.widths.values())

    def joined(self, features: Features) -> Tensor:
        """[f_1 .. f_M], (B, sum d_m), in the order of the widths."""
        return shaping.concat([features[name] for name in self.widths], axis=-1)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={d}" for name, d in self.widths.items())


class Concat(Fusion):
    """F = [f_1 .. f_M].

    Backward: g_m is the slice of delta that belongs to m, so that |delta|^2 = sum |g_m|^2.
    """

    def forward(self, features: Features) -> Tensor:
        return self.joined(features)


class Sum(Fusion):
    """F = f_1 + .. + f_M; all widths equal.

    Backward: g_m = delta for every m: the error cannot tell the branches apart.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__(widths)
        if len(set(widths.values())) > 1:
            raise ShapeError(
                "Sum", "equal widths", str(dict(widths)), "end every branch in the same width"
            )

    @property
    def width(self) -> int:
        return next(iter(self.widths.values()))

    def forward(self, features: Features) -> Tensor:
        first, *rest = (features[name] for name in self.widths)
        for feature in rest:
            first = first + feature
        return first


class Gate(Fusion):
    """F = s * u with u = [f_1 .. f_M] and s = sigmoid(u W_g^T + b).

    Backward: a value path delta * s, and a gate path (delta * u * s * (1 - s)) W_g, added. W_g
    is drawn as Linear draws, b starts at 0. Source: Arevalo et al. 2017 and Kiela et al. 2018,
    with one gate for all parts.
    """

    gate: Linear

    def __init__(self, widths: Mapping[str, int], *, rng: np.random.Generator) -> None:
        super().__init__(widths)
        self.gate = Linear(self.width, self.width, rng=rng)

    def forward(self, features: Features) -> Tensor:
        u = self.joined(features)
        return self.gate(u).sigmoid() * u

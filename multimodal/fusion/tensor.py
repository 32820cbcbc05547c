"""TensorFusion: every product of elements, one from each modality or none."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops.shaping import concat, reshape
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn import Linear
from ..presence import Presence
from .fusion import Fusion, demand_sizes


class TensorFusion(Fusion):
    """F = [1; f_1] (x) .. (x) [1; f_M], flattened: all products of at most one element of each
    modality, the last modality's index running fastest. Of one modality F = [1; f].

    Backward: g_m[i] is the sum over all other indices of delta * the product of the other
    [1; f_n]: the other branches' activations are this branch's learning rate. The 1 keeps a
    gradient alive where another branch is 0, and what a missing one leaves is the product of
    the others.
    Shapes: f_m (B, d_m) -> F (B, prod (d_m + 1)). With `project`, a number, every f_m first
    becomes f_m P_m^T of that width, P_m (project, d_m) drawn as Linear draws and without bias,
    so that what is missing stays 0; F is then (B, (project + 1)^M).
    Raises: OptionError for a project below 1, or one without rng.
    Differs: `project` is none of the paper's, whose branches end in few units by themselves;
    and there the 1 stands last, in its program first, as here.
    Source: Zadeh et al. 2017.
    """

    projections: dict[str, Linear]

    def __init__(
        self,
        widths: Mapping[str, int],
        project: int | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(widths)
        self.project, self.projections = project, {}
        if project is None:
            return
        demand_sizes("TensorFusion", project=project)
        if rng is None:
            expected, repair = "an rng beside project", "pass rng=np.random.default_rng(0)"
            raise OptionError("TensorFusion", expected, "None", repair)
        self.projections = {
            name: Linear(d, project, bias=False, rng=rng) for name, d in self.widths.items()
        }

    @property
    def width(self) -> int:
        return math.prod((self.project or d) + 1 for d in self.widths.values())

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        if self.projections:
            features = {name: self.projections[name](f) for name, f in features.items()}
        first, *rest = map(with_one, features.values())
        for f in rest:
            (rows, i), (_, j) = first.shape, f.shape
            pairs = reshape(first, (rows, i, 1)) * reshape(f, (rows, 1, j))
            first = reshape(pairs, (rows, i * j))
        return first


def with_one(f: Tensor) -> Tensor:
    """[1; f]. Shapes: (B, d) -> (B, d + 1)."""
    ones = to_device(np.ones((f.shape[0], 1), f.dtype), f.device)
    return concat([ones, f], axis=1)

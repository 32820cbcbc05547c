"""MLB, and the base of fusions that multiply projections of the features.

Of two modalities they are bilinear: h_o = f_1 W_o f_2, with W_o of less than d_1 d_2 numbers.
MLB is here; Tucker, MUTAN and BLOCK are in cores.py, MCB is in sketch.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops import elementwise
from ...nn import Linear
from ..presence import Presence
from .fusion import Fusion, demand_sizes
from .shares import or_neutral


class Projected(Fusion):
    """F = product of t_1 .. t_M, through a Linear; t_m = tanh(f_m W_m^T), or without the tanh.

    W_m have no bias: a branch that is 0 makes the product 0, and then the gradients of all
    other branches. A missing modality is not 0 but leaves the product: its t_m is all ones.
    """

    projections: dict[str, Linear]
    output: Linear
    squashed = True  # whether tanh is taken

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        inner: int,
        product: int,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths)
        demand_sizes(type(self).__name__, width=width, inner=inner)
        self._width, self.inner = width, inner
        self.projections = {
            name: Linear(d, inner, bias=False, rng=rng) for name, d in self.widths.items()
        }
        self.output = Linear(product, width, rng=rng)

    @property
    def width(self) -> int:
        return self._width

    def product(self, parts: list[Tensor]) -> Tensor:
        """The product of t_1 .. t_M. Shapes: each (B, inner) -> (B, product)."""
        first, *rest = parts
        for part in rest:
            first = first * part
        return first

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        parts = []
        for name, f in features.items():
            t = self.projections[name](f)
            t = elementwise.tanh(t) if self.squashed else t
            parts.append(or_neutral(here[name], t, 1.0))
        return self.output(self.product(parts))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, width={self.width}, inner={self.inner}"


class MLB(Projected):
    """F = (t_1 * .. * t_M) P^T + b, element by element, with t_m = tanh(f_m W_m^T).

    Backward: with e = delta P, t_m receives e * the product of the other t_n, and f_m that
    times (1 - t_m^2), through W_m. Where another t_n is 0 nothing comes.
    Shapes: f_m (B, d_m), W_m (inner, d_m), P (D, inner) -> F (B, D). A missing modality's t_m
    is 1, so that the others meet without it. All are drawn as Linear draws.
    Raises: OptionError for a width or inner below 1.
    Differs: the paper has two modalities. `inner` is D unless given.
    Source: Kim et al. 2017.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        inner: int | None = None,
        *,
        rng: np.random.Generator,
    ) -> None:
        inner = width if inner is None else inner
        super().__init__(widths, width, inner, inner, rng)

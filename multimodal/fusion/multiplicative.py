"""Multiplicative: every pair of modalities interacts, each sample by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

import numpy as np

from ...engine import Tensor
from ...engine.ops import linear
from ...engine.ops.einsum import einsum
from ...kernels import OptionError
from ...nn import Parameter, init
from ..presence import Presence
from .fusion import Fusion, demand_sizes

FORMS = ("matrix", "vector", "scalar")


class Multiplicative(Fusion):
    """h = sum_{m<n} f_m W_mn f_n + sum f_m U_m + b, with W_mn of one of three forms:

    matrix  sum_ij f_m[i] W_mn[i, o, j] f_n[j], all of W_mn learned
    vector  (f_m A_mn) * v_n with v_n = f_n U_n: W_mn[i, o, j] = A_mn[i, o] U_n[j, o]
    scalar  (f_m a_mn) v_n, one number for all outputs: A_mn[i, o] = a_mn[i]

    Backward: g_m = delta U_m^T, and from each pair delta (W_mn f_n): how fast a branch learns
    is up to the other. A branch that is 0 leaves the linear terms, so that the others learn on.
    Shapes: f_m (B, d_m), W_mn (d_m, D, d_n), A_mn (d_m, D) or (d_m, 1), U_m (d_m, D), b (D,)
    -> h (B, D). U and A are drawn uniformly from +-1/sqrt(d_m), W from +-1/sqrt(d_m d_n), b
    as U of the first. A pair is named "m n" among `pairs`.
    Raises: OptionError for another form, a width below 1, or names of which two pairs read
    alike.
    Differs: the paper has two modalities; here every pair has its own term. Its vector and
    scalar forms act on f_n itself, of width D; here on v_n, so that widths are free.
    Source: Jayakumar et al. 2020.
    """

    linears: dict[str, Parameter]
    pairs: dict[str, Parameter]
    bias: Parameter

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        form: str = "matrix",
        *,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths)
        demand_sizes("Multiplicative", width=width)
        if form not in FORMS:
            rule = f"form in {', '.join(FORMS)}"
            raise OptionError("Multiplicative", rule, repr(form), "choose one of these")
        self._width, self.form = width, form
        self.linears = {
            name: _drawn(rng, (d, width), d, f"U of {name}") for name, d in self.widths.items()
        }
        self.pairs = {
            f"{m} {n}": _drawn(rng, *self._interaction(m, n), f"W of {m}, {n}")
            for m, n in combinations(self.widths, 2)
        }
        if len(self.pairs) < math.comb(len(self.widths), 2):  # "a b" + "c", and "a" + "b c"
            expected, repair = "names that pair in one way", "name them without blanks"
            raise OptionError("Multiplicative", expected, str(self.names), repair)
        self.bias = _drawn(rng, (width,), next(iter(self.widths.values())), "bias")

    def _interaction(self, m: str, n: str) -> tuple[tuple[int, ...], int]:
        """The shape of what a pair learns, and how many products feed one output."""
        a, b = self.widths[m], self.widths[n]
        if self.form == "matrix":
            return (a, self._width, b), a * b
        return (a, self._width if self.form == "vector" else 1), a

    @property
    def width(self) -> int:
        return self._width

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        v = {name: linear.matmul(f, self.linears[name]) for name, f in features.items()}
        h: Tensor = self.bias
        for term in v.values():
            h = h + term
        for m, n in combinations(features, 2):
            w = self.pairs[f"{m} {n}"]
            if self.form == "matrix":
                h = h + einsum("bi,ioj,bj->bo", features[m], w, features[n])
            else:
                h = h + linear.matmul(features[m], w) * v[n]
        return h

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, width={self.width}, form={self.form!r}"


def _drawn(
    rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, name: str
) -> Parameter:
    return Parameter(init.uniform(rng, shape, 1 / math.sqrt(fan_in)), name)

"""Tucker, MUTAN and BLOCK: projections of the features, multiplied by a core of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from ...engine import Tensor
from ...engine.ops.einsum import einsum
from ...engine.ops.shaping import reshape
from ...kernels import OptionError
from ...nn import Parameter, init
from .bilinear import Projected
from .fusion import demand_sizes


class Tucker(Projected):
    """F = z P^T + b with z_o = sum over i .. j of C[i, .., j, o] t_1[i] .. t_M[j], and t_m =
    tanh(f_m W_m^T): all products of projections, by a full core C.

    Backward: t_m receives C contracted with delta P and with all other t_n; dC is the outer
    product of all t_m and delta P.
    Shapes: f_m (B, d_m), W_m (inner, d_m), C (inner, .., inner, inner) with M + 1 axes, P (D,
    inner) -> F (B, D). A missing modality's t_m is all ones: C summed over its axis remains. C
    is drawn uniformly with variance 1 / (number of products that it sums), the others as Linear
    draws.
    Raises: OptionError for a width or inner below 1.
    Differs: more than two modalities, at the price of inner^(M + 1) numbers.
    Source: Ben-younes et al. 2017, with its tanh on the projections.
    """

    core: Parameter

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        inner: int,
        *,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, inner, inner, rng)
        shape = (inner,) * (len(self.widths) + 1)
        self.core = Parameter(spread(rng, shape, inner ** len(self.widths)), "core")

    def product(self, parts: list[Tensor]) -> Tensor:
        shape = (parts[0].shape[0], 1, self.inner)  # one chunk
        core = reshape(self.core, (1, *self.core.shape))
        z = contracted(core, [reshape(t, shape) for t in parts])
        return reshape(z, (shape[0], self.inner))


class MUTAN(Projected):
    """F = z P^T + b with z = sum_r (t_1 M_1[r]) * .. * (t_M M_M[r]) and t_m = tanh(f_m W_m^T):
    Tucker with a core that is a sum of R products, C = sum_r M_1[r] (x) .. (x) M_M[r] for each
    output.

    Backward: with e = delta P, q_m[r] = t_m M_m[r] receives e * the product of the other
    q_n[r]; t_m receives the sum over r, through M_m[r].
    Shapes: f_m (B, d_m), W_m (inner, d_m), M_m (R, inner, inner), P (D, inner) -> F (B, D). A
    missing modality's t_m is all ones. M_m are drawn uniformly with variance 1 / (inner
    R^(1 / M)); the others as Linear draws.
    Raises: OptionError for a width, inner or rank below 1.
    Differs: more than two modalities; no dropout.
    Source: Ben-younes et al. 2017.
    """

    factors: dict[str, Parameter]

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        inner: int,
        rank: int = 5,
        *,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(widths, width, inner, inner, rng)
        demand_sizes("MUTAN", rank=rank)
        self.rank, count = rank, inner * rank ** (1 / len(self.widths))
        self.factors = {
            name: Parameter(spread(rng, (rank, inner, inner), count), f"factors of {name}")
            for name in self.widths
        }

    def product(self, parts: list[Tensor]) -> Tensor:
        cores = self.factors.values()
        q = [einsum("bi,rio->bro", t, m) for t, m in zip(parts, cores, strict=True)]
        return super().product(q).sum(axis=1)


class BLOCK(Projected):
    """F = [z_1 .. z_K] P^T + b: the projections t_m = f_m W_m^T are cut into K chunks, and
    chunk k of all modalities meets in a Tucker core of its own, z_k[o] = sum over i .. j of
    C_k[i, .., j, o] t_1k[i] .. t_Mk[j].

    Backward: chunk k of t_m receives C_k contracted with chunk k of delta P and of the other
    t_n: chunks learn apart from each other, and meet in W_m and P.
    Shapes: f_m (B, d_m), W_m (inner, d_m), C (K, c, .., c, c) with c = inner / K and M + 1
    axes behind K, P (D, inner) -> F (B, D). A missing modality's t_m is all ones. C is drawn
    as Tucker's, the others as Linear draws.
    Raises: OptionError for a width, inner or number of chunks below 1, or an inner that chunks
    do not divide.
    Differs: more than two modalities. The cores are full, where the paper also bounds the rank
    of their slices; its program's signed square root is left out.
    Source: Ben-younes et al. 2019.
    """

    core: Parameter
    squashed = False

    def __init__(
        self,
        widths: Mapping[str, int],
        width: int,
        inner: int,
        chunks: int = 4,
        *,
        rng: np.random.Generator,
    ) -> None:
        demand_sizes("BLOCK", inner=inner, chunks=chunks)
        if inner % chunks:
            expected, got = "an inner that chunks divide", f"{inner} in {chunks} chunks"
            raise OptionError("BLOCK", expected, got, "choose a multiple of chunks")
        super().__init__(widths, width, inner, inner, rng)
        self.chunks, c = chunks, inner // chunks
        shape = (chunks, *(c,) * (len(self.widths) + 1))
        self.core = Parameter(spread(rng, shape, c ** len(self.widths)), "core")

    def product(self, parts: list[Tensor]) -> Tensor:
        rows, c = parts[0].shape[0], self.inner // self.chunks
        cut = [reshape(t, (rows, self.chunks, c)) for t in parts]
        return reshape(contracted(self.core, cut), (rows, self.inner))


def contracted(core: Tensor, parts: list[Tensor]) -> Tensor:
    """z[b, k, o] = sum over i .. j of core[k, i, .., j, o] t_1[b, k, i] .. t_M[b, k, j].

    Shapes: core (K, t, .., t, o), each part (B, K, t) -> (B, K, o).
    """
    first, *rest = parts
    rows, chunks, t = first.shape
    size = math.prod(core.shape[2:])
    z = einsum("bki,kir->bkr", first, reshape(core, (chunks, t, size)))
    for part in rest:
        size //= t
        z = einsum("bki,bkir->bkr", part, reshape(z, (rows, chunks, t, size)))
    return z


def spread(rng: np.random.Generator, shape: tuple[int, ...], count: float) -> np.ndarray:
    """Draws of variance 1 / count, uniform."""
    return init.uniform(rng, shape, math.sqrt(3 / count))

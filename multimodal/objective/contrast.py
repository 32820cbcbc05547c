"""Contrast: what belongs to one sample is alike, what belongs to two is not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.activations import softplus
from ...engine.ops.broadcast import sum_
from ...engine.ops.elementwise import clip, exp
from ...engine.ops.shaping import data_of, swap_last
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError, gather
from ...nn import Parameter
from .pairwise import Pairwise, demand_one_width
from .similarity import EPS, check_eps, cosines

TEMPERATURE = 0.07
SCALES = (1.0, 100.0)  # what exp(log_scale) may be


class InfoNCE(Pairwise):
    """L = (CE(S, I) + CE(S^T, I)) / 2, S_ij = cos(a_i, b_j) / tau: each finds its own partner
    among the N of the batch.

    1 / tau = exp(log_scale), kept in [1, 100]; log_scale is a Parameter where `learn`, shared
    by all pairs. In training a log_scale that a step took out of its bounds is put back on the
    bound by the next forward, where its gradient is alive, so that it never sticks.
    Backward: dS = (P_row + P_col - 2 I) / 2N, with the softmaxes of rows and columns; da^ =
    dS b^ / tau and db^ = dS^T a^ / tau; through the length, da = (g - (g . a^) a^) / |a|. Every
    sample moves every other. With N = 1 the loss is 0, and so is all of its gradient.
    A feature that is exactly 0 has cosine 0 with all, and a gradient of no more than 1 / eps.
    Shapes: features (B, d), of one d -> (). Units: nats, a mean over rows.
    Raises: OptionError for a temperature or eps out of range, ShapeError for unequal widths.
    Differs: more than two modalities give the mean over pairs; lengths as in `similarity.unit`.
    Source: van den Oord et al. 2018; Radford et al. 2021, sec. 2.3, 2.5 (CLIP).
    """

    log_scale: Parameter | float

    def __init__(
        self, temperature: float = TEMPERATURE, *, learn: bool = True, eps: float = EPS
    ) -> None:
        low, high = SCALES
        if not 1 / high <= temperature <= 1 / low:
            expected, repair = "a temperature in [0.01, 1]", "0.07 is the default"
            raise OptionError("InfoNCE", expected, f"{temperature}", repair)
        value = -math.log(temperature)
        self.log_scale = Parameter(np.float32(value), "log_scale") if learn else value
        self.eps = check_eps("InfoNCE", eps)

    def scale(self) -> Any:
        """1 / tau, in [1, 100]."""
        low, high = map(math.log, SCALES)
        if not isinstance(self.log_scale, Tensor):
            return math.exp(self.log_scale)
        return exp(clip(self.log_scale, low, high))

    def put_back(self) -> None:
        """Set a log_scale that left its bounds on the one it crossed."""
        if isinstance(self.log_scale, Parameter):
            low, high = map(math.log, SCALES)
            value = float(self.log_scale)
            if not low <= value <= high:
                self.log_scale.assign_(np.asarray(min(max(value, low), high)))

    def forward(self, features: Any, present: Any = None) -> Tensor:
        if self.training:
            self.put_back()
        return super().forward(features, present)

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        demand_one_width("InfoNCE", a, b)
        S = cosines(a, b, self.eps) * self.scale()
        own = np.arange(len(a))
        return (cross_entropy(S, own) + cross_entropy(swap_last(S), own)) / 2

    def extra_repr(self) -> str:
        learn = isinstance(self.log_scale, Tensor)
        return f"temperature={1 / float(self.scale()):.4g}, learn={learn}"


class SigLIP(Pairwise):
    """L = -sum_ij log sigma(Y_ij (t cos(a_i, b_j) + b)) / N, Y = 2 I - 1: each of the N^2 pairs
    is asked on its own whether it belongs together.

    t = exp(log_scale); log_scale and bias are Parameters where `learn`, shared by all pairs.
    Backward: dS = -Y sigma(-Y S) / N: no batch normaliser, so that what a pair gets depends on
    no other, and a single pair is taught too; dt = <dS, cos>, db = sum dS. Through the cosine
    as in InfoNCE; a feature that is exactly 0 has S = b with all.
    Shapes: features (B, d), of one d -> (). Units: nats, a sum over pairs by the rows.
    Raises: OptionError for a scale or eps out of range, ShapeError for unequal widths.
    Differs: more than two modalities give the mean over pairs; lengths as in `similarity.unit`.
    Source: Zhai et al. 2023, algorithm 1.
    """

    log_scale: Parameter | float
    bias: Parameter | float

    def __init__(
        self, scale: float = 10.0, bias: float = -10.0, *, learn: bool = True, eps: float = EPS
    ) -> None:
        if not 0 < scale < math.inf:
            raise OptionError("SigLIP", "a scale above 0", f"{scale}", "10 is the default")
        given = math.log(scale), float(bias)
        self.log_scale, self.bias = (
            (Parameter(np.float32(given[0]), "log_scale"), Parameter(np.float32(bias), "bias"))
            if learn
            else given
        )
        self.eps = check_eps("SigLIP", eps)

    def scale(self) -> Any:
        """t."""
        learns = isinstance(self.log_scale, Tensor)
        return exp(self.log_scale) if learns else math.exp(self.log_scale)

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        demand_one_width("SigLIP", a, b)
        S = cosines(a, b, self.eps) * self.scale() + self.bias
        own = gather.one_hot(np.arange(len(a)), like=data_of(S))
        return sum_(softplus(S * (1 - 2 * own))) / len(a)

    def extra_repr(self) -> str:
        learn = isinstance(self.bias, Tensor)
        return f"scale={float(self.scale()):.4g}, bias={float(self.bias):.4g}, {learn=}"

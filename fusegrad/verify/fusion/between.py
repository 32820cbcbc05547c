"""Cases of objectives between modalities: every one, and every variant of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.ops.broadcast import sum_
from ...multimodal.analysis import pearson
from ...multimodal.objective import (
    EY,
    BarlowTwins,
    ConsistencyKL,
    ConsistencyMSE,
    InfoNCE,
    Pairwise,
    Ranking,
    SigLIP,
    Structure,
    SumOfCorrelations,
    SumOfSquaredCorrelations,
    VICReg,
)
from ...nn import Module
from .case import Case, equal_vectors, vectors

# Around the feature 0 a cosine turns within eps. Steps of 1e-5 see that where eps is larger.
EPS = 0.01
KINK = "where {} is 0 the largest of equals is taken, or a root of squares: no derivative there"


class MeanPearson(Pairwise):
    """sum_k pearson(a_k, b_k) over columns: the function of the report, as an objective."""

    needs = 2

    def pair(self, a: Tensor, b: Tensor) -> Tensor:
        return sum_(pearson(a, b, eps=EPS))


def _case(name: str, what: str, make: Callable[[], Module], **how: Any) -> Case:
    given = {"inputs": equal_vectors, **how}
    return Case(name, "objective", what, lambda names, rng: make(), **given)


def _labelled(module: Any, inputs: Any, present: Any) -> Tensor:
    rows = len(next(iter(inputs.values())))
    return module(inputs, np.arange(rows) // 2, present)


def _taught(module: Any, inputs: Any, present: Any) -> Tensor:
    """By constants, as `detach` makes them: differences would move the features themselves."""
    drawn = {n: np.random.default_rng(3).standard_normal(x.shape) for n, x in inputs.items()}
    return module(inputs, present, drawn)


CONTRAST = [
    _case(
        "InfoNCE",
        "symmetric cross-entropy of cosines, learned scale",
        lambda: InfoNCE(eps=EPS),
        source="Radford et al. 2021",
    ),
    _case(
        "InfoNCE, fixed temperature",
        "symmetric cross-entropy of cosines",
        lambda: InfoNCE(0.2, learn=False, eps=EPS),
        source="van den Oord et al. 2018",
    ),
    _case(
        "SigLIP",
        "-log sigma(Y (t cos + b)) of all pairs, t and b learned",
        lambda: SigLIP(3.0, -1.0, eps=EPS),
        source="Zhai et al. 2023",
    ),
    _case(
        "SigLIP, fixed scale",
        "-log sigma(Y (t cos + b)) of all pairs",
        lambda: SigLIP(3.0, -1.0, learn=False, eps=EPS),
        source="Zhai et al. 2023",
    ),
    _case(
        "ranking, sum",
        "hinges of all negatives",
        lambda: Ranking(eps=EPS),
        source="Faghri et al. 2018",
    ),
    _case(
        "ranking, hardest",
        "the hinge of the hardest negative",
        lambda: Ranking(hardest=True, eps=EPS),
        zeros=KINK.format("a branch"),
        source="Faghri et al. 2018",
    ),
    _case(
        "structure",
        "ranking between modalities, triplets inside each",
        lambda: Structure(intra=0.3, eps=EPS),
        call=_labelled,
        source="Wang et al. 2016",
    ),
]


def _cca(name: str, what: str, make: Callable[[], Module], **how: Any) -> Case:
    return _case(name, what, make, **{"inputs": vectors, "rows": (1, 8), **how})


CANONICAL = [
    _cca(
        "CCA, sum of correlations",
        "-sum rho",
        SumOfCorrelations,
        zeros=KINK.format("a correlation"),
        source="Andrew et al. 2013",
    ),
    _cca(
        "CCA, sum of the largest correlations",
        "-sum of the two largest rho",
        lambda: SumOfCorrelations(2),
        zeros=KINK.format("a correlation"),
        source="Andrew et al. 2013",
    ),
    _cca(
        "CCA, sum of correlations, less rows than columns",
        "-sum rho",
        lambda: SumOfCorrelations(ridge=0.1),
        rows=(1, 3),
        zeros=KINK.format("a correlation"),
        source="Andrew et al. 2013",
    ),
    _cca(
        "CCA, sum of squared correlations",
        "-sum rho^2",
        SumOfSquaredCorrelations,
        source="Bach & Jordan 2002",
    ),
    _cca(
        "CCA, squares of the largest correlations",
        "-sum of the squares of the two largest rho",
        lambda: SumOfSquaredCorrelations(2),
        source="Bach & Jordan 2002",
    ),
    _cca(
        "CCA, EY",
        "-2 tr C + tr(V V)",
        EY,
        inputs=equal_vectors,
        source="Chapman et al. 2024",
    ),
]
AGREEMENT = [
    _case(
        "consistency KL",
        "sum of KL(p_m || p_n) over both orders",
        ConsistencyKL,
        source="MBSD 2023",
    ),
    _case(
        "consistency KL, detached",
        "sum of KL(p_m || p_n), p_m constant",
        lambda: ConsistencyKL(detach=True),
        call=_taught,
        source="MBSD 2023",
    ),
    _case("consistency MSE", "sum of mean (f_m - f_n)^2 over both orders", ConsistencyMSE),
    _case(
        "VICReg",
        "25 invariance + 25 variance + 1 covariance",
        VICReg,
        source="Bardes et al. 2022",
    ),
    _case(
        "Barlow Twins",
        "(1 - C_kk)^2 + lambda C_kl^2",
        lambda: BarlowTwins(0.1),
        source="Zbontar et al. 2021",
    ),
    _case("Pearson", "r of columns that are paired", MeanPearson, source="Pearson 1896"),
]
BETWEEN = [*CONTRAST, *CANONICAL, *AGREEMENT]

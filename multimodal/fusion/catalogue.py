"""The table of feature fusions: what the command line, the proofs and the result table know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .attention import CrossAttention, SelfAttention
from .bilinear import MLB
from .bottleneck import Bottleneck
from .concat import Concat
from .cores import BLOCK, MUTAN, Tucker
from .experts import ProductOfExperts
from .film import FiLM
from .fusion import Fusion
from .gate import Gate
from .gmu import GMU
from .graph import GraphFusion
from .joint import JointHidden
from .low_rank import LowRank
from .mmtm import MMTM
from .mult import MulT
from .multiplicative import Multiplicative
from .perceiver import Perceiver
from .sketch import MCB
from .sums import ScoredAverage, Sum, WeightedAverage, WeightedSum
from .tensor import TensorFusion

Widths = Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """A fusion by name. `make(widths, width, rng)` builds it; `width` is the width D that is
    wanted where it is free. `equal`: all d_m must be one number."""

    name: str
    make: Callable[[Widths, int, np.random.Generator], Fusion]
    what: str
    equal: bool = False
    tokens: bool = False


def _bearable(d: int) -> int:
    """The width of what is multiplied out: half of D, but at most 16, for 17^3 products of
    three modalities are enough; and at least 2."""
    return max(2, min(16, d // 2))


def _heads(d: int) -> int:
    """Two heads of attention where the width can be halved."""
    return 2 - d % 2


FUSIONS = {
    row.name: row
    for row in (
        Row("concat", lambda w, d, rng: Concat(w), "[f_1 .. f_M]"),
        Row("sum", lambda w, d, rng: Sum(w), "f_1 + .. + f_M", equal=True),
        Row("gate", lambda w, d, rng: Gate(w, rng=rng), "sigmoid(u W^T + b) * u"),
        Row("weighted-sum", lambda w, d, rng: WeightedSum(w), "sum w_m f_m", equal=True),
        Row(
            "weighted-average",
            lambda w, d, rng: WeightedAverage(w),
            "sum softmax(a)_m f_m",
            equal=True,
        ),
        Row(
            "scored-average",
            lambda w, d, rng: ScoredAverage(w, rng=rng),
            "sum softmax(u W^T + b)_m f_m",
            equal=True,
        ),
        Row("gmu", lambda w, d, rng: GMU(w, d, rng=rng), "sum s_m * tanh(f_m W_m^T)"),
        Row(
            "joint",
            lambda w, d, rng: JointHidden(w, d, rng=rng),
            "relu(sum f_m W_m^T + b)",
        ),
        Row(
            "tensor",
            lambda w, d, rng: TensorFusion(w, project=_bearable(d), rng=rng),
            "[1; f_1 P_1^T] (x) .. (x) [1; f_M P_M^T]",
        ),
        Row(
            "low-rank",
            lambda w, d, rng: LowRank(w, d, rng=rng),
            "sum_r w_r prod_m [1; f_m] U_m[r] + b",
        ),
        Row(
            "multiplicative",
            lambda w, d, rng: Multiplicative(w, d, rng=rng),
            "sum_{m<n} f_m W_mn f_n + sum f_m U_m + b",
        ),
        Row(
            "mlb",
            lambda w, d, rng: MLB(w, d, rng=rng),
            "(prod_m tanh(f_m W_m^T)) P^T + b",
        ),
        Row(
            "mutan",
            lambda w, d, rng: MUTAN(w, d, d, rng=rng),
            "(sum_r prod_m tanh(f_m W_m^T) M_m[r]) P^T + b",
        ),
        Row(
            "tucker",
            lambda w, d, rng: Tucker(w, d, _bearable(d), rng=rng),
            "(C x_1 tanh(f_1 W_1^T) .. x_M tanh(f_M W_M^T)) P^T + b",
        ),
        Row("mcb", lambda w, d, rng: MCB(w, d, rng=rng), "psi_1(f_1) (*) .. (*) psi_M(f_M)"),
        Row(
            "block",
            lambda w, d, rng: BLOCK(w, d, 2 * _bearable(d), chunks=2, rng=rng),
            "[C_k x_1 t_1k .. x_M t_Mk for chunks k] P^T + b, t_m = f_m W_m^T",
        ),
        Row("film", lambda w, d, rng: FiLM(w, rng=rng), "gamma(x) * f_1 + beta(x)"),
        Row(
            "experts",
            lambda w, d, rng: ProductOfExperts(w, d, rng=rng),
            "sum T_m mu_m / (1 + sum T_m), T_m = exp(-lv_m)",
        ),
        Row(
            "graph",
            lambda w, d, rng: GraphFusion(w, d, rng=rng),
            "mean of A relu(A H W_1^T + b_1) W_2^T + b_2",
        ),
        Row(
            "self-attention",
            lambda w, d, rng: SelfAttention(w, d, _heads(d), rng=rng),
            "mean of layers([h_1; ..; h_M])",
            tokens=True,
        ),
        Row(
            "cross-attention",
            lambda w, d, rng: CrossAttention(w, d, _heads(d), rng=rng),
            "[mean of h_m + attention(h_m, all others)]",
            tokens=True,
        ),
        Row(
            "mult",
            lambda w, d, rng: MulT(w, d, _heads(d), rng=rng),
            "[last of memory_t([blocks_ts(h_t, h_s) for s])]",
            tokens=True,
        ),
        Row(
            "bottleneck",
            lambda w, d, rng: Bottleneck(w, d, _heads(d), rng=rng),
            "[mean h_m, mean b]; [h_m; b_m] = layer_m([h_m; b]), b = mean of b_m",
            tokens=True,
        ),
        Row(
            "perceiver",
            lambda w, d, rng: Perceiver(w, d, _heads(d), rng=rng),
            "mean of layers(read(Z, [h_1; ..; h_M]))",
            tokens=True,
        ),
        Row("mmtm", lambda w, d, rng: MMTM(w, rng=rng), "2 sigmoid(relu(s W^T) W_m^T) * f_m"),
    )
}

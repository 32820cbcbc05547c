"""Every op under the name that users call it by."""

from .broadcast import broadcast_to
from .broadcast import sum_ as sum
from .elementwise import absolute as abs
from .elementwise import (
    add,
    cos,
    divide,
    erf,
    erfc,
    exp,
    expm1,
    gelu,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    softplus,
    sqrt,
    subtract,
    tanh,
    where,
)
from .linear import matmul
from .reductions import logsumexp, mean
from .reductions import max_ as max
from .shaping import concat, reshape, stack, transpose
from .softmax import cross_entropy, log_softmax, softmax

__all__ = [
    "abs",
    "add",
    "broadcast_to",
    "concat",
    "cos",
    "cross_entropy",
    "divide",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "gelu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "power",
    "relu",
    "reshape",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "subtract",
    "sum",
    "tanh",
    "transpose",
    "where",
]

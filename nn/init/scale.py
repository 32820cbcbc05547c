"""What the size of first weights goes by.

Weights of variance gain ** 2 / fan_in keep the variance of what passes forward, those of
gain ** 2 / fan_out of what passes backward: fan_in is what one output reads, fan_out what one
input feeds, and the gain makes up for what the nonlinearity takes away.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...engine.ops.create import sizes
from ...kernels import OptionError, ShapeError

Shape = int | Sequence[int]

LINEAR = "linear conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d"
GAINS = {
    **dict.fromkeys(LINEAR.split(), 1.0),  # nothing is taken away
    "sigmoid": 1.0,  # PyTorch's custom: the slope, at most 1/4, would ask for 4
    "tanh": 5 / 3,  # PyTorch's custom: 1 / sqrt(E[tanh(z) ** 2]) of a normal z is 1.59
    "relu": math.sqrt(2),  # half of the mean square is cut off: He et al. 2015, eq. 10
    "selu": 3 / 4,  # found by trial in PyTorch; to normalise itself, selu needs "linear"
}
SLOPE = 0.01  # of leaky_relu, unless told otherwise


def gain(nonlinearity: str, slope: float | None = None) -> float:
    """What the standard deviation of weights is multiplied by for the nonlinearity they meet:
    sqrt(2 / (1 + slope ** 2)) for leaky_relu, a number of a table for the others.

    Raises: OptionError for an unknown nonlinearity, or a slope of another than leaky_relu.
    Source: He et al. 2015, eq. 15; PyTorch's calculate_gain, which drops such a slope.
    """
    if nonlinearity == "leaky_relu":
        slope = SLOPE if slope is None else slope
        return math.sqrt(2 / (1 + slope * slope))
    if nonlinearity not in GAINS:
        rule = f"nonlinearity in {', '.join([*GAINS, 'leaky_relu'])}"
        raise OptionError("init.gain", rule, repr(nonlinearity), "choose one of these")
    if slope:
        got = f"{slope} for {nonlinearity}"
        raise OptionError("init.gain", "a slope for leaky_relu alone", got, "leave it out")
    return GAINS[nonlinearity]


def fans(shape: Shape) -> tuple[int, int]:
    """fan_in and fan_out of a weight (out, in, *window), 1 or more.

    Raises: ShapeError for less than two axes.
    """
    out, into, *window = matrix("init.fans", shape)
    return max(math.prod([into, *window]), 1), max(math.prod([out, *window]), 1)


def matrix(where: str, shape: Shape) -> tuple[int, ...]:
    """The shape of a weight as a tuple.

    Raises: ShapeError for less than two axes.
    """
    lengths = sizes(where, shape)
    if len(lengths) < 2:
        repair = "use zeros, uniform or normal for vectors"
        raise ShapeError(where, "a weight (out, in, ...)", f"shape {lengths}", repair)
    return lengths

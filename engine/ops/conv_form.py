"""The three ops of convolution.

Images x (N, C, *S), filters w (O, C / groups, *K) and their product (N, O, *T) are bound by one
trilinear form: each op takes two of them and gives the gradient of the form in the third. So
the derivatives of each are the other two, to any order. `pads` is a part of the form: a border
of zeros that is never made.
"""

from __future__ import annotations

from typing import Any

from ...kernels import conv as kernels
from ..fused import Fused
from ..op import MULTILINEAR, structural
from ..tape import apply
from .broadcast import broadcast_to, sum_
from .shaping import reshape
from .windows import Pads, Sizes


def product(x: Any, w: Any, stride: Sizes, dilation: Sizes, groups: int, pads: Pads) -> Any:
    return apply(CONV, x, w, stride=stride, dilation=dilation, groups=groups, pads=pads)


def images_of(
    u: Any, w: Any, stride: Sizes, dilation: Sizes, groups: int, pads: Pads, shape: Sizes
) -> Any:
    settings = {"stride": stride, "dilation": dilation, "groups": groups, "pads": pads}
    return apply(CONV_INPUT, u, w, **settings, shape=shape)


def filters_of(
    x: Any, u: Any, stride: Sizes, dilation: Sizes, groups: int, pads: Pads, shape: Sizes
) -> Any:
    settings = {"stride": stride, "dilation": dilation, "groups": groups, "pads": pads}
    return apply(CONV_WEIGHT, x, u, **settings, shape=shape)


def _back_to_images(
    g: Any, w: Any, stride: Sizes, dilation: Sizes, groups: int, pads: Pads, input_shape: Sizes
) -> Any:
    return images_of(g, w, stride, dilation, groups, pads, input_shape)


def _back_to_filters(
    g: Any, x: Any, stride: Sizes, dilation: Sizes, groups: int, pads: Pads, input_shape: Sizes
) -> Any:
    return filters_of(x, g, stride, dilation, groups, pads, input_shape)


def _sum_of_channels(g: Any) -> Any:
    """Shapes: (N, O, *T) -> (O,)."""
    return sum_(g, (0, *range(2, len(g.shape))))


CHANNEL_SUMS = Fused(kernels.channel_sums, _sum_of_channels)
CONV = structural(
    "conv",
    kernels.conv,
    ["x", "w"],
    _back_to_images,
    _back_to_filters,
    jvp=MULTILINEAR,
    rigid=True,
)
CONV_BIASED = structural(
    "conv_biased",
    kernels.conv_biased,
    ["x", "w", "b"],
    _back_to_images,
    _back_to_filters,
    CHANNEL_SUMS,
    jvp=[
        lambda t, w, stride, dilation, groups, pads: product(
            t, w, stride, dilation, groups, pads
        ),
        lambda t, x, stride, dilation, groups, pads: product(
            x, t, stride, dilation, groups, pads
        ),
        lambda t, y: broadcast_to(reshape(t, (-1, *(1,) * (len(y.shape) - 2))), y.shape),
    ],
    rigid=True,
)
CONV_INPUT = structural(
    "conv_input",
    kernels.conv_input,
    ["u", "w"],
    lambda g, w, stride, dilation, groups, pads: product(g, w, stride, dilation, groups, pads),
    lambda g, u, stride, dilation, groups, pads, input_shape: filters_of(
        g, u, stride, dilation, groups, pads, input_shape
    ),
    jvp=MULTILINEAR,
    rigid=True,
)
CONV_WEIGHT = structural(
    "conv_weight",
    kernels.conv_weight,
    ["x", "u"],
    lambda g, u, stride, dilation, groups, pads, input_shape: images_of(
        u, g, stride, dilation, groups, pads, input_shape
    ),
    lambda g, x, stride, dilation, groups, pads: product(x, g, stride, dilation, groups, pads),
    jvp=MULTILINEAR,
    rigid=True,
)

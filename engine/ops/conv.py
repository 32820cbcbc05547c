"""Convolution as networks mean it (a correlation), along one, two or three axes."""

from __future__ import annotations

from typing import Any

from ...kernels import OptionError, ShapeError
from ..tape import apply
from .conv_form import CONV_BIASED, images_of, product
from .elementwise import add
from .shaping import as_array, reshape
from .windows import Each, Pads, Sizes, each_axis, spans, stops

AXES = {1: "L", 2: "H, W", 3: "D, H, W"}


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Each = 1,
    padding: Each | str = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Any:
    """bias[o] + the sum over c and k of weight[o, c, k] * x[n, c, stride * t + dilation * k].

    x is first put in a border of `padding` zeros; "same" makes T = L (it puts the odd zero
    behind, and asks for stride 1), "valid" is no padding.
    Shapes: (N, C, L), (O, C / groups, K), (O,) -> (N, O, T).
    Raises: ShapeError, OptionError for a shape or a setting that is not so.
    """
    return _convolve("conv1d", 1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Each = 1,
    padding: Each | str = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Any:
    """As conv1d, over two axes. Shapes: (N, C, H, W), (O, C / groups, KH, KW) -> (N, O, *T)."""
    return _convolve("conv2d", 2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Each = 1,
    padding: Each | str = 0,
    dilation: Each = 1,
    groups: int = 1,
) -> Any:
    """As conv1d, over three axes: x (N, C, D, H, W)."""
    return _convolve("conv3d", 3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Any:
    """The transpose of conv1d in its x, plus a bias: every x lays down the filter, times x.

    `padding` is cut off the result, `output_padding` added to its end: of the lengths that
    conv1d makes equally short by its stride, it chooses one.
    Shapes: (N, C, L), (C, O / groups, K), (O,)
    -> (N, O, (L - 1) * stride - 2 * padding + dilation * (K - 1) + 1 + output_padding).
    Raises: ShapeError, OptionError for a shape or a setting that is not so.
    """
    settings = (stride, padding, output_padding, groups, dilation)
    return _transposed("conv_transpose1d", 1, x, weight, bias, *settings)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Each = 1,
    padding: Each = 0,
    output_padding: Each = 0,
    groups: int = 1,
    dilation: Each = 1,
) -> Any:
    """As conv_transpose1d, over two axes: x (N, C, H, W), weight (C, O / groups, KH, KW)."""
    settings = (stride, padding, output_padding, groups, dilation)
    return _transposed("conv_transpose2d", 2, x, weight, bias, *settings)


def _convolve(
    where: str,
    n: int,
    x: Any,
    w: Any,
    bias: Any,
    stride: Each,
    padding: Each | str,
    dilation: Each,
    groups: int,
) -> Any:
    x, w = as_array(x), as_array(w)
    step = each_axis(where, "stride", stride, n)
    dilated = each_axis(where, "dilation", dilation, n)
    _check_ranks(where, n, x, w, "weight (O, C / groups, *K)")
    _check_groups(where, x.shape[1], w.shape[1] * groups, w.shape[0], groups)
    reach = spans(w.shape[2:], dilated)
    pads = tuple(paddings(where, padding, reach, step))
    stops(where, tuple(a + s + b for (a, b), s in zip(pads, x.shape[2:])), reach, step)
    if bias is None:
        return product(x, w, step, dilated, groups, pads)
    settings = {"stride": step, "dilation": dilated, "groups": groups, "pads": pads}
    return apply(CONV_BIASED, x, w, _checked_bias(where, bias, w.shape[0]), **settings)


def _transposed(
    where: str,
    n: int,
    x: Any,
    w: Any,
    bias: Any,
    stride: Each,
    padding: Each,
    output_padding: Each,
    groups: int,
    dilation: Each,
) -> Any:
    x, w = as_array(x), as_array(w)
    step = each_axis(where, "stride", stride, n)
    dilated = each_axis(where, "dilation", dilation, n)
    _check_ranks(where, n, x, w, "weight (C, O / groups, *K)")
    _check_groups(where, x.shape[1], w.shape[0], w.shape[0], groups)
    reach = spans(w.shape[2:], dilated)
    sizes = tuple((t - 1) * s + r for t, s, r in zip(x.shape[2:], step, reach))
    cut = each_axis(where, "padding", padding, n, 0)
    extra = each_axis(where, "output_padding", output_padding, n, 0)
    _check_ends(where, sizes, cut, extra, tuple(map(max, step, dilated)))
    pads = tuple((p, p - e) for p, e in zip(cut, extra))  # a border that is cut off again
    left = tuple(s - p - q for s, (p, q) in zip(sizes, pads))
    shape = (x.shape[0], w.shape[1] * groups, *left)
    y = images_of(x, w, step, dilated, groups, pads, shape)
    if bias is None:
        return y
    bias = _checked_bias(where, bias, shape[1])
    return add(y, reshape(bias, (shape[1], *(1,) * n)))


def paddings(where: str, padding: Each | str, reach: Sizes, stride: Sizes) -> Pads:
    """How much is put before and behind each axis. Raises: OptionError for other words."""
    if not isinstance(padding, str):
        return [(p, p) for p in each_axis(where, "padding", padding, len(reach), 0)]
    if padding == "valid":
        return [(0, 0)] * len(reach)
    if padding != "same" or set(stride) != {1}:
        rule = "padding of numbers, 'valid', or, with stride 1, 'same'"
        got = f"{padding!r} with stride {stride}"
        raise OptionError(where, rule, got, "give numbers")
    return [((r - 1) // 2, r // 2) for r in reach]


def _checked_bias(where: str, bias: Any, channels: int) -> Any:
    bias = as_array(bias)
    if bias.shape != (channels,):
        raise ShapeError(where, f"bias ({channels},)", str(bias.shape), "one an output channel")
    return bias


def _check_ranks(where: str, n: int, x: Any, w: Any, weight: str) -> None:
    if not len(x.shape) == len(w.shape) == n + 2 or 0 in w.shape[2:]:
        rule, got = f"x (N, C, {AXES[n]}) and {weight}", f"{x.shape} and {w.shape}"
        raise ShapeError(where, rule, got, "x[None] adds the axis of a batch")


def _check_groups(where: str, given: int, taken: int, shared: int, groups: int) -> None:
    """Whether the channels there are, are those the filters take, and all groups are alike."""
    (groups,) = each_axis(where, "groups", groups, 1)
    if given != taken or shared % groups:
        rule = f"x of {taken} channels, and weight.shape[0] a multiple of groups"
        got = f"{given} channels, weight.shape[0] {shared} and groups {groups}"
        raise ShapeError(where, rule, got, "see its docstring for the shapes")


def _check_ends(where: str, sizes: Sizes, cut: Sizes, extra: Sizes, most: Sizes) -> None:
    if any(e >= m for e, m in zip(extra, most)):
        rule = "output_padding below stride, or below dilation"
        raise OptionError(where, rule, str(extra), "choose another stride or length")
    if any(s - 2 * p + e < 1 for s, p, e in zip(sizes, cut, extra)) or min(sizes) < 1:
        rule, got = "something left within the padding", f"sizes {sizes}, padding {cut}"
        raise ShapeError(where, rule, got, "pad less")

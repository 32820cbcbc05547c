"""Pooling: the largest or the mean of what each window shows."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.ops import pool
from ..engine.ops.windows import Each, each_axis
from .applied import Applied


class Pool(Applied):
    """What pools share: on how many axes their window moves."""

    axes: int

    def _each(self, name: str, value: Each, least: int = 1) -> tuple[int, ...]:
        return each_axis(type(self).__name__, name, value, self.axes, least)

    def _set(self, kernel_size: Each, stride: Each | None, padding: Each) -> None:
        self.kernel_size = self._each("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else self._each("stride", stride)
        self.padding = self._each("padding", padding, 0)


class MaxPool(Pool):
    """Base of MaxPool1d and MaxPool2d."""

    settings = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Each,
        stride: Each | None = None,
        padding: Each = 0,
        dilation: Each = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        self._set(kernel_size, stride, padding)
        self.dilation, self.ceil_mode = self._each("dilation", dilation), ceil_mode


class MaxPool1d(MaxPool):
    """y[t] = the largest of x[stride t + dilation k - padding], k from 0 to kernel_size - 1.

    The window moves by `stride`, by default its own size; the border of `padding` elements is
    -inf. With ceil_mode the window stops once more where it would hang over the end, if it
    starts before the end.
    Shapes: x (..., L) -> (..., T), with ceil for floor in ceil_mode
    T = floor((L + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1.
    Raises: ShapeError, OptionError for an x or a setting that is not so.
    Differs: ties share the gradient equally, where PyTorch gives all of it to the first; the
    places of the maxima (return_indices, before ceil_mode in PyTorch) are not given.
    """

    axes, op = 1, staticmethod(pool.max_pool1d)


class MaxPool2d(MaxPool):
    """As MaxPool1d, over the last two axes: settings are a number for both, or one for each.

    Shapes: x (..., H, W) -> (..., *T).
    """

    axes, op = 2, staticmethod(pool.max_pool2d)


class AvgPool(Pool):
    """Base of AvgPool1d and AvgPool2d."""

    settings = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: Each,
        stride: Each | None = None,
        padding: Each = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self._set(kernel_size, stride, padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad


class AvgPool1d(AvgPool):
    """y[t] = the mean of x[stride t + k - padding], k from 0 to kernel_size - 1.

    The border of `padding` elements is 0, and counted or not, as count_include_pad says; what
    ceil_mode (see MaxPool1d) shows behind it is not counted.
    Shapes: x (..., L) -> (..., T), with ceil for floor in ceil_mode
    T = floor((L + 2 padding - kernel_size) / stride) + 1.
    Raises: ShapeError, OptionError for an x or a setting that is not so.
    """

    axes, op = 1, staticmethod(pool.avg_pool1d)


class AvgPool2d(AvgPool):
    """As AvgPool1d, over the last two axes: settings are a number for both, or one for each.

    Shapes: x (..., H, W) -> (..., *T). Differs: PyTorch's divisor_override is not taken.
    """

    axes, op = 2, staticmethod(pool.avg_pool2d)


class Adaptive(Pool):
    """Base of the pools that are told their output's size."""

    settings = ("output_size",)

    def __init__(self, output_size: int | Sequence[int | None] | None) -> None:
        given = output_size if isinstance(output_size, Sequence) else [output_size] * self.axes
        self._each("output_size", [1 if size is None else size for size in given])
        self.output_size = tuple(given)


class AdaptiveAvgPool1d(Adaptive):
    """The means of `output_size` cells that cover the axis: cell t goes from the whole number
    below t L / T to the one above (t + 1) L / T, so that neighbours may share an element.

    Shapes: x (..., L) -> (..., T). None is a size to be kept.
    Raises: ShapeError, OptionError for an x or a size that is not so.
    """

    axes, op = 1, staticmethod(pool.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(Adaptive):
    """As AdaptiveAvgPool1d, over the last two axes. Shapes: x (..., H, W) -> (..., TH, TW)."""

    axes, op = 2, staticmethod(pool.adaptive_avg_pool2d)


class AdaptiveMaxPool1d(Adaptive):
    """The largest of each cell; the cells are those of AdaptiveAvgPool1d.

    Shapes: x (..., L) -> (..., T).
    Differs: as MaxPool1d, in ties and places.
    """

    axes, op = 1, staticmethod(pool.adaptive_max_pool1d)


class AdaptiveMaxPool2d(Adaptive):
    """As AdaptiveMaxPool1d, over the last two axes. Shapes: x (..., H, W) -> (..., TH, TW)."""

    axes, op = 2, staticmethod(pool.adaptive_max_pool2d)

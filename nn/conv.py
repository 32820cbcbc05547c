"""Convolutions: filters that look at every place of an image, or are laid down at every one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import conv
from ..engine.ops.padding import pad
from ..engine.ops.windows import Each, Sizes, each_axis, spans
from ..kernels import OptionError, ShapeError
from . import init
from .applied import floats, over_batch
from .module import Module
from .parameter import Parameter

BORDERS = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
PLAIN = {"padding": 0, "output_padding": 0, "dilation": 1, "groups": 1, "padding_mode": "zeros"}


class Filters(Module):
    """What convolutions share: settings, first values, and x without the axis of a batch.

    Filters and bias are drawn uniformly from +-1 / sqrt(fan), fan being the size of weight[0],
    as PyTorch does: it calls that Kaiming's with a = sqrt(5).
    """

    axes: int
    op: Callable[..., Any]
    padding_modes: tuple[str, ...] = ("zeros",)
    weight: Parameter
    bias: Parameter | None

    def _set(
        self,
        channels: tuple[int, int, int],
        kernel_size: Each,
        stride: Each,
        dilation: Each,
        padding_mode: str,
    ) -> None:
        where, n = type(self).__name__, self.axes
        _check_channels(where, *channels)
        if padding_mode not in self.padding_modes:
            rule = f"padding_mode in {', '.join(self.padding_modes)}"
            raise OptionError(where, rule, repr(padding_mode), "choose one of these")
        self.in_channels, self.out_channels, self.groups = channels
        self.kernel_size = each_axis(where, "kernel_size", kernel_size, n)
        self.stride = each_axis(where, "stride", stride, n)
        self.dilation = each_axis(where, "dilation", dilation, n)
        self.padding_mode = padding_mode

    def _draw(self, rows: int, columns: int, bias: bool, rng: np.random.Generator) -> None:
        shape = (rows, columns, *self.kernel_size)
        bound = 1 / math.sqrt(math.prod(shape[1:]))
        self.weight = Parameter(init.uniform(rng, shape, bound), "weight")
        drawn = init.uniform(rng, (self.out_channels,), bound) if bias else None
        self.bias = None if drawn is None else Parameter(drawn, "bias")

    def _checked(self, x: Any) -> Any:
        where, n = type(self).__name__, self.axes
        x = floats(where, x)
        if len(x.shape) not in (n + 1, n + 2) or x.shape[-n - 1] != self.in_channels:
            rule = f"x of shape (N, {self.in_channels}, {conv.AXES[n]}), N may be missing"
            raise ShapeError(where, rule, str(x.shape), self._repair(x.shape))
        return x

    def _repair(self, shape: tuple[int, ...]) -> str:
        n, where = self.axes, type(self).__name__
        if len(shape) == n + 2 and shape[-1] == self.in_channels:
            return f"move the channels: x.transpose({(0, n + 1, *range(1, n + 1))})"
        return f"build {where} for its channels, or move axes"

    def extra_repr(self) -> str:
        head = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        shown = {name: getattr(self, name, plain) for name, plain in PLAIN.items()}
        more = [
            f", {name}={value!r}"
            for name, value in shown.items()
            if value not in (PLAIN[name], (PLAIN[name],) * self.axes)
        ]
        more += [", bias=False"] * (self.bias is None)
        return f"{head}, stride={self.stride}" + "".join(more)


class Convolution(Filters):
    """Base of Conv1d, Conv2d and Conv3d."""

    padding_modes = tuple(BORDERS)

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Each,
        stride: Each = 1,
        padding: Each | str = 0,
        dilation: Each = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        rng: np.random.Generator,
    ) -> None:
        channels = (in_channels, out_channels, groups)
        self._set(channels, kernel_size, stride, dilation, padding_mode)
        where, reach = type(self).__name__, spans(self.kernel_size, self.dilation)
        self.pads = conv.paddings(where, padding, reach, self.stride)
        self.padding = padding if isinstance(padding, str) else tuple(p for p, _ in self.pads)
        self._draw(out_channels, in_channels // groups, bias, rng)

    def forward(self, x: Any) -> Tensor:
        return over_batch(self._seen, self._checked(x), self.axes + 2)

    def _seen(self, x: Any) -> Any:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            mode = BORDERS[self.padding_mode]
            x, padding = pad(x, [(0, 0), (0, 0), *self.pads], mode), 0
        settings = (self.stride, padding, self.dilation, self.groups)
        return type(self).op(x, self.weight, self.bias, *settings)


class Conv1d(Convolution):
    """y[n, o, t] = b[o] + the sum over c and k of W[o, c, k] x[n, c, stride t + dilation k],
    with c running over the channels of o's group.

    x is first put in a border of `padding` elements: zeros, or by `padding_mode` what lies
    mirrored ("reflect"), the last element ("replicate") or x begun again ("circular"). "same"
    makes T = L and asks for stride 1, "valid" is no padding.
    Shapes: x (N, C, L) -> (N, O, T), or (C, L) -> (O, T); W (O, C / groups, K), b (O,), with
    T = floor((L + 2 padding - dilation (K - 1) - 1) / stride) + 1.
    W and b are drawn uniformly from +-1 / sqrt(K C / groups), as PyTorch does.
    Raises: ShapeError, DTypeError, OptionError for an x or a setting that is not so.
    Differs: a border may be wider than x, which is then mirrored or begun again as often.
    """

    axes, op = 1, staticmethod(conv.conv1d)


class Conv2d(Convolution):
    """As Conv1d, over two axes: settings are a number for both, or one for each.

    Shapes: x (N, C, H, W) -> (N, O, *T), or (C, H, W) -> (O, *T); W (O, C / groups, KH, KW).
    """

    axes, op = 2, staticmethod(conv.conv2d)


class Conv3d(Convolution):
    """As Conv1d, over three axes. Shapes: x (N, C, D, H, W) -> (N, O, *T), W (O, C / groups,
    KD, KH, KW)."""

    axes, op = 3, staticmethod(conv.conv3d)


class Transposed(Filters):
    """Base of ConvTranspose1d and ConvTranspose2d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Each,
        stride: Each = 1,
        padding: Each = 0,
        output_padding: Each = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Each = 1,
        padding_mode: str = "zeros",
        *,
        rng: np.random.Generator,
    ) -> None:
        where, n = type(self).__name__, self.axes
        channels = (in_channels, out_channels, groups)
        self._set(channels, kernel_size, stride, dilation, padding_mode)
        self.padding = each_axis(where, "padding", padding, n, 0)
        self.output_padding = each_axis(where, "output_padding", output_padding, n, 0)
        self._draw(in_channels, out_channels // groups, bias, rng)

    def forward(self, x: Any, output_size: Each | None = None) -> Tensor:
        x = self._checked(x)
        extra = self.output_padding if output_size is None else self._extra(x, output_size)
        settings = (self.stride, self.padding, extra, self.groups, self.dilation)
        return over_batch(
            lambda x: type(self).op(x, self.weight, self.bias, *settings), x, self.axes + 2
        )

    def _extra(self, x: Any, output_size: Each) -> Sizes:
        """The output_padding that gives this size."""
        where, n = type(self).__name__, self.axes
        sizes = each_axis(where, "output_size", output_size, n)
        reach = spans(self.kernel_size, self.dilation)
        each = list(zip(x.shape[-n:], self.stride, self.padding, reach))
        least = tuple((length - 1) * s - 2 * p + r for length, s, p, r in each)
        extra = tuple(t - m for t, m in zip(sizes, least))
        if not all(0 <= e < s for e, s in zip(extra, self.stride)):
            most = tuple(m + s - 1 for m, s in zip(least, self.stride))
            rule = f"output_size of {least} to {most}"
            raise OptionError(where, rule, repr(output_size), f"x has sizes {x.shape[-n:]}")
        return extra


class ConvTranspose1d(Transposed):
    """y[n, o, stride t + dilation k - padding] = b[o] + the sum over c, and over all such t and
    k, of W[c, o, k] x[n, c, t]: the transpose of Conv1d, which leads back to its sizes.

    `padding` is cut off both ends, `output_padding` put to the last one; `output_size`, in a
    call, chooses it so that T is this size.
    Shapes: x (N, C, L) -> (N, O, T), or (C, L) -> (O, T); W (C, O / groups, K), b (O,), with
    T = (L - 1) stride - 2 padding + dilation (K - 1) + 1 + output_padding.
    W and b are drawn uniformly from +-1 / sqrt(K O / groups), as PyTorch does.
    Raises: ShapeError, DTypeError, OptionError for an x or a setting that is not so.
    """

    axes, op = 1, staticmethod(conv.conv_transpose1d)


class ConvTranspose2d(Transposed):
    """As ConvTranspose1d, over two axes: settings are a number for both, or one for each.

    Shapes: x (N, C, H, W) -> (N, O, *T), or (C, H, W) -> (O, *T); W (C, O / groups, KH, KW).
    """

    axes, op = 2, staticmethod(conv.conv_transpose2d)


def _check_channels(where: str, *channels: int) -> None:
    into, out, groups = channels
    whole = all(hasattr(c, "__index__") and c > 0 for c in channels)
    if not whole or into % groups or out % groups:
        got = f"in_channels={into}, out_channels={out}, groups={groups}"
        rule = "in_channels and out_channels that are multiples of groups"
        raise OptionError(where, rule, got, "change one of them")

"""Normalisation of each channel, with statistics that run: BatchNorm, InstanceNorm."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.mode import MODE
from ..engine.ops.create import sizes
from ..engine.ops.elementwise import add, multiply, rsqrt, subtract
from ..engine.ops.normalise import normalise
from ..engine.ops.reductions import count_of, mean
from ..engine.ops.shaping import astype, data_of, reshape
from ..kernels import OptionError, ShapeError
from ..kernels.norms import moments
from . import init
from .applied import floats
from .module import Module
from .norm import laid, weight_and_bias
from .parameter import Buffer, Parameter


class ChannelNorm(Module):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, a weight and a bias for each channel.

    In training, and where no statistics are kept, mean and var are those of x; else they are
    the running ones, which each call in training moves: running = (1 - momentum) running +
    momentum new, where the new var divides by n - 1, to be without bias. An x without elements
    moves nothing. A checkpoint, which computes a second time, moves them once.
    """

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Buffer | None = None
    running_var: Buffer | None = None
    num_batches_tracked: Buffer | None = None
    layouts: tuple[str, ...]  # the axes that x may have, a letter each
    folded: str  # those that mean and var are taken over

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
    ) -> None:
        if momentum is not None and not 0 <= momentum <= 1:
            rule, got = "momentum in [0, 1]", f"momentum={momentum}"
            raise OptionError(type(self).__name__, rule, got, "0.1 is the usual one")
        shape = (self.num_features,) = sizes(type(self).__name__, num_features)
        self.eps, self.momentum = eps, momentum
        self.weight, self.bias = weight_and_bias(shape, affine, bias)
        if track_running_stats:
            self.running_mean = Buffer(init.zeros(shape), "running_mean")
            self.running_var = Buffer(init.ones(shape), "running_var")
            self.num_batches_tracked = Buffer(np.array(0, np.int64), "num_batches_tracked")

    def forward(self, x: Any) -> Any:
        x = floats(type(self).__name__, x)
        layout = self._layout_of(x.shape)
        beside = (self.num_features, *(1 for _ in layout.partition("C")[2]))
        weight, bias = laid(self.weight, beside), laid(self.bias, beside)
        if not x.size:
            return scaled(x, weight, bias)
        if self.training or self.running_mean is None:
            axes = self._followed(x, layout)
            return normalise(x, weight, bias, axes, self.eps)
        rest = subtract(wide(x), laid(self.running_mean, beside))
        var = wide(laid(self.running_var, beside))
        y = scaled(rest, scaled(rsqrt(add(var, self.eps)), weight, None), bias)
        return rounded(y, x, weight, bias)

    def _layout_of(self, shape: tuple[int, ...]) -> str:
        for layout in self.layouts:
            if len(layout) == len(shape) and shape[layout.index("C")] == self.num_features:
                return layout
        kinds = [", ".join(name).replace("C", str(self.num_features)) for name in self.layouts]
        rule, repair = " or ".join(f"({kind})" for kind in kinds), "move or add axes"
        raise ShapeError(type(self).__name__, f"x of shape {rule}", str(shape), repair)

    def _followed(self, x: Any, layout: str) -> tuple[int, ...]:
        """The axes that x is normalised over; the running statistics follow."""
        axes = tuple(i for i, name in enumerate(layout) if name in self.folded)
        count = count_of(x, axes)
        if count == 1:
            rule = "more than one number for each mean"
            repair = "give a larger x (DataLoader has drop_last), or call eval()"
            raise ShapeError(type(self).__name__, rule, f"x of shape {x.shape}", repair)
        if self.training and self.running_mean is not None and not MODE.replaying:
            average, var = moments(data_of(x), axis=axes)
            self._follow(average, multiply(var, count / (count - 1)))
        return axes

    def _follow(self, *new: Any) -> None:
        """Move the running mean and variance towards new ones, averaged over examples."""
        share = self._share()
        kept: tuple[Any, Any] = (self.running_mean, self.running_var)
        for running, value in zip(kept, new, strict=True):
            average = mean(reshape(value, (-1, self.num_features)), 0)
            moved = add(multiply(data_of(running), 1 - share), multiply(average, share))
            running.assign_(moved)

    def _share(self) -> Any:
        """How far the running statistics go towards new ones, of the way."""
        return self.momentum

    def extra_repr(self) -> str:
        affine, bias = self.weight is not None, self.bias is not None
        shown = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        tracked = f"track_running_stats={self.running_mean is not None}"
        return f"{shown}, affine={affine}, {tracked}, bias={bias}"


def scaled(x: Any, weight: Any, bias: Any) -> Any:
    """x weight + bias, without those that are None."""
    y = x if weight is None else multiply(x, weight)
    return y if bias is None else add(y, bias)


def wide(x: Any) -> Any:
    """x, of float16 in float32: there the square of 256 is inf."""
    return astype(x, np.float32) if x.dtype == np.float16 else x


def rounded(y: Any, *given: Any) -> Any:
    """y in the dtype that what was given has together, for `wide` may have made it wider."""
    dtype = np.result_type(*(x.dtype for x in given if x is not None))
    return y if y.dtype == dtype else astype(y, dtype)


class BatchNorm(ChannelNorm):
    """One mean and variance for each channel: over all examples and positions."""

    folded = "NLHW"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def _share(self) -> Any:
        """`momentum`; where it is None, what makes the running statistics an average of all."""
        count: Any = self.num_batches_tracked
        count.assign_(add(data_of(count), 1))
        return 1 / int(count) if self.momentum is None else self.momentum


class BatchNorm1d(BatchNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel over the
    batch, and over positions.

    Training and running statistics: see `nn.ChannelNorm`. With momentum None they are the
    average over all batches. The weight begins with ones, the bias with zeros.
    Shapes: x (N, C) or (N, C, L) -> the same; weight, bias, running_mean, running_var (C,).
    Raises: ShapeError for another x, or for one number a channel in training, which says
    nothing of a variance; DTypeError for integers; OptionError for a momentum outside [0, 1].
    The running statistics are then as before.
    Differs: in PyTorch an empty batch counts as a batch. Source: Ioffe & Szegedy 2015, alg. 1.
    """

    layouts = ("NC", "NCL")


class BatchNorm2d(BatchNorm):
    """As BatchNorm1d, over a batch of images.

    Shapes: x (N, C, H, W) -> the same; weight, bias, running_mean, running_var (C,).
    Raises, Differs, Source: as for BatchNorm1d.
    """

    layouts = ("NCHW",)


class InstanceNorm(ChannelNorm):
    """A mean and variance for each channel of each example: over its positions."""

    folded = "LHW"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
    ) -> None:
        if momentum is None and track_running_stats:
            repair = "it counts no batches to average over; 0.1 is the usual one"
            rule = "a momentum to follow statistics with"
            raise OptionError(type(self).__name__, rule, "None", repair)
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)


class InstanceNorm1d(InstanceNorm):
    """y = (x - mean) / sqrt(var + eps) * weight + bias, mean and var of each channel of each
    example over its positions.

    Training and running statistics, an average over examples: see `nn.ChannelNorm`. By default
    there are none, nor a weight and a bias; these begin with ones and zeros.
    Shapes: x (N, C, L) or (C, L) -> the same; weight, bias, running_mean, running_var (C,).
    Raises: ShapeError for another x, or for one position in training; DTypeError for integers;
    OptionError for a momentum outside [0, 1], or None where statistics are tracked.
    Differs: PyTorch takes other channels than num_features, with a warning, where there is no
    weight, and with momentum None follows nothing. As there, num_batches_tracked stays 0.
    Source: Ulyanov, Vedaldi & Lempitsky 2016.
    """

    layouts = ("CL", "NCL")


class InstanceNorm2d(InstanceNorm):
    """As InstanceNorm1d, over the height and width of images.

    Shapes: x (N, C, H, W) or (C, H, W) -> the same; the others (C,).
    Raises, Differs, Source: as for InstanceNorm1d.
    """

    layouts = ("CHW", "NCHW")

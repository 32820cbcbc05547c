"""Elements moved: axes joined and split, windows as columns, images of another size."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from ..engine.ops import rearrange, windows
from ..engine.ops.resize import interpolate
from ..engine.ops.shaping import as_array, reshape
from ..engine.ops.windows import Each, each_axis
from ..kernels import OptionError, ShapeError
from .applied import Applied, over_batch
from .module import Module


class Flatten(Applied):
    """The axes from start_dim to end_dim, that one too, joined to one.

    Shapes: by default (N, *S) -> (N, product of S).
    Raises: ShapeError for an axis that x does not have.
    """

    op, settings = staticmethod(rearrange.flatten), ("start_dim", "end_dim")

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = operator.index(start_dim), operator.index(end_dim)


class Unflatten(Module):
    """One axis split into several; one of their sizes may be -1, which is what is left over.

    Shapes: (A..., product of S, B...) -> (A..., *S, B...).
    Raises: OptionError for sizes that are none, ShapeError for an axis that they do not fill.
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        sizes = tuple(unflattened_size)
        if not all(hasattr(s, "__index__") and s >= -1 for s in sizes) or sizes.count(-1) > 1:
            rule = "sizes, one of them -1 at most"
            raise OptionError("Unflatten", rule, repr(unflattened_size), "give whole numbers")
        self.dim, self.unflattened_size = operator.index(dim), sizes

    def forward(self, x: Any) -> Any:
        x, sizes = as_array(x), self.unflattened_size
        axis = rearrange.one_axis("Unflatten", x, self.dim)
        length, known = x.shape[axis], math.prod(s for s in sizes if s != -1)
        rest = length // known if known else 0
        sizes = tuple(rest if s == -1 else s for s in sizes)
        if math.prod(sizes) != length:
            rule, got = f"an axis that {self.unflattened_size} fill", f"{length} in {x.shape}"
            raise ShapeError("Unflatten", rule, got, "choose dim or sizes that fit")
        return reshape(x, (*x.shape[:axis], *sizes, *x.shape[axis + 1 :]))

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Unfold(Applied):
    """The windows of images as columns.

    Shapes: x (N, C, H, W) -> (N, C * KH * KW, L), or (C, H, W) -> (C * KH * KW, L), L being the
    number of places that a window has. Settings are a number for both axes, or one for each.
    Raises: ShapeError, OptionError for an x or a setting that is not so.
    """

    op: Callable[..., Any] = staticmethod(windows.unfold)
    settings: tuple[str, ...] = ("kernel_size", "dilation", "padding", "stride")
    axes = 4

    def __init__(
        self, kernel_size: Each, dilation: Each = 1, padding: Each = 0, stride: Each = 1
    ) -> None:
        where = type(self).__name__
        self.kernel_size = each_axis(where, "kernel_size", kernel_size, 2)
        self.dilation = each_axis(where, "dilation", dilation, 2)
        self.padding = each_axis(where, "padding", padding, 2, 0)
        self.stride = each_axis(where, "stride", stride, 2)

    def forward(self, x: Any) -> Any:
        return over_batch(super().forward, as_array(x), self.axes)


class Fold(Unfold):
    """Columns laid back as windows and added up where they overlap: the transpose of Unfold.

    Shapes: x (N, C * KH * KW, L) -> (N, C, H, W), or (C * KH * KW, L) -> (C, H, W); output_size
    is (H, W). Settings are a number for both axes, or one for each.
    Raises: ShapeError, OptionError for an x or a setting that is not so.
    """

    op = staticmethod(windows.fold)
    settings = ("output_size", *Unfold.settings)
    axes = 3

    def __init__(
        self,
        output_size: Each,
        kernel_size: Each,
        dilation: Each = 1,
        padding: Each = 0,
        stride: Each = 1,
    ) -> None:
        super().__init__(kernel_size, dilation, padding, stride)
        self.output_size = each_axis("Fold", "output_size", output_size, 2)


class Upsample(Applied):
    """Images seen at another size, given as `size` or as `scale_factor`: the formulas are those
    of `fg.interpolate`. Modes are nearest, linear, bilinear and trilinear.

    Shapes: x (N, C, *S) -> (N, C, *T), of one, two or three axes.
    Raises: ShapeError, DTypeError, OptionError, when called, for what does not go together.
    """

    op, settings = staticmethod(interpolate), ("size", "scale_factor", "mode", "align_corners")

    def __init__(
        self,
        size: Each | None = None,
        scale_factor: float | Sequence[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
    ) -> None:
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners

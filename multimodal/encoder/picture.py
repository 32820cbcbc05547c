"""Pictures: convolutions, and patches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ...engine.ops.reductions import mean
from ...engine.ops.shaping import reshape, transpose
from ...kernels import OptionError, ShapeError
from ...nn import Conv2d, LearnedPositions, Linear, MaxPool2d, Module, ReLU, Sequential
from ...nn.applied import floats
from ..presence import Tokens
from .windows import demand_count

Size = tuple[int, int]
ENDS = ("mean", "flatten")


class PictureEncoder(Module):
    """f = W end(z) + b with z = pool(relu(conv(.. pool(relu(conv(x)))))): a small CNN.

    One convolution for each of `channels`, which keeps the size, and one pool of 2 x 2 after
    each. `end` is the mean over all places, or "flatten", which keeps places apart and needs
    `image_size`. With `tokens` every place of the last map is one token, W z + b; their mean is
    then what the encoder with mean gives.

    Backward: g W to the map, shared equally by H W places (mean); each pool passes it to the
    largest of its window.
    Shapes: x (B, in_channels, H, W) as floats -> (B, width), or Tokens (B, H' W', width), row
    by row. Differs: pictures of this project's sets are (B, H, W, C) in whole numbers: move the
    channels and scale them first.
    Raises: OptionError for settings; ShapeError, DTypeError for an x that is not so.
    Source: LeCun et al. 1998, with relu and, where `end` is mean, the end of Lin et al. 2014.
    """

    maps: Sequential
    last: Linear

    def __init__(
        self,
        in_channels: int,
        width: int,
        channels: Sequence[int] = (16, 32),
        *,
        kernel_size: int = 3,
        end: str = "mean",
        image_size: Size | None = None,
        tokens: bool = False,
        rng: np.random.Generator,
    ) -> None:
        where = "PictureEncoder"
        sizes = [in_channels, *channels]
        if not kernel_size % 2:
            got, repair = f"kernel_size={kernel_size}", "an even one has no middle"
            raise OptionError(where, "an odd kernel_size", got, repair)
        if end not in ENDS or (end == "flatten" and (tokens or image_size is None)):
            rule = "end mean, or flatten with image_size and without tokens"
            got = f"end={end!r}, image_size={image_size}, tokens={tokens}"
            raise OptionError(where, rule, got, "change one of them")
        self.in_channels, self.end, self.tokens = in_channels, end, tokens
        self.image_size = image_size
        self.maps = Sequential(*_layers(sizes, kernel_size, rng))
        self.last = Linear(sizes[-1] * self._places(len(channels)), width, rng=rng)

    def _places(self, pools: int) -> int:
        """How many places of the last map the last layer sees apart."""
        if self.end == "mean" or self.image_size is None:
            return 1
        height, width = (size >> pools for size in self.image_size)
        if not height * width:
            got, repair = str(self.image_size), "take fewer channels"
            raise OptionError("PictureEncoder", f"sizes from {1 << pools} on", got, repair)
        return height * width

    def forward(self, x: Any) -> Any:
        x = _pictures("PictureEncoder", x, self.in_channels, self.image_size)
        z = self.maps(x)
        rows, depth = z.shape[:2]
        if self.tokens:
            places = transpose(reshape(z, (rows, depth, -1)), (0, 2, 1))
            return Tokens(self.last(places))
        if self.end == "mean":
            return self.last(mean(z, axis=(2, 3)))
        return self.last(reshape(z, (rows, -1)))

    def extra_repr(self) -> str:
        return f"end={self.end!r}, tokens={self.tokens}"


class PatchTokens(Module):
    """token_k = W vec(patch_k) + b + P[k]: pictures cut into squares, read row by row.

    W is (width, in_channels patch patch), P (number of patches, width) is learned.
    Backward: a patch gets its own token's g W; W gets the sum over patches; P[k] gets g_k.
    Shapes: x (B, in_channels, *image_size) as floats -> Tokens (B, patches, width), all there.
    Raises: OptionError for settings; ShapeError, DTypeError for an x that is not so.
    Source: Dosovitskiy et al. 2021, without the class token.
    """

    last: Linear
    positions: LearnedPositions

    def __init__(
        self,
        in_channels: int,
        width: int,
        image_size: Size,
        patch: int = 8,
        *,
        rng: np.random.Generator,
    ) -> None:
        demand_count("PatchTokens", "patch", patch)
        if any(size % patch or size < patch for size in image_size):
            got, repair = f"image_size={image_size}, patch={patch}", "change one of them"
            raise OptionError("PatchTokens", "sizes that patch divides", got, repair)
        self.in_channels, self.image_size, self.patch = in_channels, tuple(image_size), patch
        self.last = Linear(in_channels * patch * patch, width, rng=rng)
        count = (image_size[0] // patch) * (image_size[1] // patch)
        self.positions = LearnedPositions(width, count, batch_first=True, rng=rng)

    def forward(self, x: Any) -> Tokens:
        x = _pictures("PatchTokens", x, self.in_channels, self.image_size)
        (rows, depth), p = x.shape[:2], self.patch
        down, along = (size // p for size in x.shape[2:])
        cut = transpose(reshape(x, (rows, depth, down, p, along, p)), (0, 2, 4, 1, 3, 5))
        patches = reshape(cut, (rows, down * along, depth * p * p))
        return Tokens(self.positions(self.last(patches)))

    def extra_repr(self) -> str:
        return f"image_size={self.image_size}, patch={self.patch}"


def _layers(sizes: Sequence[int], kernel_size: int, rng: np.random.Generator) -> list[Module]:
    made: list[Module] = []
    for into, out in pairwise(sizes):
        conv = Conv2d(into, out, kernel_size, padding=kernel_size // 2, rng=rng)
        made += [conv, ReLU(), MaxPool2d(2)]
    return made


def _pictures(where: str, x: Any, channels: int, size: Any) -> Any:
    """Raises: DTypeError, ShapeError for what is no batch of such pictures."""
    x = floats(where, x)
    sizes = "H, W" if size is None else f"{size[0]}, {size[1]}"
    fits = len(x.shape) == 4 and x.shape[1] == channels
    if not fits or (size is not None and tuple(x.shape[2:]) != tuple(size)):
        rule, repair = f"pictures (B, {channels}, {sizes})", "see its docstring for the axes"
        raise ShapeError(where, rule, str(x.shape), repair)
    return x

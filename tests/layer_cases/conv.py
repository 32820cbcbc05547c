"""Convolutions and their transposes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case


def case(
    name: str,
    kind: str,
    args: tuple[Any, ...],
    shape: tuple[int, ...],
    draws: bool = True,
    **named: Any,
) -> Case:
    """A layer of these arguments, called with x of this shape; it takes an rng if it draws."""
    said = ", ".join([*map(str, args), *(f"{k}={v}" for k, v in named.items())])
    return Case(
        f"{kind}({said}){name and ' ' + name}",
        lambda nn, **rng: getattr(nn, kind)(*args, **named, **(rng if draws else {})),
        lambda rng: (rng.standard_normal(shape),),
        modes=("train",),
    )


CASES = [
    case("", "Conv1d", (2, 3, 3), (2, 2, 5)),
    case("", "Conv1d", (2, 3, 2, 3, 1, 2, 1, False), (1, 2, 6)),
    case("one image", "Conv1d", (2, 1, 2), (2, 4)),
    case("no image", "Conv1d", (2, 3, 3), (0, 2, 5)),
    case("each channel", "Conv1d", (3, 6, 2), (1, 3, 4), groups=3),
    case("", "Conv1d", (1, 2, 3), (1, 1, 4), padding="same"),
    case("", "Conv1d", (1, 2, 3), (1, 1, 4), padding="valid", stride=2),
    case("", "Conv1d", (1, 1, 3), (2, 1, 4), padding=2, padding_mode="reflect"),
    case("", "Conv1d", (1, 1, 2), (2, 1, 3), padding="same", padding_mode="replicate"),
    case("", "Conv1d", (1, 1, 3), (1, 4), padding=2, padding_mode="circular", stride=2),
    case("", "Conv2d", (2, 3, 3), (1, 2, 4, 5), padding=1),
    case("", "Conv2d", (2, 4, (3, 2)), (2, 2, 5, 3), stride=(2, 1), padding=(1, 0),
         dilation=(1, 2), groups=2, bias=False),
    case("of points", "Conv2d", (3, 2, 1), (2, 3, 2, 2)),
    case("one image", "Conv2d", (1, 2, 2), (1, 3, 3)),
    case("no image", "Conv2d", (1, 2, 2), (0, 1, 3, 3)),
    case("", "Conv2d", (1, 2, (2, 3)), (1, 1, 3, 4), padding="same", dilation=(2, 1)),
    case("", "Conv2d", (1, 1, 3), (1, 1, 3, 4), padding=(1, 2), padding_mode="reflect"),
    case("", "Conv2d", (1, 1, 2), (1, 1, 3, 2), padding=1, padding_mode="replicate"),
    case("", "Conv2d", (1, 1, (2, 4)), (1, 1, 2, 3), padding="same", padding_mode="circular"),
    case("", "Conv3d", (1, 2, 2), (1, 1, 3, 2, 3), stride=(1, 1, 2), padding=(1, 0, 0)),
    case("one image", "Conv3d", (2, 2, (1, 2, 1)), (2, 2, 2, 1), groups=2, bias=False),
    case("", "ConvTranspose1d", (2, 3, 3), (2, 2, 3)),
    case("", "ConvTranspose1d", (2, 4, 3, 3, 1, 2, 2, False, 2), (1, 2, 3)),
    case("one image", "ConvTranspose1d", (2, 1, 2), (2, 3), stride=2),
    case("no image", "ConvTranspose1d", (2, 1, 2), (0, 2, 3)),
    case("", "ConvTranspose2d", (2, 1, (3, 2)), (1, 2, 2, 3), stride=2, padding=(1, 0),
         output_padding=(1, 0), dilation=(1, 2)),
    case("", "ConvTranspose2d", (2, 2, 2), (2, 2, 2, 1), groups=2, padding_mode="zeros"),
    case("one image", "ConvTranspose2d", (1, 2, 2), (1, 2, 2)),
    *(Case(f"ConvTranspose2d to {size}",
           lambda nn, **rng: nn.ConvTranspose2d(1, 1, 3, stride=(3, 2), padding=1, **rng),
           lambda rng: (rng.standard_normal((1, 1, 2, 2)),),
           lambda layer, x, size=size: layer(x, size), modes=("train",))
      for size in [(4, 3), (6, 4), (5, 3)]),
]  # fmt: skip


def made(kind: str, *args: Any, **named: Any) -> Callable[..., Any]:
    return lambda: getattr(nn, kind)(*args, **named, rng=np.random.default_rng(0))


def called(kind: str, args: tuple[Any, ...], x: Any, *more: Any) -> Callable[..., Any]:
    return lambda: made(kind, *args)()(x, *more)


MODES = "zeros, reflect, replicate, circular"
REFUSED = [
    (called("Conv2d", (3, 4, 2), np.ones((2, 4, 5, 5))), ShapeError,
     "Conv2d: expected x of shape (N, 3, H, W), N may be missing, got (2, 4, 5, 5); "
     "build Conv2d for its channels, or move axes"),
    (called("Conv2d", (3, 4, 2), np.ones((2, 5, 5, 3))), ShapeError,
     "Conv2d: expected x of shape (N, 3, H, W), N may be missing, got (2, 5, 5, 3); "
     "move the channels: x.transpose((0, 3, 1, 2))"),
    (called("ConvTranspose1d", (3, 4, 2), np.ones((1, 3, 2, 2))), ShapeError,
     "ConvTranspose1d: expected x of shape (N, 3, L), N may be missing, got (1, 3, 2, 2); "
     "build ConvTranspose1d for its channels, or move axes"),
    (called("Conv1d", (3, 4, 2), np.ones((3, 4), int)), DTypeError,
     "Conv1d: expected x of floats, got int64; use astype(np.float32)"),
    (called("Conv1d", (3, 4, 5), np.ones((1, 3, 4))), ShapeError,
     "conv1d: expected sizes of at least (5,), got (4,), padding included; pad more, or take a "
     "smaller kernel"),
    (made("Conv2d", 3, 4, 2, groups=2), OptionError,
     "Conv2d: expected in_channels and out_channels that are multiples of groups, got "
     "in_channels=3, out_channels=4, groups=2; change one of them"),
    (made("Conv2d", 0, 4, 2), OptionError,
     "Conv2d: expected in_channels and out_channels that are multiples of groups, got "
     "in_channels=0, out_channels=4, groups=1; change one of them"),
    (made("Conv1d", 2, 4, 2, padding_mode="constant"), OptionError,
     f"Conv1d: expected padding_mode in {MODES}, got 'constant'; choose one of these"),
    (made("ConvTranspose2d", 2, 4, 2, padding_mode="reflect"), OptionError,
     "ConvTranspose2d: expected padding_mode in zeros, got 'reflect'; choose one of these"),
    (made("Conv2d", 2, 4, (2, 2, 2)), OptionError,
     "Conv2d: expected kernel_size of at least 1, as an integer or 2 of them, got (2, 2, 2); "
     "see its docstring"),
    (made("Conv2d", 2, 4, 2, 2, "same"), OptionError,
     "Conv2d: expected padding of numbers, 'valid', or, with stride 1, 'same', got 'same' with "
     "stride (2, 2); give numbers"),
    (called("ConvTranspose1d", (1, 1, 3, 2), np.ones((1, 1, 2)), 7), OptionError,
     "ConvTranspose1d: expected output_size of (5,) to (6,), got 7; x has sizes (2,)"),
]  # fmt: skip

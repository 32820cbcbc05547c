"""Sound cut into frames: windows, pre-emphasis, and the frames themselves, differentiable."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.padding import pad
from ...engine.ops.shaping import concat, swap_last
from ...engine.ops.windows import windows
from ...kernels import OptionError, ShapeError
from ...nn.applied import floats

PADS = ("reflect", "constant")


def hann(length: int, periodic: bool = True) -> np.ndarray:
    """w[n] = .5 - .5 cos(2 pi n / N), N = length, or length - 1 where it is symmetric.

    Periodic windows belong to a DFT, as by `scipy.signal.get_window`; symmetric ones are
    `numpy.hanning`. Shapes: -> (length,) float64. Raises: OptionError for no length.
    """
    return _raised_cosine("hann", length, periodic, 0.5)


def hamming(length: int, periodic: bool = True) -> np.ndarray:
    """w[n] = .54 - .46 cos(2 pi n / N), N as in `hann`.

    Shapes: -> (length,) float64. Raises: OptionError for no length.
    """
    return _raised_cosine("hamming", length, periodic, 0.54)


def ones(length: int, periodic: bool = True) -> np.ndarray:
    """w[n] = 1: no window. Shapes: -> (length,) float64."""
    return np.ones(demand_count("ones", "length", length))


WINDOWS = {"hann": hann, "hamming": hamming, "ones": ones}


def _raised_cosine(where: str, length: int, periodic: bool, mean: float) -> np.ndarray:
    n = np.arange(demand_count(where, "length", length))
    period = max(length if periodic else length - 1, 1)
    waves = np.cos(2 * np.pi * n / period)
    return mean - (1 - mean) * waves if length > 1 else np.ones(1)


def pre_emphasis(x: Any, coefficient: float = 0.97) -> Any:
    """y[0] = x[0], y[t] = x[t] - coefficient x[t - 1]: high pitches made louder.

    Backward: g_x[t] = g_y[t] - coefficient g_y[t + 1].
    Shapes: x (..., L) -> (..., L). Raises: DTypeError for no floats.
    Differs: some begin with (1 - coefficient) x[0].
    """
    x = floats("pre_emphasis", x)
    if not coefficient:
        return x
    return concat([x[..., :1], x[..., 1:] - x[..., :-1] * coefficient], axis=-1)


def frames(
    x: Any, length: int, hop: int, *, center: bool = False, pad_mode: str = "reflect"
) -> Any:
    """Frame t is x[t hop : t hop + length]; what is left at the end, too short, is dropped.

    With `center` the sound gets a border of length // 2 on both sides, so that frame t has its
    middle at t hop: mirrored without its edge ("reflect"), or zeros ("constant").
    Backward: every sample gets the sum of what its frames pass back.
    Shapes: x (B, L) -> (B, T, length), T = 1 + (L - length) // hop, L with its border.
    Raises: ShapeError for an x that is shorter than a frame, DTypeError for no floats,
    OptionError for settings.
    """
    x = floats("frames", x)
    demand_count("frames", "length", length)
    demand_count("frames", "hop", hop)
    if pad_mode not in PADS:
        repair = "choose one of these"
        raise OptionError("frames", f"pad_mode in {', '.join(PADS)}", repr(pad_mode), repair)
    border = length // 2 if center else 0
    if len(x.shape) != 2 or x.shape[1] + 2 * border < length or x.shape[1] == 0:
        least = max(length - 2 * border, 1)
        rule, repair = f"sounds (B, L), L of {least} or more", "pad them with zeros"
        raise ShapeError("frames", rule, str(x.shape), repair)
    if border:
        x = pad(x, ((0, 0), (border, border)), pad_mode)
    return swap_last(windows(x, (length,), (hop,), (1,)))


def whole_frames(lengths: Any, length: int, hop: int, center: bool = False) -> np.ndarray:
    """How many of the frames of padded sounds see no padding behind the sound.

    Shapes: lengths (B,) in samples -> (B,).
    """
    border = length // 2 if center else 0
    room = np.asarray(lengths) + border - length
    return np.where(room >= 0, room // hop + 1, 0)


def demand_count(where: str, name: str, value: Any, least: int = 1) -> int:
    """The number. Raises: OptionError for no whole number, or one below the least."""
    if not hasattr(value, "__index__") or isinstance(value, bool) or value < least:
        rule = f"{name} of {least} or more"
        raise OptionError(where, rule, f"{name}={value!r}", "give a whole number")
    return int(value)

"""Power spectra of frames, as products with tables of cosines and sines."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.linear import matmul
from ...engine.ops.updating import like
from ...kernels import OptionError
from ...nn import Buffer, Module
from .windows import WINDOWS, demand_count, frames, pre_emphasis, whole_frames

WINDOW_SECONDS, HOP_SECONDS = 0.025, 0.010


def dft_tables(length: int, n_fft: int) -> tuple[np.ndarray, np.ndarray]:
    """cos(2 pi n k / n_fft) and sin of the same, for frequencies k = 0 .. n_fft // 2.

    n k is taken modulo n_fft in whole numbers, so that large products lose no digits.
    Shapes: -> (length, n_fft // 2 + 1) each, float64.
    """
    turns = np.outer(np.arange(length), np.arange(n_fft // 2 + 1)) % n_fft
    angles = 2 * np.pi * turns / n_fft
    return np.cos(angles), np.sin(angles)


class Spectrogram(Module):
    """P[t, k] = |sum_n w[n] x[t hop + n] exp(-2 pi i n k / n_fft)|^2, k = 0 .. n_fft // 2.

    `win_length` and `hop_length` are 25 ms and 10 ms where they are not given, n_fft the next
    power of 2; `window` is hann, hamming or ones. Pre-emphasis comes first; `center` and
    `pad_mode` are those of `frames`.

    Backward: with re, im (B, T, K) the two sums and C, S the tables with the window in them,
    the frame gets 2 (g * re) C^T + 2 (g * im) S^T, and each sample the sum of its frames'.
    Shapes: x (B, L) in [-1, 1], as floats -> (B, T, n_fft // 2 + 1). Units: `sample_rate` Hz,
    lengths and hops samples, bin k is k sample_rate / n_fft Hz.
    Raises: OptionError for settings; ShapeError, DTypeError for an x that is not so.
    Differs: PyTorch's toolkits give (B, K, T), put the window in the middle of n_fft (the same
    power, from other samples, where center is False), and leave pre-emphasis out. The product
    with tables costs win_length n_fft a frame, more than an FFT, but it is two lines of
    calculus. In float32 an element is off by about 1e-6 of the largest of its frame.
    """

    def __init__(
        self,
        sample_rate: float,
        win_length: int | None = None,
        hop_length: int | None = None,
        n_fft: int | None = None,
        *,
        window: str = "hann",
        periodic: bool = True,
        center: bool = False,
        pad_mode: str = "reflect",
        preemphasis: float = 0.97,
    ) -> None:
        where = "Spectrogram"
        if not sample_rate > 0:
            got, repair = f"sample_rate={sample_rate!r}", "give samples a second"
            raise OptionError(where, "sample_rate > 0", got, repair)
        if window not in WINDOWS:
            rule = f"window in {', '.join(WINDOWS)}"
            raise OptionError(where, rule, repr(window), "choose one of these")
        self.sample_rate, self.window, self.periodic = sample_rate, window, periodic
        self.win_length = _samples("win_length", win_length, WINDOW_SECONDS * sample_rate)
        self.hop_length = _samples("hop_length", hop_length, HOP_SECONDS * sample_rate)
        power = 1 << (self.win_length - 1).bit_length()
        self.n_fft = power if n_fft is None else demand_count(where, "n_fft", n_fft)
        if self.n_fft < self.win_length:
            rule, got = f"n_fft of {self.win_length} or more", f"n_fft={n_fft}"
            raise OptionError(where, rule, got, "give at least win_length")
        self.center, self.pad_mode, self.preemphasis = center, pad_mode, preemphasis
        self.tables = Buffer(self._tables(), "tables", persistent=False)

    @property
    def width(self) -> int:
        """K, the number of frequencies."""
        return self.n_fft // 2 + 1

    def _tables(self) -> np.ndarray:
        """Cosines, then sines, with the window in them. Shapes: (win_length, 2 K)."""
        window = WINDOWS[self.window](self.win_length, self.periodic)
        return np.concatenate(dft_tables(self.win_length, self.n_fft), axis=1) * window[:, None]

    def forward(self, x: Any) -> Any:
        x = pre_emphasis(x, self.preemphasis)
        sizes, border = (self.win_length, self.hop_length), (self.center, self.pad_mode)
        cut = frames(x, *sizes, center=border[0], pad_mode=border[1])
        both = matmul(cut, like(self.tables, cut))
        re, im = both[..., : self.width], both[..., self.width :]
        return re * re + im * im

    def counts(self, lengths: Any) -> np.ndarray:
        """How many frames of sounds of these lengths see no padding. Shapes: (B,) -> (B,)."""
        return whole_frames(lengths, self.win_length, self.hop_length, self.center)

    def extra_repr(self) -> str:
        sizes = f"win_length={self.win_length}, hop_length={self.hop_length}"
        return f"{self.sample_rate}, {sizes}, n_fft={self.n_fft}, window={self.window!r}"


def _samples(name: str, value: int | None, seconds: float) -> int:
    given = max(round(seconds), 1) if value is None else value
    return demand_count("Spectrogram", name, given)

"""Sounds, varied: samples (B, L), or log-mel frames (B, T, bands); with lengths, as a tuple
(array, lengths), only what is before the end of a sound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...kernels import DTypeError, OptionError
from .augmentation import Augmentation, check_share, rounded


@dataclass(frozen=True)
class SpecAugment(Augmentation):
    """A stripe of bands and a stripe of frames of a spectrogram replaced by its mean.

    A stripe is w wide, w drawn evenly from 0 to `freq_mask` or `time_mask`, or to as many as
    there are, and time stripes to `time_share` of the frames; it begins anywhere that it fits.
    `fill` stands in the place of the mean. `time_axis` is 1 for (B, T, bands) and 2 for (B,
    bands, T), as pictures of sounds are. Units: bands, frames.
    Differs: no warping of time. Source: Park et al. 2019, policy LB.
    """

    freq_mask: int = 27
    time_mask: int = 100
    num_freq: int = 1
    num_time: int = 1
    time_share: float = 1.0
    fill: float | None = None
    time_axis: int = 1
    p: float = 1.0
    axes = (3,)

    def __post_init__(self) -> None:
        check_share("SpecAugment", "p", self.p)
        check_share("SpecAugment", "time_share", self.time_share)
        counts = ("freq_mask", "time_mask", "num_freq", "num_time")
        for name in counts:
            value = getattr(self, name)
            if not hasattr(value, "__index__") or value < 0:
                rule, repair = f"{name} of 0 or more", "0 changes nothing"
                raise OptionError("SpecAugment", rule, f"{name}={value!r}", repair)
        if self.time_axis not in (1, 2):
            got = f"time_axis={self.time_axis!r}"
            raise OptionError("SpecAugment", "time_axis 1 or 2", got, "the batch is axis 0")

    def __call__(self, x: Any, *, rng: np.random.Generator) -> Any:
        if self.time_axis == 1 or not isinstance(x, tuple):
            return super().__call__(x, rng=rng)
        values, *lengths = x  # which are of time: it comes first, and goes back
        turned = np.swapaxes(self._batch(values), 1, 2)
        found, *_ = replace(self, time_axis=1)((turned, *lengths), rng=rng)
        return (np.ascontiguousarray(np.swapaxes(found, 1, 2)), *lengths)

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        found, time = row.copy(), self.time_axis - 1
        fill = rounded(np.asarray(row.mean() if self.fill is None else self.fill), row)
        bands, frames = row.shape[1 - time], row.shape[time]
        most = min(self.time_mask, int(self.time_share * frames))
        stripes = [(1 - time, min(self.freq_mask, bands))] * self.num_freq
        for axis, widest in stripes + [(time, most)] * self.num_time:
            width = rng.integers(0, widest + 1)
            first = rng.integers(0, row.shape[axis] - width + 1)
            np.moveaxis(found, axis, 0)[first : first + width] = fill
        return found


@dataclass(frozen=True)
class TimeShift(Augmentation):
    """x[t - k] in the place of x[t], k drawn evenly from -m to m, m = `most` of the length.

    What comes in at an end is `fill`, or, with `wrap`, what left at the other.
    """

    most: float = 0.1
    fill: float = 0.0
    wrap: bool = False
    p: float = 1.0

    def __post_init__(self) -> None:
        check_share("TimeShift", "p", self.p)
        check_share("TimeShift", "most", self.most)

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        most = int(self.most * len(row))
        shift = int(rng.integers(-most, most + 1))
        found = np.roll(row, shift, axis=0)
        if not self.wrap:
            gone = slice(0, shift) if shift > 0 else slice(len(row) + shift, len(row))
            found[gone] = rounded(np.asarray(self.fill), row)
        return found


@dataclass(frozen=True)
class AddNoise(Augmentation):
    """x + s n with n ~ N(0, 1) white, and s such that 10 log10(sum x^2 / sum (s n)^2) is the
    ratio drawn evenly from `snr_db`, with probability p; other rows stay as they are.

    The ratio holds exactly, of the noise that was drawn. Silence stays silent, and with a ratio
    of inf every row stays. Sums may leave [-1, 1]. Units: dB.
    Raises: DTypeError for whole numbers: scale them first.
    """

    snr_db: tuple[float, float] = (10.0, 30.0)
    p: float = 0.5

    def __post_init__(self) -> None:
        check_share("AddNoise", "p", self.p)
        low, high = self.snr_db
        if not -np.inf < low <= high or (high == np.inf and low < np.inf):
            got, repair = f"snr_db={self.snr_db}", "give the least and the largest, in dB"
            raise OptionError("AddNoise", "finite snr_db, or (inf, inf)", got, repair)

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if row.dtype.kind != "f":
            repair = "divide by the largest, as x / 32768"
            raise DTypeError("AddNoise", "sounds as floats", str(row.dtype), repair)
        low, high = self.snr_db
        ratio = low if low == high else rng.uniform(low, high)
        noise, x = rng.standard_normal(row.shape), row.astype(np.float64)
        scale = np.sqrt((x**2).sum() / (noise**2).sum()) * 10 ** (-ratio / 20)
        return (x + scale * noise).astype(row.dtype) if scale else row

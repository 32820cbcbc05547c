"""Mel bands: frequencies as ears space them, and the logarithm of what each band holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.elementwise import log
from ...engine.ops.linear import matmul
from ...engine.ops.updating import like
from ...kernels import OptionError
from ...nn import Buffer, Module
from .spectrum import Spectrogram
from .windows import demand_count

NORMS = (None, "slaney")


def hz_to_mel(frequency: Any) -> Any:
    """2595 log10(1 + f / 700). Units: Hz -> mel."""
    return 2595.0 * np.log10(1.0 + np.asarray(frequency) / 700.0)


def mel_to_hz(mel: Any) -> Any:
    """700 (10^(m / 2595) - 1). Units: mel -> Hz."""
    return 700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0)


def mel_filters(
    n_mels: int,
    n_fft: int,
    sample_rate: float,
    f_min: float = 0.0,
    f_max: float | None = None,
    norm: str | None = None,
) -> np.ndarray:
    """Triangles over the frequencies k sample_rate / n_fft: of n_mels + 2 points, spaced
    equally in mel from f_min to f_max, band m rises from the m-th to 1 at the next, and falls
    to 0 at the one after.

    `norm` "slaney" makes every triangle of area 1: it is divided by half its base, in Hz. f_max
    is sample_rate / 2 where it is not given.
    Shapes: -> (n_mels, n_fft // 2 + 1) float64. Units: Hz.
    Raises: OptionError for settings, and for a band so narrow that no frequency lies in it.
    Differs: librosa spaces by another curve unless told htk, and its norm is slaney.
    Source: Davis & Mermelstein 1980; the formula of the HTK book.
    """
    high = sample_rate / 2 if f_max is None else f_max
    _check_bands(n_mels, f_min, high, sample_rate, norm)
    points = mel_to_hz(np.linspace(hz_to_mel(f_min), hz_to_mel(high), n_mels + 2))
    bins = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    low, middle, top = (points[k : n_mels + k, None] for k in range(3))
    weights = np.maximum(
        0.0, np.minimum((bins - low) / (middle - low), (top - bins) / (top - middle))
    )
    if not weights.any(axis=1).all():
        got = f"band {int(np.argmin(weights.any(axis=1)))} of {n_mels} with none"
        repair = "take fewer bands or a larger n_fft"
        raise OptionError("mel_filters", "a frequency in every band", got, repair)
    return weights * 2 / (top - low) if norm == "slaney" else weights


def _check_bands(n_mels: int, low: float, high: float, rate: float, norm: Any) -> None:
    demand_count("mel_filters", "n_mels", n_mels)
    if not 0 <= low < high <= rate / 2:
        rule, got = f"0 <= f_min < f_max <= {rate / 2:g}", f"f_min={low}, f_max={high}"
        raise OptionError("mel_filters", rule, got, "half the sample rate is the most")
    if norm not in NORMS:
        got = repr(norm)
        raise OptionError("mel_filters", "norm None or 'slaney'", got, "choose one of these")


class LogMel(Module):
    """log(P F^T + floor): the natural logarithm of what each mel band holds.

    P is the power of `spectrogram`, by default `Spectrogram(sample_rate)`, F `mel_filters`.
    Silence is log(floor), and passes nothing back.

    Backward: the power gets (g / (P F^T + floor)) F; then see `Spectrogram`.
    Shapes: x (B, L) in [-1, 1], as floats -> (B, T, n_mels). Units: Hz.
    Raises: OptionError for settings; ShapeError, DTypeError for an x that is not so.
    Differs: some take the larger of both, which has a kink, and the logarithm in decibels.
    """

    def __init__(
        self,
        sample_rate: float,
        n_mels: int = 40,
        f_min: float = 0.0,
        f_max: float | None = None,
        *,
        norm: str | None = None,
        floor: float = 1e-10,
        spectrogram: Spectrogram | None = None,
    ) -> None:
        self.spectrogram = Spectrogram(sample_rate) if spectrogram is None else spectrogram
        if self.spectrogram.sample_rate != sample_rate:
            got, repair = f"{self.spectrogram.sample_rate} in it", "build both for one rate"
            raise OptionError("LogMel", f"a spectrogram of {sample_rate} Hz", got, repair)
        if not floor > 0:
            got, repair = f"floor={floor!r}", "silence has no logarithm"
            raise OptionError("LogMel", "floor > 0", got, repair)
        n_fft = self.spectrogram.n_fft
        filters = mel_filters(n_mels, n_fft, sample_rate, f_min, f_max, norm)
        self.filters = Buffer(filters.T, "filters", persistent=False)
        self.sample_rate, self.floor = sample_rate, float(floor)

    @property
    def width(self) -> int:
        """How many bands."""
        return int(self.filters.shape[1])

    def forward(self, x: Any) -> Any:
        power = self.spectrogram(x)
        return log(matmul(power, like(self.filters, power)) + self.floor)

    def counts(self, lengths: Any) -> np.ndarray:
        """How many frames of sounds of these lengths see no padding. Shapes: (B,) -> (B,)."""
        return self.spectrogram.counts(lengths)

    def extra_repr(self) -> str:
        return f"{self.sample_rate}, n_mels={self.width}, floor={self.floor:g}"

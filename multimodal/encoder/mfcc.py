"""MFCC: the shape of a spectrum in a dozen numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.linear import matmul
from ...engine.ops.updating import like
from ...kernels import OptionError
from ...nn import Buffer, Module
from .mel import LogMel
from .windows import demand_count

BANDS = 26


def dct_matrix(n: int) -> np.ndarray:
    """D[k, j] = s_k cos(pi k (2 j + 1) / (2 n)), s_0 = sqrt(1 / n), s_k = sqrt(2 / n): the
    orthonormal DCT-II, D D^T = 1.

    Shapes: -> (n, n) float64. Raises: OptionError for no size.
    """
    size = demand_count("dct_matrix", "n", n)
    turns = np.outer(np.arange(size), 2 * np.arange(size) + 1) % (4 * size)
    table = np.sqrt(2 / size) * np.cos(np.pi * turns / (2 * size))
    table[0] = np.sqrt(1 / size)
    return table


class MFCC(Module):
    """c = D[: n_mfcc] log(mel): mel-frequency cepstral coefficients.

    `log_mel` is by default LogMel(sample_rate, 26): pre-emphasis .97, frames of 25 ms every
    10 ms, Hann, 26 bands. D is `dct_matrix`; coefficient 0 is sqrt(bands) times the mean band.

    Backward: g D to the bands, for D is linear; then see `LogMel`.
    Shapes: x (B, L) in [-1, 1], as floats -> (B, T, n_mfcc). Units: `sample_rate` Hz.
    Raises: OptionError for settings; ShapeError, DTypeError for an x that is not so.
    Differs: no lifter, and coefficient 0 is not replaced by the energy of the frame.
    Source: Davis & Mermelstein 1980.
    """

    def __init__(
        self, sample_rate: float, n_mfcc: int = 13, *, log_mel: LogMel | None = None
    ) -> None:
        self.log_mel = LogMel(sample_rate, BANDS) if log_mel is None else log_mel
        if self.log_mel.sample_rate != sample_rate:
            got, repair = f"{self.log_mel.sample_rate} in it", "build both for one rate"
            raise OptionError("MFCC", f"log_mel of {sample_rate} Hz", got, repair)
        bands = self.log_mel.width
        if demand_count("MFCC", "n_mfcc", n_mfcc) > bands:
            got, repair = f"n_mfcc={n_mfcc}", "take more bands"
            raise OptionError("MFCC", f"n_mfcc of {bands} or less", got, repair)
        self.table = Buffer(dct_matrix(bands)[:n_mfcc].T, "table", persistent=False)
        self.sample_rate = sample_rate

    @property
    def width(self) -> int:
        """How many coefficients."""
        return int(self.table.shape[1])

    def forward(self, x: Any) -> Any:
        bands = self.log_mel(x)
        return matmul(bands, like(self.table, bands))

    def counts(self, lengths: Any) -> np.ndarray:
        """How many frames of sounds of these lengths see no padding. Shapes: (B,) -> (B,)."""
        return self.log_mel.counts(lengths)

    def extra_repr(self) -> str:
        return f"{self.sample_rate}, n_mfcc={self.width}"

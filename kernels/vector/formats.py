"""What the functions need to know of float32 and float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import coefficients


@dataclass(frozen=True)
class Format:
    """A float of `fraction` bits after the leading one, with its exponent biased by `bias`."""

    bits: int
    T: Any
    I: Any  # noqa: E741  # whole numbers of this width
    fraction: int
    bias: int
    exp_low: float  # where exp is 0
    exp_high: float  # where it is infinite, though half of it is not
    sinh_high: float
    erfc_high: float  # where erfc is 0

    @property
    def magic(self) -> Any:
        """1.5 * 2**fraction: a float near it has the whole part of what was added in its last
        bits, and loses the rest."""
        return self.T(1.5 * 2.0**self.fraction)

    @property
    def shift(self) -> Any:
        """How far the exponent stands from the last bit."""
        return self.I(self.fraction)

    def of(self, name: str) -> tuple[Any, ...]:
        """Coefficients in this format."""
        return tuple(map(self.T, getattr(coefficients, f"{name}_{self.bits}")))


FLOAT32 = Format(32, np.float32, np.int32, 23, 127, -105.0, 89.0, 89.6, 10.1)
FLOAT64 = Format(64, np.float64, np.int64, 52, 1023, -746.0, 710.0, 710.8, 27.3)

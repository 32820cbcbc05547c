"""Where an axis gets its marks."""

import math
from dataclasses import dataclass

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """Maps low..high to start..stop pixels, by value or by logarithm."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value, in the middle when low equals high."""
        low, high, here = (self._bent(v) for v in (self.low, self.high, value))
        part = (here - low) / (high - low) if high > low else 0.5
        return self.start + part * (self.stop - self.start)

    def _bent(self, value: float) -> float:
        return math.log10(value) if self.log else value


def linear(low: float, high: float, intervals: int = 4) -> list[float]:
    """Round values that enclose low..high."""
    width = (high - low) or abs(high) or 1.0
    power = 10.0 ** math.floor(math.log10(width / intervals))
    step = next(s for s in STEPS if s * power >= width / intervals * 0.999) * power
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) if step > 1e-9 else i * step for i in range(first, last + 1)]


def logarithmic(low: float, high: float) -> list[float]:
    """Powers of ten inside low..high, with 2 and 5 between when few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    tens = [10.0**p for p in powers if low <= 10.0**p <= high]
    if len(tens) > 3:
        return tens[:: math.ceil(len(tens) / 6)]
    return [v for p in powers for m in (1, 2, 5) if low <= (v := m * 10.0**p) <= high]


def whole(low: float, high: float, intervals: int = 5) -> list[float]:
    """Round whole numbers inside low..high, for epochs and steps."""
    inside = [v for v in linear(low, high, intervals) if low <= v <= high]
    marks = [v for v in inside if v == int(v)] or [low]
    apart = low < marks[0] and marks[0] - low > (high - low) / 10
    return [low, *marks] if apart else marks

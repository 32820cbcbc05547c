"""Figures as a reader wants them: seconds, bytes, ratios."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from fusegrad.lens.wording import significant

from .intervals import FASTER, SLOWER, Ratio, spread

SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


def amount(value: float | None, unit: str = "seconds") -> str:
    """Three digits and a unit of fitting size."""
    if value is None:
        return "-"
    scale, name = _scale(value, unit)
    return f"{significant(value / scale)} {name}"


def spanned(values: Sequence[float], unit: str = "seconds") -> str:
    """The median and the quartiles, in one unit."""
    middle = statistics.median(values)
    scale, name = _scale(middle, unit)
    low, high = (significant(value / scale) for value in spread(values))
    return f"{significant(middle / scale)} {name} ({low} to {high})"


def _scale(value: float, unit: str) -> tuple[float, str]:
    if unit not in ("seconds", "bytes"):
        return 1.0, unit
    scales = SECONDS if unit == "seconds" else BYTES
    return next((s for s in scales if abs(value) >= s[0] * 0.9995), scales[-1])


def figure(value: float) -> str:
    """A ratio: two places, or two digits where it is small."""
    return f"{value:.2f}" if value >= 0.095 else f"{value:.2g}"


def within(ratio: Ratio) -> str:
    """Its interval."""
    return f"{figure(ratio.low)} to {figure(ratio.high)}"


def shown(ratio: Ratio, unit: str = "seconds") -> str:
    """What the interval shows; bytes are no faster, but less."""
    told = {FASTER: "less", SLOWER: "more"}
    return ratio.verdict if unit == "seconds" else told.get(ratio.verdict, ratio.verdict)


def threads(count: int) -> str:
    """1 thread, 2 threads."""
    return "1 thread" if count == 1 else f"{count} threads"


def limits(found: Mapping[str, float]) -> str:
    """The anchors of a machine."""
    return (
        f"copy {found['copy'] / 1e9:.3g} GB/s, in place {found['in place'] / 1e9:.3g} GB/s, "
        f"sgemm {found['sgemm'] / 1e9:.3g} GF/s"
    )

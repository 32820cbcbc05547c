"""Numbers and lists as a reader wants to see them."""

import math
from collections.abc import Sequence

from .record import Example

LARGEST = 1e300
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def finite(value: float | None) -> bool:
    """Whether a value can be drawn; past 1e300 the arithmetic of an axis overflows."""
    return value is not None and math.isfinite(value) and abs(value) < LARGEST


def decimal(value: float | None, places: int) -> str:
    """A fixed number of places, or the reason why there is no number."""
    if value is None:
        return "not measured"
    if not math.isfinite(value):
        return "not finite"
    return f"{value:.{places}f}" if abs(value) < 1e7 else short(value)


def short(value: float) -> str:
    """At most three significant digits; powers of ten when zeros would pile up."""
    if not math.isfinite(value):
        return "not finite"
    if value == 0 or 1e-4 <= abs(value) < 1e5:
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    digits, power = f"{value:.2e}".split("e")
    lead = "" if float(digits) == 1 else f"{float(digits):g}×"
    return f"{lead}10{str(int(power)).translate(RAISED)}"


def significant(value: float) -> str:
    """Three significant digits with their zeros, so that a column lines up."""
    if finite(value) and 1e-4 <= abs(value) < 1000:
        return f"{value:#.3g}".rstrip(".")
    return short(value)


def count(number: int) -> str:
    """A whole number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def listing(items: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(part for part in (", ".join(items[:-1]), *items[-1:]) if part)


def spelled(value: object) -> str:
    """A setting's value; a mapping as name value pairs."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    return str(value)


def label(classes: Sequence[str], index: int) -> str:
    """A class name, or its number when the name is missing."""
    return classes[index] if 0 <= index < len(classes) else f"class {index}"


def right(example: Example) -> bool:
    """Whether the prediction is the truth."""
    return example.truth == example.prediction

"""Looking for the first number that is none."""

from __future__ import annotations

from typing import Any

from .device import module_of
from .kernel import kernel


@kernel
def not_finite(x: Any) -> int:
    """The flat index of the first nan or inf in x; -1 where all is finite."""
    bad = ~module_of(x).isfinite(x)
    return int(bad.argmax()) if bool(bad.any()) else -1

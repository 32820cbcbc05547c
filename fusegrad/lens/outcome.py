"""What an experiment found: tables, charts, and claims with what was expected of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ..multimodal.analysis.interval import Interval


@dataclass(frozen=True)
class Table:
    """Rows of text under a head; the first column names the row."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Curve:
    """One line of a chart."""

    name: str
    values: Sequence[float]


@dataclass(frozen=True)
class Picture:
    """Lines over one x axis. Units are said in the title."""

    title: str
    x_name: str
    x: Sequence[float]
    curves: Sequence[Curve]
    span: tuple[float, float] | None = None
    log: bool = False


@dataclass(frozen=True)
class Finding:
    """A statement, the figure measured for it, and from where to where it is expected."""

    statement: str
    value: float
    within: tuple[float, float]
    interval: Interval | None = None

    @property
    def is_expected(self) -> bool:
        """Whether the figure lies where it is expected."""
        return self.within[0] <= self.value <= self.within[1]

    @property
    def figure(self) -> str:
        """The figure with its interval, as text."""
        if self.interval is not None:
            return str(self.interval)
        small = 0 < abs(self.value) < 1e-3
        return f"{self.value:.1e}" if small else f"{self.value:.3f}"

    @property
    def expected(self) -> str:
        """The range, as text."""
        low, high = self.within
        if math.isinf(high):
            return f"at least {low:g}"
        return f"at most {high:g}" if math.isinf(low) or low == 0 else f"{low:g} to {high:g}"


@dataclass
class Outcome:
    """Everything an experiment prints and draws."""

    name: str
    title: str
    setting: str
    seeds: int
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_expected(self) -> bool:
        """Whether every finding is as expected."""
        return all(finding.is_expected for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Strict JSON values; null for what is no number."""
        findings = [{**asdict(f), "as_expected": f.is_expected} for f in self.findings]
        whole = {**asdict(self), "findings": findings, "as_expected": self.is_expected}
        return {key: _plain(value) for key, value in whole.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value

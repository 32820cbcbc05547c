"""A claim of a paper, how it is checked, and what is expected to come of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..optim import Optimizer

Suite = Mapping[str, type[Optimizer]]


class Finding(NamedTuple):
    """The worst figure; whether the claim holds as written; whether, where it does not, the
    statement that replaces it does."""

    figure: float
    holds: bool
    exact: bool = True


@dataclass(frozen=True)
class Claim:
    """One row. `holds` and `within`, where the figure lies, are the committed expectation."""

    name: str
    statement: str
    source: str
    how: str
    figure: str
    check: Callable[[Suite], Finding]
    within: tuple[float, float]
    holds: bool = True
    exact: str = ""

    @property
    def chapter(self) -> str:
        """The file that the check stands in."""
        return self.check.__module__.rpartition(".")[2]


CLAIMS: dict[str, Claim] = {}


def claim(
    name: str,
    statement: str,
    *,
    source: str,
    how: str,
    figure: str,
    within: tuple[float, float],
    fails: str = "",
) -> Callable[[Callable[[Suite], Finding]], Callable[[Suite], Finding]]:
    """Enter a check in the table. `fails` is the statement that holds in the claim's place."""

    def enter(check: Callable[[Suite], Finding]) -> Callable[[Suite], Finding]:
        row = Claim(name, statement, source, how, figure, check, within, not fails, fails)
        assert name not in CLAIMS, name
        CLAIMS[name] = row
        return check

    return enter


@dataclass(frozen=True)
class Row:
    """A claim and what was found."""

    claim: Claim
    finding: Finding
    seconds: float

    @property
    def verdict(self) -> str:
        """holds, or does not hold as written."""
        return "holds" if self.finding.holds else "does not hold as written"

    @property
    def is_expected(self) -> bool:
        """Whether verdict and figure are those that are committed."""
        return not self.wrong

    @property
    def wrong(self) -> str:
        """What is not as expected; nothing where all is."""
        figure, holds, exact = self.finding
        low, high = self.claim.within
        said = {
            "another verdict is expected": holds != self.claim.holds,
            "the statement in its place does not hold either": not exact,
            f"a figure from {low:g} to {high:g} is expected": not low <= figure <= high,
        }
        return "; ".join(text for text, so in said.items() if so)

    def to_json(self) -> dict[str, Any]:
        """A plain dict."""
        c = self.claim
        return {
            "name": c.name,
            "claim": c.statement,
            "source": c.source,
            "how": c.how,
            "figure": {
                "what": c.figure,
                "value": _plain(self.finding.figure),
                "within": c.within,
            },
            "verdict": self.verdict,
            "exact": c.exact,
            "exact_holds": self.finding.exact,
            "as_expected": self.is_expected,
            "wrong": self.wrong,
            "seconds": round(self.seconds, 3),
        }


def _plain(value: float) -> float | None:
    """A number as strict JSON knows it; None for one that is none."""
    return value if math.isfinite(value) else None


def checked(claim: Claim, suite: Suite) -> Row:
    """A claim, checked. What makes the check itself fail counts as not as expected."""
    start = time.perf_counter()
    try:
        figure, holds, exact = claim.check(suite)
        finding = Finding(float(figure), bool(holds), bool(exact))
    except (ArithmeticError, ValueError):  # what a broken rule gives may not even compute
        finding = Finding(float("nan"), not claim.holds, False)
    return Row(claim, finding, time.perf_counter() - start)

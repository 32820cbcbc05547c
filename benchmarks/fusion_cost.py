"""What each fusion costs: parameters, multiply-adds, time and memory, by width and modalities.

python -m benchmarks.fusion_cost [--names concat tensor] [--json FILE]

A fusion alone, on features (32, d) that ask for a gradient; the loss is the sum of F. Sizes of
more than MOST parameters, or whose F has more than MOST numbers a batch, are left out, and the
table says so: the draws of weights are counted while a fusion is built, so that nothing too
large is ever held.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.multimodal.analysis import Cost, cost
from fusegrad.multimodal.analysis.complexity import HEAD
from fusegrad.multimodal.analysis.table import aligned

WIDTHS, COUNTS, BATCH, REPEATS = (16, 64, 256), (2, 3, 4), 32, 5
MOST = 20_000_000
NAMES = "abcd"


class TooLargeError(Exception):
    """A fusion that draws more weights than MOST."""


class Counting(np.random.Generator):
    """A generator that refuses to draw more than MOST numbers in all."""

    drawn = 0

    def _count(self, size: Any) -> None:
        self.drawn += math.prod(size) if isinstance(size, tuple) else int(size or 1)
        if self.drawn > MOST:
            raise TooLargeError(f"over {MOST:,} parameters")

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        self._count(size)
        return super().uniform(low, high, size)

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        self._count(size)
        return super().normal(loc, scale, size)

    def standard_normal(self, size: Any = None, *rest: Any, **more: Any) -> Any:
        self._count(size)
        return super().standard_normal(size, *rest, **more)

    def random(self, size: Any = None, *rest: Any, **more: Any) -> Any:
        self._count(size)
        return super().random(size, *rest, **more)


class OnFeatures(nn.Module):
    """A fusion of features that ask for a gradient, as branches give them."""

    def __init__(self, fusion: mm.Fusion) -> None:
        self.fusion = fusion

    def forward(self, features: Mapping[str, fg.Tensor]) -> fg.Tensor:
        return self.fusion({n: f * 1.0 for n, f in features.items()})


def measured(name: str, d: int, modalities: int) -> Cost | str:
    """The cost of a fusion, or why it was left out."""
    widths = dict.fromkeys(NAMES[:modalities], d)
    label = f"{name} d={d} M={modalities}"
    try:
        fusion = mm.FUSIONS[name].make(widths, d, Counting(np.random.PCG64(0)))
    except TooLargeError as error:
        return str(error)
    if (size := sum(p.size for p in fusion.parameters())) > MOST:
        return f"{size:,} parameters, over {MOST:,}"
    if fusion.width * BATCH > MOST:
        return f"F of {fusion.width * BATCH:,} numbers, over {MOST:,}"
    rng = np.random.default_rng(0)
    x = {n: rng.standard_normal((BATCH, d)).astype(np.float32) for n in widths}
    features = {n: fg.Tensor(v, requires_grad=True) for n, v in x.items()}
    return cost(OnFeatures(fusion), features, name=label, repeats=REPEATS)


def shown(name: str, found: dict[tuple[int, int], Cost | str]) -> list[list[str]]:
    """Rows of the table; what was left out says why."""
    return [
        c.cells()
        if isinstance(c, Cost)
        else [f"{name} d={d} M={m}", f"left out: {c}", *[""] * 4]
        for (d, m), c in found.items()
    ]


def told(name: str, found: dict[tuple[int, int], Cost | str]) -> list[dict[str, Any]]:
    """The same for JSON."""
    return [{"fusion": name, "d": d, "M": m, **_entry(c)} for (d, m), c in found.items()]


def _entry(found: Cost | str) -> dict[str, Any]:
    return found.to_json() if isinstance(found, Cost) else {"left_out": found}


def run(names: Sequence[str]) -> list[dict[str, Any]]:
    """Measure and print fusion by fusion; gives all entries."""
    entries: list[dict[str, Any]] = []
    for name in names:
        found = {(d, m): measured(name, d, m) for d in WIDTHS for m in COUNTS}
        print(aligned(HEAD, shown(name, found)), end="\n\n", flush=True)
        entries += told(name, found)
    return entries


def main() -> None:
    """Print tables, and write the entries where a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--names", nargs="*", default=list(mm.FUSIONS), choices=mm.FUSIONS)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    print(f"batch {BATCH}, float32; left out above {MOST:,} parameters or numbers of F\n")
    entries = run(given.names)
    if given.json:
        given.json.write_text(json.dumps(entries, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

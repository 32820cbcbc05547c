"""What the page of a recording costs its reader, beside the limit of each.

    python -m benchmarks.microscope_page

1,000 steps of Adam on two numbers, in Chromium, from a file, without a network. A jump is what
a moved slider starts, up to the next frame; to compute again is what an edit of beta1 starts,
and `rules beside it` the dozen dialects that come after it. Needs playwright and Chromium.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.microscope import Trace, trace

CHROMIUM = "/usr/bin/chromium"
ARGS = ["--no-sandbox", "--disable-gpu"]
STEPS, JUMPS, EDITS, LOADS = 1_000, 200, 21, 7
# The seconds of one task of the page, with what it draws.
TIMED = """(change) => new Promise((done) => {
    const began = performance.now();
    %s
    const spent = performance.now() - began;
    requestAnimationFrame(() => setTimeout(() => done([spent, performance.now() - began]), 0));
})"""
JUMP = """const slider = document.getElementById("slider");
    slider.value = change;
    slider.dispatchEvent(new Event("input", { bubbles: true }));"""
EDIT = """const field = document.querySelector('#settings input[name="beta1"]');
    field.value = change;
    field.dispatchEvent(new Event("input", { bubbles: true }));"""
RULES = "for (const one of microscope.run().dialects) dialectRows(microscope, one);"


def recorded() -> Trace:
    """The run that limits are said of."""
    rng = np.random.default_rng(0)
    p = fg.Tensor(np.array([-1.2, 1.0]), requires_grad=True, name="p")
    adam = fg.optim.Adam([p], lr=0.01)
    with trace(title="Many steps") as seen:
        for _ in range(STEPS):
            adam.zero_grad()
            x, y = p[0], p[1]
            noise = fg.Tensor(0.1 * rng.standard_normal(2))
            ((1 - x) ** 2 + 100 * (y - x * x) ** 2 + (noise * p).sum()).backward()
            adam.step()
    return seen


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def told(what: str, values: Sequence[float], limit: str) -> None:
    """A line: median and 99th percentile, beside the limit. Units: milliseconds."""
    p50, p99 = statistics.median(values), percentile(values, 0.99)
    print(f"{what:38s} p50 {p50:8.2f} ms  p99 {p99:8.2f} ms  limit {limit}")


def timed(page: Any, work: str, changes: Sequence[Any]) -> list[list[float]]:
    """What the work took, and until what it drew was seen, of each change."""
    return [page.evaluate(TIMED % work, change) for change in changes]


def in_the_browser(browser: Any, path: Path) -> None:
    """Load, jump, edit, and compute the rules beside it."""
    page = browser.new_context(offline=True).new_page()
    loads = []
    for _ in range(LOADS):
        page.goto(path.as_uri())
        loads.append(page.evaluate("performance.getEntriesByType('navigation')[0].duration"))
    told("load", loads, "none (320 ms measured elsewhere)")
    rng = np.random.default_rng(0)
    jumps = timed(page, JUMP, rng.integers(0, STEPS, JUMPS).tolist())
    told(f"{JUMPS} jumps: the script", [spent for spent, _ in jumps], "p99 < 50 ms")
    told(f"{JUMPS} jumps: to the next frame", [drawn for _, drawn in jumps], "none")
    edits = timed(page, EDIT, [f"{x:.3f}" for x in np.linspace(0.1, 0.95, EDITS)])
    told(f"{STEPS:,} steps again: the script", [spent for spent, _ in edits], "p50 < 50 ms")
    page.evaluate("microscope.change({ edits: {} })")
    rules = timed(page, RULES, range(LOADS))
    told("rules beside it, once nothing waits", [spent for spent, _ in rules], "none")


def displays(seen: Trace) -> None:
    """What each formatter of a notebook takes."""
    rng = np.random.default_rng(0)
    tensor = fg.Tensor(rng.standard_normal((100, 100)), name="w")
    net = fg.nn.Sequential(*(fg.nn.Linear(64, 64, rng=rng) for _ in range(8)))
    shown: dict[str, Callable[[], object]] = {
        "Tensor": tensor._repr_html_,
        "Module": net._repr_html_,
        "Trace": seen._repr_html_,
        "Trace, as text": seen.__repr__,
    }
    for name, show in shown.items():
        show()
        times = []
        for _ in range(11):
            began = time.perf_counter()
            show()
            times.append(1e3 * (time.perf_counter() - began))
        told(f"a cell shows a {name}", times, "50 ms")


def main() -> None:
    """Print what was measured."""
    from playwright.sync_api import sync_playwright

    seen = recorded()
    with tempfile.TemporaryDirectory() as folder:
        path = seen.save_html(Path(folder) / "many.html")
        size = path.stat().st_size
        print(f"{'file':38s} {size / 1e3:12,.0f} KB{'':21s}limit 350 KB")
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            in_the_browser(browser, path)
            browser.close()
    displays(seen)


if __name__ == "__main__":
    main()

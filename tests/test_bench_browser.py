"""The page of a run in a real browser, without any network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fusegrad.benchmarks.page import write
from tests import bench_sample
from tests.test_report_browser import Visit, browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}


def opened(browser: Any, folder: Path, **options: Any) -> Visit:  # noqa: F811
    record = bench_sample.record()
    return Visit(browser, write(record, folder / "bench.html").as_uri(), **options)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_request_no_complaint_and_no_scrolling_sideways(
    browser: Any,  # noqa: F811
    tmp_path: Path,
    scheme: str,
) -> None:
    seen = opened(browser, tmp_path, viewport=PHONE, color_scheme=scheme)
    network = [url for url in seen.requests if not url.startswith("data:")]
    assert len(network) == 1 and network[0].startswith("file://")
    assert seen.complaints == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    seen.context.close()


def test_sections_show_and_lines_are_read_by_keyboard(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    seen = opened(browser, tmp_path)
    page = seen.page
    for name in ("missed", "suite-ops", "suite-sizes", "start", "machine", "method"):
        assert page.locator(f"section#{name}").is_visible(), name
    chart = page.locator("#suite-sizes svg[data-points]")
    chart.focus()
    page.keyboard.press("End")
    readout = page.locator("#suite-sizes figure:has(svg[data-points]) .readout")
    assert readout.inner_text().startswith("size 1000000")
    page.locator("#start summary").click()
    assert page.locator("#start table").is_visible()
    seen.context.close()


def test_no_label_of_a_bar_covers_another(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    seen = opened(browser, tmp_path, viewport=PHONE)
    overlaps = seen.page.evaluate(
        """() => [...document.querySelectorAll("svg.ratios")].flatMap((svg) => {
            const names = [...svg.querySelectorAll("text")].map((t) => [t, t.getBBox()]);
            const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width
                && a.y + 3 < b.y + b.height && b.y + 3 < a.y + a.height;
            return names.flatMap(([s, a], i) => names.slice(i + 1)
                .filter(([, b]) => meet(a, b))
                .map(([t]) => `${s.textContent}|${t.textContent}`));
        })"""
    )
    assert overlaps == []
    seen.context.close()

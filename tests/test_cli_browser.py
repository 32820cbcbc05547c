"""The report of a real run, opened from the file system in a real browser without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import fusegrad
from tests.test_report_browser import Visit, browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser


def test_one_request_no_complaint_and_every_section(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    done = fusegrad("train", "--epochs", "2", "--optimizer", "all", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = Visit(browser, (tmp_path / "report.html").as_uri())
    network = [url for url in seen.requests if not url.startswith("data:")]
    assert len(network) == 1 and seen.complaints == []
    for section in ("results", "learning", "flow", "race", "errors", "pictures", "rule"):
        assert seen.page.locator(f"section#{section}").is_visible(), section
    assert seen.page.locator("math").count() == 5  # a rule for each optimizer of the race
    seen.context.close()


def test_the_page_of_claims_stands_alone_too(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    only = ("first-step", "step-bound-equal")
    done = fusegrad("verify", "--only", *only, "--html", "claims.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    seen = Visit(browser, (tmp_path / "claims.html").as_uri())
    network = [url for url in seen.requests if not url.startswith("data:")]
    assert len(network) == 1 and seen.complaints == []
    for section in ("fail", "hold"):
        assert seen.page.locator(f"section#{section} tbody tr").count() == 1, section
    width = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    seen.page.set_viewport_size({"width": 360, "height": 800})
    assert seen.page.evaluate(width)
    seen.context.close()

"""The page of a recording as a file: small, whole, readable by everyone, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusegrad.microscope.demos import DEMOS
from tests.microscope_sample import many_steps, shown
from tests.test_report_browser import browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
LIMIT = 350_000  # bytes of 1,000 steps of two numbers
UNNAMED = """() => [...document.querySelectorAll("input, select, button")]
    .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() ||
        [...(one.labels || [])].some((label) => label.textContent.trim())))
    .map((one) => one.outerHTML)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: Any) -> dict[str, Path]:
    """Every demonstration, saved once."""
    folder = tmp_path_factory.mktemp("demos")
    return {name: make().save_html(folder / f"{name}.html") for name, make in DEMOS.items()}


@pytest.fixture(scope="module")
def large(tmp_path_factory: Any) -> Iterator[Path]:
    yield many_steps().save_html(tmp_path_factory.mktemp("large") / "many.html")


def text_of(page: Any, selector: str) -> str:
    return str(page.locator(selector).inner_text())


def wide(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


@pytest.mark.parametrize("name", DEMOS)
def test_one_request_no_complaint_names_for_all_and_every_step(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    tmp_path: Path,
    name: str,
) -> None:
    with shown(browser, pages[name], tmp_path) as seen:
        network = [url for url in seen.requests if not url.startswith("data:")]
        assert len(network) == 1 and network[0].startswith("file://")
        steps = text_of(seen.page, "#now").split(" of ")[1]
        assert text_of(seen.page, "#verdict").startswith(f"{steps} of {steps} steps")
        assert seen.page.evaluate(UNNAMED) == []
        for move in ("last", "back", "first", "on"):
            seen.page.locator(f"#{move}").click()
        assert text_of(seen.page, "#now") == f"t = 2 of {steps}"
        assert seen.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["neuron", "branches", "diverged"])
def test_a_phone_never_scrolls_sideways(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    tmp_path: Path,
    name: str,
    scheme: str,
) -> None:
    options = {"viewport": PHONE, "color_scheme": scheme}
    with shown(browser, pages[name], tmp_path, **options) as seen:
        assert wide(seen.page) <= 360
        seen.page.locator('#settings input[name="alpha"]').fill("-1")
        seen.page.locator("#picture .box").last.click()
        seen.page.locator("#back-on").click()
        for one in seen.page.locator("summary").all():
            one.click()
        assert wide(seen.page) <= 360


def test_a_thousand_steps_of_two_numbers_are_a_small_file(large: Path) -> None:
    assert large.stat().st_size <= LIMIT


def test_a_run_that_diverged_loads_and_says_why(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    tmp_path: Path,
) -> None:
    assert (
        "NaN" not in pages["diverged"].read_text("utf-8").split('id="book">')[1].split("<")[0]
    )
    with shown(browser, pages["diverged"], tmp_path) as seen:
        trouble = seen.page.locator("#trouble")
        assert not trouble.is_visible()
        told = []
        steps = int(seen.page.locator("#slider").get_attribute("max") or 0)
        for k in range(steps + 1):
            seen.page.evaluate("(step) => microscope.change({ step })", k)
            told.append(trouble.inner_text())
        first = next(text for text in told if text)
        assert "give more than the largest number there is" in first or "arrived as" in first
        assert any("was nan before this step already" in text for text in told)
        assert "is not finite from t =" in text_of(seen.page, ".caution")
        assert seen.complaints == []


def test_without_a_script_there_are_tables(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    tmp_path: Path,
) -> None:
    with shown(browser, pages["neuron"], tmp_path, java_script_enabled=False) as seen:
        assert not seen.page.locator("#live").is_visible()
        assert "200 steps of Adam" in text_of(seen.page, ".finding")
        seen.page.locator("#figures summary").first.click()
        table = seen.page.locator("#figures table").first
        assert table.is_visible() and table.locator("tbody tr").count() == 12
        assert [*table.locator("thead th").all_inner_texts()][:3] == ["t", "theta", "g"]


def test_it_prints_and_leaves_the_controls_away(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    tmp_path: Path,
) -> None:
    with shown(browser, pages["neuron"], tmp_path) as seen:
        assert seen.page.locator("#slider").is_visible()
        seen.page.emulate_media(media="print")
        for control in ("#slider", "#first", "#settings", "#csv", "#reset", "#back-slider"):
            assert not seen.page.locator(control).is_visible(), control
        for part in ("#ledger", "#curve", "#picture svg"):
            assert seen.page.locator(part).is_visible(), part
        assert seen.page.pdf().startswith(b"%PDF-")


def test_nothing_moves_by_itself_where_motion_is_reduced(
    browser: Any,  # noqa: F811
    pages: dict[str, Path],
    tmp_path: Path,
) -> None:
    with shown(browser, pages["neuron"], tmp_path, reduced_motion="reduce") as seen:
        seen.page.locator("#last").click()
        assert seen.page.evaluate("document.getAnimations().length") == 0
        moving = """() => [...document.querySelectorAll("*")].map((x) => getComputedStyle(x))
            .filter((s) => parseFloat(s.transitionDuration) > 0.01 || s.animationName !== "none"
                || s.scrollBehavior === "smooth").length"""
        assert seen.page.evaluate(moving) == 0


def test_a_page_without_steps_or_without_a_graph_says_so(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    import fusegrad as fg
    from fusegrad.microscope import trace

    w = fg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    with trace() as nothing:
        pass
    with trace() as graph:
        (w * w).sum().backward()
    for made, is_graph in ((nothing, False), (graph, True)):
        with shown(browser, made, tmp_path) as seen:
            assert "No optimizer stepped" in text_of(seen.page, ".finding")
            assert not seen.page.locator("#live").is_visible()
            assert seen.page.locator("#graph").is_visible() == is_graph
            assert seen.complaints == []

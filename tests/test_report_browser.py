"""The report in a real browser, without any network."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fusegrad.lens import write_report
from tests.report_sample import hostile, sample, stopped

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with api.sync_playwright() as play:
        found = play.chromium.launch(executable_path=str(CHROMIUM), args=ARGS)
        yield found
        found.close()


class Visit:
    """A page opened from a file, with everything it asked for and complained of."""

    def __init__(self, browser: Any, address: str, **options: Any) -> None:
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    opened: list[Visit] = []

    def go(result: Any, tail: str = "", **options: Any) -> Visit:
        address = write_report(result, tmp_path / "report.html").as_uri() + tail
        opened.append(Visit(browser, address, **options))
        return opened[-1]

    yield go
    for one in opened:
        one.context.close()


def shown(page: Any, kind: str = "") -> int:
    chosen = f'[data-kind="{kind}"]' if kind else ""
    return int(page.locator(f"#shown > li{chosen}:visible").count())


@pytest.mark.parametrize("make", [sample, stopped, hostile])
def test_one_request_and_no_complaint(visit: Any, make: Any) -> None:
    seen = visit(make())
    network = [url for url in seen.requests if not url.startswith("data:")]
    assert len(network) == 1 and network[0].startswith("file://")
    assert seen.complaints == []


@pytest.mark.parametrize("make", [sample, stopped, hostile])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_phone_never_scrolls_sideways(visit: Any, make: Any, scheme: str) -> None:
    size = {"width": 360, "height": 740}
    page = visit(make(), viewport=size, color_scheme=scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_filters_work_by_keyboard_and_keep_state_in_the_address(visit: Any) -> None:
    page = visit(sample()).page
    page.get_by_role("button", name="All").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert (shown(page, "right"), shown(page) > 0) == (0, True)
    assert "show=wrong" in page.url
    assert page.get_by_role("button", name="Wrong").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert (shown(page, "wrong"), shown(page) > 0) == (0, True)


def test_the_group_filter_and_its_tally(visit: Any) -> None:
    page = visit(sample()).page
    page.get_by_label("True group").select_option(label="Symbols")
    assert shown(page) == page.locator('#shown > li[data-group="6"]').count()
    assert page.locator("#tally").inner_text() == f"{shown(page)} of 48 pictures"


def test_a_shared_address_restores_the_view(visit: Any) -> None:
    page = visit(sample(), tail="#show=right&group=").page
    assert shown(page, "wrong") == 0 and shown(page) > 0
    assert visit(sample(), tail="#show=bogus").page.locator("#shown > li:visible").count() == 48


def test_a_cell_of_the_matrix_leads_to_its_pictures(visit: Any) -> None:
    page = visit(sample()).page
    cell = page.locator("#errors .split .matrix a").first
    pair = (cell.get_attribute("href") or "")[1:]
    cell.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#shown > li[hidden]')")
    assert shown(page) == page.locator(f'[data-pair="{pair}"]').count() > 0
    page.get_by_role("button", name="All").click()
    assert shown(page) == 48


def test_charts_read_out_by_pointer_and_by_keyboard(visit: Any) -> None:
    page = visit(sample()).page
    chart, readout = page.locator("#learning svg").first, page.locator("#learning .readout")
    chart.hover()
    assert readout.first.inner_text().startswith("epoch ")
    chart.focus()
    page.keyboard.press("End")
    assert [text.split()[1][:2] for text in readout.all_inner_texts()] == ["30"] * 3
    page.keyboard.press("Escape")
    assert readout.first.inner_text() == ""


def test_the_latex_source_can_be_copied(visit: Any) -> None:
    page = visit(sample()).page
    page.locator("#rule summary").click()
    page.locator("#rule .copy").click()
    page.wait_for_function("document.querySelector('.copy').textContent !== 'Copy LaTeX'")


def test_the_page_is_whole_without_script(visit: Any) -> None:
    page = visit(sample(), java_script_enabled=False).page
    assert shown(page) == 48
    assert not page.locator(".filters").is_visible()
    page.locator("#flow summary").click()
    assert page.locator("#flow table").is_visible()


def test_no_label_of_a_chart_covers_another(visit: Any) -> None:
    page = visit(sample(), viewport={"width": 360, "height": 740}).page
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll("svg.chart")].flatMap((svg) => {
            const names = [...svg.querySelectorAll("text")].map((t) => [t, t.getBBox()]);
            const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width
                && a.y + 3 < b.y + b.height && b.y + 3 < a.y + a.height;
            return names.flatMap(([s, a], i) => names.slice(i + 1)
                .filter(([, b]) => meet(a, b))
                .map(([t]) => `${s.textContent}|${t.textContent}`));
        })"""
    )
    assert overlaps == []

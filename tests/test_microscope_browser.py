"""The page of a recording in a real browser: every step, by pointer and by keyboard."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.microscope.columns import columns
from fusegrad.microscope.course import as_bits
from tests.microscope_sample import many_steps, recorded, shown, tables
from tests.test_report_browser import Visit, browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
SEEN = many_steps()
JUMPS = """(jumps) => jumps.map(([at, step]) => {
    const [which, slider] = ["which", "slider"].map((id) => document.getElementById(id));
    which.value = at;
    which.dispatchEvent(new Event("change", { bubbles: true }));
    slider.value = step;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    const cells = [...document.querySelectorAll("#ledger tbody tr")].map((row) =>
        [row.dataset.key, row.querySelector(".value").textContent]);
    const marked = document.querySelector('#timeline [aria-current="true"] button');
    const now = document.getElementById("now").textContent;
    return [slider.value, now, marked.textContent, cells];
})"""


@pytest.fixture(scope="module")
def visit(browser: Any, tmp_path_factory: Any) -> Iterator[Visit]:  # noqa: F811
    with shown(browser, SEEN, tmp_path_factory.mktemp("many")) as found:
        yield found
        assert found.complaints == []


@pytest.fixture
def page(visit: Visit) -> Any:
    visit.page.evaluate("microscope.change({ at: 0, step: 0, edits: {}, error: '' })")
    return visit.page


def ledger(page: Any) -> dict[str, float]:
    rows = page.evaluate(
        "[...document.querySelectorAll('#ledger tbody tr')].map((row) =>"
        " [row.dataset.key, row.querySelector('.value').textContent])"
    )
    return {key: float(text) for key, text in rows}


def field(page: Any, letter: str) -> Any:
    return page.locator(f'#settings input[name="{letter}"]')


def test_200_random_jumps_show_what_was_recorded(page: Any) -> None:
    rng, wanted = np.random.default_rng(0), list(recorded(SEEN).values())
    jumps = [(int(rng.integers(2)), int(rng.integers(1_000))) for _ in range(200)]
    for (at, step), (slider, now, marked, cells) in zip(jumps, page.evaluate(JUMPS, jumps)):
        t = step + 1
        assert (slider, now, marked) == (str(step), f"t = {t} of 1000", str(t))
        assert [key for key, _ in cells] == [key for key in wanted[at] if key != "t"]
        for key, text in cells:
            assert as_bits(float(text)) == as_bits(wanted[at][key][step]), (key, t)


def test_it_works_by_keyboard_alone_and_backwards(page: Any) -> None:
    page.evaluate("document.activeElement.blur()")
    for _ in range(2):  # the list of numbers stands before it
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "slider"
    moves = "ArrowRight 2, ArrowRight 3, ArrowLeft 2, End 1000, ArrowRight 1000, ArrowLeft 999"
    for move in f"{moves}, ArrowLeft 998, Home 1, ArrowLeft 1".split(", "):
        key, t = move.split()
        page.keyboard.press(key)
        assert page.locator("#now").inner_text() == f"t = {t} of 1000"


def test_the_buttons_follow_the_slider_on_the_keyboard(page: Any) -> None:
    page.locator("#slider").focus()
    for label, t in (("First", 1), ("One step back", 1), ("One step on", 2), ("Last", 1_000)):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        page.keyboard.press("Enter")
        assert focused.startswith(label)
        assert page.locator("#now").inner_text() == f"t = {t} of 1000"


def test_arrow_keys_move_the_text_cursor_in_a_field(page: Any) -> None:
    field(page, "eps").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    assert page.locator("#now").inner_text() == "t = 1 of 1000"


@pytest.mark.parametrize(
    ("letter", "text", "words"),
    [
        ("beta1", "1", "0 / 0"),
        ("beta2", "1", "0 / 0"),
        ("beta1", "1.5", "the average would grow"),
        ("beta1", "", "expected a number"),
        ("alpha", "-0.1", "expected 0 or more"),
        ("eps", "1e400", "expected a number"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(
    page: Any, letter: str, text: str, words: str
) -> None:
    before = ledger(page)
    field(page, letter).fill(text)
    refused = page.locator("#refused")
    assert refused.is_visible() and words in refused.inner_text()
    assert field(page, letter).get_attribute("aria-invalid") == "true"
    assert ledger(page) == before and "nan" not in page.locator("#live").inner_text().lower()
    page.locator("#reset").click()
    assert not refused.is_visible()
    assert page.locator('#settings [aria-invalid="true"]').count() == 0


def test_letters_in_a_field_of_numbers_are_refused_in_words(page: Any) -> None:
    field(page, "alpha").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("ee")
    assert "expected a number" in page.locator("#refused").inner_text()


def test_edits_are_shown_told_and_taken_back(page: Any) -> None:
    page.evaluate("microscope.change({ step: 499 })")
    before, verdict = ledger(page), page.locator("#verdict")
    said = verdict.inner_text()
    assert said.startswith("1,000 of 1,000 steps")
    field(page, "beta1").fill("0")
    assert verdict.inner_text().startswith("The recorded gradients, another rule: numbers")
    edited = ledger(page)
    assert edited["m'"] == edited["g"] == before["g"] and edited["theta'"] != before["theta'"]
    assert page.locator("#ledger tr.edited").count() > 3
    assert page.locator("#curve .was").get_attribute("d")
    page.locator("#reset").click()
    assert ledger(page) == before and verdict.inner_text() == said
    assert field(page, "beta1").input_value() == "0.9"


def test_the_address_brings_back_number_step_and_edits(
    browser: Any,  # noqa: F811
    tmp_path: Path,
    page: Any,
) -> None:
    with shown(browser, SEEN, tmp_path) as seen:
        seen.page.locator("#which").select_option("1")
        seen.page.locator("#slider").focus()
        seen.page.keyboard.press("End")
        seen.page.keyboard.press("ArrowLeft")
        field(seen.page, "beta2").fill("0.9")
        seen.page.wait_for_url(re.compile("beta2=0.9"))
        address, kept = seen.page.url, ledger(seen.page)
        edits = {"p[0]": {"beta2": 0.9}, "p[1]": {"beta2": 0.9}}
        wanted = tables(page, edits)["p[1]"]
        seen.page.reload()
        assert seen.page.url == address and ledger(seen.page) == kept
        assert seen.page.locator("#now").inner_text() == "t = 999 of 1000"
        assert field(seen.page, "beta2").input_value() == "0.9"
        assert all(as_bits(kept[key]) == as_bits(wanted[key][998]) for key in kept)
        for tail in ("#p=7&t=1", "#p=0&t=77777&beta1=1&alpha=x", "#%%%"):
            seen.page.goto(address.split("#")[0] + tail)
            assert seen.page.locator("#now").inner_text().endswith("of 1000")
        assert seen.complaints == []


def test_the_curve_and_the_rows_lead_to_a_step(page: Any) -> None:
    page.evaluate("microscope.change({ step: 500 })")
    page.locator("#timeline tbody button").last.click()
    assert page.locator("#now").inner_text() == "t = 505 of 1000"
    box = page.locator("#curve").bounding_box()
    page.locator("#curve").click(position={"x": box["width"] / 2, "y": 20})
    assert abs(page.evaluate("microscope.step") - 500) < 5


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_downloads_are_the_table(page: Any, kind: str) -> None:
    with page.expect_download() as waiting:
        page.locator(f"#{kind}").click()
    text = Path(waiting.value.path()).read_text("utf-8")
    assert waiting.value.suggested_filename == f"p_0_.{kind}"
    wanted, keys = SEEN.table("p", 0), [c.key for c in columns(SEEN.parameter("p").program)]
    if kind == "json":
        rows = json.loads(text, parse_constant=pytest.fail)
        assert rows["settings"]["alpha"] == 0.01
    else:
        head, *lines = list(csv.reader(StringIO(text)))
        assert head == ["t", *keys]
        rows = dict(zip(head, zip(*lines)))
    for key in ("t", *keys):
        assert (as_bits([float(x) for x in rows[key]]) == as_bits(wanted[key])).all(), key

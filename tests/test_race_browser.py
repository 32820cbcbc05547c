"""The page of races in a real browser, without any network."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.lens.race_course import course_frame, measured
from fusegrad.lens.race_map import map_frame
from fusegrad.lens.race_page import write_races
from fusegrad.race import Race, Run
from tests.race_sample import diverged, short
from tests.test_report_browser import Visit, browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
NEAR = 0.11  # pixels; places are rounded to tenths, points to seven digits
RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
PLAIN = str.maketrans(RAISED, "-0123456789")
STILL: dict[str, Any] = {"reduced_motion": "reduce"}


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:  # noqa: F811
    opened: list[Visit] = []

    def go(races: Sequence[Race], **options: Any) -> Visit:
        address = write_races(races, tmp_path / "races.html").as_uri()
        opened.append(Visit(browser, address, **options))
        return opened[-1]

    yield go
    for one in opened:
        one.context.close()


def spots(page: Any, picture: str, number: int) -> list[Any]:
    """Where the markers of all runs stand in a picture, in the order of the race; None for
    those that are hidden."""
    found = page.evaluate(
        """(all) => [...document.querySelectorAll(all)].map((group) => {
            const spot = group.querySelector(".spot");
            const seen = spot.getAttribute("visibility") === "visible";
            const place = spot.getAttribute("transform").match(/[\\d.]+/g).map(Number);
            return [Number(group.dataset.run), seen ? place : null];
        })""",
        f"#race{number} .{picture} .run",
    )
    return [place for _, place in sorted(found)]


def is_there(place: Any, pixels: np.ndarray) -> bool:
    if place is None:
        return bool(np.isnan(pixels).all())
    return bool(np.abs(np.array(place) - pixels).max() < NEAR)


def check_spots(page: Any, races: Sequence[Race], number: int, at: int) -> None:
    """Both markers of every run stand where the record says, and the row says the loss."""
    one, ways = races[number], spots(page, "map", number)
    courses = spots(page, "course", number)
    cells = page.locator(f"#race{number} td.now").all_inner_texts()
    for run, way, course, cell in zip(one.runs, ways, courses, cells, strict=True):
        t, (x, y) = int(run.steps[at]), run.path[at]
        loss = measured(one, run)[t]
        assert is_there(way, map_frame(one).pixels([x], [y])[0])
        assert is_there(course, course_frame(one).pixels([t], [loss])[0])
        assert number_of(cell) == pytest.approx(loss, rel=6e-3, nan_ok=True)


def number_of(cell: str) -> float:
    """A loss as a row shows it, such as 1.5×10⁻⁷."""
    if cell == "not finite":
        return float("nan")
    lead, _, power = cell.rpartition("10")
    if not set(power) & set(RAISED):
        return float(cell)
    return float(lead.rstrip("×") or 1) * 10.0 ** int(power.translate(PLAIN))


def test_one_request_and_no_complaint(visit: Any) -> None:
    seen = visit([*short(), diverged()])
    network = [url for url in seen.requests if not url.startswith("data:")]
    assert len(network) == 1 and network[0].startswith("file://")
    assert seen.complaints == []


@pytest.mark.parametrize("number", range(len(short())))
def test_keys_move_the_markers_to_the_recorded_points(visit: Any, number: int) -> None:
    races = short()
    page, last = visit(races).page, len(races[number].runs[0].steps) - 1
    slider = page.locator(f"#race{number} input[type=range]")
    slider.focus()
    check_spots(page, races, number, last)  # it opens at the end, as without script
    moves = [("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("End", last)]
    for key, at in [*moves, ("ArrowRight", last), ("ArrowLeft", last - 1)]:
        page.keyboard.press(key)
        check_spots(page, races, number, at)
    step = races[number].runs[0].steps[last - 1]
    assert slider.get_attribute("aria-valuetext").startswith(f"step {step} of ")


def test_buttons_move_it_too_and_the_others_stay(visit: Any) -> None:
    page = visit(short()).page
    page.locator("#race0").get_by_role("button", name="First step").click()
    page.locator("#race0").get_by_role("button", name="One step on").click()
    check_spots(page, short(), 0, 1)
    check_spots(page, short(), 1, 24)


def test_a_click_on_the_losses_goes_to_that_step(visit: Any) -> None:
    page = visit(short()).page
    chart = page.locator("#race0 .course")
    box, frame = chart.bounding_box(), course_frame(short()[0])
    scale = box["width"] / 340
    chart.click(position={"x": frame.x(7.0) * scale, "y": 100 * scale})
    check_spots(page, short(), 0, 7)


def test_a_box_hides_an_optimizer_and_a_row_stands_out(visit: Any) -> None:
    page = visit(short()).page
    name = short()[0].runs[2].name
    run = page.locator('#race0 .run[data-run="2"]')
    assert (
        run.evaluate_all("all => all.map((g) => getComputedStyle(g).display)") == ["inline"] * 2
    )
    box = page.locator("#race0").get_by_role("checkbox", name=f"Show {name}")
    box.focus()
    assert "chosen" in run.first.get_attribute("class")
    faint = page.locator('#race0 .map .run[data-run="1"]')
    assert float(faint.evaluate("g => getComputedStyle(g).opacity")) < 0.5
    page.keyboard.press("Space")
    assert (
        run.evaluate_all("all => all.map((g) => getComputedStyle(g).display)") == ["none"] * 2
    )
    page.keyboard.press("Space")
    page.locator('#race0 tr[data-run="1"]').hover()
    assert "chosen" in faint.get_attribute("class") and run.first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_narrow_phone_never_scrolls_sideways(visit: Any, scheme: str) -> None:
    size = {"width": 360, "height": 740}
    page = visit([*short(), diverged()], viewport=size, color_scheme=scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_play_moves_and_pauses(visit: Any) -> None:
    page = visit(short()).page
    play = page.locator("#race0 .play")
    play.click()
    assert play.inner_text() == "Pause"
    for _ in range(100):
        if page.evaluate("races[0].at") in range(3, 24):
            break
        page.wait_for_timeout(20)
    play.click()
    at = page.evaluate("races[0].at")
    page.wait_for_timeout(250)
    assert play.inner_text() == "Play" and 3 <= page.evaluate("races[0].at") == at < 24
    check_spots(page, short(), 0, at)


def test_nothing_moves_by_itself_where_motion_is_reduced(visit: Any) -> None:
    page = visit(short(), **STILL).page
    play = page.locator("#race0 .play")
    assert play.inner_text() == "Jump on"
    for at in (0, 3, 6):
        play.click()
        page.wait_for_timeout(150)
        assert page.evaluate("[races[0].at, races[0].playing]") == [at, False]
        check_spots(page, short(), 0, at)


def test_what_diverged_loads_and_is_said(visit: Any) -> None:
    seen, lost = visit([diverged()]), next(k for k, r in enumerate(diverged().runs) if lost_(r))
    row = seen.page.locator(f'#race0 tr[data-run="{lost}"]')
    end = diverged().runs[lost].diverged_at
    assert f"diverged at step {end}" in row.inner_text()
    assert row.locator(".now").inner_text() == "not finite"
    assert spots(seen.page, "map", 0)[lost] is None
    seen.page.locator("#race0 input[type=range]").focus()
    for key, at in (("Home", 0), ("ArrowRight", 1)):
        seen.page.keyboard.press(key)
        check_spots(seen.page, [diverged()], 0, at)
    assert seen.complaints == []


def lost_(run: Run) -> bool:
    return run.diverged_at is not None


def test_the_file_holds_every_point_and_loss(visit: Any) -> None:
    page, plane = visit(short()).page, short()[-1]
    with page.expect_download() as waiting:
        page.locator(f"#race{len(short()) - 1} .csv").click()
    with Path(waiting.value.path()).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(run.losses) for run in plane.runs)
    for row in rows:
        run, t = plane[row["optimizer"]], int(row["step"])
        assert float(row["loss"]) == pytest.approx(float(run.losses[t]), rel=1e-6)
        assert bool(row["point: first direction"]) == (t in run.steps)


def test_it_is_whole_without_script_and_on_paper(visit: Any) -> None:
    page = visit(short(), java_script_enabled=False).page
    assert page.locator("#race0 .ranking th[scope=row]").count() == len(short()[0].runs)
    for hidden in (".player", ".tools", ".now", ".ranking input"):
        assert not page.locator(f"#race0 {hidden}").first.is_visible()
    page.locator("#race0 summary").first.click()
    assert page.locator("#race0 details table").first.is_visible()
    printed = visit(short()).page
    printed.emulate_media(media="print")
    assert not printed.locator("#race0 .player").is_visible()
    assert printed.locator("#race0 .terms").is_visible()

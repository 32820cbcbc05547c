"""The page of races as text: all that a race says, in order, escaped, small."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.lens.race_book import packed
from fusegrad.lens.race_course import course_frame, measure, measured
from fusegrad.lens.race_frame import SLACK, framed, line
from fusegrad.lens.race_map import map_frame
from fusegrad.lens.race_page import finding, render_races, write_races
from fusegrad.lens.race_paint import KNOWN, looks
from fusegrad.race import RIVALS, SURFACES, Race, card, plane_race, race
from tests.race_sample import ROUGH, diverged, short


@pytest.fixture(scope="module")
def page() -> str:
    return render_races(short())


def section(page: str, k: int) -> str:
    found = re.search(rf'<section id="race{k}".*?</section>', page, re.S)
    assert found
    return found[0]


def text(markup: str) -> str:
    return unescape(re.sub(r"<[^>]*>", " ", markup))


def book(page: str) -> Any:
    found = re.search(r'id="book">(.*?)</script>', page, re.S)
    assert found
    return json.loads(found[1])


def unpacked(given: list[Any]) -> np.ndarray:
    return np.frombuffer(b64decode(given[1]), f"<f{given[0]}").astype(float)


def d_of(path: str) -> str:
    return path.split('"')[1]


def drawn(d: str) -> list[np.ndarray]:
    """The stretches of a line as points, in pixels."""
    parts = re.findall(r"M(-?\d+) (-?\d+)l([^M]*)", d)
    moves = [np.array(re.findall(r"-?\d+", rest), float).reshape(-1, 2) for *_, rest in parts]
    starts = [np.array([[x, y]], float) for x, y, _ in parts]
    return [np.cumsum(np.vstack(pair), axis=0) / 10 for pair in zip(starts, moves)]


# ---- what it says -------------------------------------------------------------------------
@pytest.mark.parametrize("k", range(len(SURFACES) + 1))
def test_a_section_says_all_of_its_race(page: str, k: int) -> None:
    one, here = short()[k], section(page, k)
    said = text(here)
    assert one.title in said and one.watch in said
    for name, words in card(one):
        assert f"<dt>{name}</dt>" in here and words in said
    for run in one.runs:
        assert here.count(f"<span>{run.name}</span>") == 1 and f"{run.lr:g}" in said
        assert said.count("edge of the grid") <= 1
    assert here.count("rate at the grid’s edge") == sum(run.at_edge for run in one.runs)
    assert ("<math" in here) == (one.formula is not None)


@pytest.mark.parametrize("k", range(len(SURFACES) + 1))
def test_rows_stand_in_the_order_of_the_race(page: str, k: int) -> None:
    one, here = short()[k], section(page, k)
    rows = re.findall(r'<tr data-run="(\d+)"><td>(\d+)</td>.*?<span>(\w+)</span>', here)
    assert rows == [(str(i), str(r.rank), r.name) for i, r in enumerate(one.runs)]
    assert [int(rank) for _, rank, _ in rows] == sorted(int(rank) for _, rank, _ in rows)


def test_losses_are_those_above_the_least_there_is() -> None:
    saddle, plane = race("saddle", [], steps=24, trials=5), short()[-1]
    assert measure(saddle) == "Loss above -1" and measure(plane) == "Loss"
    for run in saddle.runs:
        assert (measured(saddle, run) == run.losses + 1).all()
    assert (measured(plane, plane.runs[0]) == plane.runs[0].losses).all()


def test_a_plane_says_how_much_of_the_variance_it_holds(page: str) -> None:
    variance = short()[-1].variance
    assert variance is not None
    assert f"holds {sum(variance):.1%} of the variance" in text(section(page, len(SURFACES)))


def test_pictures_are_said_to_who_cannot_see_them(page: str) -> None:
    for k, one in enumerate(short()):
        labels = re.findall(r'role="img" aria-label="([^"]*)"', section(page, k))
        assert len(labels) == 2
        assert all(run.name in label for run in one.runs for label in labels)


def test_what_diverged_is_said_and_escaped() -> None:
    page = render_races([diverged()])
    assert ROUGH not in page and unescape(page).count(ROUGH) >= 3
    end = diverged()["SGD"].diverged_at
    assert end is not None and f"diverged at step {end}" in text(page)
    assert "not finite" in section(page, 0)
    for bad in ("NaN", "Infinity"):
        assert bad not in json.dumps(book(page))
        assert not re.search(rf'(d|transform|x1|y1)="[^"]*{bad.lower()}', page)


def test_an_optimizer_of_ones_own_is_escaped() -> None:
    one = short()[0]
    odd = replace(one, runs=(replace(one.runs[0], name="<i>Mine</i>"), *one.runs[1:]))
    page = render_races([odd])
    assert "<i>Mine" not in page and "&lt;i&gt;Mine&lt;/i&gt;" in page


FINDINGS = [
    ((["A"], ["A"]), "Of 2 races, A is first on 2."),
    ((["A"], ["B"], ["A"]), "Of 3 races, A is first on 2 and B on 1; nobody on all."),
    ((["A"],), "A ends lowest."),
    ((["A", "B"],), "A and B end lowest."),
    (([],), "Nobody stayed finite."),
]


@pytest.mark.parametrize(("firsts", "said"), FINDINGS)
def test_the_finding_says_who_is_first_where(firsts: list[list[str]], said: str) -> None:
    one = short()[0]
    run = replace(one.runs[0], rank=1)
    races = [replace(one, runs=tuple(replace(run, name=n) for n in names)) for names in firsts]
    assert finding(races) == said


# ---- what is drawn ------------------------------------------------------------------------
def test_lines_pass_every_point_and_leave_gaps() -> None:
    frame = framed((0.0, 10.0), (-1.0, 1.0), ("x", "y"), 100.0)
    x = np.linspace(-1.0, 11.0, 400)
    y = np.where(np.abs(x - 5) < 0.5, np.nan, np.sin(3 * x))
    pixels = frame.pixels(x, y)
    seen = np.isfinite(pixels[:, 0])
    assert (seen == ((x >= 0) & (x <= 10) & np.isfinite(y))).all()
    parts = drawn(d_of(line(pixels)))
    assert len(parts) == 2 and sum(map(len, parts)) < seen.sum() / 2
    for px, py in pixels[seen]:
        part = parts[int(px > frame.x(5.0))]
        steep = np.hypot(1, 5.3)  # the slope there, in pixels
        assert abs(np.interp(px, part[:, 0], part[:, 1]) - py) < steep * SLACK / 10
    assert drawn(d_of(line(frame.pixels([5.0], [0.0]))))[0].shape == (2, 2)  # a dot is a dot


def test_all_points_of_a_picture_lie_inside_its_frame(page: str) -> None:
    for k, one in enumerate([*short()]):
        frame = map_frame(one)
        for d in re.findall(r'<path d="([^"]+)" [^>]*class="contour"', section(page, k)):
            for part in drawn(d):
                assert (part[:, 0] >= frame.x.start).all() and (part[:, 0] <= 330).all()
                assert (part[:, 1] >= frame.y.stop).all() and (
                    part[:, 1] <= frame.y.start
                ).all()


def test_everybody_looks_different_and_the_same_everywhere() -> None:
    names = [*KNOWN, "Lion", "NAdam"]
    found = looks(names)
    assert set(KNOWN) == {kind.__name__ for kind in RIVALS}
    assert len({look[:2] for look in found.values()}) == len(names)
    assert len({found[name].marker for name in KNOWN}) == len(KNOWN)
    assert looks(["Lion", "SGD"])["SGD"] == found["SGD"]


def test_the_scale_of_losses_is_not_stretched_by_what_diverged() -> None:
    one = diverged()
    sound = [run for run in one.runs if run.diverged_at is None]
    highest = max(float(measured(one, run).max()) for run in sound)
    assert course_frame(one).y.high == pytest.approx(1.3 * highest)
    lost = replace(one, runs=tuple(run for run in one.runs if run.diverged_at is not None))
    assert math.isfinite(course_frame(lost).y.high)


# ---- what the script gets, and how much it is ---------------------------------------------
@pytest.mark.parametrize(
    ("values", "width"),
    [
        ([1.0, 0.1, -3e-5], 4),
        ([math.nan, math.inf, 0.0], 4),
        ([1e300], 8),
        ([1e-60, 1.0], 8),
        ([1.234567e-42], 8),
    ],
)
def test_numbers_keep_seven_digits(values: list[float], width: int) -> None:
    given = packed(values)
    assert given[0] == width
    assert np.allclose(unpacked(given), values, rtol=1e-7, atol=0, equal_nan=True)


def test_the_script_gets_the_record(page: str) -> None:
    for one, given in zip(short(), book(page)["races"]):
        kept = one.runs[0].steps.tolist()
        assert given["steps"] in (kept, len(kept))
        for run, told in zip(one.runs, given["runs"]):
            assert np.allclose(unpacked(told["y"]), run.path[:, 1], rtol=1e-7, atol=0)
            assert np.allclose(unpacked(told["over"]), measured(one, run), rtol=1e-7, atol=0)


def test_six_races_of_all_their_steps_stay_under_400_kb(tmp_path: Path) -> None:
    few: dict[str, Any] = {"trials": 3}  # all of them and a fine plane are another 20 kB
    races: list[Race] = [race(name, **few) for name in SURFACES]
    races.append(plane_race(**few, size=21))
    made = write_races(races, tmp_path / "races.html")
    assert 200_000 < made.stat().st_size <= 380_000


def test_a_target_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="existing folder"):
        write_races(short(), tmp_path / "none" / "races.html")

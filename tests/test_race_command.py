"""`fusegrad race`, called as the command line will call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tyro

from fusegrad.cli.race import Race, race
from fusegrad.kernels import OptionError
from fusegrad.race import SURFACES
from fusegrad.race import race as on_surface

SHORT: dict[str, Any] = {"steps": 20, "trials": 4}


def test_it_prints_the_order_and_the_card_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "race.html"
    assert race(Race(("ravine", "saddle"), ("momentum",), html=page, **SHORT)) == 0
    said = capsys.readouterr().out
    for surface in ("ravine", "saddle"):
        assert SURFACES[surface].title in said and SURFACES[surface].title in page.read_text()
    assert said.count("Fairness card") == 2 and said.rstrip().endswith(f"Page: {page}")
    runs = on_surface("ravine", ["momentum"], **SHORT).runs
    places = [said.index(f"│    {run.rank} │ {run.name} ") for run in runs]
    assert places == sorted(places) and len(places) == 3


def test_json_holds_the_races(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "race.html"
    assert race(Race(("beale",), ("sgd",), seed=3, html=page, json=True, **SHORT)) == 0
    said = capsys.readouterr()
    (got,) = json.loads(said.out)
    want = on_surface("beale", ["sgd"], seed=3, **SHORT)
    assert [(r["name"], r["lr"], r["loss"]) for r in got["runs"]] == [
        (run.name, run.lr, run.loss) for run in want.runs
    ]
    assert got["card"]["Seed"].startswith("3: ") and got["seed"] == 3
    lost = [t for run in got["runs"] for t in run["trials"] if t[2] is not None]
    assert lost and all(t[1] is None for t in lost)  # JSON has no infinity
    assert str(page) in said.err and page.exists()


def test_all_surfaces_and_the_network_race_where_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "race.html"
    assert race(Race(steps=6, trials=2, plane=True, html=page, json=True)) == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)]
    assert names == [*SURFACES, "spam_table"]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"surfaces": ("hill",)}, "surfaces among rosenbrock, .*, got 'hill'"),
        ({"optimizers": ("adamm",)}, "name or the class of an optimizer"),
        ({"steps": -1}, "--steps: expected a number from 0 up"),
        ({"trials": 1}, "trials, a whole number from 2"),
    ],
)
def test_wrong_use_is_refused(tmp_path: Path, options: dict[str, Any], match: str) -> None:
    given = {"surfaces": ("saddle",), **options}
    with pytest.raises(OptionError, match=match):
        race(Race(html=tmp_path / "race.html", **given))
    assert not (tmp_path / "race.html").exists()


def test_a_page_that_cannot_be_written_is_refused_before_the_race(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="existing folder"):
        race(Race(steps=10**9, html=tmp_path / "none" / "race.html"))


def test_the_parser_reads_it() -> None:
    line = ["beale", "saddle", "--optimizers", "sgd", "lion", "--steps", "9", "--plane"]
    got = tyro.cli(Race, args=line)
    assert got == Race(("beale", "saddle"), ("sgd", "lion"), steps=9, plane=True)

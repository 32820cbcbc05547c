"""The table and the page of a run, as text."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from fusegrad.benchmarks.page import render, write
from fusegrad.benchmarks.record import Record
from fusegrad.benchmarks.rows import every
from fusegrad.benchmarks.table import show
from tests import bench_sample
from tests.bench_sample import HOSTILE


# ---- the table ----------------------------------------------------------------------------
def shown(record: Record) -> str:
    console = Console(file=io.StringIO(), width=240)
    show(record, console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def test_the_table_holds_every_figure_once() -> None:
    text = shown(bench_sample.record())
    for part in (
        "1.00 ms (0.992 to 1.01)",  # ours
        "2.00 ms (1.98 to 2.02)",
        "0.50 to 0.50",
        "0.65 met",
        "0.65 missed",
        "not installed: no module jax",
        "200 µs, 20%",  # the floor
        "3.00 MB (2.98 to 3.02)",
        "no difference shown",
        "│ less ",  # bytes are no faster
        HOSTILE,
    ):
        assert part in text, part
    assert text.count("gelu") == 1 and "ops, 1 thread" in text and "memory, 1 thread" in text
    assert "copy 10 GB/s, in place 20 GB/s, sgemm 100 GF/s" in text
    assert "A CPU & more, 2 cores, avx2, numpy 2.0, torch 3.0\n" in text


def test_a_goal_inside_the_interval_is_not_shown_to_be_met() -> None:
    record = bench_sample.record()
    record.results[3].goals = {"torch": 1.0}
    (row,) = [row for row in every(record) if row.result.case == "even"]
    assert row.cells()[7] == "1.00 met, not shown" and row.cells()[0] == "even (busy)"


def test_a_case_without_peers_and_one_without_us_have_a_row() -> None:
    record = Record(results=[bench_sample.result("alone"), bench_sample.result("none")])
    record.results[1].contenders = []
    assert [row.cells()[2:5] for row in every(record)] == [["-", "-", "-"]] * 2
    assert "-" in shown(record)


# ---- the page -----------------------------------------------------------------------------
class Reader(HTMLParser):
    """The tags of a page and what they name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == name]


def test_the_page_is_one_file_and_escapes_what_it_shows() -> None:
    page = render(bench_sample.record())
    read = Reader(page)
    assert len(read.all("script")) == 1 and HOSTILE not in page
    assert "&lt;script&gt;alert(" in page
    assert {a["href"] for a in read.all("link")} == {"data:,"}
    assert not any("src" in attrs for _, attrs in read.tags)
    assert not re.search(r"https?://|url\(|@import", page)
    assert not {attrs.get("id") for attrs in read.all("section")} & {None}


def test_every_section_is_named_and_linked() -> None:
    read = Reader(render(bench_sample.record()))
    sections = [attrs["id"] for attrs in read.all("section")]
    wanted = [
        "missed",
        "suite-ops",
        "suite-sizes",
        "suite-memory",
        "start",
        "machine",
        "method",
    ]
    assert sections == wanted
    links = [a["href"] for a in read.all("a") if a["href"] != "#top"]
    assert links == [f"#{key}" for key in wanted]


def test_every_figure_is_told_in_words() -> None:
    read = Reader(render(bench_sample.record()))
    charts = read.all("svg")
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in charts)
    (ops,) = (svg["aria-label"] or "" for svg in charts if "ops" in (svg["aria-label"] or ""))
    assert "gelu: 0.50 of torch (0.50 to 0.50), faster, goal 0.65 met" in ops
    assert "norm: 0.80 of torch (0.80 to 0.80), faster, goal 0.65 missed" in ops
    (family,) = (svg for svg in charts if (svg["aria-label"] or "").startswith("add, "))
    points = json.loads(family["data-points"] or "")
    assert points["x"] == [100, 10_000, 1_000_000]
    first, middle, last = points["px"]
    assert middle - first == pytest.approx(last - middle, abs=0.2)  # by logarithm
    assert {series["name"] for series in points["series"]} == {"fusegrad", "torch"}
    boxes = [a for a in read.all("div") if a.get("class") == "scroll"]
    assert boxes and all(a["tabindex"] == "0" and a["aria-label"] for a in boxes)


def test_missed_goals_stand_beside_their_floor() -> None:
    record = bench_sample.record()
    record.results[0].goals = {"torch": 0.4}
    page = render(record)
    part = page[page.index('id="missed"') : page.index('id="suite-ops"')]
    assert "gelu, 1 thread" in part and "200 µs" in part and "20%" in part
    record.results = record.results[2:]
    assert 'id="missed"' not in render(record)


def test_many_cases_are_drawn_in_figures_of_a_few() -> None:
    peers = [bench_sample.timed("torch", 2.0)]
    record = Record(results=[bench_sample.result(f"case {i}", *peers) for i in range(60)])
    page = render(record)
    assert "ops, 1 thread (8 of 8)" in page and "ops, 1 thread: 60 rows" in page


def test_an_empty_record_has_a_page_too() -> None:
    assert "nothing measured" in render(Record()) and "0 cases" in render(Record())


def test_the_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="write_report: expected an existing folder"):
        write(Record(), tmp_path / "no" / "page.html")
    assert write(Record(), tmp_path / "page.html").exists()

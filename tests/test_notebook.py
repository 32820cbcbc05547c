"""Recordings in notebooks: the frame lives on in an exported page, the table without it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.microscope.demos import DEMOS
from tests.microscope_sample import many_steps
from tests.test_report_browser import Visit, browser  # noqa: F401  # a fixture

ROOT = Path(__file__).resolve().parents[1]
NEEDED = ("nbclient", "nbconvert", "ipykernel")
CELLS = [
    "from fusegrad.microscope.demos import DEMOS\nseen = DEMOS['neuron']()",
    "seen",
    "import fusegrad as fg\nfg.Tensor([1.0, 2.0], name='kept')",
    "import numpy as np\nfg.nn.Linear(3, 2, rng=np.random.default_rng(0))",
]
RUN = """
import sys, nbclient, nbconvert, nbformat
book = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(book, timeout=120, kernel_name="python3").execute()
nbformat.write(book, sys.argv[1])
text, _ = nbconvert.HTMLExporter().from_notebook_node(book)
open(sys.argv[2], "w", encoding="utf-8").write(text)
"""


class Tags(HTMLParser):
    """What a piece of HTML is made of: how often each tag opens and closes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)


def is_whole(text: str) -> bool:
    tags = Tags(text)
    void = {"br", "img", "meta", "link", "input"}
    return sorted(t for t in tags.opened if t not in void) == sorted(tags.closed)


# ---- what a cell shows ----------------------------------------------------------------------
def test_a_tensor_and_a_module_are_tables() -> None:
    w = fg.Tensor(np.array([1.0, np.nan]), requires_grad=True, name="<w & v>")
    shown = w._repr_html_()
    assert "&lt;w &amp; v&gt;" in shown and "<table" in shown and is_whole(shown)
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(3, 2, rng=rng), nn.Tanh())._repr_html_()
    assert "<table" in net and "Sequential" in net and is_whole(net)


def test_a_trace_is_a_table_and_the_page_in_a_sandbox() -> None:
    shown = DEMOS["neuron"]()._repr_html_()
    table, frame = shown.split("<iframe", 1)
    assert is_whole(shown) and "<script" not in shown
    assert "200 steps of Adam, seen at 3 numbers. Every one is what its formula says" in table
    assert [f"<td>{name}</td>" in table for name in ("w[0]", "w[1]", "b")] == [True] * 3
    assert (
        'sandbox="allow-scripts allow-downloads"' in frame and "allow-same-origin" not in frame
    )


def test_a_long_table_says_how_much_is_left_to_the_page() -> None:
    shown = DEMOS["branches"]()._repr_html_()
    assert "28 more numbers are in the page." in shown
    assert shown.split("<iframe")[0].count("<tr>") == 13


def test_a_trace_of_nothing_is_shown_too() -> None:
    with fg.microscope.trace() as seen:
        pass
    shown = seen._repr_html_()
    assert "No optimizer stepped while this was recorded." in shown and is_whole(shown)


def test_the_frame_of_a_thousand_steps_is_small() -> None:
    assert len(many_steps()._repr_html_()) <= 600_000  # every quote in it is escaped


# ---- executed, exported, opened -------------------------------------------------------------
@pytest.fixture(scope="module")
def exported(tmp_path_factory: Any) -> Path:
    """A notebook that nbclient ran and nbconvert wrote as a page."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed")
    folder = tmp_path_factory.mktemp("notebook")
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**cell, "id": f"c{k}", "source": text} for k, text in enumerate(CELLS)]
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    paths = folder / "book.ipynb", folder / "book.html"
    paths[0].write_text(json.dumps(book))
    command = [sys.executable, "-c", RUN, *map(str, paths)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return paths[1]


@pytest.fixture
def opened(browser: Any, exported: Path) -> Iterator[Any]:  # noqa: F811
    made: list[Visit] = []

    def go(**options: Any) -> Any:
        made.append(Visit(browser, exported.as_uri(), **options))
        return made[-1].page

    yield go
    for visit in made:
        visit.context.close()


@pytest.mark.browser
def test_the_slider_of_an_exported_notebook_moves_without_a_kernel(opened: Any) -> None:
    frame = opened().frame_locator("iframe")
    slider, now = frame.locator("#slider"), frame.locator("#now")
    slider.focus()
    assert now.inner_text() == "t = 1 of 200"
    first = frame.locator("#ledger .value").first.inner_text()
    for key, text in (("End", "t = 200 of 200"), ("ArrowLeft", "t = 199 of 200")):
        slider.press(key)
        assert now.inner_text() == text
    assert frame.locator("#ledger .value").first.inner_text() != first
    frame.locator('#settings input[name="beta1"]').fill("0.5")
    assert "another rule" in frame.locator("#verdict").inner_text()
    frame.locator("#picture .box").first.click()
    assert frame.locator("#facts h3").inner_text()


@pytest.mark.browser
def test_where_nothing_runs_the_table_is_left(opened: Any) -> None:
    page = opened(java_script_enabled=False)
    cells = page.locator("table", has_text="200 steps of Adam").first.locator("tbody td")
    assert cells.all_inner_texts()[:3] == ["w[0]", "Adam", "200"]
    assert page.locator("table", has_text="kept").count() >= 1


def test_where_frames_are_taken_out_the_table_is_left(exported: Path) -> None:
    text = re.sub(r"<iframe.*?</iframe>", "", exported.read_text("utf-8"), flags=re.DOTALL)
    assert "<td>w[0]</td><td>Adam</td><td>200</td>" in text
    outputs = json.loads((exported.parent / "book.ipynb").read_text())["cells"][1]["outputs"]
    assert set(outputs[0]["data"]) == {"text/html", "text/plain"}


def test_a_step_is_a_formula_and_a_pass_a_picture() -> None:
    seen = DEMOS["order"]()
    step = seen.at("a", t=1)
    assert step._repr_latex_() == rf"$$\begin{{aligned}} {step.latex} \end{{aligned}}$$"
    picture = seen.passes[0]._repr_svg_()
    assert picture == seen.to_svg() and picture.startswith("<svg") and "grad 25" in picture

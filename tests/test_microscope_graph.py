"""The graph on the page of a recording, and the way back through it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.kernels import OptionError
from fusegrad.microscope import Trace, trace
from fusegrad.microscope.demos import DEMOS
from tests.microscope_sample import shown
from tests.test_report_browser import browser  # noqa: F401  # a fixture
from tests.trace_sample import leaf

SVG = "{http://www.w3.org/2000/svg}"
BOXES = """() => [...document.querySelectorAll("#picture .box")].map((box) =>
    [box.dataset.key,
        [...box.querySelectorAll("text:not(.mark)")].map((text) => text.textContent)])"""


def small() -> tuple[Trace, dict[str, fg.Tensor]]:
    """Numbers alone, so that every value and gradient stands in its box."""
    a, b = leaf(1.5, "a"), leaf(-0.25, "b")
    with trace() as seen:
        c = fg.tanh(a * b)
        d = c * a + fg.exp(b)
        for x in (c, d):
            x.retain_grad()
        (d * d + c).backward()
    return seen, {"a": a, "b": b, "tanh": c}


def modules() -> Trace:
    """A network in a network."""
    rng = np.random.default_rng(0)
    net = nn.Sequential(
        nn.Sequential(nn.Linear(3, 4, rng=rng), nn.Tanh()), nn.Linear(4, 1, rng=rng)
    )
    net.to(np.float64)
    with trace() as seen:
        net(fg.Tensor(np.ones((2, 3)))).sum().backward()
    return seen


def chain(ops: int) -> Trace:
    """As many ops as there should be, some used twice."""
    x = leaf([1.0, 2.0], "x")
    with trace() as seen:
        y = x
        for k in range(ops - 1):
            y = fg.tanh(y) if k % 3 else y + x
        y.sum().backward()
    return seen


def boxes(page: Any) -> dict[str, list[str]]:
    return dict(page.evaluate(BOXES))


@pytest.mark.browser
def test_boxes_hold_the_values_and_gradients_of_tensors(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    made, tensors = small()
    with shown(browser, made, tmp_path) as seen:
        lines = {text[0]: text[1:] for text in boxes(seen.page).values()}
        assert len(boxes(seen.page)) == len(made.passes[0].ops) + 2
        for name, x in tensors.items():
            assert lines[name] == [f"{x.item():.4g}", f"grad {x.grad.item():.4g}"]
        assert seen.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize("by", ["click", "Enter", "Space"])
def test_a_box_shows_all_numbers(browser: Any, tmp_path: Path, by: str) -> None:  # noqa: F811
    w = leaf(np.arange(12.0).reshape(3, 4) / 7, "w")
    with trace() as made:
        (w * w).sum().backward()
    with shown(browser, made, tmp_path) as seen:
        box = seen.page.locator('#picture [data-key="leaf0"]')
        if by == "click":
            box.click()
        else:
            box.focus()
            seen.page.keyboard.press(by)
        tables = seen.page.locator("#facts table")
        assert tables.count() == 4  # the value, two parts of the gradient, and their sum
        for place, values in ((0, w.numpy()), (1, w.numpy()), (3, w.grad.numpy())):
            rows = tables.nth(place).locator("tr").all()
            got = [[float(x) for x in row.locator("td").all_inner_texts()] for row in rows]
            assert np.allclose(got, values, rtol=1e-5) and np.shape(got) == (3, 4)
        assert seen.page.locator("#facts h3").inner_text() == "w"


@pytest.mark.browser
def test_modules_open_and_go_back(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    with shown(browser, modules(), tmp_path) as seen:
        page = seen.page
        titles = lambda: page.locator("#trail button").all_inner_texts()  # noqa: E731
        page.locator("#trail button").first.click()
        path = []
        while page.locator("#picture .scope").count():
            path.append(page.locator("#picture .scope .op").first.text_content())
            page.locator("#picture .scope").first.press("Enter")
        assert path == ["Sequential", "0", "0"] and set(path) <= set(titles())
        assert "linear" in [text[0] for text in boxes(page).values()]
        page.locator("#trail button", has_text="Sequential").click()
        assert len(page.locator("#picture .scope").all()) == 2
        assert page.locator('#trail [aria-pressed="true"]').inner_text() == "Sequential"
        page.locator("#trail button", has_text="everything").click()
        assert page.locator("#picture .scope").count() == 0
        assert seen.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize(("ops", "is_folded"), [(300, False), (700, True)])
def test_large_graphs_are_drawn_or_fold_themselves(
    browser: Any,  # noqa: F811
    tmp_path: Path,
    ops: int,
    is_folded: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    path = chain(ops).save_html(tmp_path / "chain.html")
    monkeypatch.undo()
    with shown(browser, path, tmp_path) as seen:
        found = boxes(seen.page)
        assert (len(found) < 60) == is_folded
        if not is_folded:
            assert sum(key.startswith("op") for key in found) == ops
        else:
            seen.page.locator("#picture .scope").first.click()
            assert any(key.startswith("op") for key in boxes(seen.page))
        assert seen.complaints == []


def test_no_other_program_is_needed_to_draw() -> None:
    text = "from fusegrad.microscope.demos import DEMOS; print(len(DEMOS['order']().to_svg()))"
    done = subprocess.run(
        [sys.executable, "-c", text], env={"PATH": ""}, capture_output=True, text=True
    )
    assert done.returncode == 0 and int(done.stdout) > 1_000, done.stderr


# ---- export ---------------------------------------------------------------------------------
def drawn(text: str) -> tuple[list[str], int]:
    """Titles of the boxes of a picture, and how many edges it has."""
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg" and root.find(f"{SVG}style") is not None
    titles = [str(x.text) for x in root.iter(f"{SVG}text") if x.get("class") == "op"]
    return titles, len(list(root.iter(f"{SVG}path")))


def dotted(text: str) -> tuple[list[str], int, int]:
    """First lines of the nodes of a graph in Graphviz's language, edges and clusters."""
    assert text.startswith("digraph fusegrad {") and text.count("{") == text.count("}")
    titles = re.findall(r'^\s*\w+ \[label="((?:[^"\\]|\\.)*?)(?:\\n|")', text, re.MULTILINE)
    return (
        titles,
        len(re.findall(r"^  \w+ -> op\d+;$", text, re.MULTILINE)),
        text.count("cluster_"),
    )


def test_exports_hold_every_op_and_edge() -> None:
    made = DEMOS["order"]()
    titles, edges = drawn(made.to_svg())
    assert sorted(titles) == ["a", "add", "add", "add", "b", "multiply", "multiply"]
    names, lines, clusters = dotted(made.to_dot())
    assert names == ["add 1", "multiply 2", "add 3", "multiply 4", "add 5", "a", "b"]
    assert edges == lines == 10 and clusters == 0
    assert r'"a\n2\ngrad 25"' in made.to_dot() and r'"b\n3\ngrad 19"' in made.to_dot()


def test_modules_are_clusters_and_views() -> None:
    made = modules()
    assert dotted(made.to_dot())[2] == 5
    assert drawn(made.to_svg(view="everything"))[0].count("linear") == 2
    assert "Sequential" in drawn(made.to_svg(view="the whole program"))[0]


def test_names_of_any_letters_are_kept_in_exports() -> None:
    w = leaf(2.0, 'a "quoted" \\ <name> & more')
    with trace() as made:
        (w * w).backward()
    assert r'label="a \"quoted\" \\ <name> & more\n2\ngrad 4"' in made.to_dot()
    assert 'a "quoted" \\ <name> & more'[:29] in " ".join(drawn(made.to_svg())[0])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda t: t.to_dot(3),
            "Trace.to_dot: expected a recorded pass: 0 to 0, got 3; choose",
        ),
        (lambda t: t.to_svg(-1), "Trace.to_svg: expected a recorded pass: 0 to 0, got -1"),
        (lambda t: t.to_svg(view="x"), "Trace.to_svg: expected a view: the whole program, got"),
    ],
)
def test_refusals_of_exports(call: Callable[[Trace], str], text: str) -> None:
    with pytest.raises(OptionError, match=re.escape(text)):
        call(DEMOS["order"]())


def test_without_a_pass_there_is_nothing_to_export() -> None:
    with trace(graphs=0) as made:
        leaf(1.0, "w")
    text = "Trace.to_dot: expected a recorded pass, got 0; go back inside of the block of trace"
    with pytest.raises(OptionError, match=text):
        made.to_dot()


@pytest.mark.browser
def test_the_page_offers_both(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    made = modules()
    with shown(browser, made, tmp_path) as seen:
        texts = {}
        for kind in ("svg", "dot"):
            seen.page.locator("#back-on").click()  # marks are no part of the picture
            with seen.page.expect_download() as waiting:
                seen.page.locator(f"#{kind}").click()
            texts[kind] = Path(waiting.value.path()).read_text("utf-8")
        assert texts["dot"] == made.to_dot()
        assert drawn(texts["svg"]) == drawn(made.to_svg())
        assert 'class="box op now' not in texts["svg"] and seen.complaints == []

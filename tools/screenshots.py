"""Draw the pictures of docs/images with the system's Chromium, from demonstrations.

python -m tools.screenshots
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fusegrad.lens.race_page import write_races
from fusegrad.microscope.demos import DEMOS
from fusegrad.race import race

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDE, PHONE = {"width": 1200, "height": 860}, {"width": 360, "height": 780}
Act = Callable[[Any], None]


def steps(page: Any) -> None:
    """Step 24 of the first number, with beta 1 edited."""
    page.evaluate("document.getElementById('steps').scrollIntoView()")
    page.locator("input[name=beta1]").fill("0.5")
    page.evaluate("window.microscope.change({ step: 23 })")
    page.evaluate("document.getElementById('steps-title').scrollIntoView()")


def graph(page: Any) -> None:
    """The way back after its eighth product, one box opened."""
    page.evaluate("document.getElementById('graph').scrollIntoView()")
    slider = page.locator("#back-slider")
    slider.evaluate("s => { s.value = 8; s.dispatchEvent(new Event('input')); }")


def races(page: Any) -> None:
    """Where everybody is after a while."""
    page.evaluate("document.querySelector('section').scrollIntoView()")


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def shot(found: Any, source: Path, name: str, act: Act, **look: Any) -> None:
    """One picture of a page, after something was done on it."""
    context = found.new_context(offline=True, **look)
    page = context.new_page()
    page.goto(source.as_uri())
    act(page)
    page.wait_for_timeout(400)
    page.screenshot(path=str(IMAGES / f"{name}.png"))
    context.close()


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, browser() as found:
        neuron, order, valley = (Path(folder) / f"{k}.html" for k in "abc")
        DEMOS["neuron"]().save_html(neuron)
        DEMOS["order"]().save_html(order)
        write_races([race("rosenbrock")], valley)
        shot(found, neuron, "steps", steps, viewport=WIDE, color_scheme="light")
        shot(found, order, "graph", graph, viewport=WIDE, color_scheme="dark")
        shot(found, neuron, "phone", steps, viewport=PHONE, color_scheme="light")
        shot(found, valley, "race", races, viewport=WIDE, color_scheme="light")


if __name__ == "__main__":
    main()

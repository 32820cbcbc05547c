"""The way back on the page of a recording: one vector-Jacobian product after another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.microscope import Trace, trace
from fusegrad.microscope.demos import DEMOS
from tests.microscope_sample import shown
from tests.test_report_browser import browser  # noqa: F401  # a fixture
from tests.trace_sample import leaf

pytestmark = pytest.mark.browser


def lines(page: Any) -> list[str]:
    return list(page.locator("#back-lines p").all_inner_texts())


def walked(page: Any) -> list[list[str]]:
    """What is said of every product, stepped through by the button."""
    every = []
    count = int(page.locator("#back-slider").get_attribute("max"))
    for k in range(count):
        page.locator("#back-on").click()
        assert page.locator("#back-now").inner_text() == f"{k + 1} of {count}"
        every.append(lines(page))
    return every


def gathered(every: list[list[str]]) -> dict[str, float]:
    """The last sum of every value; each is what its parts add up to, bit for bit."""
    found: dict[str, float] = {}
    for said in every:
        match = re.fullmatch(r"Gradient of (.+): (.+) = (\S+) \((.+)\)\.", said[2])
        assert match is not None, said
        total = 0.0
        for k, part in enumerate(match[2].split(" + ")):
            total = total + float(part) if k else float(part)
        assert total == float(match[3])
        found[match[1]] = total
        factors = re.fullmatch(r"upstream (\S+) × local (\S+) = contribution (\S+)", said[1])
        if factors is not None:
            assert float(factors[1]) * float(factors[2]) == float(factors[3])
    return found


def test_it_ends_at_25_and_19(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    with shown(browser, DEMOS["order"](), tmp_path) as seen:
        page = seen.page
        assert "Nothing has been passed on yet" in lines(page)[0]
        every = walked(page)
        found = gathered(every)
        assert len(every) == 10 and (found["a"], found["b"]) == (25, 19)
        assert every[0][0] == "add 5 → add 3" and "where the way back begins" in every[0][3]
        assert every[-1][2] == "Gradient of b: 12 + 7 = 19 (whole)."
        waits = next(said for said in every if said[0] == "add 1 → a")
        assert "all that used its result (add 3, multiply 4) have passed on" in waits[3]
        page.locator("#back-slider").focus()
        page.keyboard.press("Home")
        assert "Nothing has been passed on yet" in lines(page)[0]
        page.keyboard.press("ArrowRight")
        page.locator("#back-back").click()
        assert page.locator("#back-now").inner_text() == "0 of 10" and seen.complaints == []


def test_the_boxes_on_the_way_are_marked(browser: Any, tmp_path: Path) -> None:  # noqa: F811
    with shown(browser, DEMOS["order"](), tmp_path) as seen:
        for _ in range(3):
            seen.page.locator("#back-on").click()
        keys = lambda kind: seen.page.evaluate(  # noqa: E731
            "(kind) => [...document.querySelectorAll(`#picture .box.${kind}`)]"
            ".map((box) => box.dataset.key)",
            kind,
        )
        assert sorted(keys("gone")) == ["op3", "op4"] and sorted(keys("now")) == ["op0", "op3"]
        assert seen.page.locator('#picture path.now[data-edge="op0>op3"]').count() == 1


def test_a_wrong_order_ends_wrong_and_says_why(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    with shown(browser, DEMOS["order"](), tmp_path) as seen:
        seen.page.locator("#wrong").check()
        every = walked(seen.page)
        for said in every:
            why = said[-1]
            assert "add 1 passed on when 1 of 2 contributions had come" in why
            assert "a would get 4 instead of 25" in why
            assert "b would get 3 instead of 19" in why
        found = gathered(every)
        assert (found["a"], found["b"]) == (4, 3)
        seen.page.locator("#wrong").uncheck()
        seen.page.locator("#back-slider").focus()
        seen.page.keyboard.press("End")
        assert lines(seen.page)[2] == "Gradient of b: 12 + 7 = 19 (whole)."


def test_where_nothing_is_used_twice_any_order_is_right(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    a, b = leaf(0.3, "a"), leaf(0.7, "b")
    with trace() as made:
        (fg.tanh(a) * fg.exp(b)).backward()
    with shown(browser, made, tmp_path) as seen:
        seen.page.locator("#wrong").check()
        seen.page.locator("#back-on").click()
        assert "used once, so that any order is right" in lines(seen.page)[-1]
        seen.page.locator("#back-back").click()
        found = gathered(walked(seen.page))
        assert (found["a"], found["b"]) == (a.grad.item(), b.grad.item())


def tangled(seed: int) -> tuple[Trace, dict[str, float]]:
    """Numbers that are used again and again, in any order."""
    rng = np.random.default_rng(seed)
    leaves = [leaf(float(rng.standard_normal()), f"x{k}") for k in range(3)]
    with trace() as made:
        known: list[Any] = [*leaves]
        for _ in range(12):
            i, j = rng.integers(len(known), size=2)
            f = (lambda x, y: x * y, lambda x, y: x + y, lambda x, y: fg.tanh(x - y))
            known.append(f[rng.integers(3)](known[i], known[j]))
        sum(known[3:], known[0]).backward()
    return made, {x.name: x.grad.item() for x in leaves if x.grad is not None}


@pytest.mark.parametrize("seed", range(3))
def test_contributions_add_up_to_the_gradient_of_the_tensor(
    browser: Any,  # noqa: F811
    tmp_path: Path,
    seed: int,
) -> None:
    made, wanted = tangled(seed)
    with shown(browser, made, tmp_path) as seen:
        found = gathered(walked(seen.page))
        assert {name: found[name] for name in wanted} == wanted


def test_several_passes_are_chosen_from_a_list(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    with shown(browser, DEMOS["neuron"](), tmp_path) as seen:
        options = seen.page.locator("#pass option").all_inner_texts()
        assert options == ["pass 1", "pass 200"]
        seen.page.locator("#back-on").click()
        seen.page.locator("#pass").select_option("1")
        assert seen.page.locator("#back-now").inner_text().startswith("0 of")
        assert seen.complaints == []

"""Formulas with numbers in them, as the page writes them, are what the page shows beside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels.infix import substituted
from fusegrad.microscope import Trace, trace
from fusegrad.microscope.columns import columns
from fusegrad.microscope.steps import Followed
from tests.microscope_sample import leaf, shown, stepped
from tests.optim_sample import CASES
from tests.test_infix import bits, is_right
from tests.test_report_browser import browser  # noqa: F401  # a fixture

pytestmark = pytest.mark.browser
STEPS, PICKED = 12, 1_000
NUMBER = re.compile(r"(?<![\w.])((?:\d[\d.]*(?:e[+-]?\d+)?)|inf|nan)")
# The ledger of some rows, as a reader sees it: symbol's key, formula with numbers, value.
LEDGERS = """(rows) => rows.map(([at, step]) => {
    microscope.change({ at, step });
    return [...document.querySelectorAll("#ledger tbody tr")].map((row) => [row.dataset.key,
        row.querySelector(".numbers").textContent, row.querySelector(".value").textContent]);
})"""


def recorded() -> Trace:
    """Every optimizer in both precisions, on numbers of many sizes."""
    rng = np.random.default_rng(0)
    with trace() as seen:
        for dtype in (np.float64, np.float32):
            for name, case in CASES.items():
                p = leaf(rng.standard_normal(2), f"{name} {dtype.__name__}", dtype)
                g = rng.standard_normal((STEPS, 2)) * 10.0 ** rng.integers(-9, 6, (STEPS, 2))
                g = np.where(rng.random((STEPS, 2)) < 0.1, 0.0, g)
                stepped(case.make([p], **case.settings), p, list(g))
    return seen


def read(text: str, dtype: Any) -> Any:
    """A value that is shown."""
    return {"true": np.bool_(True), "false": np.bool_(False)}.get(text, dtype.type(text))


def parts(text: str, dtype: Any) -> tuple[list[str], list[Any]]:
    """A line without its numbers, and its numbers."""
    return NUMBER.sub("#", text).split(), [bits(dtype.type(x)) for x in NUMBER.findall(text)]


def is_shown_right(log: Followed, place: int, k: int, lines: Any) -> None:
    """Hold the ledger of one row against the recording."""
    made = columns(log.program)
    named, dtype = {c.node for c in made}, log.before[0]["theta"].dtype
    values = {
        n: x[place : place + 1] if isinstance(x, np.ndarray) and x.size > 1 else x
        for n, x in log.values(k).items()
    }
    assert [key for key, *_ in lines] == [c.key for c in made]
    for column, (_, text, value) in zip(made, lines, strict=True):
        x = np.asarray(values[column.node]).reshape(-1)[0]
        x = x if column.node.elementwise else np.float64(x)
        is_host = not column.node.elementwise
        assert bits(read(value, np.dtype(float) if is_host else dtype)) == bits(x), value
        if not column.formula:
            assert text == ""
            continue
        text = text.replace("true", "True").replace("false", "False")
        assert is_right(column.node, text, x, named), (column.key, text, x)
        told = substituted(column.node, named, values)
        assert parts(text, dtype) == parts(told, dtype)


def test_formulas_with_numbers_evaluate_to_the_value_beside_them(
    browser: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    seen, rng = recorded(), np.random.default_rng(1)
    runs = [(log, place) for log in seen.followed for place in range(2)]
    every = rng.permutation(len(runs) * STEPS)[:PICKED]
    rows = sorted(divmod(int(k), STEPS) for k in every)
    with shown(browser, seen, tmp_path) as visit:
        ledgers = visit.page.evaluate(LEDGERS, rows)
        assert visit.complaints == []
    assert len(ledgers) == PICKED
    for (at, step), lines in zip(rows, ledgers, strict=True):
        is_shown_right(*runs[at], step, lines)

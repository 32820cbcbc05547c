"""docs/layer_table.md is up to date, and every public layer stands in the table of cases."""

from __future__ import annotations

import re

import pytest

from tests.layer_cases import CASES
from tools import layer_table as tool

PAGE = tool.PAGE.read_text(encoding="utf-8")
LAYERS = [layer for found in tool.layers().values() for layer in found]
TRIED = [type(case.layer()).__name__ for case in CASES]
ERRORS = re.compile(r" (\S+) \| (\S+) \|$")


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__name__)
def test_every_layer_is_tried_and_its_row_is_up_to_date(layer: type) -> None:
    count = TRIED.count(layer.__name__)
    (row,) = re.findall(rf"^\| `{layer.__name__}` .*$", PAGE, re.M)
    assert count and f"| {tool.formula(layer)} | {count} |" in row


def test_the_page_holds_every_layer_once_and_no_large_difference() -> None:
    rows = re.findall(r"^\| `(\w+)` .*$", PAGE, re.M)
    assert sorted(rows) == sorted(layer.__name__ for layer in LAYERS)
    for first, second in ERRORS.findall(PAGE):
        assert first == "-" or (float(first) <= 1e-10 and float(second) <= 1e-5)
    assert all(f"## {tool.title(module)}\n" in PAGE for module in tool.layers())

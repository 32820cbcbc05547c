"""docs/ops.md says what is so: every op is in it, and measured anew it does as well."""

from __future__ import annotations

import re

import pytest

from fusegrad.engine import OPS
from tools import ops_table

CELLS = ("value", "vjp", "jvp", "second", "dtypes", "backends")
# What a value or first derivative of a handful of roundings may miss, and a second one.
WORST = {"value": 1e-14, "vjp": 1e-14, "jvp": 1e-12, "second": 1e-13}


def rows(text: str) -> dict[str, dict[str, str]]:
    """The table of a page: op -> column -> cell."""
    found = re.findall(r"^\| (\w+) \|(.*)\|$", text.split("## ", 1)[0], re.M)
    table = {name: [c.strip() for c in cells.split("|")] for name, cells in found}
    del table["op"]
    return {name: dict(zip(CELLS, cells, strict=True)) for name, cells in table.items()}


PAGE = rows(ops_table.PAGE.read_text(encoding="utf-8"))


def test_every_op_has_its_row_and_no_cell_is_empty() -> None:
    assert PAGE.keys() == OPS.keys()
    assert all(cell for cells in PAGE.values() for cell in cells.values())


@pytest.mark.parametrize("name", sorted(OPS))
def test_measured_anew_an_op_does_as_well(name: str) -> None:
    (now,) = rows(ops_table.line(name) + "| op | a | b | c | d | e | f |\n").values()
    for column, cell in now.items():
        committed = PAGE[name][column]
        if column in WORST and cell not in ("flat", "linear"):
            assert float(cell) <= WORST[column] and float(committed) <= WORST[column]
        else:
            assert cell == committed

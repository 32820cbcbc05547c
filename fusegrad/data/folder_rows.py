"""The labels of a table and its split."""

from __future__ import annotations

import numpy as np

from ..kernels import OptionError
from .rows_csv import NAME, Problems, Rows

PARTS = ("train", "validation", "test")
TEST, VALIDATION = 0.2, 0.1  # of the rows, where no column says
MOST = 1000  # labels: a report has a cell for every two of them


def column_of(rows: Rows, name: str) -> str | None:
    """The header that is this name, whatever its capitals."""
    return next((header for header in rows.header if header.lower() == name), None)


def read_labels(rows: Rows, problems: Problems) -> tuple[np.ndarray, list[str]]:
    """Numbers of classes, which are the different labels in their order, and those.

    Shapes: -> (rows,) int64. Raises: OptionError for no labels, for one class only, for more
    than 1,000, and for labels of which most are unlike all others.
    """
    header = column_of(rows, "label")
    if header is None:
        got, repair = ", ".join(rows.header), "call the column with the answers label"
        raise OptionError(NAME, "a column label", got, repair)
    cells = rows.column(header)
    for line, cell in zip(rows.lines, cells, strict=True):
        if not cell:
            problems.add(line, header, "a label", "an empty cell", "fill it or delete the line")
    classes = sorted({cell for cell in cells if cell})
    number = {name: k for k, name in enumerate(classes)}
    _demand_classes(f"{NAME}, {header}", classes, len(rows))
    return np.array([number.get(cell, 0) for cell in cells], np.int64), classes


def _demand_classes(where: str, classes: list[str], rows: int) -> None:
    if len(classes) == 1:
        got, repair = f"{classes[0]!r} alone", "add rows of another"
        raise OptionError(where, "two labels or more", got, repair)
    if 2 * len(classes) > rows:
        got = f"{len(classes)} different ones in {rows} rows"
        repair = "group them: a number to predict is no label"
        raise OptionError(where, "labels that come again", got, repair)
    if len(classes) > MOST:
        got, repair = f"{len(classes):,}", "group them"
        raise OptionError(where, f"{MOST:,} labels at most", got, repair)


def read_split(rows: Rows, problems: Problems) -> dict[str, np.ndarray]:
    """Row numbers by part, as the column split says, or drawn: in the order of
    RandomState(0).permutation, a fifth for the test, a tenth for validation, the rest train.

    Raises: OptionError for a part without rows.
    """
    header = column_of(rows, "split")
    if header is None:
        return _drawn(len(rows))
    cells = np.array(rows.column(header))
    for row in np.flatnonzero(~np.isin(cells, PARTS)):
        got = repr(str(cells[row])) if cells[row] else "an empty cell"
        problems.add(rows.lines[row], header, ", ".join(PARTS), got, "write one of these")
    problems.demand_none()
    found = {part: np.flatnonzero(cells == part) for part in PARTS}
    for part, chosen in found.items():
        if not len(chosen):
            repair = "write it in some lines, or leave the column out"
            raise OptionError(f"{NAME}, {header}", f"rows for {part}", "none", repair)
    return found


def _drawn(count: int) -> dict[str, np.ndarray]:
    test, validation = max(round(TEST * count), 1), max(round(VALIDATION * count), 1)
    order = np.random.RandomState(0).permutation(count)  # this stream never changes
    last, middle, first = np.split(order, [test, test + validation])
    return dict(zip(PARTS, (first, middle, last), strict=True))

"""A CSV file as people save it from a spreadsheet, and what is wrong in its cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..kernels import OptionError

NAME = "rows.csv"
SAVE = "save it from a spreadsheet as CSV UTF-8, with commas"
QUOTES = "put a text with commas in double quotes"


@dataclass(frozen=True)
class Rows:
    """Cells without blanks around them; `lines` says where in the file each row begins."""

    header: list[str]
    lines: list[int]
    cells: list[list[str]]

    def __len__(self) -> int:
        return len(self.cells)

    def column(self, name: str) -> list[str]:
        """All cells of a column."""
        place = self.header.index(name)
        return [row[place] for row in self.cells]


class Problems:
    """What is wrong in single cells, or, where `column` is "", in whole lines: gathered, so
    that the first is told with the number of others."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str, str, str, str]] = []

    def add(self, line: int, column: str, expected: str, got: str, repair: str) -> None:
        self.found.append((line, column, expected, got, repair))

    def demand_none(self) -> None:
        """Raises: OptionError with the first line that has a problem."""
        if not self.found:
            return
        line, column, expected, got, repair = min(self.found, key=lambda p: p[0])
        others = len({problem[0] for problem in self.found}) - 1
        if others:
            repair += f"; {others} more line{'s have' if others > 1 else ' has'} such a fault"
        where = f"{NAME}, line {line}" + (f", {column}" if column else "")
        raise OptionError(where, expected, got, repair)


def read_rows(path: Path) -> Rows:
    """The rows of a UTF-8 file with commas; lines of empty cells are left out.

    Raises: OptionError for a file that is not so, with the line.
    """
    lines = list(_records(_text(path)))
    if not lines:
        raise OptionError(NAME, "a line with the names of the columns", "an empty file", SAVE)
    (_, names), *rows = lines
    header = _header(names)
    problems = Problems()
    for line, cells in rows:
        if len(cells) != len(header):
            expected = f"{len(header)} cells, as in the first line"
            problems.add(line, "", expected, str(len(cells)), QUOTES)
    problems.demand_none()
    if not rows:
        raise OptionError(NAME, "rows below the names", "none", "add a line for each row")
    return Rows(header, [line for line, _ in rows], [cells for _, cells in rows])


def _text(path: Path) -> str:
    content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        where, got = f"{NAME}, line {line}", f"byte 0x{content[error.start]:02x}"
        raise OptionError(where, "UTF-8", got, SAVE) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Where each record begins, and its cells."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield line, stripped
            line = reader.line_num + 1
    except csv.Error as error:
        raise OptionError(f"{NAME}, line {line}", "CSV", str(error), QUOTES) from None


def _header(names: list[str]) -> list[str]:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        raise OptionError(NAME, "commas between columns", repr(names[0]), SAVE)
    for place, name in enumerate(names, 1):
        if not name:
            where, repair = f"{NAME}, line 1", "name it, or take the column out"
            raise OptionError(where, "a name for every column", f"none for {place}", repair)
        if name.lower() in (other.lower() for other in names[: place - 1]):
            where = f"{NAME}, line 1"
            raise OptionError(where, "every name once", f"{name!r} again", "rename one")
    return names

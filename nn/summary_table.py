"""How a summary looks: rows of text, and a table for notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

COLUMNS = ("layer", "input", "output", "parameters", "multiply-adds", "saved bytes")
TEXTS = 3  # so many columns stand left, the numbers behind them right
WIDEST = 34  # of a column of shapes


@dataclass
class Row:
    """One module of a summary. Shapes are those of its first call."""

    name: str
    kind: str
    parameters: int
    input: str = ""
    output: str = ""
    multiply_adds: int = 0
    saved_bytes: int = 0
    calls: int = 0
    runs: bool = True  # whether it has a forward of its own

    @property
    def depth(self) -> int:
        """How far below the top it is held."""
        return self.name.count(".") + 1 if self.name else 0

    @property
    def label(self) -> str:
        """Its own name and kind, and how often it ran where that is not once."""
        own = self.name.rpartition(".")[2]
        often = "" if self.calls == 1 or not self.runs else f" x{self.calls}"
        often = " (not called)" if self.runs and not self.calls else often
        return (f"{own}: " if own else "") + self.kind + often

    def cells(self) -> tuple[str, ...]:
        numbers = (self.parameters, self.multiply_adds, self.saved_bytes)
        shapes = (_cut(self.input), _cut(self.output))
        return (
            "  " * self.depth + self.label,
            *shapes,
            *(f"{n:,}" if n else "" for n in numbers),
        )


@dataclass
class Summary:
    """The rows of a module and of all below it, top down; columns add up to the totals."""

    rows: list[Row]
    trainable: int

    # fmt: off
    @property
    def parameters(self) -> int: return sum(r.parameters for r in self.rows)
    @property
    def multiply_adds(self) -> int: return sum(r.multiply_adds for r in self.rows)
    @property
    def saved_bytes(self) -> int: return sum(r.saved_bytes for r in self.rows)
    # fmt: on

    @property
    def total(self) -> str:
        """The sums in words."""
        all_train = self.trainable == self.parameters
        share = "all trainable" if all_train else f"{self.trainable:,} of them trainable"
        return (
            f"{self.parameters:,} parameters, {share}; {self.multiply_adds:,} multiply-adds; "
            f"{self.saved_bytes:,} bytes held for the way back"
        )

    def __str__(self) -> str:
        table = [COLUMNS, *(row.cells() for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*table)]
        lines = ("  ".join(_placed(cells, widths)).rstrip() for cells in table)
        return "\n".join([*lines, "", self.total])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        sides = ["left"] * TEXTS + ["right"] * (len(COLUMNS) - TEXTS)
        head = "".join(_cell("th", side, name) for side, name in zip(sides, COLUMNS))
        body = "".join(_html(row.cells(), row.depth) for row in self.rows)
        style = "text-align:left;caption-side:bottom;white-space:nowrap"
        caption = f'<caption style="{style}">{escape(self.total)}</caption>'
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _placed(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    ends = enumerate(zip(cells, widths))
    return [cell.ljust(w) if i < TEXTS else cell.rjust(w) for i, (cell, w) in ends]


def _html(cells: tuple[str, ...], depth: int) -> str:
    first = _cell("td", "left", cells[0].strip(), f"padding-left:{depth}em")
    shapes = "".join(_cell("td", "left", c) for c in cells[1:TEXTS])
    return f"<tr>{first}{shapes}{''.join(_cell('td', 'right', c) for c in cells[TEXTS:])}</tr>"


def _cell(kind: str, side: str, text: str, more: str = "padding-left:1em") -> str:
    return f'<{kind} style="text-align:{side};{more}">{escape(text)}</{kind}>'


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."

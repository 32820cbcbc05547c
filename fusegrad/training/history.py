"""What every epoch measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..kernels import OptionError


class History:
    """A row for every epoch: a dict of its number and figures. Columns go by name.

    >>> history = History([{"epoch": 1, "loss": 0.75}, {"epoch": 2, "loss": 0.5}])
    >>> history["loss"], history[-1]
    ([0.75, 0.5], {'epoch': 2, 'loss': 0.5})
    >>> history
    epoch  loss
        1  0.75
        2   0.5
    """

    def __init__(self, rows: list[dict[str, Any]] | None = None) -> None:
        self.rows = rows if rows is not None else []

    def append(self, row: Mapping[str, Any]) -> None:
        """One more epoch."""
        self.rows.append(dict(row))

    @property
    def names(self) -> list[str]:
        """The columns, in the order in which they came."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __getitem__(self, key: Any) -> Any:
        """A column by its name, with None where an epoch has no such figure; rows by position.

        Raises: OptionError, which lists the names there are.
        """
        if not isinstance(key, str):
            return self.rows[key]
        if key not in self.names:
            expected = f"a column among {', '.join(self.names) or 'none'}"
            raise OptionError("History", expected, repr(key), "choose one of these")
        return [row.get(key) for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        if not self.rows:
            return "History(no epochs)"
        cells = [self.names, *([figure(row.get(n)) for n in self.names] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        return "\n".join("  ".join(c.rjust(w) for c, w in zip(row, widths)) for row in cells)


def figure(value: Any) -> str:
    """A number in four digits."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""Columns of a CSV file as numbers: those of numbers as they are, others one column a word."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from ..kernels import OptionError
from .rows_csv import NAME, Problems, Rows

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LARGEST = 1e30  # so that squares stay finite
WORDS = 20  # different ones that a column may have
POINT = "write it as 12.5, or leave the cell empty"
Table = tuple[np.ndarray, list[str]]


def read_table(
    rows: Rows, names: Sequence[str], train: np.ndarray, problems: Problems
) -> Table:
    """All these columns side by side, nan for an empty cell, and their names.

    A column is of numbers where at least half of its cells are. Any other may have up to 20
    different words; each that a training row has is a column of 0 and 1, called column=word.
    Shapes: train (rows,) True for training rows; -> (rows, columns) float64.
    Raises: OptionError for a column that is neither, or empty in the training rows.
    """
    made = [_column(rows, name, train, problems) for name in names]
    return np.concatenate([x for x, _ in made], axis=1), [n for _, ns in made for n in ns]


def _column(rows: Rows, name: str, train: np.ndarray, problems: Problems) -> Table:
    cells = rows.column(name)
    filled = [cell for cell in cells if cell]
    if not any(cell and is_train for cell, is_train in zip(cells, train, strict=True)):
        repair = "fill it, or take the column out"
        where = f"{NAME}, {name}"
        raise OptionError(where, "a value in some training row", "none", repair)
    if 2 * sum(NUMBER.fullmatch(cell) is not None for cell in filled) >= len(filled):
        each = zip(rows.lines, cells, strict=True)
        x = np.array([_number(line, name, cell, problems) for line, cell in each])
        return x[:, None], [name]
    return _indicators(name, cells, sorted(set(filled)), train)


def _number(line: int, name: str, cell: str, problems: Problems) -> float:
    if not cell:
        return np.nan
    if NUMBER.fullmatch(cell) is None:
        problems.add(line, name, "a number", repr(cell), POINT)
        return np.nan
    if abs(float(cell)) > LARGEST:
        problems.add(line, name, "a number up to 1e30", cell, "choose another unit")
        return np.nan
    return float(cell)


def _indicators(name: str, cells: list[str], words: list[str], train: np.ndarray) -> Table:
    if len(words) > WORDS:
        got = f"{len(words)}, such as {words[0]!r}"
        repair = f"call the column text:{name}, or take it out"
        raise OptionError(f"{NAME}, {name}", f"numbers, or {WORDS} words", got, repair)
    known = sorted({cell for cell, is_train in zip(cells, train) if cell and is_train})
    given = np.array(cells)[:, None]
    x = np.where(given == "", np.nan, given == np.array(known))
    return x, [f"{name}={word}" for word in known]


def standardised(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(x - mean) / std of the training rows, without what is missing; constant columns are 0.

    Shapes: x (N, d) float64 with nan, train row numbers -> (N, d) float32 with nan.
    """
    known = ~np.isnan(x[train])
    count = np.maximum(known.sum(axis=0), 1)
    values = np.where(known, x[train], 0)
    first = x[train][known.argmax(axis=0), np.arange(x.shape[1])]
    is_constant = (~known | (x[train] == first)).all(axis=0)
    mean = np.where(is_constant, first, values.sum(axis=0) / count)
    deviation = np.where(known, x[train] - mean, 0)
    std = np.sqrt((deviation**2).sum(axis=0) / count)
    std[is_constant | (std == 0)] = 1
    return np.asarray(((x - mean) / std).astype(np.float32))

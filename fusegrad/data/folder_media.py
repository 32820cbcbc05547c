"""Files that cells name, and arrays beside the rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np

from ..kernels import OptionError
from .array_file import read_array
from .file_error import FileError
from .folder_table import LARGEST
from .picture_file import SIDE, resized
from .rows_csv import Problems, Rows

EMPTY = "correct the path or leave the cell empty"
Read = Callable[[Path, str], np.ndarray]


def read_files(
    folder: Path, rows: Rows, column: str, what: str, read: Read, problems: Problems
) -> tuple[np.ndarray, np.ndarray]:
    """What the files of a column hold, zeros for an empty cell, and which cells are filled.

    Shapes: -> (rows, ...) uint8, (rows,) bool.
    """
    cells = rows.column(column)
    found: dict[str, np.ndarray | None] = {}  # a file named twice is read once
    for line, cell in zip(rows.lines, cells, strict=True):
        if cell and (cell not in found or found[cell] is None):
            found[cell] = _read(folder, line, column, cell, what, read, problems)
    some = next((x for x in found.values() if x is not None), np.zeros((SIDE, SIDE), np.uint8))
    blank = np.zeros_like(some)
    made = [blank if (x := found.get(cell)) is None else x for cell in cells]
    return np.stack(made), np.array([bool(cell) for cell in cells])


def _read(
    folder: Path,
    line: int,
    column: str,
    cell: str,
    what: str,
    read: Read,
    problems: Problems,
) -> np.ndarray | None:
    path = place(folder, cell)
    if path is None:
        repair = "put the file into the folder, and name it from there"
        problems.add(line, column, "a path inside the folder", cell, repair)
    elif not _is_file(path):
        problems.add(line, column, what, f"no such file {cell}", EMPTY)
    else:
        try:
            return read(path, cell)
        except FileError as error:
            got = f"{error.got} ({cell})"
            problems.add(line, column, str(error.expected), got, str(error.repair))
        except OSError as error:
            problems.add(line, column, what, f"{error.strerror} ({cell})", EMPTY)
    return None


def place(folder: Path, cell: str) -> Path | None:
    """Where a cell points to; None for what is not inside the folder."""
    named = PurePosixPath(cell.replace("\\", "/"))
    if named.is_absolute() or ".." in named.parts:
        return None
    path = folder / named
    try:
        return path if path.resolve().is_relative_to(folder.resolve()) else None
    except (OSError, ValueError, RuntimeError):  # names of no file, links to themselves
        return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long a name, or one with a zero byte in it
        return False


def read_rows_array(path: Path, count: int) -> tuple[np.ndarray, np.ndarray]:
    """An array with one entry a row, and which rows have one: a row of nan alone has none.

    Numbers (N,) or (N, d) stay so, nan for a missing one. Pictures (N, H, W), (N, H, W, 1) or
    (N, H, W, 3) become (N, 32, 32, 3), by area.
    Shapes: -> (N, d) float64 or (N, 32, 32, 3) float32, (N,) bool.
    Raises: OptionError for another shape, and for inf.
    """
    name = path.name
    found = read_array(path)
    if found.ndim == 0 or len(found) != count:
        got = "a single number" if found.ndim == 0 else f"{len(found)}"
        repair = "save one entry for each row, in the order of rows.csv"
        raise OptionError(name, f"{count} entries, as rows.csv has rows", got, repair)
    is_picture = found.ndim == 3 or (found.ndim == 4 and found.shape[3] in (1, 3))
    if not found.size or (found.ndim > 2 and not is_picture):
        rule = f"({count}, d) of numbers, or pictures ({count}, H, W), (.., 1) or (.., 3)"
        raise OptionError(name, rule, str(found.shape), "reshape the array")
    x = found.astype(np.float64)
    is_large = (np.abs(x) > LARGEST).reshape(count, -1).any(axis=1)
    if is_large.any():
        got = f"others in entry {int(np.argmax(is_large))}"
        rule, repair = "finite numbers up to 1e30", "write nan for a missing one"
        raise OptionError(name, rule, got, repair)
    here = np.asarray(~np.isnan(x).reshape(count, -1).all(axis=1))
    return (_pictures(name, x, here), here) if is_picture else (x.reshape(count, -1), here)


def _pictures(name: str, x: np.ndarray, here: np.ndarray) -> np.ndarray:
    if np.isnan(x[here]).any():
        repair = "fill it, or make all of that picture nan"
        raise OptionError(name, "whole pictures", "nan in a part of one", repair)
    x = np.nan_to_num(x).reshape((*x.shape[:3], -1))
    return np.broadcast_to(resized(x), (len(x), SIDE, SIDE, 3)).astype(np.float32)

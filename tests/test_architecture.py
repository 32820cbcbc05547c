"""The house: imports point down only, files and functions stay small, no line is long."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FACE = "fusegrad"
# Each folder may import those it names, and itself.
BELOW = {
    "kernels": set(),
    "engine": {"kernels"},
    "nn": {"engine", "kernels"},
    "optim": {"engine", "kernels"},
    "multimodal": {"nn", "optim", "engine", "kernels"},
    FACE: {"multimodal", "nn", "optim", "engine", "kernels"},
}
LINES, BODY, WIDTH = 250, 20, 96
# A longer body needs a reason: file:function -> why.
LONGER: dict[str, str] = {}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def ours() -> list[Path]:
    folders = (*BELOW, "tests", "benchmarks", "tools")
    return [path for folder in folders for path in files(folder)]


def imported(path: Path) -> Iterator[str]:
    """The top folders that a file of the package imports, wherever the import stands."""
    package = (FACE, *path.relative_to(ROOT).parts[:-1])
    package = package[1:] if package[1:2] == (FACE,) else package
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            names = [node.module] if node.module else [a.name for a in node.names]
            yield from (".".join((*base, name)) for name in names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def folder_of(module: str) -> str | None:
    """The folder of the house that a module name points into; None for other packages."""
    top, _, rest = module.partition(".")
    if top != FACE:
        return None
    first = rest.partition(".")[0]
    return first if first in BELOW else FACE


@pytest.mark.parametrize("folder", BELOW)
def test_imports_point_down_only(folder: str) -> None:
    allowed = BELOW[folder] | {folder}
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files(folder)
        for module in imported(path)
        if folder_of(module) not in (*allowed, None)
    ]
    assert not wrong


def test_the_import_test_sees_an_upward_import(tmp_path: Path) -> None:
    assert folder_of("fusegrad.nn.linear") == "nn" and folder_of("fusegrad.cli") == FACE
    assert "fusegrad.engine" in set(imported(ROOT / "nn" / "linear.py"))
    assert "fusegrad.optim.optimizer" in set(imported(ROOT / "optim" / "adam.py"))


@pytest.mark.parametrize("folder", BELOW)
def test_imports_inside_the_package_are_relative(folder: str) -> None:
    for path in files(folder):
        if path.parent.name == "loops":  # read as text, and compiled in the cache folder
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom) and (not node.level)
                else [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            assert not any(n.split(".")[0] == FACE for n in names), path


def test_loops_hold_nothing_that_the_keys_of_the_cache_do_not_know() -> None:
    library = [f"{FACE}.kernels.{name}" for name in ("low_level", "vector_math", "vector.")]
    for path in files("kernels/loops"):
        ours = [name for name in imported(path) if name.startswith(FACE)]
        assert all(name.startswith(tuple(library)) for name in ours), path


def test_files_are_short_and_narrow() -> None:
    folders = (ROOT / FACE, ROOT / "benchmarks")
    assets = [p for kind in ("*.js", "*.css") for f in folders for p in f.rglob(kind)]
    for path in [*ours(), *assets]:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= LINES, f"{path} has {len(lines)} lines"
        assert all(len(line) <= WIDTH for line in lines), path


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code: the signature, the docstring, comments and blank lines do not count."""
    body = function.body
    skip = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    lines = {
        n
        for statement in body[int(skip) :]
        for n in range(statement.lineno, (statement.end_lineno or 0) + 1)
    }
    return len(lines)


def test_functions_are_short() -> None:
    long = []
    for path in ours():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and body_lines(node) > BODY:
                name = f"{path.relative_to(ROOT)}:{node.name}"
                long += [] if name in LONGER else [f"{name} {body_lines(node)}"]
    assert not long


def test_nothing_unfinished_and_no_place_of_a_machine_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    words = [
        "TO" + "DO",
        "FIX" + "ME",
        "NotImplemented" + "Error",
        "/ho" + "me/",
        "/wo" + "rk/",
    ]
    pattern = re.compile("|".join(words))
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".js", ".css"} and path.exists():
            assert not pattern.search(path.read_text(encoding="utf-8")), name

"""What the README and the pages of docs/ print is what the code prints."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import pytest

from fusegrad.optim.adam import adam

README = Path(__file__).resolve().parents[1] / "README.md"


def test_the_printed_numbers_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an example saves a file
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failed, tried = doctest.testfile(str(README), module_relative=False, optionflags=flags)
    assert failed == 0 and tried >= 12


@pytest.mark.parametrize("page", sorted((README.parent / "docs").rglob("*.md")), ids=str)
def test_the_examples_of_a_page_are_true(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testfile(str(page), module_relative=False, optionflags=flags).failed == 0


def test_the_rule_shown_is_the_rule_that_runs() -> None:
    shown = re.search(r"```python\ndef adam.*?```", README.read_text(encoding="utf-8"), re.S)
    assert shown is not None
    _, _, body = inspect.getsource(adam).partition(":\n    m = ")
    _, _, printed = shown[0].removesuffix("```").partition(":\n    m = ")
    assert printed == body


def test_every_file_named_exists() -> None:
    text = README.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|optim|kernels|tools)/[\w./]+\.py)`", text):
        assert (README.parent / name).is_file(), name

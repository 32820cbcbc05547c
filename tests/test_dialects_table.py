"""docs/dialects.md is up to date; what dialects are compared on shows all that it must."""

from __future__ import annotations

import itertools
import math
import re
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim.dialects import DIALECTS
from fusegrad.optim.dialects import LIBRARIES as COLUMNS
from tests import dialects_sample as sample
from tools import dialects_table as tool

PAGE = tool.PAGE.read_text(encoding="utf-8")
# What a term that is missing changes, against what rounding may.
SEEN = 1e6 * sample.TOLERANCE
# Graves' rule in two spellings.
ONE_RULE = {"rmsprop_centred", "rmsprop_centred_momentum_inside"}


# ---- the page -------------------------------------------------------------------------------
def test_the_page_is_up_to_date() -> None:
    (versions,) = re.findall(rf"^{tool.WITH}.*$", PAGE, re.M)
    assert tool.page(versions) == PAGE
    named = re.findall(r"(\w+) \d+\.\d+[\w.]*[,.]", versions)
    assert named == list(tool.PACKAGES)


def test_a_page_is_written_only_where_all_is_installed(monkeypatch: Any) -> None:
    def version(package: str) -> str:
        if package == "optax":
            raise metadata.PackageNotFoundError(package)
        return "1.2.3+cpu"

    monkeypatch.setattr(metadata, "version", version)
    with pytest.raises(
        SystemExit, match=r"^optax is not installed: the page names what it was"
    ):
        tool.versions()
    monkeypatch.setattr(tool, "PACKAGES", ("torch", "keras"))
    assert tool.versions() == "Compared with: torch 1.2.3, keras 1.2.3."


def test_the_gaps_are_those_of_the_formulas() -> None:
    """Under one gradient m_hat is g and v_hat its square, whatever t."""
    g, t = np.array(tool.SIZES), np.arange(1, tool.COUNT + 1)[:, None]
    first = tool.COUNT * tool.LR * g / (g + tool.EPS)
    raised = tool.EPS / np.sqrt(1 - tool.BETA2**t)
    second = (tool.LR * g / (g + raised)).sum(0)
    assert sample.apart([tool.moved(optim.Adam, eps=tool.EPS)], [first]) <= 1e-12
    assert sample.apart([tool.moved(optim.AdamEpsHat, eps_hat=tool.EPS)], [second]) <= 1e-12


# ---- the sample -----------------------------------------------------------------------------
def test_every_library_of_the_table_has_its_tests() -> None:
    assert {library for _, library in DIALECTS} == {"paper", *sample.LIBRARIES} == set(COLUMNS)
    for library, known in sample.LIBRARIES.items():
        assert known.names.keys() == set(sample.rows(library))
        assert Path(__file__).with_name(f"test_dialects_{library}.py").is_file()


def test_gradients_are_of_all_kinds() -> None:
    g = sample.GRADIENTS
    size = abs(g[g != 0])
    assert g.shape == (sample.STEPS, sample.SIZE) and sample.STEPS >= 50
    assert (g > 0).any() and (g < 0).any() and (g == 0).mean() > 0.1
    assert 1e-4 <= size.min() < 1e-3 and 5 < size.max() <= 10
    numbers = np.array([x for x in sample.SHOWN.values() if isinstance(x, float)])
    assert len(numbers) > 5 and np.array_equal(numbers, numbers.astype(np.float32))


@cache
def path(algorithm: str, library: str, *words: str) -> Any:
    """theta of a row under settings that show all, but for these, which are its own."""
    p = fg.Tensor(sample.THETA, requires_grad=True)
    shown = sample.settings(library, algorithm, sample.SHOWN_ALL)
    kept = {word: value for word, value in shown.items() if word not in words}
    optimizer, moved = DIALECTS[algorithm, library]([p], **kept), []
    for g in sample.GRADIENTS:
        p.grad = fg.Tensor(g)
        optimizer.step()
        moved.append(p.numpy().copy())
    return np.array(moved)


PAIRS = [
    (algorithm, *pair)
    for algorithm in dict.fromkeys(name for name, _ in DIALECTS)
    for pair in itertools.combinations([b for a, b in DIALECTS if a == algorithm], 2)
]


@pytest.mark.parametrize(("algorithm", "one", "other"), PAIRS)
def test_rules_that_differ_are_seen_to(algorithm: str, one: str, other: str) -> None:
    updates = [DIALECTS[algorithm, library].update for library in (one, other)]
    difference = sample.apart(path(algorithm, one), path(algorithm, other))
    if updates[0] is updates[1] or {u.program.name for u in updates} == ONE_RULE:
        fixed = algorithm == "nadam"  # momentum_decay, in Keras
        assert fixed or difference <= sample.TOLERANCE
    else:
        assert difference > SEEN


@pytest.mark.parametrize(("algorithm", "library"), [r for r in DIALECTS if r[1] != "paper"])
def test_every_setting_is_seen(algorithm: str, library: str) -> None:
    shown = sample.settings(library, algorithm, sample.SHOWN_ALL)
    for word in shown:
        difference = sample.apart(path(algorithm, library, word), path(algorithm, library))
        assert difference > SEEN, word


def test_paths_that_differ_are_apart() -> None:
    want = np.array([[0.0, 4.0, 1.0], [0.0, -1.0, 2.0]])
    assert sample.apart(want, want) == 0
    got = want + np.array([[0, 0, 0], [0, 0.5, 0]])
    assert sample.apart(got, want) == 0.5 / 4
    assert sample.apart(want + 0.25, want) == 0.25
    assert math.isnan(sample.apart(want * math.nan, want))

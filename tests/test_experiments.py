"""The experiments: what they find, what they print and draw, and how their jobs are shared."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from html import escape
from pathlib import Path

import numpy as np
import pytest

from fusegrad.experiments import workers
from fusegrad.experiments.modulation import modulation
from fusegrad.experiments.suite import EXPERIMENTS
from fusegrad.lens.outcome import Curve, Finding, Outcome, Picture, Table
from fusegrad.lens.outcome_page import render, summary
from fusegrad.multimodal.analysis.interval import interval


def fusegrad(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fusegrad", *arguments]
    root = str(Path(__file__).resolve().parents[1])
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env=_env(root)
    )


def _env(root: str) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": root}


# The fewest seeds with which all is as expected. CI runs every experiment with all of its own.
FEWEST = {"mini-av": 1, "mini-compete": 1, "missing": 3, "xor": 1}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seeds"), FEWEST.items())
def test_an_experiment_finds_what_it_is_said_to_find(
    name: str, seeds: int, tmp_path: Path
) -> None:
    done = fusegrad("experiment", name, "--seeds", str(seeds), "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert found["as_expected"] and len(found["findings"]) >= 3 and found["seeds"] == seeds
    page = (tmp_path / f"{name}.html").read_text(encoding="utf-8")
    assert all(escape(table["title"]) in page for table in found["tables"])


def test_ci_runs_every_experiment_and_every_proof() -> None:
    script = Path(__file__).resolve().parents[1] / ".ci" / "run"
    text = script.read_text(encoding="utf-8")
    assert "set -euo pipefail" in text and "fusegrad verify fusion --html" in text
    assert f"for name in {' '.join(EXPERIMENTS)}; do" in text


def test_a_constant_factor_is_nothing_to_adam() -> None:
    table, findings = modulation()
    assert [row[0] for row in table.rows] == ["SGD", "Adam"]
    assert all(f.is_expected for f in findings)
    sgd, adam = (f.value for f in findings)
    assert 0.01 < sgd < 0.2 and 1e-7 < adam < 1e-5


def outcome() -> Outcome:
    made = Outcome("mini", "A title <b>", "a setting", 2, seconds=1.0)
    made.tables = [Table("numbers", ("name", "value"), [["x", "1 & 2"]])]
    made.pictures = [Picture("falls", "epoch", [1, 2], [Curve("x", [2.0, 1.0])])]
    made.findings = [
        Finding("a is large", 0.5, (0.1, math.inf), interval([0.4, 0.6])),
        Finding("b is small", 2.0, (0.0, 1e-12)),
    ]
    return made


def test_a_page_shows_tables_figures_and_what_is_not_as_expected() -> None:
    page = render(outcome())
    assert "A title &lt;b&gt;" in page and "1 &amp; 2" in page and "<svg" in page
    assert "at least 0.1" in page and "at most 1e-12" in page and "0.500 ± 1.271" in page
    assert summary(outcome()) == "2 findings over 2 seeds in 1 s: not as expected: b is small."
    made = outcome()
    made.findings.pop()
    assert made.is_expected and summary(made).endswith("all as expected.")


def test_an_outcome_is_strict_json() -> None:
    text = json.dumps(outcome().to_json(), allow_nan=False)
    assert json.loads(text)["findings"][0]["within"] == [0.1, None]
    assert not json.loads(text)["as_expected"]


def test_jobs_are_the_same_in_processes_and_here() -> None:
    jobs, seen = [(float(k),) for k in range(5)], []
    each = workers.in_processes(2, lambda done, of: seen.append((done, of)))
    assert each(math.sqrt, jobs) == workers.serially(math.sqrt, jobs)
    assert seen == [(k, 5) for k in range(1, 6)]


def test_a_job_that_fails_ends_all() -> None:
    with pytest.raises(ValueError, match="math domain"):
        workers.in_processes(2)(math.sqrt, [(4.0,), (-1.0,)])


def test_without_a_name_the_experiments_are_listed(tmp_path: Path) -> None:
    done = fusegrad("experiment", cwd=tmp_path)
    assert done.returncode == 0 and all(name in done.stdout for name in EXPERIMENTS)


REFUSED = [
    (
        ("nonsense",),
        "experiment: expected one of balance, mini-av, mini-compete, missing, xor, got",
    ),
    (("xor", "--seeds", "-1"), "--seeds: expected a number from 0 up, got -1; leave it out"),
    (("xor", "--workers", "-2"), "--workers: expected a number from 0 up, got -2; leave it"),
    (("xor", "--report", "no/x.html"), "write_report: expected an existing folder, got no;"),
]


@pytest.mark.parametrize(("arguments", "text"), REFUSED)
def test_wrong_use_is_one_line(arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    done = fusegrad("experiment", *arguments, cwd=tmp_path)
    assert done.returncode in (1, 2) and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"fusegrad: {text}")


def test_expected_ranges_read_as_words() -> None:
    ranges = {(0.1, np.inf): "at least 0.1", (0.0, 0.5): "at most 0.5", (1.0, 2.0): "1 to 2"}
    for within, text in ranges.items():
        assert Finding("x", 0.0, within).expected == text
    assert Finding("x", 3.7e-6, (0, 1)).figure == "3.7e-06"

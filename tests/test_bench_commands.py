"""`fusegrad bench` and `fusegrad bench compare`, as a user meets them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from fusegrad.benchmarks import choose, machine, run
from fusegrad.benchmarks.record import Record, load, save
from fusegrad.cli.main import main
from tests import bench_sample
from tests.test_cli import fusegrad


@pytest.fixture
def fake(monkeypatch: Any, tmp_path: Path) -> Path:
    monkeypatch.setattr(choose, "BUILT_IN", {"fake": "tests.bench_suite"})
    monkeypatch.setattr(machine, "anchors", lambda *_: bench_sample.ANCHORS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["bench", *arguments])
    return int(end.value.code or 0)


def test_a_run_prints_a_table_and_writes_record_and_page(fake: Path, capsys: Any) -> None:
    files = ("--json", "a.json", "--html", "a.html")
    assert status("fake", "--only", "sleep", "--quick", "--rounds", "5", *files) == 0
    out, err = capsys.readouterr()
    assert "math twice" in out and "Record: a.json\nPage: a.html\n" in out
    assert re.fullmatch(r"1/1 fake: sleep, 1 thread: .* of math twice\n", err)
    (result,) = load(fake / "a.json").results
    assert result.key == ("fake", "sleep", 1) and result.goals == {"math twice": 0.9}
    assert "math twice" in (fake / "a.html").read_text(encoding="utf-8")
    assert status("compare", "a.json", "a.json", "--fail-above", "1.1") == 0
    assert "no difference shown" in capsys.readouterr().out


def test_ours_failing_is_status_1(fake: Path, capsys: Any) -> None:
    assert status("--only", "truth", "--quick") == 1
    assert "not checked: the truth: ZeroDivisionError" in capsys.readouterr().out


def test_ctrl_c_keeps_what_was_measured(fake: Path, capsys: Any, monkeypatch: Any) -> None:
    def stopped(*given: Any) -> Any:
        yield bench_sample.result("first")
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "run", stopped)
    assert status("--json", "a.json") == 130
    record = load(fake / "a.json")
    assert record.stopped and [r.case for r in record.results] == ["first"]
    assert "Stopped by Ctrl-C" in capsys.readouterr().out


def test_the_cases_are_listed(fake: Path, capsys: Any) -> None:
    assert status("--list") == 0
    out = capsys.readouterr().out
    assert "sleep" in out and "0.90 of math twice" in out and "memory" in out


def test_a_slower_record_fails_above_the_limit(fake: Path, capsys: Any) -> None:
    record = bench_sample.record()
    save(record, "a.json")
    for result in record.results[:1]:
        result.contenders[0].values = [1.5 * v for v in result.contenders[0].values]
    save(record, "b.json")
    assert status("compare", "a.json", "b.json") == 0
    assert status("compare", "a.json", "b.json", "--fail-above", "1.4") == 1
    assert capsys.readouterr().err == "slower than 1.4: ops: gelu, 1 thread\n"
    assert status("compare", "a.json", "b.json", "--fail-above", "1.6") == 0


WRONG = [
    (
        ("bench", "tap"),
        2,
        "bench: expected suites of ops, tape, optim, paper, fusion, memory, ",
    ),
    (("--threads", "9999"), 2, "--threads: expected numbers from 1 to "),
    (("--rounds", "-1"), 2, "--rounds: expected a number from 0 up, got -1; leave"),
    (("--device", "tpu"), 2, "device: expected one of cpu, cuda, got 'tpu'; choose one"),
    (("tape", "--only", "zzz"), 2, "--only: expected part of the name of a case in "),
    (("tape", "--html", "no/such/place.html"), 1, "write_report: expected an exis"),
    (("compare", "none.json", "b.json"), 1, "[Errno 2] No such file or directory: "),
    (("compare", ".", "."), 1, "[Errno 21] Is a directory: "),
]


@pytest.mark.parametrize(("arguments", "wanted", "text"), WRONG)
def test_wrong_use_is_one_line(
    arguments: tuple[str, ...],
    wanted: int,
    text: str,
    tmp_path: Path,
    monkeypatch: Any,
    capsys: Any,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(*arguments) == wanted
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"fusegrad: {text}") and err.count("\n") == 1


def test_the_command_stands_beside_the_others(tmp_path: Path) -> None:
    done = fusegrad("bench", "tape", "--list", cwd=tmp_path)
    assert done.returncode == 0 and "tiny MLP" in done.stdout, done.stderr
    done = fusegrad("bench", "compare", "a.json", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(
        "fusegrad: Missing from fusegrad bench-compare: PATH Record B"
    )


def test_records_with_nothing_in_common_are_refused(fake: Path, capsys: Any) -> None:
    save(Record(), "a.json")
    assert status("compare", "a.json", "a.json") == 2
    text = "bench compare: expected two records with a case of ours in common, got none; "
    assert capsys.readouterr().err == f"fusegrad: {text}measure the same suites\n"


def test_without_a_gpu_what_is_missing_is_said(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert status("--device", "cuda") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("fusegrad: device cuda: expected CuPy to be installed")

"""The command line as a user meets it: in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PIPED: dict[str, Any] = {
    "env": {**os.environ, "PYTHONPATH": str(ROOT), "FUSEGRAD_DATA": ""},
    "stdout": subprocess.PIPE,
    "stderr": subprocess.PIPE,
    "text": True,
}


def fusegrad(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fusegrad", *arguments]
    return subprocess.run(command, cwd=cwd, **PIPED, check=False)


def test_train_prints_a_table_and_writes_a_report(tmp_path: Path) -> None:
    done = fusegrad("train", "--epochs", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("image", "text", "fused (concat)", "accuracy", "parameters", "report.html"):
        assert name in done.stdout
    assert "epoch   2/2" in done.stderr and "\x1b" not in done.stderr  # plain lines in a pipe
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<math" in page and "How the gradient flowed" in page
    assert "eps = 1e-08; t counts steps from 1" in page  # the rule's own scalars, no others
    assert os.listdir(tmp_path) == ["report.html"]


@pytest.mark.parametrize("fusion", ["sum", "gate", "mean"])
def test_every_fusion_trains(fusion: str, tmp_path: Path) -> None:
    done = fusegrad("train", "--epochs", "1", "--fusion", fusion, cwd=tmp_path)
    assert done.returncode == 0 and f"fused ({fusion})" in done.stdout


@pytest.mark.parametrize(
    ("task", "modalities", "noun"),
    [
        ("spam", ["words", "table"], "mails"),
        ("syllables", ["audio", "text"], "recordings"),
        ("synergy", ["a", "b"], "rows"),
    ],
)
def test_every_embedded_task_trains_and_reports(
    task: str, modalities: list[str], noun: str, tmp_path: Path
) -> None:
    done = fusegrad("train", "--task", task, "--epochs", "1", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [run["name"] for run in result["runs"]] == [*modalities, "fused (concat)"]
    assert result["noun"] == noun and result["title"] == f"fusegrad train: {task}"
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"held-out {noun}" in page and f">{noun.capitalize()}</h2>" in page
    assert ("<img" in page) == (task == "syllables") and "held-out pictures" not in page


def test_json_is_strict_and_stands_alone_on_stdout(tmp_path: Path) -> None:
    done = fusegrad("train", "--epochs", "1", "--json", "--seed", "5", cwd=tmp_path)
    result = json.loads(done.stdout, parse_constant=lambda name: pytest.fail(name))
    assert [run["name"] for run in result["runs"]] == ["image", "text", "fused (concat)"]
    assert result["settings"]["seed"] == 5 and result["stopped"] is False
    flow = result["runs"][2]["flow"]
    assert all(sum(f["share"].values()) == pytest.approx(1, abs=1e-12) for f in flow)
    assert sum(map(sum, result["runs"][2]["confusion"])) == 320


def test_the_same_seed_gives_the_same_numbers(tmp_path: Path) -> None:
    first, second = (
        json.loads(fusegrad("train", "--epochs", "2", "--json", cwd=tmp_path).stdout)["runs"]
        for _ in range(2)
    )
    for a, b in zip(first, second, strict=True):
        assert a["epochs"] == b["epochs"] and a["confusion"] == b["confusion"]


def test_a_race_starts_every_optimizer_from_the_same_weights(tmp_path: Path) -> None:
    done = fusegrad("train", "--epochs", "1", "--optimizer", "all", "--json", cwd=tmp_path)
    race = json.loads(done.stdout)["race"]
    assert [run["optimizer"] for run in race] == ["adam", "adamax", "adagrad", "rmsprop", "sgd"]
    assert len({run["start_loss"] for run in race}) == 1
    assert len({run["test_loss"] for run in race}) == 5


WRONG = [
    ((), "Expected one of {train, verify, experiment, bench, bench-compare, trace, show, "),
    (("trian",), "Unrecognized options: trian; Available subcommands: train, verify, experi"),
    (
        ("train", "--bogus", "1"),
        "Unrecognized options: --bogus, 1; see `fusegrad train",
    ),
    (("train", "--epochs", "x"), "Error parsing --epochs: invalid literal for int()"),
    (
        ("train", "--task", "mnist"),
        "--task: expected one of emoji, spam, syllables, av_digits, mini_av, mini_compete, red",
    ),
    (
        ("train", "--task", "av_digits"),
        "av_digits: expected a folder of recordings, got none; get the Free Spoken",
    ),
    (
        ("train", "--optimizer", "adamw"),
        "--optimizer: expected one of adam, adamax, adagrad, rmsprop, sgd, all, got 'adamw';",
    ),
    (
        ("train", "--fusion", "early", "--balance", "ogm"),
        "--balance: expected joint with --fusion early, which has no branches, got 'ogm';",
    ),
    (("train", "--balance", "x"), "--balance: expected one of joint, unimodal, ogm,"),
    (("train", "--fusion", "x"), "--fusion: expected one of concat, "),
    (("train", "--device", "tpu"), "--device: expected one of cpu, cuda, got 'tpu';"),
    (("train", "--epochs", "0"), "--epochs: expected a number from 1 up, got 0; try 1"),
    (("train", "--batch-size", "-3"), "--batch-size: expected a number from 1 up, got -3;"),
    (("train", "--seed", "-1"), "--seed: expected a number from 0 up, got -1;"),
    (("train", "--lr", "nan"), "--lr: expected 0 <= lr < inf, got nan; try 0.001"),
    (
        ("train", "--report", "no/such/place.html"),
        "write_report: expected an existing folder, got no/such; create it first",
    ),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_wrong_use_is_one_line_and_status_2(
    arguments: tuple[str, ...], text: str, tmp_path: Path
) -> None:
    done = fusegrad(*arguments, cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"fusegrad: {text}") and done.stderr.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_a_missing_gpu_is_named(tmp_path: Path) -> None:
    done = fusegrad("train", "--device", "cuda", "--epochs", "1", cwd=tmp_path)
    if done.returncode == 0:
        pytest.skip("this machine has a GPU")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "device cuda: expected CuPy to be installed" in done.stderr or (
        "device cuda: expected a GPU with its driver" in done.stderr
    )


def test_divergence_is_said_and_never_reported_as_a_result(tmp_path: Path) -> None:
    done = fusegrad("train", "--epochs", "1", "--lr", "1e30", "--json", cwd=tmp_path)
    result = json.loads(done.stdout)
    assert done.returncode == 1 and result["notes"][0].startswith(
        "fused (concat) (adam) diverged"
    )
    assert all(run["test_accuracy"] is None for run in result["runs"])
    assert "No test accuracy was measured" in (tmp_path / "report.html").read_text("utf-8")


def test_version_is_printed(tmp_path: Path) -> None:
    assert fusegrad("--version", cwd=tmp_path).stdout == "fusegrad 0.1.0\n"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another signal on Windows")
def test_ctrl_c_saves_what_was_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "fusegrad", "train", "--epochs", "100000"]
    process = subprocess.Popen(command, cwd=tmp_path, **PIPED)
    assert process.stderr is not None
    process.stderr.readline()  # the first network has begun
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    assert "Stopped by Ctrl-C" in out
    assert "Stopped early" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_info_and_data_say_what_is_here(tmp_path: Path) -> None:
    facts = json.loads(fusegrad("info", "--json", cwd=tmp_path).stdout)
    assert {"fusegrad", "numpy", "numba", "threads", "threading layer", "cuda"} <= set(facts)
    assert facts["kernel cache"] and facts["cache can be written"] == "yes"
    assert re.fullmatch(r"[\d,]+, [\d.]+ MB", facts["compiled kernels"])
    assert re.fullmatch(r"at most [\d,]+ MB", facts["idle memory kept"])
    rows = json.loads(fusegrad("data", "--json", cwd=tmp_path).stdout)
    assert rows[0]["name"] == "emoji" and "Apache-2.0" in rows[0]["licence"]
    names = ["emoji", "mnist", "movies", "spam", "syllables", "av_digits"]
    assert [row["name"] for row in rows] == names
    assert all(name in fusegrad("data", cwd=tmp_path).stdout for name in ("emoji", "CC-BY-SA"))
    assert "kernel cache" in fusegrad("info", cwd=tmp_path).stdout


@pytest.mark.slow
def test_fusion_beats_either_branch_over_three_seeds(tmp_path: Path) -> None:
    accuracy: dict[str, list[float]] = {}
    for seed in range(3):
        done = fusegrad("train", "--json", "--seed", str(seed), cwd=tmp_path)
        for run in json.loads(done.stdout)["runs"]:
            accuracy.setdefault(run["name"], []).append(run["test_accuracy"])
    mean = {name: sum(values) / 3 for name, values in accuracy.items()}
    assert mean["fused (concat)"] >= 0.80
    assert mean["fused (concat)"] > max(mean["image"], mean["text"])

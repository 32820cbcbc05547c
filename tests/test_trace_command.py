"""`fusegrad trace` and `fusegrad show`: a program is recorded, and its page is read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad import optim
from fusegrad.cli.main import main
from fusegrad.microscope import Trace, trace
from fusegrad.microscope.course import as_bits
from fusegrad.microscope.demos import DEMOS
from fusegrad.microscope.reading import read
from fusegrad.optim.schedules import Geometric
from tests.microscope_sample import leaf, recorded, stepped
from tests.optim_sample import CASES
from tests.test_cli import fusegrad as in_a_process
from tests.test_explain import drawn

SCRIPT = """
import sys
import fusegrad as fg
import beside

print("arguments:", sys.argv[1:], __name__, beside.WORD)
w = fg.Tensor([1.0, -2.0], requires_grad=True, name="w")
adam = fg.optim.Adam([w], lr=0.1)
for t in range(int(sys.argv[1])):
    adam.zero_grad()
    (w * w).sum().backward()
    adam.step()
    {fails}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "beside.py").write_text("WORD = 'found'\n")
    monkeypatch.syspath_prepend("")  # which `trace` replaces by the script's folder
    return tmp_path


@pytest.fixture
def run(capsys: Any) -> Any:
    def called(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(arguments)
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return called


def script(folder: Path, fails: str = "pass", name: str = "mine.py") -> str:
    (folder / name).write_text(SCRIPT.format(fails=fails))
    return name


# ---- trace ----------------------------------------------------------------------------------
def test_a_script_runs_with_its_arguments_and_is_recorded(folder: Path, run: Any) -> None:
    status, out, err = run("trace", script(folder), "3")
    assert (status, err) == (0, "")
    assert "arguments: ['3'] __main__ found\n" in out
    assert "Trace(1 parameter, 2 elements, 3 steps of Adam; 1 pass of 2 ops)\n" in out
    assert "3 of 3 steps are what their formula says, bit for bit.\n" in out
    page = read(folder / "mine.trace.html")
    assert page.title == "What mine.py computed" and page.names() == ["w[0]", "w[1]"]


def test_how_much_is_recorded_and_where_is_chosen(folder: Path, run: Any) -> None:
    name, where = script(folder), folder / "sub page.html"
    options = ("--html", str(where), "--elements", "1", "--graphs", "2", "--json")
    status, out, _ = run("trace", *options, name, "2")
    told = json.loads(out.splitlines()[-1])
    assert status == 0 and (told["page"], told["steps"], told["equal"]) == (str(where), 2, 2)
    page = read(where)
    assert page.names() == ["w[0]"] and len(page.passes) == 2


LINE = " (mine.py:13:"
FAILS = {
    "raise ValueError('no more')": f"ValueError: no more{LINE} raise ValueError('no more'))",
    "sys.exit(3)": "exit status 3",
    "sys.exit('a reason')": "exit status a reason",
    "raise KeyboardInterrupt": f"KeyboardInterrupt: {LINE} raise KeyboardInterrupt)",
}


@pytest.mark.parametrize("fails", FAILS)
def test_of_a_script_that_fails_the_page_holds_what_ran(
    folder: Path, run: Any, fails: str
) -> None:
    status, out, err = run("trace", script(folder, fails), "9")
    assert status == 1 and err == f"fusegrad: mine.py failed: {FAILS[fails]}\n"
    assert "1 step of Adam" in out
    assert read(folder / "mine.trace.html").table("w[0]")["t"].tolist() == [1]


@pytest.mark.parametrize("fails", ["sys.exit()", "sys.exit(0)"])
def test_a_script_may_end_itself(folder: Path, run: Any, fails: str) -> None:
    assert run("trace", script(folder, fails), "9")[::2] == (0, "")


def test_the_command_in_a_process_of_its_own(folder: Path) -> None:
    done = in_a_process("trace", script(folder), "2", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "2 steps of Adam" in done.stdout and (folder / "mine.trace.html").exists()


def test_demonstrations_are_listed_and_run(folder: Path, run: Any) -> None:
    status, out, _ = run("trace")
    assert status == 0 and all(f"{name} " in out for name in DEMOS)
    assert "Run one with `fusegrad trace --demo NAME`" in out
    status, out, _ = run("trace", "--demo", "order")
    assert status == 0 and "Page: order.trace.html" in out
    assert read(folder / "order.trace.html").names() == ["a", "b"]


WRONG = {
    (
        "trace",
        "--demo",
        "moon",
    ): "trace --demo: expected one of neuron, rosenbrock, order, eps,",
    ("trace", "none.py"): "trace: expected a Python script, got none.py; write its path",
    ("trace", "mine.py", "1", "--elements", "-1"): "trace: expected elements of at least 0",
    ("show", "mine.py"): "show: expected a page that save_html wrote, got mine.py; record one",
    ("show", "a.html", "--number", "q"): "show: expected a number of this page: a, b, got 'q';",
    ("show", "a.html", "--number", "a", "--t", "99"): "show --t: expected a step up to 20, got",
}


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_use_ends_with_2_and_a_line(folder: Path, run: Any, arguments: Any) -> None:
    script(folder)
    DEMOS["order"]().save_html(folder / "a.html")
    status, out, err = run(*arguments)
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert err.startswith(f"fusegrad: {WRONG[arguments]}")


def test_a_page_that_cannot_be_written_is_refused_before_the_script_runs(
    folder: Path, run: Any
) -> None:
    status, out, err = run("trace", script(folder), "3", "--html", "nowhere/a.html")
    assert (status, out) == (1, "") and "expected an existing folder, got nowhere" in err
    assert run("show", "nothing.html")[0] == 1


# ---- show -----------------------------------------------------------------------------------
def test_show_prints_an_overview_a_table_and_a_step(folder: Path, run: Any) -> None:
    path = str(DEMOS["neuron"]().save_html(folder / "n.html"))
    _, out, _ = run("show", path)
    assert out.startswith("One neuron learns AND\n  w: 200 steps of Adam, 2 numbers followed\n")
    assert f"fusegrad show {path} --number 'w[0]'" in out
    _, out, _ = run("show", path, "--number", "w[1]")
    assert "theta'" in out and "180 steps between them are left out; --json prints all." in out
    _, out, _ = run("show", path, "--number", "b", "--t", "3")
    assert "1-beta1^t = 0.27" in out and "left out" not in out  # 1 - 0.9^3
    assert json.loads(run("show", path, "--json")[1])["numbers"] == ["w[0]", "w[1]", "b"]


def test_show_prints_numbers_that_read_back(folder: Path, run: Any) -> None:
    seen = DEMOS["diverged"]()
    path = str(seen.save_html(folder / "d.html"))
    _, out, _ = run("show", path, "--number", "x", "--json")
    rows, table = json.loads(out, parse_constant=pytest.fail), seen.table("x")
    assert list(rows) == list(table)
    for key, wanted in table.items():
        assert (as_bits([float(x) for x in rows[key]]) == as_bits(wanted)).all(), key


def optimizers() -> Trace:
    """Several, in both precisions."""
    with trace() as seen:
        for dtype in (np.float32, np.float64):
            for name in ("adam", "nadam", "radam", "adamax", "rmsprop_centred", "lion"):
                p = leaf(drawn(2, 0, dtype).numpy(), f"{name} {dtype.__name__}", dtype)
                optimizer = CASES[name].make([p], **CASES[name].settings)
                stepped(optimizer, p, [drawn(2, k, dtype).numpy() for k in range(1, 6)])
    return seen


def moved() -> Trace:
    """A parameter and states that are set from outside, a schedule, and what is no number."""
    q = leaf([1.0, 2.0], "moved")
    nadam = optim.NAdam([q], lr=Geometric(0.1, 0.5))
    with trace() as seen:
        stepped(nadam, q, [1.0, np.nan])
        state = nadam.state_dict()
        q.assign_([5.0, -0.0])
        stepped(nadam, q, [1.0])
        nadam.load_state_dict(state)
        stepped(nadam, q, [np.inf, 2.0])
    return seen


@pytest.mark.parametrize("make", [optimizers, moved, *DEMOS.values()], ids=lambda f: f.__name__)
def test_a_page_read_back_is_the_recording_bit_for_bit(tmp_path: Path, make: Any) -> None:
    seen = make()
    page, wanted = read(seen.save_html(tmp_path / "saved.html")), recorded(seen)
    assert page.names() == list(wanted)
    for name, table in wanted.items():
        found = page.table(name)
        assert list(found) == list(table)
        for key, x in table.items():
            assert (as_bits(found[key]) == as_bits(x)).all(), (name, key)


# ---- train ----------------------------------------------------------------------------------
def test_training_writes_a_trace_beside_its_report(folder: Path) -> None:
    options = ("--epochs", "1", "--trace", "learnt.html")
    done = in_a_process("train", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "Trace: learnt.html" in done.stdout
    page = read(folder / "learnt.html")
    assert page.flow is not None and page.names() and len(page.passes) == 1
    assert page.flow["says"].startswith(("weakest branch: ", "detached at "))

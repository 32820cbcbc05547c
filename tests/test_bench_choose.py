"""Which cases are measured, and when the machine counts as busy."""

from __future__ import annotations

import os
from typing import Any

import pytest

from fusegrad.benchmarks import pressure
from fusegrad.benchmarks.case import Case
from fusegrad.benchmarks.choose import Chosen, chosen, few
from fusegrad.kernels import OptionError

SUITE = "tests.bench_suite"


# ---- pressure -----------------------------------------------------------------------------
def test_pressure_is_read_from_the_kernel(tmp_path: Any, monkeypatch: Any) -> None:
    file = tmp_path / "cpu"
    monkeypatch.setattr(pressure, "PRESSURE", str(file))
    file.write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull total=0\n")
    assert pressure.stalled() == 2.5 and "busy where a task waited" in pressure.source()
    watch = pressure.Watch()
    assert not watch.busy()
    file.write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=99000000000\n")
    assert watch.busy()


def test_without_pressure_the_load_is_asked(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(pressure, "PRESSURE", str(tmp_path / "none"))
    monkeypatch.setattr(os, "getloadavg", lambda: (1e6, 0, 0), raising=False)
    assert pressure.stalled() is None and pressure.Watch().busy()
    assert pressure.source().startswith("load average")
    monkeypatch.setattr(os, "getloadavg", lambda: (0.0, 0, 0))
    assert not pressure.Watch().busy()
    monkeypatch.delattr(os, "getloadavg")
    assert not pressure.Watch().busy() and pressure.source().startswith("unknown")


# ---- what is measured ---------------------------------------------------------------------
def test_what_nobody_knows_is_refused() -> None:
    text = "bench: expected suites of fake, got fack; did you mean fake\\?"
    with pytest.raises(OptionError, match=f"^{text}$"):
        chosen(["fack"], known={"fake": SUITE})
    with pytest.raises(OptionError, match=r"got zzz; see `fusegrad bench --list`$"):
        chosen(["zzz"], known={"fake": SUITE})
    text = "--only: expected part of the name of a case in 6, got zzz; see `fusegrad"
    with pytest.raises(OptionError, match=f"^{text}"):
        chosen([], "zzz", known={"fake": SUITE})
    with pytest.raises(OptionError, match="of a case in 1, got stuck"):
        chosen([], "stuck", known={"fake": SUITE}, goals=True)
    assert [c.name for c in chosen([], "", {"fake": SUITE}, goals=True)] == ["fake: sleep"]
    assert [c.name for c in chosen([], "FAKE: S", {"fake": SUITE})] == [
        "fake: sleep",
        "fake: stuck",
    ]


def test_a_quick_run_takes_goals_and_the_middle_of_a_family() -> None:
    made: Any = dict.fromkeys(("fusegrad", "a", "b", "c"))
    cases = [Case(f"f{n}", made, family="f", size=n) for n in (1, 2, 3)]
    cases += [Case("goal", made, goals={"b": 0.5}, family="f", size=9), Case("plain", made)]
    kept = few([Chosen("s", "m", case) for case in cases])
    assert {one.case.name: list(one.case.contenders) for one in kept} == {
        "f2": ["fusegrad", "a"],
        "goal": ["fusegrad", "b"],
        "plain": ["fusegrad", "a"],
    }
    assert len(few([Chosen("s", "m", case) for case in cases], whole=True)) == 5
    many = few([Chosen("s", "m", Case(str(n), made)) for n in range(60)])
    assert [int(one.case.name) for one in many] == list(range(0, 60, 10))

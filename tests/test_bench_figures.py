"""Intervals by rank against counting; the machine, its limits and the floors; wording."""

from __future__ import annotations

import json
import math
import os
import re
import statistics
from collections.abc import Callable
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad.benchmarks import anchors, machine
from fusegrad.benchmarks.case import Floor
from fusegrad.benchmarks.intervals import Ratio, _arrangements, paired, spread, unpaired
from fusegrad.benchmarks.rows import failures, summary, warnings
from fusegrad.benchmarks.wording import amount, figure, spanned
from tests import bench_sample

EPS = 1e-12


# ---- intervals ----------------------------------------------------------------------------
@pytest.mark.parametrize("n", range(1, 14))
def test_a_paired_interval_holds_the_median_as_often_as_it_says(n: int) -> None:
    found = paired([float(i + 1) for i in range(n)], [1.0] * n)
    k = round(found.low)  # rank: the ratios are 1, 2, ..., n
    assert found.high == n + 1 - k and found.value == statistics.median(range(1, n + 1))
    # Each ratio falls below the true median, or above, like a coin: count all ways to fall.
    held = sum(k <= sum(below) <= n - k for below in product((0, 1), repeat=n))
    assert found.sure == pytest.approx(held / 2**n, abs=EPS)
    assert (found.sure >= 0.95) == (n >= 6)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (3, 3), (4, 5), (6, 2)])
def test_the_orders_of_two_samples_are_counted(m: int, n: int) -> None:
    counts = [0] * (m * n + 1)
    for places in combinations(range(m + n), m):
        counts[sum(place - i for i, place in enumerate(places))] += 1
    assert _arrangements(m, n) == counts and sum(counts) == math.comb(m + n, m)


def test_an_unpaired_interval_holds_the_ratio_as_often_as_it_says() -> None:
    rng, hits, draws = np.random.default_rng(0), 0, 400
    for _ in range(draws):
        after, before = rng.lognormal(0.0, 0.3, (2, 8)) * [[1.3], [1.0]]
        found = unpaired(after.tolist(), before.tolist())
        hits += found.low <= 1.3 <= found.high
    assert 0.95 <= found.sure < 0.97
    assert abs(hits / draws - found.sure) <= 3 * math.sqrt(0.05 * 0.95 / draws)


def test_pairs_take_out_what_both_share() -> None:
    drift = [1.0, 5.0, 2.0, 9.0, 3.0, 1.0, 4.0]
    found = paired([0.5 * d for d in drift], drift)
    assert found[:3] == (0.5, 0.5, 0.5) and found.verdict == "faster"


def test_a_verdict_needs_an_interval_that_is_sure_and_without_1() -> None:
    assert Ratio(0.5, 0.4, 0.9, 0.96).verdict == "faster"
    assert Ratio(2.0, 1.1, 3.0, 0.96).verdict == "slower"
    assert Ratio(0.5, 0.4, 1.0, 0.96).verdict == "no difference shown"
    assert Ratio(0.5, 0.4, 0.9, 0.75).verdict == "no difference shown"  # too few rounds
    assert spread([3.0]) == (3.0, 3.0) and spread([1.0, 2.0, 3.0]) == (1.5, 2.5)


# ---- the machine --------------------------------------------------------------------------
def test_a_floor_is_the_longer_of_moving_and_multiplying() -> None:
    limits = {"copy": 1e9, "in place": 2e9, "sgemm": 1e10}
    assert machine.floor_seconds(Floor(bytes=4e9, flops=1e10), limits) == 2.0
    assert machine.floor_seconds(Floor(bytes=4e9, flops=5e10), limits) == 5.0
    assert machine.floor_seconds(Floor(), limits) is None
    assert machine.floor_seconds(None, limits) is machine.floor_seconds(Floor(1), None) is None


def test_the_machine_is_told_without_a_name_of_host_user_or_folder() -> None:
    facts = machine.machine()
    assert facts["cpu"] and facts["cores"] >= 1 and facts["packages"]["numpy"] == np.__version__
    text = json.dumps(facts, allow_nan=False)
    import getpass
    import platform

    assert str(Path.home()) not in text and str(machine.ROOT) not in text
    for name in (platform.node(), getpass.getuser()):
        assert not re.search(rf"\b{re.escape(name)}\b", text), name


def test_the_commit_is_that_of_the_checkout_or_none(tmp_path: Path, monkeypatch: Any) -> None:
    found = machine.commit()
    assert found is None or re.fullmatch(r"[0-9a-f]{12}( with changes)?", found)
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    assert machine.commit() is None  # a wheel has none
    (tmp_path / ".git").mkdir()
    assert machine.commit() is None  # and git may refuse


def test_what_a_system_does_not_tell_is_left_out(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(machine, "CACHES", tmp_path)
    monkeypatch.setattr(machine, "PACKAGES", ("no-such-package",))
    monkeypatch.delattr(os, "sysconf", raising=False)
    facts = machine.machine()
    assert (facts["caches"], facts["packages"], facts["memory"]) == ({}, {}, None)
    assert machine._openblas_core(tmp_path / "numpy") == ""


def test_anchors_are_counts_over_seconds(monkeypatch: Any) -> None:
    def two_seconds(call: Callable[[], object]) -> float:
        call()
        return 2.0

    monkeypatch.setattr(anchors, "best", two_seconds)
    assert anchors.bandwidth(2, 1000) == {"copy": 4000.0, "in place": 4000.0}
    assert anchors.sgemm(10) == 1000.0


def test_the_best_of_the_samples_is_taken() -> None:
    calls: list[int] = []
    assert anchors.best(lambda: calls.append(1), 3) >= 0 and len(calls) == 4


def test_anchors_are_measured_in_a_process_of_their_own(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(anchors, "bandwidth", lambda threads: {"copy": 1.0 * threads})
    monkeypatch.setattr(anchors, "sgemm", lambda: 5.0)
    monkeypatch.setattr("sys.argv", ["anchors", "3"])
    anchors.main()
    told = json.loads(capsys.readouterr().out)
    assert isinstance(told.pop("busy"), bool) and told == {"copy": 3.0, "sgemm": 5.0}


def test_anchors_that_fail_are_left_out(monkeypatch: Any) -> None:
    monkeypatch.setattr(machine, "LIMIT", 0.0)
    monkeypatch.setattr("fusegrad.benchmarks.child.GRACE", 0.05)
    assert machine.anchors([1]) == {}


# ---- words --------------------------------------------------------------------------------
def test_figures_have_three_digits_and_a_unit() -> None:
    words = {
        1.234: "1.23 s",
        0.01: "10.0 ms",
        9.999e-4: "1.00 ms",
        1e-9: "1.00 ns",
        60: "60.0 s",
    }
    assert {value: amount(value) for value in words} == words
    assert amount(2.5e6, "bytes") == "2.50 MB" and amount(3.0, "pages") == "3.00 pages"
    assert amount(None) == "-" and amount(0.0) == "0 ns"
    assert spanned([1e-3, 2e-3, 3e-3]) == "2.00 ms (1.50 to 2.50)"
    assert [figure(r) for r in (0.0045, 0.09, 0.4, 12.3)] == ["0.0045", "0.09", "0.40", "12.30"]


def test_the_summary_counts_and_the_warnings_name() -> None:
    record = bench_sample.record()
    assert summary(record) == (
        "8 cases, 8 ratios: 6 below 1, 1 above 1, 1 no difference shown; 1 of 2 goals met."
    )
    quick, busy = warnings(record)
    assert quick.startswith("A quick run with few samples: it left out 2 cases")
    assert busy.endswith("stayed so when they were repeated: even.") and "1 case ran" in busy
    record.anchors = {"1": {**bench_sample.ANCHORS["1"], "busy": True}}
    assert warnings(record)[1].startswith("The machine was busy while its limits were measured")
    record.stopped = True
    record.results[0].contenders[0].status = "crashed"
    assert warnings(record)[0] == "Stopped by Ctrl-C: only what was measured so far."
    assert failures(record) == ["ops: gelu, 1 thread: crashed"]
    assert summary(record).endswith("; 1 failed.")

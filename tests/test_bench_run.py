"""Contenders in processes of their own: checked, timed in turn, told apart when they fail."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fusegrad.benchmarks import child
from fusegrad.benchmarks.case import Case, Work
from fusegrad.benchmarks.child import Child, FailedError
from fusegrad.benchmarks.choose import chosen
from fusegrad.benchmarks.pinned import ONE_THREAD, pinned
from fusegrad.benchmarks.record import ENOUGH, OK, Result, Timed
from fusegrad.benchmarks.run import WORKER, Settings, _rounds, run
from fusegrad.benchmarks.worker import WrongError, check, deviation, failure

SUITE = "tests.bench_suite"
SHORT = Settings(rounds=5, least=5, at_least=0.001, warm=0.01, limit=60, together=True)


def ran(*names: str, threads: int = 1) -> dict[str, Result]:
    """The cases of these names, measured."""
    cases = [one for one in chosen((), known={"fake": SUITE}) if one.case.name in names]
    told: list[Result] = []
    found = list(run(cases, (threads,), SHORT, told.append))
    assert told == found
    return {result.case: result for result in found}


def by_name(result: Result) -> dict[str, Timed]:
    return {timed.name: timed for timed in result.contenders}


def test_who_sleeps_twice_as_long_is_slower() -> None:
    result = ran("sleep")["sleep"]
    ours, twice = result.contenders
    assert ours.status == twice.status == OK and ours.error == 0.0
    assert len(ours.values) == len(twice.values) == len(result.busy) >= 5
    ratio = result.ratio(twice)
    assert ratio is not None and 0 < ratio.low <= ratio.value <= ratio.high and ratio.value < 1
    assert min(ours.values) >= 0.01 and sum(ours.cpu) < sum(ours.values)
    assert all(v is not None and v >= 0 for v in (ours.build, ours.result, ours.first))


FAILURES = {
    "math wrong": ("wrong result", "off by 2.5e-02 of the largest element, 1e-04 allowed"),
    "math nan": ("wrong result", "array 1 holds nan or inf"),
    "math shape": ("wrong result", "array 1 has shape (1,), not (2,)"),
    "math fewer": ("wrong result", "1 arrays, not 2"),
    "math broken": ("crashed", "RuntimeError: no such kernel"),
    "math ended": ("crashed", "out of luck (exit status 3)"),
    "math lacking": ("not installed", "no module optional_part"),
    "math later": ("crashed", "ValueError: enough"),
    "no_such_framework": ("not installed", "no module no_such_framework"),
}


def test_each_failure_is_told_and_the_others_are_measured() -> None:
    found = by_name(ran("failures")["failures"])
    said = {name: (t.status, t.said) for name, t in found.items() if name in FAILURES}
    assert said == FAILURES
    assert found["fusegrad lacking"].status == "crashed"  # never told as a missing peer
    assert not any(found[name].values for name in FAILURES)
    for name in ("fusegrad", "math talking"):  # prints do not disturb the answers
        assert found[name].status == OK and len(found[name].values) >= 5


def test_threads_are_in_the_environment_of_the_worker() -> None:
    assert ran("threads")["threads"].contenders[0].status == OK
    two = ran("threads", threads=2)["threads"].contenders[0]
    assert two.said == "off by 1.0e+00 of the largest element, 1e-04 allowed"
    assert ONE_THREAD in pinned(1)["XLA_FLAGS"] and ONE_THREAD not in pinned(2).get(
        "XLA_FLAGS", ""
    )


def test_another_unit_is_what_the_step_returns() -> None:
    result = ran("memory")["memory"]
    ratio = result.ratio(result.contenders[1])
    assert ratio is not None and ratio.value == ratio.low == ratio.high == 0.25
    assert result.contenders[0].first is None and result.tolerance is None


def test_a_case_whose_truth_fails_is_not_timed() -> None:
    found = ran("truth")["truth"].contenders
    assert [(t.status, t.said) for t in found] == [
        ("not checked", "the truth: ZeroDivisionError: none")
    ] * 2


# ---- one child ----------------------------------------------------------------------------
def spec(case: str, contender: str) -> dict[str, Any]:
    more = {"threads": 1, "truth": "", "at_least": 0.001, "warm": 0.0}
    return {"module": SUITE, "case": case, "contender": contender, **more}


def test_a_worker_that_hangs_is_told_and_ended(monkeypatch: Any) -> None:
    monkeypatch.setattr(child, "GRACE", 0.1)
    late = pytest.raises(FailedError, match=r"^timed out: no answer in 0\.2 s$")
    with Child(WORKER, spec("stuck", "fusegrad"), 1) as one, late:
        one.answer(0.2)
    assert one.process.returncode is not None and one.errors.closed


def test_a_worker_leaves_when_its_input_ends() -> None:
    with Child(WORKER, spec("sleep", "fusegrad"), 1) as one:
        assert one.answer(60)["repeats"] == 1
        one.ask()
        assert set(one.answer(60)) == {"value", "cpu", "busy"}
    assert one.process.returncode == 0


def test_a_worker_that_does_not_start_says_why() -> None:
    with Child("no_such_module", {}, 1) as one:
        text = r"^crashed: .*No module named no_such_module \(exit status 1\)$"
        with pytest.raises(FailedError, match=text):
            one.answer(60)


# ---- checks, without a process ------------------------------------------------------------
def test_the_deviation_is_relative_to_the_largest_element() -> None:
    assert deviation([[1.0, 8.0]], [[1.5, 10.0]]) == 0.2
    assert deviation([[0.0, 1e-3]], [[0.0, 0.0]]) == 1e-3  # nothing to be relative to
    assert deviation([], []) == 0.0 and deviation([[]], [[]]) == 0.0


INCOMPARABLE: dict[str, Any] = {
    "1 arrays, not 0": ([[1.0]], []),
    "array 2 has shape (1,), not (2,)": ([[], [1.0]], [[], [1.0, 1.0]]),
    "array 1 holds nan or inf": ([[float("inf")]], [[float("inf")]]),
}


@pytest.mark.parametrize("text", INCOMPARABLE)
def test_what_cannot_be_compared_is_wrong(text: str) -> None:
    with pytest.raises(WrongError, match=f"^{re.escape(text)}$"):
        deviation(*INCOMPARABLE[text])


def test_a_wrong_result_is_refused(tmp_path: Any) -> None:
    import numpy as np

    np.savez(tmp_path / "t.npz", np.array([1.0, 2.0]))
    case = Case("c", {}, tolerance=1e-3)
    text = re.escape("off by 5.0e-01 of the largest element, 1e-03 allowed")
    with pytest.raises(WrongError, match=f"^{text}$"):
        check(Work(lambda: None, lambda: [[1.0, 1.0]]), case, str(tmp_path / "t.npz"))
    assert check(Work(lambda: None, lambda: [[1.0]]), case, "") is None


def test_a_failure_is_one_line() -> None:
    assert failure(SystemExit("a\n b"))["said"] == "SystemExit: a b"


# ---- rounds -------------------------------------------------------------------------------
class Answering:
    """A child whose samples are busy as listed, then calm."""

    def __init__(self, busy: list[bool], seen: list[str], name: str) -> None:
        self.busy, self.seen, self.name = busy, seen, name

    def ask(self) -> None:
        self.seen.append(self.name)

    def answer(self, seconds: float) -> dict[str, Any]:
        busy = self.busy.pop(0) if self.busy else False
        return {"value": 1.0, "cpu": 1.0, "busy": busy}


def rounds(busy: int, settings: Settings) -> tuple[Result, list[str]]:
    result = Result("s", "c", 1, contenders=[Timed("fusegrad"), Timed("math")])
    seen: list[str] = []
    at_work: Any = {
        "fusegrad": Answering([True] * busy, seen, "fusegrad"),
        "math": Answering([], seen, "math"),
    }
    _rounds(result, at_work, settings)
    return result, seen


def test_busy_rounds_are_repeated_up_to_a_limit() -> None:
    for busy, taken, counted in ((0, 8, 8), (3, 11, 8), (100, 16, 16)):
        result, _ = rounds(busy, Settings(rounds=8))
        assert (len(result.busy), len(result.rounds())) == (taken, counted)
        assert result.disturbed == (busy == 100)
    result, _ = rounds(8 - ENOUGH + 1, Settings(rounds=4, least=4))
    assert len(result.busy) == 8 and result.disturbed  # too few are calm: all count


def test_no_round_begins_after_patience_is_over_but_the_least() -> None:
    assert len(rounds(0, Settings(rounds=8, least=5, patience=0.0))[0].busy) == 5
    assert len(rounds(0, Settings(rounds=3, least=5, patience=0.0))[0].busy) == 3


def test_the_order_changes_and_every_contender_has_its_turn() -> None:
    _, seen = rounds(0, Settings(rounds=8))
    pairs = list(zip(seen[::2], seen[1::2]))
    assert all(sorted(pair) == ["fusegrad", "math"] for pair in pairs)
    assert len(set(pairs)) == 2
    assert seen == rounds(0, Settings(rounds=8))[1]  # of the seed: it can be repeated
    assert seen != rounds(0, Settings(rounds=8, seed=1))[1]

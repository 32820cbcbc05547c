"""Measuring on a GPU, without one: builders on the stand-in for CuPy, and a clock of events
that say themselves how long they took."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from fusegrad.benchmarks import place
from fusegrad.benchmarks.case import Work, framework
from fusegrad.benchmarks.choose import ON_GPU, chosen
from fusegrad.benchmarks.place import Clock
from fusegrad.benchmarks.suites import dense, differentiate, elementwise, optim, row_wise, train
from fusegrad.benchmarks.worker import deviation
from fusegrad.kernels import observe
from fusegrad.kernels.device import device_of
from tests import fake_cupy


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv(place.VARIABLE, "cuda")
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


# ---- what is measured -----------------------------------------------------------------------
def test_every_case_comes_with_a_warm_and_with_a_cold_cache() -> None:
    cases = [one.case for one in chosen([], known=ON_GPU)]
    for warm, cold in zip(cases[::2], cases[1::2], strict=True):
        assert cold.name == warm.name + place.COLD and not cold.goals
        assert {framework(name) for name in warm.contenders} == {"fusegrad", "torch"}
        assert set(warm.goals) <= set(warm.contenders) == set(cold.contenders)
    goals = {case.name: dict(case.goals) for case in cases if case.goals}
    assert goals == {
        "Adam, 100,000,000 parameters, flat": {"torch fused": 1.0},
        "Adam, 100,000,000 parameters, 100 tensors": {"torch fused": 1.0},
        "layer norm (8192, 4096)": {"torch": 0.7},
        "softmax cross-entropy (8192, 4096)": {"torch": 0.7},
        "MLP with dropout 784-1000-1000-10, batch 128": {"torch": 1.0},
        "CNN c64-c64-c128-1000, batch 128": {"torch": 1.0},
    }


SMALL = (20, 30, 25, 5)
BUILDERS: dict[str, Callable[[], tuple[Work, Any]]] = {
    "gelu": lambda: _of(elementwise.problem("gelu", 16, 32)),
    "layer norm": lambda: _of(row_wise.layer_norm(16, 32)),
    "cross-entropy": lambda: _of(row_wise.cross_entropy(16, 32)),
    "MLP": lambda: (train.fusegrad(dense.task(SMALL, 16)), dense.task(SMALL, 16).truth()),
    "Adam": lambda: (
        optim.fusegrad(optim.METHODS["Adam"], [7, 30]),
        optim._truth(optim.METHODS["Adam"], [7, 30]),
    ),
}


def _of(problem: differentiate.Problem) -> tuple[Work, Any]:
    return differentiate.fusegrad(problem), problem.truth()


@pytest.mark.parametrize("name", BUILDERS)
def test_the_work_is_done_on_the_device_and_is_right(name: str, cupy: Any) -> None:
    work, truth = BUILDERS[name]()
    seen: set[str] = set()
    with observe(lambda kernel, args, params, result: seen.update(map(device_of, args))):
        found = work.result()
    assert "cuda" in seen and deviation(list(found), list(truth)) < 1e-4


# ---- its time -------------------------------------------------------------------------------
class Told:
    """Events that note what was asked, of a device on which a call takes 2 s."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def event(self) -> int:
        self.asked.append("event")
        return 2 * self.asked.count("call")

    def seconds(self, start: int, end: int) -> float:
        return float(end - start)

    def flush(self) -> None:
        self.asked.append("flush")


@pytest.mark.parametrize("cold", [False, True])
def test_a_call_takes_what_lies_between_two_events(
    cold: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    monkeypatch.setitem(place.EVENTS, "fusegrad", lambda: told)
    assert Clock("fusegrad", cold)(lambda: told.asked.append("call"), 3) == 2.0
    one = ["flush", "event", "call", "event"]
    assert told.asked == (3 * one if cold else ["event", "call", "call", "call", "event"])


class Event:
    """An event of CuPy, and of torch, whose time is its number in milliseconds."""

    count = 0

    def __init__(self, enable_timing: bool = True) -> None:
        assert enable_timing
        self.at = -1

    def record(self) -> None:
        Event.count += 1
        self.at = Event.count

    def synchronize(self) -> None:
        assert self.at >= 0

    def elapsed_time(self, other: Event) -> float:
        return float(other.at - self.at)


def test_both_frameworks_are_asked_in_their_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(Event=Event, get_elapsed_time=lambda a, b: a.elapsed_time(b))
    counted = {"zeros": 0}

    def zeros(size: int, dtype: Any, device: str = "cuda") -> Any:
        assert size == place.FLUSH and dtype == "bytes" and device == "cuda"
        counted["zeros"] += 1
        return SimpleNamespace(add_=lambda x: None)

    module = SimpleNamespace(cuda=cuda, zeros=zeros, uint8="bytes")
    monkeypatch.setattr(place, "import_module", lambda name: module)
    monkeypatch.setattr(place, "np", SimpleNamespace(uint8="bytes"))
    for events in (place.OfCuPy(), place.OfTorch()):
        start, end = events.event(), events.event()
        assert events.seconds(start, end) == 1e-3
    place.OfTorch().flush()
    assert counted["zeros"] == 3

"""A record as a run would leave it, with texts that would break a careless page."""

from __future__ import annotations

from fusegrad.benchmarks.case import Floor
from fusegrad.benchmarks.record import ABSENT, Record, Result, Timed

HOSTILE = '<script>alert("x")</script>&'
MACHINE = {
    "cpu": "A CPU & more",
    "cores": 2,
    "flags": ["avx2"],
    "caches": {"L1": "32K"},
    "memory": 16_000_000_000,
    "system": "Linux x86_64",
    "packages": {"numpy": "2.0", "torch": "3.0"},
    "commit": None,
}
ANCHORS = {"1": {"copy": 1e10, "in place": 2e10, "sgemm": 1e11}}
OURS = [1.00e-3, 1.01e-3, 1.02e-3, 0.99e-3, 0.98e-3, 1.00e-3]


def timed(name: str, times: float, values: list[float] = OURS) -> Timed:
    """A contender that takes so many times our time."""
    found = [v * times for v in values]
    return Timed(name, build=0.5, result=0.1, first=0.01, error=1e-7, values=found, cpu=found)


def result(case: str, *peers: Timed, suite: str = "ops", **more: object) -> Result:
    """A case of ours and these peers, in six calm rounds."""
    made = Result(suite, case, 1, contenders=[timed("fusegrad", 1.0), *peers], busy=[False] * 6)
    for name, value in more.items():
        setattr(made, name, value)
    return made


def record() -> Record:
    """A suite with goals met and missed, peers that failed, a busy case, and a family."""
    floor = Floor(bytes=4e6, flops=1e6)
    goals = {"torch": 0.65}
    first = [
        result("gelu", timed("torch", 2.0), timed("jax jit", 0.5), floor=floor, goals=goals),
        result(
            "norm", timed("torch", 1.25), Timed("jax", ABSENT, "no module jax"), goals=goals
        ),
        result(HOSTILE, Timed("numpy", "crashed", HOSTILE)),
        result("even", timed("torch", 1.0, OURS[::-1]), busy=[True] * 3 + [False] * 3),
    ]
    family = [
        result(f"add of {n}", timed("torch", 2.0), family="add", size=n, suite="sizes")
        for n in (100, 10_000, 1_000_000)
    ]
    memory = result("peak", timed("torch", 3.0), unit="bytes", suite="memory")
    for one in memory.contenders:
        one.values = [v * 1e9 for v in one.values]
    return Record(MACHINE, {"rounds": 6, "left_out": 2}, ANCHORS, [*first, *family, memory])

"""The suites: every contender computes the truth, and the tables of cases hold together."""

from __future__ import annotations

import importlib
import math
from importlib.util import find_spec
from itertools import chain
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import suites
from benchmarks.case import OURS, Case, framework
from benchmarks.fusion_cost import Counting, TooLargeError
from benchmarks.suites import differentiate, fresh, fusion, memory, start, tape
from benchmarks.worker import deviation
from fusegrad import multimodal as mm

from .suites_sample import COMPILE, pairs

FRAMEWORKS = {"fusegrad", "torch", "jax", "autograd", "mygrad", "numpy"}
NEEDS = {"jax": ("jax", "optax")}
# What frameworks say about themselves, which is not ours to repair.
QUIET = pytest.mark.filterwarnings("default::DeprecationWarning", "default::FutureWarning")


def everything() -> list[tuple[str, Case]]:
    found = []
    for suite in suites.SUITES:
        module = importlib.import_module(f"benchmarks.suites.{suite}")
        found += [(suite, case) for case in module.cases()]
    return found


def label(value: Any) -> str:
    return value.name.replace(" ", "_") if isinstance(value, Case) else value.replace(" ", "_")


def demand(contender: str) -> None:
    needed = framework(contender)
    for module in NEEDS.get(needed, (needed,)):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed")


def agrees(case: Case, contender: str) -> None:
    demand(contender)
    assert case.truth is not None
    work = case.contenders[contender]()
    wanted = [np.asarray(x) for x in case.truth()]
    assert all(x.dtype == np.float64 for x in wanted)
    assert deviation([np.asarray(x) for x in work.result()], wanted) <= case.tolerance
    for _ in range(2):  # any number of times
        work.step()


@QUIET
@pytest.mark.parametrize(("case", "contender"), pairs(slow=False), ids=label)
def test_every_contender_computes_the_truth(case: Case, contender: str) -> None:
    agrees(case, contender)


@QUIET
@pytest.mark.slow
@pytest.mark.parametrize(("case", "contender"), pairs(slow=True), ids=label)
def test_every_compiled_contender_computes_the_truth(case: Case, contender: str) -> None:
    found = any(map(differentiate.shutil.which, differentiate.COMPILERS))
    if contender == COMPILE and not found:
        pytest.skip("no C++ compiler is installed")
    agrees(case, contender)


def test_a_result_that_is_a_little_off_is_noticed() -> None:
    case = tape.cases((20,))[0]
    assert case.truth is not None
    wanted = [np.asarray(x) for x in case.truth()]
    assert deviation([x * (1 + 2 * case.tolerance) for x in wanted], wanted) > case.tolerance


def test_names_are_one_of_a_kind() -> None:
    for suite in suites.SUITES:
        names = [case.name for of, case in everything() if of == suite]
        assert names and len(set(names)) == len(names)


def test_goals_are_for_contenders_and_every_case_has_ours() -> None:
    for _, case in everything():
        assert OURS in case.contenders and set(case.goals) <= set(case.contenders)
        assert {framework(name) for name in case.contenders} <= FRAMEWORKS
        assert OURS not in case.goals and all(0 < goal < 2 for goal in case.goals.values())


def test_cases_of_a_family_differ_in_size() -> None:
    families: dict[str, list[float]] = {}
    for _, case in everything():
        families.setdefault(case.family, []).append(case.size)
    families.pop("")
    assert families
    assert all(len(set(sizes)) == len(sizes) for sizes in families.values())


def test_floors_count_what_must_be_moved() -> None:
    floors = {case.name: case.floor for _, case in everything() if case.floor}
    assert floors["matmul 128x1000x1000"].flops == 3 * 2 * 128 * 1000 * 1000
    flat = floors["Adam, 10,000,000 parameters, flat"]
    assert flat.bytes == 10_000_000 * 28
    assert all(math.isfinite(f.bytes + f.flops) and f.bytes + f.flops for f in floors.values())


def test_every_fusion_and_decision_of_the_catalogue_is_measured() -> None:
    assert tuple(mm.FUSIONS) == fusion.FUSIONS
    assert tuple(mm.DECISIONS) == fusion.DECISIONS


def test_only_fusions_that_are_too_large_are_left_out() -> None:
    def too_large(name: str, width: int, branches: int) -> bool:
        widths = dict.fromkeys(fusion.NAMES[:branches], width)
        try:
            made = mm.FUSIONS[name].make(widths, width, Counting(np.random.PCG64(0)))
        except TooLargeError:
            return True
        return sum(p.size for p in made.parameters()) > fusion.LARGEST

    wide = [(name, 512, m) for name in ("multiplicative", "mult", "bottleneck") for m in (2, 3)]
    wide += [(name, 512, 4) for name in fusion.FUSIONS]
    assert {one for one in wide if too_large(*one)} == fusion.LEFT_OUT


def test_a_compiler_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(differentiate.shutil, "which", lambda name: None)
    line = r"torch compile: expected a C\+\+ compiler \(c\+\+, g\+\+, clang\+\+\), found none"
    with pytest.raises(OSError, match=line):
        differentiate.compiled(lambda: None)


def test_a_problem_without_a_form_says_so() -> None:
    problem = differentiate.Problem({"torch": abs}, lambda: (), lambda: ([], []))
    with pytest.raises(LookupError, match="expected a form for every contender, got none"):
        problem.form("mygrad")()


# ---- fresh processes ------------------------------------------------------------------------
@pytest.mark.parametrize("k", [0, 1])
def test_imports_end_well(k: int) -> None:
    assert start.cases()[k].contenders["fusegrad"]().step() is None


@pytest.mark.slow
@pytest.mark.parametrize("contender", ["fusegrad", "torch import", *start.STEPS])
def test_first_steps_end_well(contender: str) -> None:
    demand(contender)
    work = start.cases()[2].contenders[contender]()
    assert work.result() == [] and work.step() is None


@pytest.mark.slow
def test_a_cold_start_is_of_an_empty_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(start, "run", lambda program, **more: seen.append(more[start.CACHE]))
    work = start.cold("pass")
    work.step(), work.step()
    assert len(set(seen)) == 2


def test_a_process_that_fails_is_told() -> None:
    line = "a fresh process: expected a process that ends well, got: ValueError: no"
    with pytest.raises(OSError, match=line):
        start.run("raise ValueError('no')")


def test_memory_of_a_chain_is_that_of_its_arrays() -> None:
    """By hand, ten ops on n float32 hold some of 4 n bytes each: more than two, fewer than
    forty."""
    from benchmarks.suites import peak

    if not peak.FORGET.exists():
        pytest.skip("no /proc/self/clear_refs here")
    name, n = next(iter(memory.pieces((1_000_000,)))), 1_000_000
    found = memory.cases()[1].contenders["numpy"]().step()
    assert "1,000,000" in name and isinstance(found, float)
    assert 2 * 4 * n < found < 40 * 4 * n


def test_memory_pieces_compute_the_truth_when_small() -> None:
    for piece in memory.pieces((100_000,), 2).values():
        work, wanted = piece.small("fusegrad"), [np.asarray(x) for x in piece.truth()]
        assert deviation(list(work.result()), wanted) <= 1e-4


def test_a_process_without_a_figure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = SimpleNamespace(returncode=1, stderr="first\nKeyError: 'x'\n", stdout="")
    monkeypatch.setattr(fresh.subprocess, "run", lambda *args, **options: failed)
    line = "numpy: expected a process that ends well, got: "
    with pytest.raises(OSError, match=f"{line}KeyError: 'x'"):
        memory.peak("x", "numpy", "")
    failed.stderr, failed.returncode = "", -9
    with pytest.raises(OSError, match=f"{line}nothing, and status -9"):
        memory.peak("x", "numpy", "")


def test_a_system_without_proc_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from benchmarks.suites import peak

    monkeypatch.setattr(peak, "STATUS", tmp_path / "none")
    line = "peak memory: expected /proc/self/status, found none: run it on Linux"
    with pytest.raises(OSError, match=line):
        peak.resident("VmRSS")


def test_all_suites_are_listed() -> None:
    assert set(suites.SUITES) == {"ops", "tape", "optim", "paper", "fusion", "memory", "start"}
    assert len([*chain(everything())]) > 300

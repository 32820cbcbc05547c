"""The split of every fusion, decision and objective, proved; and all of them are in tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fusegrad import multimodal as mm
from fusegrad.verify.fusion import CASES, Case, proved


@pytest.mark.parametrize("case", CASES.values(), ids=str)
def test_the_split_of_two_is_proved(case: Case) -> None:
    """Of every other number as well: `fusegrad verify fusion`, which CI runs."""
    two = replace(case, counts=(2,) if 2 in case.counts else case.counts, rows=case.rows[-1:])
    proof = proved(two)
    assert proof.holds, proof.wrong
    assert proof.checks > 0 and (proof.absences > 0) == (not case.absent)


def test_every_public_fusion_and_decision_is_in_its_table() -> None:
    rng, widths = np.random.default_rng(0), {"a": 4, "b": 4}
    made = {type(row.make(widths, 4, rng)) for row in mm.FUSIONS.values()}
    made |= {type(row.make(list(widths), 3, rng)) for row in mm.DECISIONS.values()}
    for package in (mm, mm.fusion, mm.decision):
        kinds = [vars(package)[name] for name in package.__all__]
        public = {k for k in kinds if isinstance(k, type) and issubclass(k, mm.Meeting)}
        bases = {k for k in public if k.meet is mm.Meeting.meet}  # which have no formula
        missing = public - bases - made
        assert not missing, f"{missing} of {package.__name__} in no table, so proved nowhere"


def test_every_row_is_proved_under_its_own_name() -> None:
    for name, row in {**mm.FUSIONS, **mm.DECISIONS}.items():
        assert row.name == name and row.what
    found = {case.name for case in CASES.values() if case.kind == "fusion"}
    assert found == set(mm.FUSIONS)
    assert sum(case.kind == "decision" for case in CASES.values()) == len(mm.DECISIONS)

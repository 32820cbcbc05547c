"""Every claim's verdict, and that a broken rule changes one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad import optim
from fusegrad.cli import verify as command
from fusegrad.cli.main import main
from fusegrad.optim.schedules import InverseSqrt
from fusegrad.verify import CLAIMS, SUITE, checked
from fusegrad.verify.claim import Claim, Finding, claim
from fusegrad.verify.drive import play
from tests.mutants_sample import MUTANTS, Mutant, label, mutated

DOES_NOT_HOLD = {
    "efficient-ordering", "step-bound-sparse", "step-bound-otherwise", "step-bound-equal",
    "adamax-bound", "rmsprop-centred-is-finite", "lemma-10.3", "root-of-vhat",
    "correction-of-a-fading-beta1", "gamma-is-positive", "adadelta-units", "theorem-4.1",
    "corollary-4.2",
}  # fmt: skip


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_is_found_as_expected(name: str) -> None:
    row = checked(CLAIMS[name], SUITE)
    assert row.is_expected, row
    holds = name not in DOES_NOT_HOLD
    assert row.verdict == ("holds" if holds else "does not hold as written")
    assert bool(CLAIMS[name].exact) is not holds  # what does not hold is put right


def test_every_optimizer_of_one_gradient_is_verified() -> None:
    public = [getattr(optim, name) for name in optim.__all__]
    classes = {c for c in public if isinstance(c, type) and issubclass(c, optim.Optimizer)}
    assert classes - set(SUITE.values()) == {optim.Optimizer, optim.LazyAdam, optim.VSGD}
    named = {mutant.rule for mutant in MUTANTS}
    assert named == set(SUITE)  # each rule is broken at least once below


@pytest.mark.parametrize("mutant", MUTANTS, ids=label)
def test_a_broken_rule_is_caught_by_its_row(mutant: Mutant) -> None:
    assert not checked(CLAIMS[mutant.row], mutated(mutant)).is_expected


def test_there_are_enough_mutants_and_they_reach_most_rows() -> None:
    assert len(MUTANTS) >= 35
    assert len({mutant.row for mutant in MUTANTS}) >= 30


def entered(check: Any, **how: Any) -> Claim:
    """A claim of one's own, taken out of the table again."""
    words = {"source": "s", "how": "h", "figure": "f", "within": (0.0, 1.0), **how}
    claim("own", "statement", **words)(check)
    return CLAIMS_BY_NAME.pop("own")


CLAIMS_BY_NAME = claim.__globals__["CLAIMS"]


@pytest.mark.parametrize(
    ("finding", "fails", "expected"),
    [
        (Finding(0.5, True), "", True),
        (Finding(0.5, False), "", False),
        (Finding(2.0, True), "", False),
        (Finding(0.5, False), "exact", True),
        (Finding(0.5, False, False), "exact", False),
        (Finding(0.5, True), "exact", False),
        (Finding(float("nan"), True), "", False),
    ],
)
def test_what_is_expected(finding: Finding, fails: str, expected: bool) -> None:
    row = checked(entered(lambda suite: finding, fails=fails), SUITE)
    assert row.is_expected is expected
    json.dumps(row.to_json(), allow_nan=False)


def test_a_check_that_breaks_is_not_as_expected() -> None:
    def broken(suite: Any) -> Finding:
        raise ZeroDivisionError

    row = checked(entered(broken), SUITE)
    assert not row.is_expected and row.verdict == "does not hold as written"


def test_players_project_and_count_regret() -> None:
    xs, regret = play(SUITE["sgd"], [1.0, 1.0, -5.0], start=0.5, lr=1.0)
    assert xs[:, 0].tolist() == [0.5, -0.5, -1.0]  # projected
    assert regret[:, 0].tolist() == [1.5, 2.0, 2.0]
    xs, _ = play(SUITE["sgd"], np.ones((4, 2)), start=1.0, lr=InverseSqrt(0.1))
    assert xs[1, 1] == pytest.approx(0.9)


# ---- the command --------------------------------------------------------------------------
QUICK = ("first-step", "step-bound-equal")


def test_the_command_prints_a_row_each(capsys: Any, tmp_path: Path) -> None:
    page = tmp_path / "claims.html"
    with pytest.raises(SystemExit) as end:
        main(["verify", "--only", *QUICK, "--html", str(page)])
    said = capsys.readouterr()
    assert end.value.code == 0 and str(page) in said.err
    for text in ("first-step", "does not hold as written: the", "2.18246: largest"):
        assert text in said.out
    last = "2 claims: 1 holds, 1 does not hold as written; all as expected."
    assert said.out.splitlines()[-1] == last
    text = page.read_text(encoding="utf-8")
    assert last in text and "script-src &#x27;none&#x27;" in text and "<script" not in text
    assert text.count("<tr>") == 4 and "the exact bound there is 2.345" in text


def test_json_is_strict_and_complete(capsys: Any) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", "--only", *QUICK, "--json"])
    rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert end.value.code == 0 and [row["name"] for row in rows] == list(QUICK)
    assert rows[1]["verdict"] == "does not hold as written" and rows[1]["as_expected"]
    assert rows[1]["figure"]["value"] == pytest.approx(2.18246, abs=1e-5)


def test_a_broken_rule_ends_the_command_with_1(monkeypatch: Any, capsys: Any) -> None:
    broken = mutated(MUTANTS[0])
    monkeypatch.setattr("fusegrad.verify.SUITE", broken)
    assert command.verify(command.Verify(only=("first-step",))) == 1
    said = capsys.readouterr().out
    assert "not as expected: first-step." in said and "(NOT" in said


def test_an_unknown_claim_is_refused(capsys: Any) -> None:
    with pytest.raises(SystemExit) as end:
        main(["verify", "--only", "p-versus-np"])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith("fusegrad: verify: expected names of claims, such as ")
    assert said.rstrip().endswith("got p-versus-np; see `fusegrad verify`")


def test_a_narrow_terminal_gets_paragraphs(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr(command, "WIDE", 80)
    assert command.verify(command.Verify(only=("step-bound-equal",))) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "step-bound-equal" and "┃" not in "".join(lines)
    assert "    does not hold as written: the exact bound there is 2.345" in lines

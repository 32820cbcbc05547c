"""Records on disk, and two of them beside each other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fusegrad.benchmarks.compare import compare, remarks
from fusegrad.benchmarks.record import FORMAT, VERSION, Record, Timed, load, save
from fusegrad.kernels import OptionError
from tests import bench_sample
from tests.bench_sample import result, timed


def test_a_record_is_read_back_as_it_was(tmp_path: Path) -> None:
    record = bench_sample.record()
    save(record, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == record
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda name: pytest.fail(name))  # strict JSON


def held(tmp_path: Path) -> Any:
    save(bench_sample.record(), tmp_path / "a.json")
    return json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))


FOREIGN = {
    "{": r"Expecting property name .*",
    "[]": "another kind of file",
    '{"format": "other"}': "another kind of file",
    json.dumps({"format": FORMAT, "version": 99}): "version 99",
    json.dumps({"format": FORMAT, "version": VERSION}): "field anchors",
}


@pytest.mark.parametrize("text", FOREIGN)
def test_a_foreign_file_is_refused_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    start = f"bench: expected a record of fusegrad bench, version {VERSION}, got "
    with pytest.raises(OptionError, match=re.escape(start)) as caught:
        load(path)
    end = rf"\({FOREIGN[text]}\); write one with --json$"
    assert re.search(end, str(caught.value)) and "\n" not in str(caught.value)


def test_a_record_with_missing_figures_is_refused(tmp_path: Path) -> None:
    made = held(tmp_path)
    made["results"][0]["contenders"][0]["values"].pop()
    (tmp_path / "a.json").write_text(json.dumps(made), encoding="utf-8")
    with pytest.raises(OptionError, match=r"\(gelu, fusegrad: 5 figures\); write one with"):
        load(tmp_path / "a.json")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match="expected a record of fusegrad bench"):
        load(tmp_path / "a.json")


# ---- comparing two runs -------------------------------------------------------------------
def test_two_records_are_compared_case_by_case() -> None:
    before = Record({"cpu": "a"}, results=[result("same"), result("slow"), result("gone")])
    after = Record({"cpu": "b"}, results=[result("same"), result("slow"), result("new")])
    ours = after.results[1].contenders[0]
    ours.values = [2 * v for v in ours.values]
    same, slow = compare(before, after)
    assert same.ratio.verdict == "no difference shown" and same.ratio.value == pytest.approx(1)
    assert slow.ratio.verdict == "slower" and slow.ratio.value == pytest.approx(2, rel=0.05)
    assert slow.is_above(1.1) and not slow.is_above(2.5) and not same.is_above(0.5)
    notes = remarks(before, after, [same, slow])
    assert notes[0] == "The machines differ (cpu): times tell of them too."
    assert notes[1] == "Left out, since only one of the records has a figure: 2."


def test_the_peers_of_both_runs_tell_of_the_machine() -> None:
    before = Record(results=[result("c", timed("torch", 2.0), timed("jax", 3.0))])
    after = Record(results=[result("c", timed("torch", 2.4), Timed("jax", "crashed"))])
    (change,) = compare(before, after)
    assert change.peers == pytest.approx(1.2) and change.cells()[-1] == "1.20"
    after.results[0].busy = [True] * 6
    assert "The machine was busy while 1 of these" in remarks(before, after, [change])[0]


def test_a_case_without_our_figure_is_left_out() -> None:
    record = Record(results=[result("c")])
    other = Record(results=[result("c", contenders=[Timed("fusegrad", "crashed")])])
    assert compare(record, other) == compare(other, record) == []
    assert compare(Record(results=[result("c", contenders=[])]), record) == []

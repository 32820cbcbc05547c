"""The report without a browser: its markup, its sentences, its files."""

import json
import re
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from fusegrad.lens import write_report
from fusegrad.lens.finding import caution, finding
from fusegrad.lens.markup import Html, tag
from fusegrad.lens.png import data_uri, encode
from fusegrad.lens.record import Result, to_json
from fusegrad.lens.report import render
from fusegrad.lens.rule import is_mathml
from fusegrad.lens.ticks import Scale, linear, logarithmic, whole
from fusegrad.lens.wording import decimal, listing, short, significant
from tests.report_sample import MATHML, diverged, empty, hostile, sample, single, stopped

CASES = [sample, empty, stopped, diverged, hostile, single]
VOID = {"meta", "link", "img"}


class Checker(HTMLParser):
    """Fails on a tag closed out of order; keeps ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value or "" for key, value in attrs if key == "id"]
        self.links += [value or "" for key, value in attrs if key in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    return checker


@pytest.mark.parametrize("make", CASES)
def test_markup_is_well_formed_and_stays_offline(make) -> None:
    page = render(make())
    found = checked(page)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert all(link.startswith(("#", "data:")) for link in found.links)
    assert {link[1:] for link in found.links if link.startswith("#")} <= set(found.ids)
    assert not re.findall(r"https?://", re.sub(r'xmlns="[^"]*"', "", page))


@pytest.mark.parametrize("make", CASES)
def test_no_bare_nan_reaches_the_page(make) -> None:
    assert not re.search(r"\b(nan|NaN|inf|Infinity)\b", render(make()))


@pytest.mark.parametrize("make", CASES)
def test_json_is_strict(make) -> None:
    text = json.dumps(to_json(make()), allow_nan=False)
    assert "picture" not in {key for example in json.loads(text)["examples"] for key in example}


def test_json_turns_infinite_into_null_and_arrays_into_lists() -> None:
    values = {"loss": float("inf"), "rates": np.array([1.0, np.nan]), "size": np.int64(3)}
    exported = to_json(replace(empty(), settings=values))["settings"]
    assert exported == {"loss": None, "rates": [1.0, None], "size": 3}


def test_hostile_text_is_escaped() -> None:
    page = render(hostile())
    assert checked(page).tags.count("script") == 1
    assert "<script>alert" not in page


def test_policy_names_the_hash_of_the_only_script() -> None:
    page = render(sample())
    assert "default-src &#x27;none&#x27;" in page
    assert "script-src &#x27;sha256-" in page


def test_finding_when_fusion_wins() -> None:
    assert finding(scored(0.56, 0.80, 0.83)) == (
        "Fused 0.83 beats text 0.80 and image 0.56 on 320 held-out pictures."
    )


def test_finding_when_fusion_loses() -> None:
    assert finding(scored(0.56, 0.80, 0.79)) == (
        "Fusion did not win: fused 0.79 stays behind text 0.80, with image 0.56 "
        "on 320 held-out pictures."
    )


def test_finding_when_fusion_draws() -> None:
    assert finding(scored(0.5, 0.8, 0.8)).startswith("Fusion did not help: fused 0.80")


def test_finding_shows_the_digits_that_differ() -> None:
    assert "Fused 0.804 beats text 0.801" in finding(scored(0.56, 0.801, 0.804))


def test_finding_when_stopped() -> None:
    text = finding(stopped())
    assert text.startswith("Stopped early. No test accuracy was measured; last on validation:")
    assert finding(empty()) == "Stopped early. No accuracy was measured."


def test_finding_names_a_network_without_accuracy() -> None:
    assert "(without a finite accuracy: fused)" in finding(diverged())


def test_caution_weighs_the_lead() -> None:
    assert "could turn it round" in caution(scored(0.56, 0.80, 0.83))
    assert "more than chance" in caution(scored(0.3, 0.5, 0.9))
    assert caution(single()) == caution(scored(0.5, 0.8, 0.8)) == ""


def test_an_unequal_start_is_shown_in_the_race() -> None:
    result = sample()
    result.race[1].start_loss = 1.5
    assert "not equal: SGD 2.0794; Momentum 1.5000" in render(result)


def test_what_was_not_measured_is_named() -> None:
    assert "Not measured, so not on this page: where it errs, pictures." in render(stopped())


def test_the_flow_shows_both_shares_and_names_silent_branches() -> None:
    result, mute = sample(), {"image": 0.0, "text": 1.0}
    page = render(result)
    assert "Share of the update" in page and "No gradient reached" not in page
    fused = result.runs[-1]
    fused.flow = [replace(step, norm=mute, share=mute) for step in fused.flow]
    assert "No gradient reached image in any step." in render(result)


def test_a_typical_report_is_small() -> None:
    assert len(render(sample(epochs=40, steps=600)).encode()) < 1_000_000


def test_pictures_keep_room_for_right_answers() -> None:
    result = sample(examples=200)
    kinds = re.findall(r'data-kind="(\w+)"', render(result))
    assert (len(kinds), kinds.count("wrong")) == (48, 36)


def test_png_round_trip() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(decoded(encode(picture)), picture)
    assert data_uri(picture).startswith("data:image/png;base64,")


def test_png_rejects_other_arrays() -> None:
    with pytest.raises(ValueError, match=r"encode: expected .* got \(4, 4\) float64; scale"):
        encode(np.zeros((4, 4)))  # type: ignore[arg-type]


def test_write_replaces_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    assert write_report(sample(), target) == target
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [target]


def test_write_names_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"write_report: expected an existing folder"):
        write_report(empty(), tmp_path / "absent" / "report.html")


def test_write_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"add a name such as report\.html"):
        write_report(empty(), tmp_path)


def test_write_names_an_unwritable_folder(tmp_path: Path, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(PermissionError, match=r"expected a writable folder, .*Permission"):
        write_report(empty(), tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_tag_escapes_text_and_keeps_markup() -> None:
    assert tag("p", "a < b", Html("<b>&amp;</b>"), title='"') == (
        '<p title="&quot;">a &lt; b<b>&amp;</b></p>'
    )


def test_only_clean_mathml_is_placed() -> None:
    assert is_mathml(MATHML)
    for bad in ("<p>x</p>", "<math><a href='x'>x</a></math>", '<math onclick="x"></math>', ""):
        assert not is_mathml(bad)


def test_ticks_are_round_and_enclose() -> None:
    assert linear(0, 0.83) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert logarithmic(0.009, 1.2) == [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
    assert whole(1, 1) == [1]
    assert whole(1, 30) == [1, 10, 20, 30]
    assert Scale(1, 100, 0, 10, log=True)(10) == pytest.approx(5)


def test_numbers_in_words() -> None:
    assert [short(v) for v in (0.000012, 1e6, 12.3456, 0)] == ["1.2×10⁻⁵", "10⁶", "12.3", "0"]
    assert [significant(v) for v in (1.003, 0.8, 420.0)] == ["1.00", "0.800", "420"]
    assert decimal(None, 2) == "not measured"
    assert decimal(float("nan"), 2) == "not finite"
    assert listing(["a", "b", "c"]) == "a, b and c"


def scored(*accuracies: float) -> Result:
    result = sample(epochs=2, steps=2, examples=0)
    for run, accuracy in zip(result.runs, accuracies, strict=True):
        run.test_accuracy = accuracy
    return result


def decoded(data: bytes) -> np.ndarray:
    """A PNG reader of its own: chunks by length, rows without their filter byte."""
    at, packed = 8, b""
    while at < len(data):
        size, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        assert int.from_bytes(data[at + 8 + size : at + 12 + size]) == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    rows = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + width * 3)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)

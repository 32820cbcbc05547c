"""Corruptions are nothing at level 0 and something at 1; curves over them are the metric's."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal.analysis import (
    Corruption,
    DeleteWords,
    DropFrames,
    Erase,
    GaussianNoise,
    PermuteRows,
    curve,
    robustness,
)
from fusegrad.multimodal.analysis.rows import count
from tests.test_multimodal import inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
ROWS, EXACT = 40, 1e-12


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def floats(*shape: int) -> np.ndarray:
    return rng().standard_normal(shape).astype(np.float32)


WORDS = rng().integers(1, 9, size=(ROWS, 6))
BAG = (rng().integers(1, 9, size=100), np.arange(0, 100, 5))
KINDS: dict[str, tuple[Corruption, Any]] = {
    "noise": (GaussianNoise(), floats(ROWS, 5)),
    "noise on a Tensor": (GaussianNoise(0.5), fg.Tensor(floats(ROWS, 5))),
    "erase": (Erase(), floats(ROWS, 3, 4)),
    "permute": (PermuteRows(), floats(ROWS, 5)),
    "permute lists": (PermuteRows(), [[k] for k in range(ROWS)]),
    "permute bags": (PermuteRows(), BAG),
    "permute a tuple": (PermuteRows(), (floats(ROWS, 5), WORDS)),
    "delete words": (DeleteWords(), WORDS),
    "delete from bags": (DeleteWords(), BAG),
    "delete from lists": (DeleteWords(), [list(row) for row in WORDS.tolist()]),
    "drop samples of sound": (DropFrames(8), floats(ROWS, 30)),
    "drop frames": (DropFrames(), floats(ROWS, 10, 4)),
}


def plain(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return [plain(part) for part in x]
    return (x.numpy() if isinstance(x, fg.Tensor) else np.asarray(x)).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_corruption_is_nothing_at_0_and_something_beyond(kind: str) -> None:
    way, x = KINDS[kind]
    before = plain(x)
    assert way(x, 0.0, rng()) is x
    half, whole = way(x, 0.5, rng()), way(x, 1.0, rng())
    assert before != plain(half) != plain(whole) != before
    assert plain(x) == before and plain(way(x, 0.5, rng())) == plain(half)
    assert count(whole) == count(x)
    if hasattr(x, "dtype"):
        assert whole.dtype == x.dtype and whole.shape == x.shape


def test_what_is_spoilt_at_level_1_is_spoilt_wholly() -> None:
    assert not Erase()(floats(4, 5), 1.0, rng()).any()
    assert not DropFrames(7)(floats(4, 30), 1.0, rng()).any()
    assert not DeleteWords()(WORDS, 1.0, rng()).any()
    words, starts = DeleteWords()(BAG, 1.0, rng())
    assert len(words) == 0 and starts.tolist() == [0] * 20
    assert DeleteWords()([[1, 2], [3]], 1.0, rng()) == [[], []]
    x = floats(ROWS, 5)
    moved = PermuteRows()(x, 1.0, rng())
    assert not (moved == x).all(axis=1).any()
    assert sorted(map(tuple, moved.tolist())) == sorted(map(tuple, x.tolist()))


def test_a_level_is_the_share_that_is_spoilt() -> None:
    x = np.ones((100, 100))
    assert np.mean(Erase()(x, 0.3, rng()) == 0) == pytest.approx(0.3, abs=0.02)
    silent = DropFrames(5)(x, 0.3, rng()) == 0
    frames = silent.reshape(100, 20, 5)
    assert (frames.all(axis=2) == frames.any(axis=2)).all()
    assert silent.mean() == pytest.approx(0.3, abs=0.03)
    rows = np.arange(100.0)[:, None]
    assert np.mean(PermuteRows()(rows, 0.3, rng()) != rows) == 0.3
    noise = GaussianNoise(2.0)(floats(100, 100), 0.5, rng()) - floats(100, 100)
    assert noise.std() == pytest.approx(floats(100, 100).std(), rel=0.02)


def test_deleted_words_leave_no_gap() -> None:
    left = DeleteWords(padding=0)(WORDS, 0.4, rng())
    for before, after in zip(WORDS.tolist(), left.tolist(), strict=True):
        kept = [w for w in after if w != 0]
        assert after == kept + [0] * (6 - len(kept))
        rest = iter(before)
        assert all(w in rest for w in kept)  # a part of what was there, in its order
    words, starts = DeleteWords()(BAG, 0.4, rng())
    assert len(starts) == 20 and starts[0] == 0 and (np.diff(starts) >= 0).all()
    assert 40 < len(words) < 80 and starts[-1] <= len(words)


@pytest.mark.parametrize("modality", ["a", "b", "all"])
def test_level_0_is_the_clean_metric_and_the_area_is_raw(modality: str) -> None:
    net, x = network("concat"), inputs()
    clean = float(np.mean(net.eval()(x).numpy().argmax(1) == LABELS))
    net.train()
    found = curve(net, x, LABELS, GaussianNoise(20.0), modality=modality, seeds=(0, 1, 2, 3))
    assert found.levels == tuple(k / 10 for k in range(11)) and len(found.values) == 4
    assert all(row[0] == clean == found.clean for row in found.values)
    for row, area in zip(found.values, found.areas, strict=True):
        want = sum((a + b) / 2 * 0.1 for a, b in pairwise(row))
        assert area == pytest.approx(want, abs=EXACT) and 0 <= area <= 1
    assert len({row[-1] for row in found.values}) > 1 or modality != "all"
    assert found.area.mean == pytest.approx(np.mean(found.areas), abs=EXACT)
    assert net.training and "GaussianNoise(scale=20.0)" in str(found)
    assert found.to_json()["means"] == found.means and found.means[0] == clean


def test_the_interval_is_students() -> None:
    stats = pytest.importorskip("scipy.stats")
    found = curve(network("concat"), inputs(), LABELS, GaussianNoise(9.0), seeds=range(5))
    low, high = stats.t.interval(
        0.95, 4, np.mean(found.areas), np.std(found.areas, ddof=1) / math.sqrt(5)
    )
    assert found.area.low == pytest.approx(low, abs=1e-3)
    assert found.area.high == pytest.approx(high, abs=1e-3)


def test_one_seed_has_no_interval() -> None:
    found = curve(network("concat"), inputs(), LABELS, Erase(), seeds=[0])
    assert math.isnan(found.area.half) and found.to_json()["area_half_width"] is None


def test_modalities_are_spoilt_alike_alone_and_together() -> None:
    seen: dict[str, list[Any]] = {"b": [], "all": []}
    ways = {"a": GaussianNoise(), "b": Erase()}
    for modality in seen:

        def model(x: dict[str, Any], held: list[Any] = seen[modality]) -> np.ndarray:
            held.append(x["b"])
            return x["a"][:, :3]

        options = {"modality": modality, "levels": (0, 0.5, 1), "seeds": (7, 8)}
        curve(model, inputs(), LABELS, ways, **options)
    assert all(map(np.array_equal, seen["b"], seen["all"]))
    assert len(seen["b"]) == 6 and not np.array_equal(seen["b"][1], seen["b"][4])


def test_robustness_is_beside_a_late_fusion_of_the_same_run() -> None:
    net, late, x = network("concat"), network("mean"), inputs()
    found = robustness(net, x, LABELS, Erase(), late=late)
    assert list(found.curves) == list(found.late) == ["a", "b", "all"]
    gap = found.difference("b")
    pairs = zip(found.curves["b"].areas, found.late["b"].areas, strict=True)
    assert gap.mean == pytest.approx(np.mean([p - q for p, q in pairs]), abs=EXACT)
    assert gap.n == 3 and str(gap) in str(found)
    assert robustness(net, x, LABELS, Erase(), late=net).difference("all").mean == 0.0
    told = found.to_json()
    assert told["difference"]["b"] == gap.mean and "area" in told["late"]["all"]
    alone = robustness(lambda v: net(v), x, LABELS, Erase(), levels=(0, 1))
    assert str(alone).splitlines()[1].endswith("-")


class Nothing(Corruption):
    """A corruption without a formula."""


REFUSED = [
    (
        lambda n, x: Erase()(x["a"], 1.5, rng()),
        "Erase: expected a level in 0..1, got 1.5; 0 le",
    ),
    (
        lambda n, x: Erase()([1], 0.5, rng()),
        "Erase: expected an array of floats, got list; choose",
    ),
    (
        lambda n, x: DeleteWords()(x["a"], 0.5, rng()),
        "DeleteWords: expected word numbers .*, got nd",
    ),
    (
        lambda n, x: DropFrames()(np.ones(3), 0.5, rng()),
        r"DropFrames: expected .* \(B, T, \.\.\.\)",
    ),
    (
        lambda n, x: DropFrames(0),
        "DropFrames: expected a width of 1 or more, got 0; 1 silences",
    ),
    (
        lambda n, x: Nothing()(x["a"], 0.5, rng()),
        "Nothing: expected a change method, got none; def",
    ),
    (
        lambda n, x: curve(n, x, LABELS, Erase(), modality="c"),
        r"curve: expected a modality among \['a', 'b'\], got 'c'; name one of these",
    ),
    (
        lambda n, x: curve(n, x, LABELS, {"a": Erase()}),
        r"curve: expected a corruption for 'b', got \['a'\]; add one, or choose",
    ),
    (
        lambda n, x: curve(n, x, LABELS, Erase(), levels=(0.5, 0.2)),
        r"curve: expected two levels or more that rise within 0\.\.1, got \[0\.5, 0\.2\]; 0",
    ),
    (
        lambda n, x: curve(n, x, LABELS, Erase(), seeds=()),
        "curve: expected a seed or more, got none; three are the least",
    ),
    (lambda n, x: curve(n, x, LABELS[:2], Erase()), "curve, a: expected 2 rows, got 6; give"),
    (
        lambda n, x: robustness(n, x, LABELS, Erase()).difference("a"),
        "Robustness: expected a late fusion measured in the same run, got none; pass late=",
    ),
    (
        lambda n, x: curve(n, x, LABELS, Erase()).less(curve(n, x, LABELS, Erase(), seeds=[1])),
        "Curve: expected 3 seeds at 11 levels alike, got 1 seeds at 11 levels; measure both",
    ),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call(network("concat"), inputs())

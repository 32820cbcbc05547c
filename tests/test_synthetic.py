"""Made-up sets: their structure, their best possible accuracies, and what a seed changes."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.data import synthetic
from tests.ops_sample import refused

CHANCE = 0.03  # four deviations of an accuracy over 2,000 rows, rounded up


def nearest(x: np.ndarray, prototypes: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x[:, None] - prototypes, axis=2).argmin(1)


def test_mini_av_is_what_its_words_say() -> None:
    made = synthetic.mini_av(0)
    rng = np.random.default_rng(1234)
    p = rng.standard_normal((10, 32))
    q = rng.standard_normal((10, 16))
    p, q = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (p, q))
    rows, y = made.split["test"], made.label[made.split["test"]]
    for name, prototypes in (("image", p), ("audio", q)):
        got = np.mean(nearest(made.inputs[name][rows], prototypes) == y)
        assert got == made.bayes[name]
    noise = made.inputs["image"] - p[made.label]
    assert abs(noise.std() - 0.5006) < 0.003 and abs(noise.mean()) < 0.003
    both = [synthetic.mini_av(seed).bayes["both"] for seed in range(3)]
    assert abs(np.mean(both) - 0.766) < 0.005
    assert len(made.split["train"]) == 6000 and len(rows) == 5000
    assert not set(made.split["train"]) & set(rows)
    assert "mini_av: image 32-d, audio 16-d; 10 classes; 6,000 train, 5,000 test" in repr(made)


def test_no_line_tells_the_classes_of_mini_compete_by_v() -> None:
    made = synthetic.mini_compete(0)
    rows, y = made.split["test"], made.label[made.split["test"]]
    v = made.inputs["v"][rows]
    means = np.stack([v[y == k].mean(0) for k in range(6)])
    assert np.linalg.norm(means, axis=1).max() < 0.2  # +c and -c cancel
    centres = np.random.default_rng(77)
    centres.standard_normal((6, 200))
    c = centres.standard_normal((12, 24))
    c /= np.linalg.norm(c, axis=1, keepdims=True)
    guess = abs(v @ c.T).reshape(-1, 6, 2).max(2).argmax(1)
    assert np.mean(guess == y) > 0.85  # and yet v knows


@pytest.mark.parametrize("kind", synthetic.KINDS)
def test_bits_are_where_they_are_said_to_be(kind: str) -> None:
    made = synthetic.interaction(kind, 3)
    a, b = (made.inputs[name][:, 0] > 0 for name in "ab")
    readings = {"a": a, "b": b, "both": a ^ b if kind == "synergy" else a}
    for name, reading in readings.items():
        got = np.mean(reading == made.label)
        assert abs(got - made.bayes[name]) < CHANCE
    assert (
        (a == b).mean() > 0.99 if kind == "redundancy" else abs((a == b).mean() - 0.5) < CHANCE
    )


def test_the_best_accuracies_are_the_normal_law() -> None:
    norm = statistics.NormalDist()
    p = norm.cdf(1 / 0.3)
    assert synthetic.interaction("uniqueness").bayes == pytest.approx(
        {"a": p, "b": 0.5, "both": p}
    )
    assert synthetic.interaction("synergy").bayes["both"] == pytest.approx(p * p + (1 - p) ** 2)
    two = norm.cdf(np.sqrt(2) / 0.3)
    assert synthetic.interaction("redundancy").bayes["both"] == pytest.approx(two)


def test_a_seed_draws_rows_and_not_the_structure() -> None:
    one, again, other = (synthetic.mini_compete(seed) for seed in (1, 1, 2))
    assert np.array_equal(one.inputs["a"], again.inputs["a"])
    assert not np.array_equal(one.inputs["a"], other.inputs["a"])
    means = [
        np.stack([x.inputs["a"][x.label == k].mean(0) for k in range(6)]) for x in (one, other)
    ]
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.85


def test_an_unknown_kind_is_refused() -> None:
    kinds = "redundancy, uniqueness, synergy"
    text = f"interaction: expected a kind among {kinds}, got 'xor'; choose one of these"
    with refused(fg.OptionError, text):
        synthetic.interaction("xor")

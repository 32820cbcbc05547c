"""What examples/ prints when its files are run, held against computations of other means."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fusegrad import data

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SHOWN = re.compile(
    r"lr ([\d.]+), beta1 ([\d.]+): loss ([\d.]+)\n"
    r"  its gradient: argument 0, index \(\d,\): gradient (\S+), difference (\S+), relative "
    r"error (\S+)\n"
)


def printed_by(name: str, folder: Path, *args: str) -> str:
    """What an example prints, run from another folder, without an installation."""
    command = [sys.executable, str(EXAMPLES / name), *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == "" and not list(folder.iterdir())
    return done.stdout


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_says_what_it_is(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 100 and "run this file" in lines[0]


def test_a_lenet_learns_a_little_in_an_epoch(tmp_path: Path) -> None:
    shown = printed_by("lenet_digits.py", tmp_path, "--epochs=1", "--examples=1000")
    assert "61,706 parameters" in shown and "10: Linear    (64, 120)         (64, 84)" in shown
    assert accuracy_of(r"test: ([\d.]+)% of 2000 digits right", shown) / 100 > 0.3


@pytest.mark.slow
def test_a_lenet_reads_digits_it_has_not_seen(tmp_path: Path) -> None:
    shown = printed_by("lenet_digits.py", tmp_path)
    assert accuracy_of(r"test: ([\d.]+)% of 2000 digits right", shown) / 100 >= 0.975


def test_a_reader_of_reviews_runs_from_end_to_end(tmp_path: Path) -> None:
    shown = printed_by("movie_reviews.py", tmp_path, "--epochs=1", "--examples=500")
    assert accuracy_of(r"LSTM: +([\d.]+)", shown) > 0.45
    assert accuracy_of(r"regression: +([\d.]+)", shown) > 0.55
    assert shown.count(" kind, rated ") == 6


def test_six_steps_show_an_error_that_splits_as_worked_by_hand(tmp_path: Path) -> None:
    shown = printed_by("six_steps.py", tmp_path, "--epochs=1")
    numbers = {
        name: np.array(re.findall(rf"{name} *= \[([^\]]+)\]", shown)[0].split(), float)
        for name in ("dL/dF", "by hand", "dL/df_image", "dL/df_text")
    }
    both = np.concatenate([numbers["dL/df_image"], numbers["dL/df_text"]])
    assert abs(numbers["dL/dF"]).max() > 1e-3
    for name in ("by hand", "dL/dF"):
        assert np.allclose(numbers[name], both, atol=1.5e-4)  # four places are shown
    assert [line[0] for line in shown.splitlines() if line[1:3] == ". "] == list("123456")


def test_a_guide_shows_what_the_example_prints(tmp_path: Path) -> None:
    shown = printed_by("six_steps.py", tmp_path, "--epochs=1")
    page = (EXAMPLES.parent / "docs" / "multimodal.md").read_text(encoding="utf-8")
    block = re.findall(r"^    (2\. .*?dL/da_text[^\n]*)", page, re.S | re.M)[0]
    for line in block.splitlines():
        assert line.strip() in shown


def test_weights_shrink_with_the_penalty_and_the_hand_agrees(tmp_path: Path) -> None:
    shown = printed_by("mlp_l2.py", tmp_path, "--digits=100", "--epochs=5")
    assert float(re.findall(r"differ by (\S+),", shown)[0]) < 1e-14
    sizes = [float(line.split()[-1]) for line in shown.splitlines()[3:]]
    assert len(sizes) == 5 and sizes == sorted(sizes, reverse=True)


@pytest.mark.slow
def test_a_reader_of_reviews_does_as_well_as_a_bag_of_words(tmp_path: Path) -> None:
    shown = printed_by("movie_reviews.py", tmp_path)
    lstm, bag = (accuracy_of(rf"{name}: +([\d.]+)", shown) for name in ("LSTM", "regression"))
    assert lstm >= 0.73 and bag == pytest.approx(0.759, abs=0.01)


def accuracy_of(pattern: str, shown: str) -> float:
    (found,) = re.findall(pattern, shown)
    return float(found)


def test_the_example_learns_a_step_size(tmp_path: Path) -> None:
    """From any folder, without an installation; the numbers are held against NumPy's."""
    shown = SHOWN.findall(printed_by("learning_rate.py", tmp_path))
    first, last = ([float(x) for x in numbers] for numbers in shown)
    assert first[:2] == [1e-3, 0.9] and last[2] < 0.3 < 0.9 < first[2]
    for lr, beta1, left, gradient, difference, _ in (first, last):
        assert left == pytest.approx(trained(lr, beta1), abs=2e-4)  # as shown, to four digits
        assert gradient == pytest.approx(difference, rel=1e-6, abs=0) and gradient != 0


def trained(lr: float, beta1: float) -> float:
    """The example's validation loss in plain NumPy."""
    emoji = data.load("emoji")
    x = emoji.image.reshape(-1, 4, 8, 4, 8, 3).mean((2, 4)).reshape(-1, 48)
    x = np.hstack([(x - x.mean(0)) / x.std(0), np.ones((len(x), 1))])
    y = np.where(emoji.label == emoji.classes.index("Smileys & Emotion"), 1.0, -1.0)
    train, held = emoji.split["train"], emoji.split["validation"]
    w, m, v = np.zeros(49), np.zeros(49), np.zeros(49)
    for t in range(1, 11):
        g = 2 * x[train].T @ (x[train] @ w - y[train]) / len(train)
        m, v = beta1 * m + (1 - beta1) * g, 0.999 * v + 0.001 * g * g
        w = w - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return float(np.mean((x[held] @ w - y[held]) ** 2))

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


def test_the_example_learns_a_step_size(tmp_path: Path) -> None:
    """From any folder, without an installation; the numbers are held against NumPy's."""
    command = [sys.executable, str(EXAMPLES / "learning_rate.py")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    first, last = ([float(x) for x in shown] for shown in SHOWN.findall(done.stdout))
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

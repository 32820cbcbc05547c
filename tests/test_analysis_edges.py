"""Analyses where something is missing, looked at twice, or of another form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.cli.experiment import show
from fusegrad.engine import Tensor, no_grad
from fusegrad.engine.ops.softmax import cross_entropy
from fusegrad.experiments import Trainer
from fusegrad.kernels import ShapeError
from fusegrad.lens.outcome import Outcome
from fusegrad.lens.record import Run
from fusegrad.multimodal import augment
from fusegrad.multimodal.analysis import (
    BranchFlow,
    ablate,
    correlations,
    missing_curve,
    modality_correlation,
)
from fusegrad.multimodal.analysis.interval import interval
from fusegrad.multimodal.analysis.missing import kept_of_all
from fusegrad.multimodal.analysis.rows import count, take
from fusegrad.tasks import task_of
from tests.test_multimodal import inputs, network

LABELS = np.array([0, 1, 2, 0, 1, 2])
HALF = np.arange(6) % 2 == 0
T_CLOSE = 5e-4


@pytest.mark.parametrize("n", [22, 31, 101])
def test_intervals_of_many_seeds_are_students(n: int) -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is not installed")
    found = interval([float(k) for k in range(n)])
    t = found.half / found.deviation * np.sqrt(n)
    assert t == pytest.approx(stats.t.ppf(0.975, n - 1), abs=T_CLOSE)


def test_a_look_without_a_graph_does_not_silence_a_flow() -> None:
    records = []
    for looks in (False, True):
        net = network("concat")
        optimizer = optim.SGD(net.parameters(), lr=0.1)
        with BranchFlow(net, optimizer) as flow:
            cross_entropy(net(inputs()), LABELS).backward()
            if looks:
                with no_grad():
                    net(inputs())
            optimizer.step()
        records.append(flow.records[-1])
    assert records[0] == records[1] and not records[1].silent


def test_no_sample_is_left_with_nothing() -> None:
    rng, here = np.random.default_rng(0), np.arange(300) % 3 > 0
    masks = kept_of_all("abc", 300, 0.9, rng, {"a": here, "b": ~here[:, None], "c": here})
    given = {"a": here, "b": ~here, "c": here}
    left = np.stack([masks[n] & given[n] for n in "abc"], axis=1)
    assert left.any(axis=1).all() and left[here].mean(axis=0)[0] > 0.3
    nothing = dict.fromkeys("ab", np.zeros(4, bool))
    assert kept_of_all("ab", 4, 1.0, rng, nothing).keys() == {"a", "b"}


def test_the_curve_of_all_ends_with_what_each_sample_has() -> None:
    net, x = network("concat").eval(), inputs()
    found = missing_curve(net, x, LABELS, present={"a": HALF}, rates=(0.0, 1.0), metric=hit)
    only_b = net(x, {"a": np.zeros(6, bool)}).numpy()
    assert all(end == pytest.approx(hit(only_b, LABELS)) for _, end in found.values)


def hit(logits: np.ndarray, _: Any) -> float:
    """The logits of the rows that never had the modality a."""
    return float(logits[~HALF].sum())


def test_a_mean_is_of_what_is_there() -> None:
    net, x = network("concat"), inputs()
    other = {**x, "a": np.where(HALF[:, None], x["a"], x["a"] * 100)}
    first, second = (
        ablate(net, given, LABELS, absence="mean", present={"a": HALF}) for given in (x, other)
    )
    assert first.loss == second.loss
    none = ablate(net, x, LABELS, absence="mean", present={"a": np.zeros(6, bool)})
    assert np.isfinite(list(none.loss.values())).all()


def test_bags_may_be_tensors() -> None:
    bag = (Tensor(np.array([5, 6, 7, 8])), Tensor(np.array([0, 3])))
    words, offsets = take(bag, np.array([1, 0]))
    assert count(bag) == 2
    assert words.tolist() == [8, 5, 6, 7] and offsets.tolist() == [0, 1]


def test_no_columns_do_not_correlate() -> None:
    rng, x = np.random.default_rng(0), np.ones((5, 2))
    for call in (correlations, lambda a, b: modality_correlation(a, b, rng=rng)):
        with pytest.raises(ShapeError, match=r"N >= 3, got \(5, 0\) and \(5, 2\); pair"):
            call(np.zeros((5, 0)), x)


def test_lengths_are_of_time_wherever_it_stands() -> None:
    x = np.random.default_rng(0).random((4, 6, 9))
    lengths, mask = np.array([9, 5, 1, 0]), augment.SpecAugment(2, 3)
    first, _ = mask((x.swapaxes(1, 2), lengths), rng=np.random.default_rng(1))
    turned = augment.SpecAugment(2, 3, time_axis=2)
    second, ends = turned((x, lengths), rng=np.random.default_rng(1))
    assert np.array_equal(first.swapaxes(1, 2), second) and ends is lengths
    assert not np.array_equal(second, x) and np.array_equal(second[1, :, 5:], x[1, :, 5:])


def test_labels_of_mixup_are_new() -> None:
    labels = np.array([0, 1, 2])
    rng = np.random.default_rng(0)
    mixed = augment.Mixup()({"a": np.ones((3, 2))}, labels, rng=rng)
    mixed.labels[:] = 9
    assert labels.tolist() == [0, 1, 2]


def test_names_of_pages_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    show(Outcome("x", "x", "x", 1), Path("[bold]") / "].html")
    assert "Page: [bold]/].html" in capsys.readouterr().out.replace("\\", "/")


def test_an_interrupted_training_leaves_no_watcher() -> None:
    task = task_of("syllables", "cpu")
    rng = np.random.default_rng(0)
    branches, head = {"text": task.branch("text", rng)}, nn.Linear(64, 4, rng=rng)
    net = mm.FeatureFusionNet(branches, mm.Concat({"text": 64}), head)
    optimizer, calls = optim.SGD(net.parameters(), lr=0.1), iter([False, False, False, True])
    parts = (task, ["text"], net, optimizer, 1, 64, rng, lambda: next(calls))
    run = Run("x", "sgd", 0, 0.0, [], None, None, [], [])
    with pytest.raises(KeyboardInterrupt):
        Trainer(*parts).train(run, lambda *_: None)
    assert not net.on_features and len(run.flow) == 2
    optimizer.step()
    assert len(run.flow) == 2

"""Tasks of made-up numbers: their rows, their splits, their branches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.data import synthetic
from fusegrad.experiments import build
from fusegrad.multimodal import FUSIONS
from fusegrad.tasks import REAL, TASKS, WIDTH

MADE_UP = {
    "mini_av": ("mini_av", {"image": 32, "audio": 16}),
    "mini_compete": ("mini_compete", {"a": 200, "v": 24}),
    **{kind: ("interaction", {"a": 4, "b": 4}) for kind in synthetic.KINDS},
}


@pytest.mark.parametrize("name", MADE_UP)
def test_made_up_rows_are_those_of_the_set(name: str) -> None:
    task: Any = TASKS[name]("cpu")
    function, widths = MADE_UP[name]
    make = getattr(synthetic, function)
    data = make(name) if function == "interaction" else make()
    rows = task.split["test"][[0, -1]]
    assert task.modalities == tuple(widths) and np.array_equal(task.labels, data.label)
    assert np.array_equal(task.split["test"], data.split["test"])
    assert task.split["validation"][-1] == data.split["train"][-1]
    for modality, x in task.inputs(rows, task.modalities).items():
        assert x.dtype == np.float32
        assert np.array_equal(x, data.inputs[modality][rows].astype(np.float32))
        layer, width = task.plain(modality)
        assert width == widths[modality] and layer(x) is x
    first = data.inputs[task.modalities[0]][rows[0], 0]
    assert f"row {rows[0]} | {task.modalities[0]} {first:.2f} " in task.words(rows[0])


def test_made_up_sets_say_what_can_be_reached() -> None:
    notes = {name: getattr(TASKS[name]("cpu"), "notes") for name in MADE_UP}  # noqa: B009
    assert notes["mini_compete"] == []
    assert notes["synergy"] == [
        "The best possible accuracies: 50.0 % from a, 50.0 % from b, 99.9 % from both."
    ]
    assert notes["mini_av"][0].startswith("The best possible accuracies: 65.")


@pytest.mark.parametrize("name", MADE_UP)
def test_the_last_tenth_of_training_rows_is_for_validation(name: str) -> None:
    task = TASKS[name]("cpu")
    train, validation, test = (task.split[part] for part in ("train", "validation", "test"))
    assert 9 * len(validation) == len(train) and validation[0] == train[-1] + 1
    assert np.array_equal(
        np.concatenate([train, validation, test]), np.arange(len(task.labels))
    )
    assert set(task.labels[validation]) == set(range(len(task.classes)))


@pytest.mark.parametrize("fusion", ["early", *FUSIONS])
def test_every_fusion_takes_a_step(fusion: str) -> None:
    task = TASKS["mini_av"]("cpu")
    network = build(task, task.modalities, fusion, np.random.default_rng(0))
    rows = task.split["train"][:6]
    logits = network(task.inputs(rows, task.modalities))
    assert logits.shape == (6, 10) and logits.dtype == np.float32
    fg.cross_entropy(logits, task.labels[rows]).backward()
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    assert any(g.numpy().any() for g in grads)
    branch = task.branch("audio", np.random.default_rng(0), tokens=True)
    assert branch(task.inputs(rows, ["audio"])["audio"]).shape == (6, WIDTH)


def test_made_up_tasks_stand_after_the_real_ones() -> None:
    assert list(TASKS) == [*REAL, *MADE_UP]
    assert TASKS["synergy"]("cpu").picture(0) is None

"""A user's folder as a task: branches, masks, training, the command and its report."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.cli.main import main
from fusegrad.experiments import Settings, build
from fusegrad.multimodal import FUSIONS, Tokens
from fusegrad.tasks import WIDTH, FolderTask, is_folder, masks, task_of
from tests.folder_sample import ROWS, shapes, write_rows

MODALITIES = ("image", "text", "audio", "table", "depth", "sensor")
SEQUENCES = ("image", "text", "audio", "depth")
ROUNDED = 1e-4  # float32
ALL = np.arange(ROWS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shapes(tmp_path_factory.mktemp("own") / "shapes")


@pytest.fixture(scope="module")
def task(folder: Path) -> FolderTask:
    return FolderTask(folder)


def test_a_folder_is_a_task(task: FolderTask) -> None:
    assert task.name == "shapes" and task.modalities == MODALITIES and task.noun == "rows"
    assert task.classes == ["circle", "square"] and task.labels.dtype == np.int64
    inputs = task.inputs(ALL, ["table", "image"])
    assert list(inputs) == ["table", "image"] and inputs["table"].shape == (ROWS, 3)
    assert inputs["image"].shape == (ROWS, 3072) and inputs["image"].dtype == np.float32


@pytest.mark.parametrize("tokens", [False, True])
@pytest.mark.parametrize("modality", MODALITIES)
def test_every_branch_ends_in_the_width(modality: str, tokens: bool, task: FolderTask) -> None:
    branch = task.branch(modality, np.random.default_rng(0), tokens=tokens)
    given = task.inputs(ALL[:4], [modality])[modality]
    y = branch(*given) if isinstance(given, tuple) else branch(given)
    assert isinstance(y, Tokens) == (tokens and modality in SEQUENCES)
    values = y.values if isinstance(y, Tokens) else y
    assert values.shape[0] == 4 and values.shape[-1] == WIDTH and values.dtype == np.float32
    values.sum().backward()
    assert all(p.grad is not None for p in branch.parameters())


@pytest.mark.parametrize("modality", MODALITIES)
def test_as_it_is_every_modality_is_one_row_of_numbers(modality: str, task: FolderTask) -> None:
    plain, width = task.plain(modality)
    given = task.inputs(ALL[:4], [modality])[modality]
    y = np.asarray(plain(*given) if isinstance(given, tuple) else plain(given))
    here = task.data.present[modality][:4]
    assert y.shape == (4, width) and np.isfinite(y[here]).all()


def test_what_is_learned_from_data_is_learned_from_training_rows(task: FolderTask) -> None:
    train = task.split["train"]
    for name in ("image", "depth", "audio"):
        here = train[task.data.present[name][train]]
        x = task.inputs(here, [name])[name]
        np.testing.assert_allclose(x.mean(axis=0), 0, atol=ROUNDED)
    x = task.inputs(train, ["table"])["table"]
    np.testing.assert_allclose(np.nanmean(x, axis=0), 0, atol=ROUNDED)
    np.testing.assert_allclose(np.nanstd(x, axis=0), 1, atol=ROUNDED)
    vocabulary: Any = task._parts["text"]
    known = ["box", "corners", "edges", "ring", "round", "smooth"]
    assert vocabulary.vocabulary.words == known


def test_masks_are_of_rows_that_lack_a_modality(task: FolderTask) -> None:
    found = masks(task, ALL, MODALITIES)
    assert found is not None and set(found) == {"image", "text", "audio", "sensor"}
    assert np.array_equal(found["image"], ALL % 5 != 0)
    assert masks(task, np.array([1, 2]), ["image", "text"]) is None
    assert masks(task_of("syllables"), ALL, ["text"]) is None


def test_what_stands_for_a_missing_input_does_not_matter(folder: Path) -> None:
    """A picture in place of none, behind the mask, changes no logit and no gradient."""
    found = []
    for value in (0.0, 9.0):
        task: Any = FolderTask(folder)
        task._parts["image"]._pixels.values[::5] = value
        network = build(task, task.modalities, "concat", np.random.default_rng(0))
        logits = network(task.inputs(ALL, MODALITIES), masks(task, ALL, MODALITIES))
        fg.cross_entropy(logits, task.labels).backward()
        grads = [p.grad.numpy() for p in network.branches["image"].parameters()]
        found.append([logits.numpy(), *grads])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("fusion", sorted(n for n, row in FUSIONS.items() if row.tokens)[:3])
def test_a_fusion_of_tokens_takes_rows_with_gaps(fusion: str, task: FolderTask) -> None:
    network = build(task, task.modalities, fusion, np.random.default_rng(0))
    here = masks(task, ALL[:8], MODALITIES)
    logits = network(task.inputs(ALL[:8], MODALITIES), here)
    fg.cross_entropy(logits, task.labels[:8]).backward()
    assert np.isfinite(logits.numpy()).all()


def test_a_row_is_shown_by_what_it_has(task: FolderTask) -> None:
    assert task.picture(1).shape == (32, 96, 3)  # its picture, its sound, its depth
    assert task.picture(5).shape == (32, 64, 3) and task.picture(0).shape == (32, 32, 3)
    assert task.picture(1)[0, 0].tolist() == [200] * 3 and task.picture(1).dtype == np.uint8
    assert task.words(1) == "row1 | edges corners box, word1"
    first = task.words(0)  # without a text: its numbers
    assert first.startswith("row0 | colour red, sensor[0] ") and first.count(",") == 5


def test_a_row_is_one_line_that_is_not_long(tmp_path: Path) -> None:
    lines = [["ab"[k % 2], "one\nline " * 60, ""] for k in range(10)]
    task = FolderTask(write_rows(tmp_path, ["label", "text", "id"], *lines))
    said = task.words(3)
    assert said.startswith("line 185 | one line one") and len(said) < 175 and "\n" not in said
    assert said.endswith("…") and task.picture(3) is None


def test_notes_say_what_is_missing_and_what_cannot_be_learned(
    task: FolderTask, tmp_path: Path
) -> None:
    assert task.notes == [
        "image is missing in 8 of 40 rows.",
        "text is missing in 6 of 40 rows.",
        "audio is missing in 7 of 40 rows.",
        "sensor is missing in 1 of 40 rows.",
        "The split is drawn at random, the same each time.",
    ]
    parts = ["train", "train", "test", "test", "validation", "train"]
    lines = [[label, part, 1] for label, part in zip("abccab", parts, strict=True)]
    other = FolderTask(write_rows(tmp_path, ["label", "split", "n"], *lines))
    assert other.notes == ["No training row is of c.", "The split is the column's."]


def test_names_of_tasks_come_before_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "syllables").mkdir()
    (tmp_path / "mine").mkdir()
    assert is_folder("mine") and is_folder("./nowhere") and not is_folder("nowhere")
    assert task_of("syllables").name == "syllables"
    with pytest.raises(fg.OptionError, match=r"syllables: expected a file rows\.csv in"):
        task_of("./syllables")
    text = r"--task: expected one of emoji.* got 'nowhere'; .*, or name a folder of yours with"
    with pytest.raises(fg.OptionError, match=text):
        Settings(task="nowhere").check()
    Settings(task="mine").check()


def trained(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as ended:
        main(["train", "--json", *arguments])
    assert ended.value.code == 0
    return json.loads(out.getvalue())


@pytest.mark.parametrize("fusion", ["concat", "mean", "hybrid", "early"])
def test_the_command_trains_a_folder(
    fusion: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = trained("--task", str(folder), "--epochs", "2", "--fusion", fusion)
    names = [run["name"] for run in found["runs"]]
    assert names == [*MODALITIES, f"fused ({fusion})"] and found["title"].endswith(": shapes")
    assert all(np.isfinite(run["test_loss"]) for run in found["runs"])
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert str(folder.parent) not in page and str(folder.parent) not in json.dumps(found)
    assert len(re.findall("<img", page)) == 8 and "held-out rows" in page
    assert "image is missing in 8 of 40 rows." in page and found["settings"]["task"] == "shapes"


def test_a_folder_of_one_modality_has_one_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    lines = [["ab"[k % 2], *(rng.standard_normal(2) + 3 * (k % 2))] for k in range(60)]
    write_rows(tmp_path, ["label", "x", "y"], *lines)
    found = trained("--task", ".", "--epochs", "30")
    assert [run["name"] for run in found["runs"]] == ["table"]
    assert found["runs"][0]["test_accuracy"] > 0.8 and len(found["examples"]) == 12


def test_a_fault_in_a_folder_is_one_line_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [["a", "x.png", 1], ["b", "", 2]] * 5
    (tmp_path / "mine").mkdir()
    write_rows(tmp_path / "mine", ["label", "image", "n"], *lines)
    with pytest.raises(SystemExit) as ended:
        main(["train", "--task", "mine"])
    said = capsys.readouterr()
    assert ended.value.code == 2 and said.out == "" and said.err.count("\n") == 1
    assert said.err == (
        "fusegrad: rows.csv, line 2, image: expected a picture file, got no such file x.png; "
        "correct the path or leave the cell empty; 4 more lines have such a fault\n"
    )

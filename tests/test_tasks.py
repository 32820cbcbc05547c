"""Tasks: whole splits, batches of any modalities, branches of vectors and of tokens."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.data import av_digits as av_data
from fusegrad.experiments import Job, Settings, build
from fusegrad.multimodal import FUSIONS, Tokens
from fusegrad.tasks import REAL, TASKS, WIDTH, AVDigitsTask, Task
from tests.test_av_digits_data import SPEAKERS, TAKES, tone, write_wav

SIZES = {"emoji": (1121, 160, 320), "spam": (4320, 480, 1246), "syllables": (806, 113, 228)}
ROUNDED = 1e-6  # float32


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task]:
    folder = tmp_path_factory.mktemp("digits")
    for digit in range(10):
        for k, name in enumerate(SPEAKERS):
            for take in range(TAKES):
                write_wav(folder / f"{digit}_{name}_{take}.wav", tone(digit, k, take))
    made: dict[str, Task] = {name: TASKS[name]("cpu") for name in SIZES}
    return {**made, "av_digits": AVDigitsTask(folder=folder)}


EACH = pytest.mark.parametrize("name", REAL)


def parts_of(features: Any) -> Any:
    return features.values if isinstance(features, Tokens) else features


@EACH
def test_the_split_holds_every_row_once(name: str, tasks: dict[str, Task]) -> None:
    task = tasks[name]
    rows = np.concatenate([task.split[part] for part in ("train", "validation", "test")])
    assert np.array_equal(np.sort(rows), np.arange(len(task.labels)))
    sizes = tuple(len(task.split[part]) for part in ("train", "validation", "test"))
    assert sizes == SIZES.get(name, tuple(av_data.PAIRS.values()))
    assert task.labels.dtype == np.int64 and task.name == name
    for part in task.split.values():
        assert set(task.labels[part]) == set(range(len(task.classes)))


@EACH
def test_inputs_are_of_the_modalities_asked_for(name: str, tasks: dict[str, Task]) -> None:
    task, rows = tasks[name], tasks[name].split["train"][:5]
    for size in range(1, len(task.modalities) + 1):
        for wanted in combinations(task.modalities, size):
            network = build(task, wanted, "concat", np.random.default_rng(0))
            inputs = task.inputs(rows, wanted)
            assert list(inputs) == list(wanted)
            logits = network(inputs)
            assert logits.shape == (5, len(task.classes)) and logits.dtype == np.float32


@EACH
@pytest.mark.parametrize("tokens", [False, True])
def test_every_branch_ends_in_the_width(
    name: str, tokens: bool, tasks: dict[str, Task]
) -> None:
    task, rows = tasks[name], tasks[name].split["test"][:4]
    for modality in task.modalities:
        branch = task.branch(modality, np.random.default_rng(0), tokens=tokens)
        given = task.inputs(rows, [modality])[modality]
        y = branch(*given) if isinstance(given, tuple) else branch(given)
        sequence = tokens and modality != "table"
        assert isinstance(y, Tokens) == sequence
        values = parts_of(y)
        assert values.dtype == np.float32 and len(values.shape) == 2 + sequence
        assert values.shape[0] == 4 and values.shape[-1] == WIDTH
        values.sum().backward()
        assert all(p.grad is not None for p in branch.parameters())


def test_pictures_are_16_squares_and_sounds_16_moments(tasks: dict[str, Task]) -> None:
    for name, modality in (
        ("emoji", "image"),
        ("av_digits", "image"),
        ("av_digits", "audio"),
        ("syllables", "audio"),
    ):
        branch = tasks[name].branch(modality, np.random.default_rng(0), tokens=True)
        rows = tasks[name].split["train"][:2]
        y = branch(tasks[name].inputs(rows, [modality])[modality])
        assert y.values.shape == (2, 16, WIDTH)
        assert y.present is None or np.asarray(y.present).all()


@pytest.mark.parametrize(
    ("name", "modality"), [("emoji", "text"), ("spam", "words"), ("syllables", "text")]
)
def test_a_token_is_there_for_every_word(
    name: str, modality: str, tasks: dict[str, Task]
) -> None:
    task, rows = tasks[name], tasks[name].split["test"][:20]
    words, offsets = task.inputs(rows, [modality])[modality]
    y = task.branch(modality, np.random.default_rng(0), tokens=True)(words, offsets)
    lengths = np.diff(offsets, append=len(words))
    assert np.asarray(y.present).sum(axis=1).tolist() == lengths.tolist()
    assert not y.values.numpy()[~np.asarray(y.present)].any()
    assert y.values.shape[1] == lengths.max() > lengths.min()


def test_a_square_sees_its_own_pixels_alone(tasks: dict[str, Task]) -> None:
    task = tasks["emoji"]
    branch = task.branch("image", np.random.default_rng(0), tokens=True).eval()
    x = np.zeros((1, 32, 32, 3), np.float32)
    blank = branch(x.reshape(1, -1)).values.numpy()
    x[0, 9, 17] = 50.0  # the second row of squares, the third in it
    moved = branch(x.reshape(1, -1)).values.numpy() != blank
    assert np.flatnonzero(moved.any(axis=-1)).tolist() == [4 + 2]


def test_a_moment_sees_its_own_time_alone(tasks: dict[str, Task]) -> None:
    task = tasks["syllables"]
    branch = task.branch("audio", np.random.default_rng(0), tokens=True).eval()
    x = np.zeros((1, 32, 32), np.float32)
    blank = branch(x.reshape(1, -1)).values.numpy()
    x[0, :, 20] = 50.0  # a window of 3 moments, then the larger of two
    moved = branch(x.reshape(1, -1)).values.numpy() != blank
    assert set(np.flatnonzero(moved.any(axis=-1))) <= {9, 10} and moved.any()


TOKENS = sorted(name for name, row in FUSIONS.items() if row.tokens)


@EACH
@pytest.mark.parametrize("fusion", TOKENS)
def test_every_fusion_of_tokens_takes_a_step(
    fusion: str, name: str, tasks: dict[str, Task]
) -> None:
    task = tasks[name]
    network = build(task, task.modalities, fusion, np.random.default_rng(0))
    rows = task.split["train"][:6]
    loss = fg.cross_entropy(network(task.inputs(rows, task.modalities)), task.labels[rows])
    loss.backward()
    for modality in task.modalities:
        grads = [p.grad for p in network.branches[modality].parameters()]
        assert any(g is not None and g.numpy().any() for g in grads), modality


def test_emoji_starts_from_the_weights_that_the_readme_shows(tasks: dict[str, Task]) -> None:
    task, rng = tasks["emoji"], np.random.default_rng(0)
    image, text = (
        task.branch(m, np.random.default_rng(0)).state_dict() for m in ("image", "text")
    )
    assert np.array_equal(image["0.weight"], nn.Linear(3072, WIDTH, rng=rng).weight.numpy())
    drawn = np.random.default_rng(0).standard_normal((698, WIDTH)).astype(np.float32)
    np.testing.assert_allclose(text["0.weight"], 0.1 * drawn, rtol=ROUNDED)


def test_pixels_and_columns_are_centred_by_the_training_rows(tasks: dict[str, Task]) -> None:
    for name, modality in (("emoji", "image"), ("syllables", "audio")):
        task = tasks[name]
        x = task.inputs(task.split["train"], [modality])[modality]
        np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-5)
    spam = tasks["spam"]
    table = spam.inputs(spam.split["train"], ["table"])["table"]
    layer = spam.branch("table", np.random.default_rng(0))[0].standardise
    y = layer(table).numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(y.std(axis=0), 1, atol=1e-4)


def test_neutral_tones_are_left_out(tasks: dict[str, Task]) -> None:
    task: Any = tasks["syllables"]
    assert task.classes == ["first tone", "second tone", "third tone", "fourth tone"]
    kept = task.data.label[task.rows]
    assert 1 not in kept and np.bincount(task.labels).tolist() == [303, 236, 288, 320]
    assert [task.data.classes[k] for k in kept] == [task.classes[k] for k in task.labels]
    spelled = [{task.words(r) for r in rows} for rows in task.split.values()]
    assert sum(map(len, spelled)) == len(set().union(*spelled))


@EACH
def test_a_row_says_what_it_is_on_one_line(name: str, tasks: dict[str, Task]) -> None:
    task = tasks[name]
    for row in task.split["test"][:20]:
        words, picture = task.words(row), task.picture(row)
        assert words and "\n" not in words and words != task.words(task.split["train"][0])
        shapes = {"emoji": (32, 32, 3), "syllables": (32, 32, 3), "av_digits": (32, 64, 3)}
        assert getattr(picture, "shape", None) == shapes.get(name)
        assert picture is None or picture.dtype == np.uint8


def test_a_mail_shows_its_rarest_words(tasks: dict[str, Task]) -> None:
    task: Any = tasks["spam"]
    count = np.bincount(task.data.indices)
    row = int(task.split["test"][0])
    shown = task.words(row).removeprefix(f"mail {row} | ").split(", ")
    known = task.data.bags(row)[0]
    worst = max(count[task.data.vocab.index(word)] for word in shown)
    others = [k for k in known if task.data.vocab[k] not in shown]
    assert len(shown) == 12 and shown == sorted(shown)
    assert all(count[k] >= worst for k in others)
    empty = int(np.flatnonzero(np.diff(task.data.indptr) == 0)[0])
    assert task.words(empty) == f"mail {empty} | no known word"


def test_low_bands_are_drawn_below(tasks: dict[str, Task]) -> None:
    task: Any = tasks["syllables"]
    drawn = task.picture(0)
    assert np.array_equal(drawn[-1, :, 0], task.data.logmel[task.rows[0]][0])


def test_the_notes_on_pairs_count_what_is_distinct(tasks: dict[str, Task]) -> None:
    task: Any = tasks["av_digits"]
    first = task.notes[0]
    assert first.startswith("The pairs are paired by class label, not co-recorded: 6,000 train")
    assert "1,500 test pairs of 1,500 pictures and 30 recordings (theo)" in first
    assert "weakened" in task.notes[1]


def test_without_recordings_the_task_says_what_to_get(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FUSEGRAD_DATA", str(tmp_path))
    with pytest.raises(fg.OptionError, match=r"av_digits: expected recordings/DIGIT_.*FUSEGR"):
        TASKS["av_digits"]("cpu")


class Silent:
    def start(self, *_: Any) -> None: ...
    def epoch(self, *_: Any) -> None: ...
    def end(self, *_: Any) -> None: ...


@pytest.mark.slow
def test_what_fusion_gains_on_mails_and_on_syllables() -> None:
    """Over three seeds: words and table help each other; a spelling does not help a sound, and
    alone is as good as a guess (the largest class is 28 % of the test)."""
    mean: dict[str, float] = {}
    for task in ("spam", "syllables"):
        for seed in range(3):
            for run in Job(Settings(task=task, seed=seed), Silent()).run().runs:
                key = f"{task} {run.name}"
                mean[key] = mean.get(key, 0.0) + float(run.test_accuracy or 0) / 3
    assert mean["spam fused (concat)"] > mean["spam words"] > mean["spam table"] > 0.94
    assert 0.2 < mean["syllables text"] < 0.35 < 0.97 < mean["syllables audio"]
    assert abs(mean["syllables fused (concat)"] - mean["syllables audio"]) < 0.01

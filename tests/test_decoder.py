"""Sequence decoder: its loss word by word in numpy, what it leaves unseen, what it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import optim
from fusegrad.multimodal import objective

EXACT = 1e-12
WIDTHS, WORDS, WIDTH = {"a": 3, "b": 2}, 4, 5
LENGTHS = np.array([3, 0, 2])


def decoder(reduction: str = "sequence", **widths: int) -> objective.SequenceDecoder:
    rng = np.random.default_rng(0)
    made = objective.SequenceDecoder(
        widths or WIDTHS, WORDS, WIDTH, reduction=reduction, rng=rng
    )
    return made.to(np.float64)


def batch() -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(1)
    x = {"a": rng.standard_normal((3, 2, 3)), "b": rng.standard_normal((3, 1, 2))}
    return x, rng.integers(WORDS, size=(3, 3))


def affine(layer: Any, x: np.ndarray) -> np.ndarray:
    return x @ layer.weight.numpy().T + layer.bias.numpy()


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max())
    return e / e.sum()


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def step(gru: Any, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    u = x @ gru.weight_ih_l0.numpy().T + gru.bias_ih_l0.numpy()
    v = h @ gru.weight_hh_l0.numpy().T + gru.bias_hh_l0.numpy()
    (ur, uz, un), (vr, vz, vn) = np.split(u, 3), np.split(v, 3)
    r, z = sigmoid(ur + vr), sigmoid(uz + vz)
    return (1 - z) * np.tanh(un + r * vn) + z * h


def log_p(d: objective.SequenceDecoder, tokens: np.ndarray, words: list[int]) -> list[float]:
    """log p of each word of a sentence and of its end, one step after the other."""
    h = np.tanh(affine(d.first, tokens.mean(0) if len(tokens) else np.zeros(WIDTH)))
    found, last = [], WORDS
    for word in [*words, WORDS]:
        h = step(d.gru, d.embedding.weight.numpy()[last], h)
        c = np.zeros(WIDTH)
        if len(tokens):
            c = softmax(tokens @ affine(d.query, h) / np.sqrt(WIDTH)) @ tokens
        found.append(float(np.log(softmax(affine(d.head, np.concatenate([h, c])))[word])))
        last = word
    return found


def sentences(d: Any, x: Any, words: np.ndarray, lengths: np.ndarray, here: Any) -> list[Any]:
    """log_p of every sample, of the tokens that it has."""
    found = []
    for row, (sentence, n) in enumerate(zip(words, lengths)):
        seen = [
            affine(d.memory.project[m], x[m][row])
            for m in WIDTHS
            if m not in here or here[m][row]
        ]
        tokens = np.concatenate(seen) if seen else np.zeros((0, WIDTH))
        found.append(log_p(d, tokens, sentence[:n].tolist()))
    return found


@pytest.mark.parametrize("reduction", ["sequence", "token"])
def test_the_loss_is_that_of_one_word_after_the_other(reduction: str) -> None:
    d, (x, words) = decoder(reduction), batch()
    found = sentences(d, x, words, LENGTHS, {})
    total, count = -sum(map(sum, found)), sum(map(len, found))
    want = total / (3 if reduction == "sequence" else count)
    assert count == LENGTHS.sum() + 3  # the end of each counts
    assert abs(float(d(x, words, LENGTHS)) - want) <= EXACT


def test_missing_tokens_are_not_looked_at() -> None:
    d, (x, words) = decoder(), batch()
    here = {"b": np.array([True, False, False]), "a": np.array([True, True, False])}
    want = -sum(map(sum, sentences(d, x, words, LENGTHS, here))) / 3
    x["a"][2], x["b"][1:] = np.nan, np.nan
    assert abs(float(d(x, words, LENGTHS, here)) - want) <= EXACT


def test_tokens_with_masks_are_as_shorter_sequences() -> None:
    d, (x, words) = decoder(), batch()
    short = {"a": x["a"][:, :1], "b": x["b"]}
    mask = np.tile([True, False], (3, 1))
    masked = {"a": mm.Tokens(fg.Tensor(x["a"]), mask), "b": x["b"]}
    assert abs(float(d(masked, words)) - float(d(short, words))) <= EXACT


def test_padding_is_not_read_and_lengths_default_to_all() -> None:
    d, (x, words) = decoder(), batch()
    value = float(d(x, words, LENGTHS))
    words[1], words[2, 2] = -7, 99
    assert float(d(x, words, LENGTHS)) == value
    words[1:] = 0
    assert float(d(x, words)) == float(d(x, words, [3, 3, 3]))


def test_a_step_does_not_see_the_words_to_come() -> None:
    d, (x, words) = decoder(), batch()
    first, _, _ = d.scored(x, words)
    words[:, 1] = (words[:, 1] + 1) % WORDS
    other, _, _ = d.scored(x, words)
    assert np.array_equal(first.numpy()[:, :2], other.numpy()[:, :2])
    assert np.abs(first.numpy()[:, 2:] - other.numpy()[:, 2:]).max() > 1e-6


def test_the_error_reaches_every_modality_through_attention() -> None:
    d, (x, words) = decoder(), batch()
    found = fg.gradcheck(lambda a, b: d({"a": a, "b": b}, words, LENGTHS), x["a"], x["b"])
    assert found.error < 1e-7


def test_all_sentences_have_probability_1() -> None:
    """Every string of up to 2 of the words, and those that go on, share out all of it."""
    d, (x, _) = decoder(), batch()
    one = {n: v[:1] for n, v in x.items()}
    total = np.exp(-float(d(one, np.zeros((1, 0), int))))
    for first in range(WORDS):
        total += np.exp(-float(d(one, [[first]])))
        logits, _, _ = d.scored(one, [[first, 0]])
        steps = [softmax(row) for row in logits.numpy()[0]]
        total += steps[0][first] * (1 - steps[1][WORDS])  # two words or more
    assert abs(total - 1) <= EXACT


def pairs() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """20 features, each with its own string of 0 to 4 of the words."""
    rng = np.random.default_rng(2)
    strings = {(), *((int(w),) for w in range(WORDS))}
    while len(strings) < 20:
        strings.add(tuple(map(int, rng.integers(WORDS, size=rng.integers(2, 5)))))
    chosen = sorted(strings)
    words = np.array([[*s, *[0] * (4 - len(s))] for s in chosen])
    features = {"a": rng.standard_normal((20, 2, 6)), "b": rng.standard_normal((20, 4))}
    return features, words, np.array([len(s) for s in chosen])


def test_it_learns_twenty_strings_by_heart() -> None:
    x, words, lengths = pairs()
    d = objective.SequenceDecoder({"a": 6, "b": 4}, WORDS, 24, rng=np.random.default_rng(3))
    d.to(np.float64)
    optimizer = optim.Adam(d.parameters(), lr=0.01)
    for _ in range(200):
        optimizer.zero_grad()
        d(x, words, lengths).backward()
        optimizer.step()
    want = [row[:n].tolist() for row, n in zip(words, lengths)]
    assert d.greedy(x, 8) == want
    assert d.greedy(x, 2) == [row[:2] for row in want]
    assert d.greedy(x, 0) == [[] for _ in want]


def test_greedy_takes_the_likeliest_word_at_every_step() -> None:
    d, (x, _) = decoder(), batch()
    told = d.greedy(x, 5)
    padded = np.array([t + [0] * (5 - len(t)) for t in told])
    logits, _, _ = d.scored(x, padded, [len(t) for t in told])
    best = logits.numpy().argmax(-1)
    for row, t in enumerate(told):
        assert best[row, : len(t)].tolist() == t
        assert len(t) == 5 or best[row, len(t)] == WORDS


def test_float32_stays_float32() -> None:
    d, (x, words) = decoder().to(np.float32), batch()
    assert d({n: v.astype(np.float32) for n, v in x.items()}, words).dtype == np.float32
    assert "num_words=4" in d.extra_repr()


def called(words: Any, lengths: Any = None) -> Any:
    return decoder()(batch()[0], words, lengths)


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: decoder("mean"), fg.OptionError, "reduction in sequence, token"),
        (lambda: called(np.zeros((2, 3), int)), fg.ShapeError, r"words \(3, L\)"),
        (lambda: called(np.zeros((3, 2))), fg.DTypeError, "integer words"),
        (lambda: called(np.zeros((3, 2), int), [0.5] * 3), fg.DTypeError, "integer lengths"),
        (lambda: called(np.zeros((3, 2), int), [3, 0, 0]), fg.OptionError, r"lengths \(3,\)"),
        (lambda: called(np.zeros((3, 2), int), [1, 1]), fg.OptionError, r"lengths \(3,\)"),
        (lambda: called(np.full((3, 2), WORDS)), fg.OptionError, r"words in \[0, 4\)"),
        (lambda: called(np.full((3, 2), -1)), fg.OptionError, r"words in \[0, 4\)"),
        (lambda: decoder().greedy(batch()[0], -1), fg.OptionError, "max_length of 0 or more"),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

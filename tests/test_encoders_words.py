"""Encoders of words and of tables: torch, NumPy, what is empty, missing or padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.kernels import DTypeError, FusegradError, OptionError, ShapeError
from fusegrad.multimodal import encoder as en
from tests.encoders_sample import (
    EXACT,
    differences,
    gradients,
    rng,
    same_bits,
    same_on_device,
    values_of,
)

N, D = 11, 4  # words, width
IDS = np.array([[3, 1, 4, 1, 5], [9, 2, 0, 0, 0], [7, 0, 0, 0, 0], [6, 8, 8, 0, 0]])
LENGTHS = np.array([5, 2, 0, 3])
FLAT, OFFSETS = np.array([3, 1, 4, 1, 5, 9, 2, 6, 8, 8]), np.array([0, 5, 7, 7])
MADE: dict[str, Any] = {
    "bag": lambda **o: en.BagOfWords(N, D, **o, rng=rng()),
    "mean": lambda **o: en.BagOfWords(N, D, "mean", **o, rng=rng()),
    "lstm": lambda **o: en.RecurrentWords(N, D, 3, **o, rng=rng()),
    "gru": lambda **o: en.RecurrentWords(N, D, kind="gru", bidirectional=True, **o, rng=rng()),
    "attention": lambda **o: en.AttentionWords(N, D, 2, 2, max_len=6, **o, rng=rng()),
}
EACH = pytest.mark.parametrize("name", MADE)
TOKENS = pytest.mark.parametrize("tokens", [False, True])


@EACH
@TOKENS
def test_both_forms_of_sentences_are_one(name: str, tokens: bool) -> None:
    encoder = MADE[name](tokens=tokens)
    same_bits(encoder, (IDS, LENGTHS), (FLAT, OFFSETS))
    y = encoder(IDS, LENGTHS)
    assert values_of(y).shape == ((4, 5, D) if tokens else (4, D))
    if tokens:
        assert np.array_equal(y.present, np.arange(5) < LENGTHS[:, None])


@EACH
@TOKENS
def test_what_is_behind_a_sentence_changes_nothing(name: str, tokens: bool) -> None:
    broken = np.where(np.arange(5) < LENGTHS[:, None], IDS, -99)
    same_bits(MADE[name](tokens=tokens), (IDS, LENGTHS), (broken, LENGTHS))


@EACH
def test_a_padded_sentence_is_as_if_alone(name: str) -> None:
    encoder = MADE[name]().to(np.float64)
    together = encoder(IDS, LENGTHS).numpy()
    for row, ids, length in zip(together, IDS, LENGTHS):
        if length:
            alone = encoder(ids[None, :length]).numpy()[0]
            assert np.allclose(row, alone, rtol=0, atol=EXACT)


@EACH
@TOKENS
def test_an_empty_sentence_is_exactly_0_and_learns_nothing(name: str, tokens: bool) -> None:
    encoder = MADE[name](tokens=tokens)
    assert not values_of(encoder(IDS, LENGTHS)).numpy()[2].any()
    for given in ((IDS[:2], np.zeros(2, int)), (np.zeros(0, int), np.zeros(3, int))):
        assert not values_of(encoder(*given)).numpy().any()
        found = gradients(encoder, *given)
        assert found and all(np.isfinite(g).all() and not g.any() for g in found.values())
    assert values_of(encoder(np.zeros((2, 0), int))).shape[0] == 2


def test_the_mean_of_the_tokens_is_the_feature_of_attention() -> None:
    tokens, pooled = (MADE["attention"](tokens=t).to(np.float64) for t in (True, False))
    mean = mm.mean_of_tokens(tokens(IDS, LENGTHS))
    assert np.allclose(mean.numpy(), pooled(IDS, LENGTHS).numpy(), rtol=0, atol=EXACT)


def test_the_last_token_is_the_feature_of_a_recurrence() -> None:
    states = MADE["lstm"](tokens=True)(IDS, LENGTHS).values.numpy()
    last = MADE["lstm"]()(IDS, LENGTHS).numpy()
    for k, length in enumerate(LENGTHS):
        assert not length or np.array_equal(states[k, length - 1], last[k])


def test_bags_are_sums_and_means_of_rows() -> None:
    for name in ("bag", "mean"):
        encoder = MADE[name]().to(np.float64)
        table = encoder.table.weight.numpy()
        sums = [table[ids[:n]].sum(axis=0) for ids, n in zip(IDS, LENGTHS)]
        sizes = np.maximum(LENGTHS, 1)[:, None] if name == "mean" else 1
        want = np.maximum(np.array(sums) / sizes, 0)
        assert np.allclose(encoder(IDS, LENGTHS).numpy(), want, rtol=0, atol=EXACT)
    each = MADE["bag"](tokens=True).to(np.float64)
    assert np.array_equal(
        each(IDS, LENGTHS).values.numpy()[0], np.maximum(each.table.weight.numpy()[IDS[0]], 0)
    )


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrences_are_those_of_torch(name: str) -> None:
    torch, rows = pytest.importorskip("torch"), [0, 1, 3]
    encoder = MADE[name]().to(np.float64)
    kind = torch.nn.LSTM if name == "lstm" else torch.nn.GRU
    sizes = (3, D) if name == "lstm" else (D, D // 2)
    theirs = kind(*sizes, batch_first=True, bidirectional=name == "gru").double()
    theirs.load_state_dict({k: torch.tensor(v) for k, v in encoder.states.state_dict().items()})
    x = torch.tensor(encoder.table.weight.numpy()[IDS[rows]])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        x, torch.tensor(LENGTHS[rows]), batch_first=True, enforce_sorted=False
    )
    last = theirs(packed)[1]
    last = last[0] if name == "lstm" else last
    want = torch.cat(list(last), dim=-1).detach().numpy()
    got = encoder(IDS, LENGTHS).numpy()[rows]
    assert np.allclose(got, want, rtol=0, atol=EXACT)


def test_attention_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    encoder, rows = MADE["attention"]().to(np.float64), [0, 1, 3]
    state = {k: torch.tensor(v) for k, v in encoder.layers.state_dict().items()}
    layer = torch.nn.TransformerEncoderLayer(D, 2, 2 * D, 0.0, batch_first=True)
    theirs = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).double()
    theirs.load_state_dict(state)
    x = encoder.table.weight.numpy()[IDS[rows]] + encoder.positions.weight.numpy()[:5]
    present = np.arange(5) < LENGTHS[rows][:, None]
    y = theirs(torch.tensor(x), src_key_padding_mask=torch.tensor(~present)).detach().numpy()
    want = (y * present[..., None]).sum(axis=1) / LENGTHS[rows][:, None]
    assert np.allclose(encoder(IDS, LENGTHS).numpy()[rows], want, rtol=0, atol=EXACT)


@EACH
def test_gradients_of_word_encoders(name: str) -> None:
    ids, lengths = IDS[1:, :3] % 4, np.array([3, 0, 2])
    small: dict[str, Any] = {
        "bag": lambda **o: en.BagOfWords(4, 3, **o, rng=rng()),
        "mean": lambda **o: en.BagOfWords(4, 3, "mean", **o, rng=rng()),
        "lstm": lambda **o: en.RecurrentWords(4, 2, **o, rng=rng()),
        "gru": lambda **o: en.RecurrentWords(4, 2, 3, kind="gru", **o, rng=rng()),
        "attention": lambda **o: en.AttentionWords(4, 2, 1, max_len=3, **o, rng=rng()),
    }
    differences(small[name](), [], ids, lengths)
    differences(small[name](tokens=True), [], ids, lengths)


@EACH
def test_float32_stays_and_devices_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = MADE[name]()
    assert {g.dtype for g in gradients(encoder, IDS, LENGTHS).values()} == {
        np.dtype(np.float32)
    }
    assert encoder(IDS, LENGTHS).dtype == np.float32
    if name != "attention":  # of whose masks the stand-in for a device knows nothing
        same_on_device(monkeypatch, encoder, IDS, LENGTHS)


# ---- words as columns -----------------------------------------------------------------------
def test_words_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, there = en.CountWords(N), en.CountWords(N, presence=True)
    want = np.array([np.bincount(ids[:n], minlength=N) for ids, n in zip(IDS, LENGTHS)])
    for given in ((IDS, LENGTHS), (FLAT, OFFSETS)):
        assert np.array_equal(counts(*given).numpy(), want)
        assert np.array_equal(there(*given).numpy(), want > 0)
    assert counts(IDS).dtype == np.float32 and not counts.state_dict()
    assert counts.to(np.float64)(IDS).dtype == np.float64
    same_on_device(monkeypatch, there, FLAT, OFFSETS)


def test_counts_meet_pictures_before_anything_is_learned() -> None:
    trunk = nn.Linear(6 + N, 3, rng=rng())
    net = mm.EarlyFusionNet({"image": 6, "text": N}, trunk, {"text": en.CountWords(N)})
    image = np.ones((4, 6), np.float32)
    joined = np.concatenate([image, en.CountWords(N)(IDS, LENGTHS).numpy()], axis=1)
    want = trunk(joined).numpy()
    assert np.array_equal(net({"image": image, "text": (FLAT, OFFSETS)}).numpy(), want)


REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda: MADE["bag"]()(FLAT), ShapeError, r"got \(10,\) without a second array; say where"),
    (lambda: MADE["bag"]()(IDS[None], LENGTHS), ShapeError, r"got \(1, 4, 5\) with a second"),
    (lambda: MADE["bag"]()(FLAT, [0, 11]), ShapeError, "offsets that rise from 0 within 10"),
    (lambda: MADE["bag"]()(FLAT, [1, 4]), ShapeError, "offsets that rise"),
    (lambda: MADE["bag"]()(FLAT, [0, 4, 3]), ShapeError, "offsets that rise"),
    (lambda: MADE["bag"]()(FLAT, []), ShapeError, "offsets that rise"),
    (lambda: MADE["gru"]()(IDS, [1, 2]), ShapeError, "4 lengths, got lengths of shape"),
    (lambda: MADE["gru"]()(IDS, [6, 1, 1, 1]), OptionError, "lengths of 0 to 5, got"),
    (lambda: MADE["gru"]()(IDS, [-1, 1, 1, 1]), OptionError, "lengths of 0 to 5, got"),
    (lambda: MADE["lstm"]()(IDS * 1.0), DTypeError, "words as whole numbers, got float64"),
    (lambda: MADE["lstm"]()(FLAT, OFFSETS * 1.0), DTypeError, "offsets as whole numbers"),
    (lambda: MADE["lstm"]()(IDS + 9), OptionError, r"indices in \[0, 11\), got 18"),
    (lambda: MADE["attention"]()(np.zeros((1, 7), int)), ShapeError, "T up to 6"),
    (lambda: MADE["lstm"](kind="rnn"), OptionError, "kind in lstm, gru, got 'rnn'"),
    (
        lambda: en.RecurrentWords(N, 3, bidirectional=True, rng=rng()),
        OptionError,
        "an even width, got width=3",
    ),
    (lambda: en.CountWords(0), OptionError, "num_words of 1 or more"),
    (lambda: en.CountWords(9)(IDS, LENGTHS), OptionError, r"words in \[0, 9\), got 9; leave"),
    (lambda: en.CountWords(9)(IDS - 9), OptionError, r"words in \[0, 9\), got -9"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_sentences_are_copies() -> None:
    ids = IDS.copy()
    found = en.read_sentences("here", fg.Tensor(ids), LENGTHS)
    found.ids[:] = -1
    assert np.array_equal(ids, IDS)
    assert np.array_equal(en.read_sentences("here", IDS, LENGTHS).flat, FLAT)
    assert np.array_equal(en.read_sentences("here", IDS, LENGTHS).offsets, OFFSETS)

"""Recurrent layers against loops written from the papers, and packed sequences."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.kernels import device, observe
from tests import fake_cupy
from tests.ops_sample import leaf

N, H, EXACT = 3, 4, 1e-12
KINDS = ("RNN", "LSTM", "GRU")


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def made(kind: str, **settings: Any) -> Any:
    return getattr(nn, kind)(N, H, **settings, rng=rng()).to(np.float64)


# ---- one loop a paper -----------------------------------------------------------------------
def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def blocks(layer: Any, count: int) -> list[tuple[np.ndarray, ...]]:
    """W, U and both biases of each gate."""
    return list(zip(*(np.split(value, count) for value in layer.state_dict().values())))


def long_short_term_memory(layer: Any, x: np.ndarray) -> np.ndarray:
    """Gers et al. 2000 in the words of Hochreiter & Schmidhuber 1997: s_c is the state of a
    cell, y_in, y_forget and y_out its gates, net_c what it is given; y_c is what it says."""
    (i, f, g, o), said = blocks(layer, 4), []
    y_c = s_c = np.zeros(H)
    for x_t in x:
        net = {k: w @ x_t + u @ y_c + b + a for k, (w, u, b, a) in zip("ifgo", (i, f, g, o))}
        y_in, y_forget, y_out = (sigmoid(net[k]) for k in "ifo")
        s_c = s_c * y_forget + y_in * np.tanh(net["g"])
        y_c = y_out * np.tanh(s_c)
        said.append(y_c)
    return np.array(said)


def gated_recurrent_unit(layer: Any, x: np.ndarray) -> np.ndarray:
    """Cho et al. 2014: r_j resets, z_j keeps the old state; r as PyTorch has it."""
    (r, z, n), said = blocks(layer, 3), []
    h = np.zeros(H)
    for x_t in x:
        reset, keep = (sigmoid(w @ x_t + b + u @ h + a) for w, u, b, a in (r, z))
        new = np.tanh(n[0] @ x_t + n[2] + reset * (n[1] @ h + n[3]))
        h = keep * h + (1 - keep) * new
        said.append(h)
    return np.array(said)


def simple(layer: Any, x: np.ndarray) -> np.ndarray:
    """Elman 1990."""
    ((w, u, b, a),), said = blocks(layer, 1), []
    h = np.zeros(H)
    for x_t in x:
        h = np.tanh(w @ x_t + u @ h + b + a)
        said.append(h)
    return np.array(said)


PAPERS: list[tuple[str, Callable[[Any, np.ndarray], np.ndarray]]] = [
    ("RNN", simple),
    ("LSTM", long_short_term_memory),
    ("GRU", gated_recurrent_unit),
]


@pytest.mark.parametrize(("kind", "paper"), PAPERS)
def test_a_layer_computes_what_its_paper_says(kind: str, paper: Any) -> None:
    layer, x = made(kind), rng().standard_normal((6, 2, N))
    y, last = layer(x)
    h = parts(last)[0]
    for k in range(2):
        wanted = paper(layer, x[:, k])
        assert np.allclose(y[:, k], wanted, rtol=0, atol=EXACT)
        assert np.allclose(h[0, k], wanted[-1], rtol=0, atol=EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cell_step_by_step_is_the_layer(kind: str) -> None:
    layer, cell = made(kind), made(kind + "Cell")
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    x, state = rng().standard_normal((5, 2, N)), None
    for y_t, x_t in zip(layer(x)[0], x):
        state = cell(x_t, state)
        assert np.allclose(parts(state)[0], y_t, rtol=0, atol=EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_drawn_as_stated(kind: str) -> None:
    layer = getattr(nn, kind)(40, 100, bidirectional=True, rng=rng())
    for p in layer.parameters():  # of a uniform on +-b, the largest of n is b n / (n + 1)
        assert abs(p.numpy()).max() <= 0.1 < abs(p.numpy()).max() * (1 + 40 / p.size)
        assert abs(p.numpy().std() * np.sqrt(3) / 0.1 - 1) <= 5 / np.sqrt(p.size)
        assert p.dtype == np.float32


# ---- packed sequences -----------------------------------------------------------------------
LENGTHS = [2, 5, 1, 5, 3]


def sequences() -> list[np.ndarray]:
    return [rng().standard_normal((n, N)) + n for n in LENGTHS]


@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}], ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_packed_sequences_give_what_each_gives_alone(kind: str, settings: Any) -> None:
    layer, xs = made(kind, **settings), sequences()
    runs = 4 if settings else 1
    states = [rng().standard_normal((runs, len(xs), H)) for _ in range(1 + (kind == "LSTM"))]
    y, last = layer(nn.pack_sequence(xs, enforce_sorted=False), bare(states))
    padded, lengths = nn.pad_packed_sequence(y, batch_first=True)
    assert lengths.tolist() == LENGTHS
    for k, x in enumerate(xs):
        alone, end = layer(x, bare([s[:, k] for s in states]))
        assert np.allclose(padded[k, : len(x)], alone, rtol=0, atol=EXACT)
        assert not padded[k, len(x) :].numpy().any()
        for mine, wanted in zip(parts(last), parts(end), strict=True):
            assert np.allclose(mine[:, k], wanted, rtol=0, atol=EXACT)


def bare(states: list[Any]) -> Any:
    return tuple(states) if len(states) > 1 else states[0]


def parts(state: Any) -> tuple[Any, ...]:
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_past_the_end_of_a_sequence_neither_acts_nor_learns(kind: str) -> None:
    layer = made(kind, num_layers=2, bidirectional=True)
    x = rng().standard_normal((5, 5, N))
    past = np.arange(5)[:, None] >= LENGTHS
    x[past] = np.nan
    x = leaf(x)
    y, last = layer(nn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False))
    (y.data.sum() + sum(s.sum() for s in parts(last))).backward()
    assert np.isfinite(x.grad).all() and not x.grad.numpy()[past].any()
    assert (x.grad.numpy()[~past] != 0).all()
    assert all(np.isfinite(p.grad).all() for p in layer.parameters())


def test_packing_and_padding_undo_each_other() -> None:
    x = rng().standard_normal((6, 5, 2, N))
    packed = nn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False)
    assert packed.batch_sizes.tolist() == [5, 4, 3, 2, 2]
    assert packed.sorted_indices.tolist() == [1, 3, 4, 0, 2]
    y, lengths = nn.pad_packed_sequence(packed, padding_value=-7.0, total_length=6)
    past = np.arange(6)[:, None] >= LENGTHS
    assert lengths.tolist() == LENGTHS
    assert np.array_equal(y[~past], x[~past]) and (y[past] == -7.0).all()
    swapped = nn.pack_padded_sequence(x.swapaxes(0, 1), LENGTHS, True, False)
    assert np.array_equal(swapped.data, packed.data)


@pytest.mark.parametrize("side", ["right", "left"])
def test_padding_puts_sequences_side_by_side(side: str) -> None:
    xs = sequences()
    padded = nn.pad_sequence(xs, batch_first=True, padding_value=np.inf, padding_side=side)
    assert padded.shape == (5, 5, N)
    for row, x in zip(padded, xs):
        at = slice(len(x)) if side == "right" else slice(5 - len(x), None)
        assert np.array_equal(row[at], x) and np.isinf(row).sum() == row.size - x.size
    assert np.array_equal(
        nn.pad_sequence(xs, padding_value=np.inf, padding_side=side), padded.swapaxes(0, 1)
    )


def test_packing_agrees_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    theirs = torch.nn.utils.rnn
    for lengths in ([5, 5, 3, 1], [1, 1], [4], [6, 5, 4, 3, 2, 1]):
        x = rng().standard_normal((max(lengths), len(lengths), 2))
        ours, wanted = (
            library.pack_padded_sequence(given, lengths)
            for library, given in ((nn, x), (theirs, torch.tensor(x)))
        )
        assert ours.batch_sizes.tolist() == wanted.batch_sizes.tolist()
        assert np.array_equal(ours.data, wanted.data)
        assert ours.sorted_indices is None is wanted.sorted_indices
        assert ours.batch_sizes.dtype == np.int64


# ---- long sequences, draws, memory ----------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_steps_go_back_in_as_many_steps(kind: str) -> None:
    """No step writes a gradient of the whole sequence."""
    layer, x, wrote = made(kind), leaf(rng().standard_normal((2000, 1, N))), []
    with observe(lambda kernel, args, params, y: wrote.append((kernel.name, np.size(y)))):
        layer(x)[0][-1].sum().backward()
    large = [name for name, size in wrote if size >= x.size and name != "add_at"]
    assert len(large) <= 20, large
    assert np.isfinite(x.grad).all() and x.grad.numpy()[-1].all()


def test_dropout_stands_between_layers_and_draws_from_the_generator_given() -> None:
    x = rng().standard_normal((3, 2, N))
    first, second = (made("GRU", num_layers=2, dropout=0.5) for _ in range(2))
    a, b, c = first(x)[0], first(x)[0], second(x)[0]
    assert np.array_equal(a, c) and not np.array_equal(a, b)
    h = first.eval()(x)[1]
    assert np.array_equal(first(x)[0][-1], h[-1]) and np.array_equal(second.eval()(x)[1], h)
    assert np.array_equal(second.train()(x)[1][0], h[0])  # nothing is dropped in the first


def test_a_refused_call_draws_nothing() -> None:
    layer = made("LSTM", num_layers=2, dropout=0.5)
    before = layer.rng.bit_generator.state
    with pytest.raises(fg.FusegradError):
        layer(np.ones((3, 2, N)), np.ones((2, 2, H)))
    assert layer.rng.bit_generator.state == before


def test_ids_and_other_shapes_can_be_packed() -> None:
    ids = nn.pack_sequence([np.array([4, 7]), np.array([9])])
    assert ids.data.tolist() == [4, 9, 7] and ids.batch_sizes.tolist() == [2, 1]
    assert isinstance(nn.pack_sequence([Tensor([1.0, 2.0]), Tensor([3.0])]).data, Tensor)


# ---- on another device ----------------------------------------------------------------------
def test_packed_sequences_run_where_their_weights_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    x = np.stack([np.resize(s, (5, N)) for s in sequences()], 1)
    layer, found = made("LSTM", bidirectional=True), []
    for where in ("cpu", "cuda"):
        given = device.to_device(x, where)
        packed = nn.pack_padded_sequence(given, LENGTHS, enforce_sorted=False)
        y, (h, c) = layer.to(where)(packed)
        padded, _ = nn.pad_packed_sequence(y)
        assert padded.device == h.device == c.device == where
        found.append([t.numpy() for t in (padded, h, c)])
    assert all(np.allclose(a, b, rtol=0, atol=EXACT) for a, b in zip(*found))

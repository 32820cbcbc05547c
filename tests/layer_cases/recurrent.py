"""RNN, LSTM, GRU and their cells; packed sequences."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case

N, H = 2, 3  # what goes in, and what is kept
TORCH = "torch.nn.utils.rnn"
LENGTHS, SHUFFLED = [4, 2, 1], [1, 4, 2]


def normal(*shapes: tuple[int, ...] | None) -> Callable[[np.random.Generator], tuple[Any, ...]]:
    """Inputs of these shapes."""
    return lambda rng: tuple(None if s is None else rng.standard_normal(s) for s in shapes)


def built(kind: str, **settings: Any) -> Callable[..., Any]:
    return lambda nn, **rng: getattr(nn, kind)(N, H, **settings, **rng)


def paired(layer: Any, x: Any, h: Any, c: Any) -> Any:
    return layer(x, (h, c))


def packed(x: Any, lengths: list[int], **options: Any) -> tuple[Any, Any]:
    """x without what is past these lengths, and the library that packed it."""
    library = nn if isinstance(x, (np.ndarray, Tensor)) else importlib.import_module(TORCH)
    return library.pack_padded_sequence(x, lengths, **options), library


def on_packed(
    name: str, kind: str, inputs: Any, lengths: list[int], options: Any, **settings: Any
) -> Case:
    """A layer called on packed sequences: outputs padded again, and states."""

    def call(layer: Any, x: Any, *state: Any) -> Any:
        given, library = packed(x, lengths, **options)
        y, last = layer(given, *([state] if len(state) > 1 else state))
        batch_first = options.get("batch_first", False)
        return library.pad_packed_sequence(y, batch_first, padding_value=-1.0)[0], last

    return Case(name, built(kind, **settings), inputs, call)


TBN = normal((4, 3, N))
UNSORTED = {"enforce_sorted": False}
CASES = [
    Case("RNN", built("RNN"), TBN),
    Case("RNN with relu and a state", built("RNN", nonlinearity="relu"),
         normal((3, 2, N), (1, 2, H))),
    Case("RNN, two layers both ways, no bias",
         built("RNN", num_layers=2, bidirectional=True, bias=False), normal((3, 2, N))),
    Case("RNN, batch first, both ways", built("RNN", batch_first=True, bidirectional=True),
         normal((2, 3, N), (2, 2, H))),
    Case("LSTM", built("LSTM"), TBN),
    Case("LSTM with a state", built("LSTM"), normal((3, 2, N), (1, 2, H), (1, 2, H)), paired),
    Case("LSTM, two layers", built("LSTM", num_layers=2),
         normal((3, 2, N), (2, 2, H), (2, 2, H)), paired),
    Case("LSTM, both ways, batch first", built("LSTM", batch_first=True, bidirectional=True),
         normal((2, 3, N), (2, 2, H), (2, 2, H)), paired),
    Case("LSTM, two layers both ways, no bias",
         built("LSTM", num_layers=2, bidirectional=True, bias=False), normal((2, 2, N))),
    Case("LSTM, no bias", built("LSTM", bias=False), normal((3, 2, N))),
    Case("LSTM of one sequence", built("LSTM"), normal((3, N))),
    Case("LSTM of one sequence, batch first, with a state", built("LSTM", batch_first=True),
         normal((3, N), (1, H), (1, H)), paired),
    Case("LSTM, B 1 and T 1", built("LSTM"), normal((1, 1, N))),
    Case("LSTM, empty batch", built("LSTM"), normal((3, 0, N))),
    Case("LSTM with dropout, in evaluation", built("LSTM", num_layers=2, dropout=0.5),
         normal((3, 2, N)), modes=("eval",)),
    Case("LSTM with dropout of all", built("LSTM", num_layers=2, dropout=1.0),
         normal((3, 2, N)), modes=("train",)),
    Case("GRU", built("GRU"), TBN),
    Case("GRU with a state", built("GRU"), normal((3, 2, N), (1, 2, H))),
    Case("GRU, no bias, batch first", built("GRU", bias=False, batch_first=True),
         normal((2, 3, N))),
    Case("GRU, two layers both ways", built("GRU", num_layers=2, bidirectional=True),
         normal((2, 2, N), (4, 2, H))),
    Case("GRU of one sequence, both ways", built("GRU", bidirectional=True),
         normal((3, N), (2, H))),
    Case("GRU, B 1 and T 1", built("GRU"), normal((1, 1, N))),
    Case("GRU, empty batch", built("GRU"), normal((2, 0, N))),
    # ---- packed
    on_packed("RNN, packed", "RNN", TBN, LENGTHS, {}),
    on_packed("LSTM, packed", "LSTM", TBN, LENGTHS, {}),
    on_packed("LSTM, packed, unsorted, with a state", "LSTM",
              normal((4, 3, N), (1, 3, H), (1, 3, H)), SHUFFLED, UNSORTED),
    on_packed("LSTM, packed, both ways, batch first, two layers", "LSTM",
              normal((3, 4, N)), SHUFFLED, {"batch_first": True, **UNSORTED},
              num_layers=2, bidirectional=True),
    on_packed("GRU, packed, both ways, with a state", "GRU",
              normal((4, 3, N), (2, 3, H)), SHUFFLED, UNSORTED, bidirectional=True),
    on_packed("GRU, packed, all of one length", "GRU", TBN, [4, 4, 4], {}),
    on_packed("GRU, packed, with padding at every end", "GRU", TBN, [3, 1, 1], {}),
    on_packed("LSTM, packed, one sequence", "LSTM", normal((3, 1, N)), [2], {}),
    # ---- cells
    Case("RNNCell", built("RNNCell"), normal((2, N), (2, H))),
    Case("RNNCell with relu, no state", built("RNNCell", nonlinearity="relu"), normal((2, N))),
    Case("LSTMCell", built("LSTMCell"), normal((2, N), (2, H), (2, H)), paired),
    Case("LSTMCell, no bias, no state", built("LSTMCell", bias=False), normal((2, N))),
    Case("LSTMCell of one vector", built("LSTMCell"), normal((N,), (H,), (H,)), paired),
    Case("GRUCell", built("GRUCell"), normal((2, N), (2, H))),
    Case("GRUCell, no bias", built("GRUCell", bias=False), normal((2, N), (2, H))),
    Case("GRUCell of one vector", built("GRUCell"), normal((N,))),
    Case("GRUCell, empty batch", built("GRUCell"), normal((0, N))),
]  # fmt: skip


def made(kind: str, **settings: Any) -> Any:
    return getattr(nn, kind)(N, H, **settings, rng=np.random.default_rng(0))


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape)


X = ones(4, 3, N)
pack = nn.pack_padded_sequence
P = pack(X, [4, 2, 1])
REFUSED = [
    (lambda: made("RNN", nonlinearity="sigmoid"), OptionError,
     "RNN: expected nonlinearity in tanh, relu, got 'sigmoid'; choose one of these"),
    (lambda: nn.LSTM(0, H, rng=np.random.default_rng(0)), OptionError,
     "LSTM: expected sizes of 1 or more, got input_size=0, hidden_size=3; count the "
     "features"),
    (lambda: made("GRU", num_layers=0), OptionError,
     "GRU: expected one layer or more, got num_layers=0; build at least one"),
    (lambda: made("GRU", num_layers=2, dropout=1.5), OptionError,
     "GRU: expected dropout in [0, 1], got dropout=1.5; give a probability"),
    (lambda: made("LSTM", dropout=0.5), OptionError,
     "LSTM: expected two layers, to drop between, got dropout=0.5 and num_layers=1; put "
     "nn.Dropout behind it"),
    (lambda: nn.LSTM(N, H, rng=0), DTypeError,
     "rng: expected a numpy Generator, got 0; pass np.random.default_rng(0)"),
    (lambda: made("LSTM")(ones(4, 3, 5)), ShapeError,
     "LSTM: expected x of shape (T, B, 2) or (T, 2), got (4, 3, 5); see input_size and "
     "batch_first"),
    (lambda: made("LSTM", batch_first=True)(ones(2)), ShapeError,
     "LSTM: expected x of shape (B, T, 2) or (T, 2), got (2,); see input_size and "
     "batch_first"),
    (lambda: made("GRU")(np.ones((4, 3, N), int)), DTypeError,
     "GRU: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: made("GRU")(ones(0, 3, N)), ShapeError,
     "GRU: expected one step or more, got x of shape (0, 3, 2); leave out what is empty"),
    (lambda: made("GRU", batch_first=True)(ones(3, 0, N)), ShapeError,
     "GRU: expected one step or more, got x of shape (3, 0, 2); leave out what is empty"),
    (lambda: made("GRU")(X, ones(1, 2, H)), ShapeError,
     "GRU: expected h_0 of shape (1, 3, 3), got (1, 2, 3); one for each layer, direction "
     "and sequence, of hidden_size"),
    (lambda: made("GRU", bidirectional=True)(X, ones(1, 3, H)), ShapeError,
     "GRU: expected h_0 of shape (2, 3, 3), got (1, 3, 3); one for each layer, direction "
     "and sequence, of hidden_size"),
    (lambda: made("GRU")(X, np.ones((1, 3, H), int)), DTypeError,
     "GRU: expected h_0 of floats, got int64; use astype(np.float32)"),
    (lambda: made("GRU")(X[:, 0], ones(1, 1, H)), ShapeError,
     "GRU: expected h_0 of shape (1, 3), got (1, 1, 3); one for each layer, direction and "
     "sequence, of hidden_size"),
    (lambda: made("LSTM")(X, ones(1, 3, H)), ShapeError,
     "LSTM: expected a state (h_0, c_0), got one array; give both in a tuple"),
    (lambda: made("LSTM")(X, (ones(1, 3, H),)), ShapeError,
     "LSTM: expected a state (h_0, c_0), got 1 of them; give both in a tuple"),
    (lambda: made("LSTM")(X, (ones(1, 3, H), ones(1, 3, 2))), ShapeError,
     "LSTM: expected c_0 of shape (1, 3, 3), got (1, 3, 2); one for each layer, direction "
     "and sequence, of hidden_size"),
    (lambda: made("LSTM")(P, (ones(1, 2, H), ones(1, 2, H))), ShapeError,
     "LSTM: expected h_0 of shape (1, 3, 3), got (1, 2, 3); one for each layer, direction "
     "and sequence, of hidden_size"),
    (lambda: made("LSTM")(pack(ones(4, 3, 5), [4, 2, 1])), ShapeError,
     "LSTM: expected packed data of shape (N, 2), got (7, 5); see input_size"),
    (lambda: made("LSTM")(pack(np.ones((4, 3, N), int), [4, 2, 1])), DTypeError,
     "LSTM: expected packed data of floats, got int64; use astype(np.float32)"),
    (lambda: made("LSTM")(P._replace(batch_sizes=np.array([3, 2]))), ShapeError,
     "LSTM: expected batch_sizes that do not rise, from 1 or more, and add up to 7, got "
     "[3, 2]; pack with pack_sequence"),
    (lambda: made("LSTM")(P._replace(batch_sizes=np.array([2, 3, 1, 1]))), ShapeError,
     "LSTM: expected batch_sizes that do not rise, from 1 or more, and add up to 7, got "
     "[2, 3, 1, 1]; pack with pack_sequence"),
    (lambda: made("LSTMCell")(ones(2, 5)), ShapeError,
     "LSTMCell: expected x of shape (B, 2) or (2,), got (2, 5); give one step; RNN takes "
     "sequences"),
    (lambda: made("LSTMCell")(ones(4, 3, N)), ShapeError,
     "LSTMCell: expected x of shape (B, 2) or (2,), got (4, 3, 2); give one step; RNN "
     "takes sequences"),
    (lambda: made("LSTMCell")(ones(2, N), ones(2, H)), ShapeError,
     "LSTMCell: expected a state (h_0, c_0), got one array; give both in a tuple"),
    (lambda: made("LSTMCell")(ones(2, N), (ones(2, H), ones(3, H))), ShapeError,
     "LSTMCell: expected c_0 of shape (2, 3), got (3, 3); one for each layer, direction "
     "and sequence, of hidden_size"),
    (lambda: made("GRUCell")(ones(2, N), ones(H)), ShapeError,
     "GRUCell: expected h_0 of shape (2, 3), got (3,); one for each layer, direction and "
     "sequence, of hidden_size"),
    (lambda: made("RNNCell")(np.ones((2, N), int)), DTypeError,
     "RNNCell: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: pack(X, [4, 2]), ShapeError,
     "pack_padded_sequence: expected one length for each of 3 sequences, got lengths of "
     "shape (2,); see the shape of x"),
    (lambda: pack(X, [4, 2, 0]), OptionError,
     "pack_padded_sequence: expected lengths of 1 to 4, got [4, 2, 0]; see the shape of x, and "
     "batch_first"),
    (lambda: pack(X, [5, 2, 1]), OptionError,
     "pack_padded_sequence: expected lengths of 1 to 4, got [5, 2, 1]; see the shape of x, and "
     "batch_first"),
    (lambda: pack(X, [1, 2, 4]), OptionError,
     "pack_padded_sequence: expected lengths that do not rise, got [1, 2, 4]; sort, or "
     "pass enforce_sorted=False"),
    (lambda: pack(X, [4.0, 2.0, 1.0]), DTypeError,
     "pack_padded_sequence: expected whole lengths, got float64; convert with astype(int)"),
    (lambda: pack(ones(4), [4]), ShapeError,
     "pack_padded_sequence: expected x of shape (T, B, ...), got (4,); give one axis for "
     "each"),
    (lambda: pack(ones(4, 0, N), []), ShapeError,
     "pack_padded_sequence: expected a sequence, got lengths of shape (0,); see the shape "
     "of x"),
    (lambda: nn.pad_packed_sequence(P, total_length=3), OptionError,
     "pad_packed_sequence: expected total_length of 4 or more, got 3; cut the longest "
     "sequence first"),
    (lambda: nn.pad_packed_sequence(P._replace(batch_sizes=np.array([3.0, 4.0]))), ShapeError,
     "pad_packed_sequence: expected batch_sizes that do not rise, from 1 or more, and add "
     "up to 7, got [3.0, 4.0]; pack with pack_sequence"),
    (lambda: nn.pad_sequence([]), ShapeError,
     "pad_sequence: expected sequences that differ in length alone, got none; give one or "
     "more of shape (L, ...)"),
    (lambda: nn.pad_sequence([ones(2, N), ones(2, 3)]), ShapeError,
     "pad_sequence: expected sequences that differ in length alone, got (2, 2), (2, 3); "
     "give one or more of shape (L, ...)"),
    (lambda: nn.pad_sequence([1.0]), ShapeError,
     "pad_sequence: expected sequences that differ in length alone, got (); give one or "
     "more of shape (L, ...)"),
    (lambda: nn.pad_sequence([ones(2)], padding_side="top"), OptionError,
     "pad_sequence: expected padding_side in right, left, got 'top'; choose one of these"),
    (lambda: nn.pack_sequence([ones(1, N), ones(2, N)]), OptionError,
     "pack_padded_sequence: expected lengths that do not rise, got [1, 2]; sort, or pass "
     "enforce_sorted=False"),
    (lambda: nn.pack_sequence([ones(2, N), ones(0, N)]), OptionError,
     "pack_padded_sequence: expected lengths of 1 to 2, got [2, 0]; see the shape of x, and "
     "batch_first"),
    (lambda: nn.pad_packed_sequence(ones(3, N)), DTypeError,
     "pad_packed_sequence: expected a PackedSequence, got ndarray; pack with pack_sequence"),
    (lambda: made("GRU", num_layers=1.5), OptionError,
     "GRU: expected one layer or more, got num_layers=1.5; build at least one"),
]  # fmt: skip

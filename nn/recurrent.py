"""Recurrent layers: a cell's step taken along sequences, in both directions and many layers.

Sequences run packed (see packing.py), with or without padding: T steps over N rows in all, so
that what is past the end of a sequence is never computed. W_ih is one product for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.ops.indexing import pick
from ..engine.ops.random import dropout as dropped
from ..engine.ops.random import generator
from ..engine.ops.rearrange import expand_dims, squeeze, swapaxes
from ..engine.ops.shaping import concat, reshape, stack
from ..kernels import OptionError, ShapeError
from .applied import floats
from .cell import (
    GRU_KIND,
    LSTM_KIND,
    Kind,
    Weights,
    bare,
    drawn,
    entered,
    first_state,
    nonlinear,
)
from .module import Module
from .packing import PackedSequence, State, backwards, forwards, sizes_of


def run(
    kind: Kind, x: Any, sizes: Sequence[int], first: State, weights: Weights, is_reverse: bool
) -> tuple[Any, State]:
    """All steps of one layer in one direction, and the state where each sequence ends.

    Shapes: x (N, I) in steps of these sizes, first (B, H) each -> (N, H), (B, H) each.
    """
    product, recur = entered(kind, x, weights)
    go = backwards if is_reverse else forwards
    return go(lambda at, state: kind.step(pick(product, at), state, recur), sizes, first)


class Recurrent(Module):
    """Layers of a recurrence, each in one direction or both, on sequences.

    Shapes, with D 2 where bidirectional, else 1, and L layers: x (T, B, input_size), or with
    batch_first (B, T, input_size), or (T, input_size), or a PackedSequence of (N, input_size)
    -> h of the last layer in the same form, with D * hidden_size last, and the state where each
    sequence ends (for a reverse direction: begins), as hx: (L * D, B, hidden_size), without B
    where x has none.
    """

    kind: Kind

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: np.random.Generator,
    ) -> None:
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.rng = bidirectional, generator(rng)
        self._check_settings()
        for layer in range(num_layers):
            for names in self._names(layer):
                into = hidden_size * (1 + bidirectional) if layer else input_size
                made = drawn(type(self).__name__, self.kind, into, hidden_size, bias, rng)
                vars(self).update(zip(names, made))

    def forward(self, x: Any, hx: Any = None) -> tuple[Any, Any]:
        if isinstance(x, PackedSequence):
            return self._on_packed(x, hx)
        x = floats(type(self).__name__, x)
        self._check(x.shape)
        is_alone = len(x.shape) == 2
        if is_alone:  # a batch of one
            x = expand_dims(x, 1)
        elif self.batch_first:
            x = swapaxes(x, 0, 1)
        steps, batch, width = x.shape
        first = self._first(hx, () if is_alone else (batch,))
        if is_alone:
            first = tuple(expand_dims(s, 1) for s in first)
        y, last = self._layers(reshape(x, (steps * batch, width)), [batch] * steps, first)
        y = reshape(y, (steps, batch, y.shape[1]))
        if is_alone:
            return squeeze(y, 1), bare(tuple(squeeze(s, 1) for s in last))
        return swapaxes(y, 0, 1) if self.batch_first else y, bare(last)

    def _on_packed(self, x: PackedSequence, hx: Any) -> tuple[PackedSequence, Any]:
        where = type(self).__name__
        data, sizes = floats(where, x.data, "packed data"), sizes_of(where, x).tolist()
        if data.shape[1:] != (self.input_size,):
            rule, repair = f"packed data of shape (N, {self.input_size})", "see input_size"
            raise ShapeError(where, rule, str(data.shape), repair)
        first = _in_order(self._first(hx, (sizes[0],)), x.sorted_indices)
        y, last = self._layers(data, sizes, first)
        return x._replace(data=y), bare(_in_order(last, x.unsorted_indices))

    def _layers(self, x: Any, sizes: Sequence[int], first: State) -> tuple[Any, State]:
        """All layers. Shapes: x (N, I) in steps of these sizes, states (L * D, B, H)."""
        ends: list[State] = []
        for layer in range(self.num_layers):
            if layer:
                x = dropped(x, self.dropout, self.rng, self.training)
            ys = []
            for names, is_reverse in zip(self._names(layer), (False, True)):
                weights = Weights(*(getattr(self, name) for name in names))
                state = tuple(pick(s, len(ends)) for s in first)
                y, end = run(self.kind, x, sizes, state, weights, is_reverse)
                ys.append(y)
                ends.append(end)
            x = concat(ys, -1) if len(ys) > 1 else ys[0]
        return x, tuple(stack(s) for s in zip(*ends))

    def _first(self, hx: Any, batch: tuple[int, ...]) -> State:
        runs = self.num_layers * (1 + self.bidirectional)
        shape, like = (runs, *batch, self.hidden_size), vars(self)["weight_hh_l0"]
        return first_state(type(self).__name__, self.kind, hx, shape, like)

    def _names(self, layer: int) -> list[list[str]]:
        """What the weights of a layer are called in each direction, as by PyTorch."""
        parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ends = ("", "_reverse")[: 1 + self.bidirectional]
        return [[f"{part}_l{layer}{end}" for part in parts] for end in ends]

    def _check(self, shape: tuple[int, ...]) -> None:
        where, width = type(self).__name__, self.input_size
        if len(shape) not in (2, 3) or shape[-1] != width:
            lead = "(B, T, " if self.batch_first else "(T, B, "
            rule = f"x of shape {lead}{width}) or (T, {width})"
            raise ShapeError(where, rule, str(shape), "see input_size and batch_first")
        if not shape[1 if self.batch_first and len(shape) == 3 else 0]:
            raise ShapeError(
                where, "one step or more", f"x of shape {shape}", "leave out what is empty"
            )

    def _check_settings(self) -> None:
        where = type(self).__name__
        if not hasattr(self.num_layers, "__index__") or self.num_layers < 1:
            got, repair = f"num_layers={self.num_layers}", "build at least one"
            raise OptionError(where, "one layer or more", got, repair)
        if not 0 <= self.dropout <= 1:
            got, repair = f"dropout={self.dropout}", "give a probability"
            raise OptionError(where, "dropout in [0, 1]", got, repair)
        if self.dropout and self.num_layers == 1:
            got, repair = f"dropout={self.dropout} and num_layers=1", "put nn.Dropout behind it"
            raise OptionError(where, "two layers, to drop between", got, repair)

    def extra_repr(self) -> str:
        plain = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
        named = {name: getattr(self, name) for name in (*plain, "bidirectional")}
        shown = [f"{k}={v}" for k, v in named.items() if v != plain.get(k, False)]
        return ", ".join([f"{self.input_size}, {self.hidden_size}", *shown])


def _in_order(state: State, order: np.ndarray | None) -> State:
    """The sequences of states (L * D, B, H) in another order."""
    return state if order is None else tuple(pick(s, (slice(None), order)) for s in state)


class RNN(Recurrent):
    """h_t = act(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), with tanh or relu.

    See `RNNCell` for weights, `nn.Recurrent` for shapes. Differs: no proj_size.
    Source: Elman 1990.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        rng: np.random.Generator,
    ) -> None:
        self.kind, self.nonlinearity = nonlinear("RNN", nonlinearity), nonlinearity
        rest = (num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(input_size, hidden_size, *rest, rng=rng)

    def extra_repr(self) -> str:
        plain = super().extra_repr()
        return plain if self.nonlinearity == "tanh" else plain + ", nonlinearity='relu'"


class LSTM(Recurrent):
    """c_t = f * c_(t-1) + i * g; h_t = o * tanh(c_t), with gates i, f, o = sigmoid(...) and
    the new g = tanh(...), of four blocks of W_ih x_t + b_ih + W_hh h_(t-1) + b_hh.

    See `LSTMCell` for weights, `nn.Recurrent` for shapes; its state is a pair (h, c).
    Differs: no proj_size.
    Source: Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000, no peepholes.
    """

    kind = LSTM_KIND


class GRU(Recurrent):
    """h_t = (1 - z) * n + z * h_(t-1), with gates r, z = sigmoid(...), new n = tanh(...).

    See `GRUCell` for these and for weights, `nn.Recurrent` for shapes.
    Source: Cho et al. 2014, eqs. 5-8.
    """

    kind = GRU_KIND

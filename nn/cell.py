"""One step of a recurrent network: the formulas, and cells that take a step at a time.

A state is a tuple of arrays, h first. Everything about the input is one product, `entered`,
which a layer takes for all times at once; a `Kind` says how a step goes on from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..engine.ops.activations import relu, sigmoid
from ..engine.ops.create import zeros
from ..engine.ops.dense import affine
from ..engine.ops.elementwise import add, addcmul, lerp, multiply, tanh
from ..engine.ops.indexing import pick
from ..kernels import OptionError, ShapeError
from . import init
from .applied import floats
from .module import Module
from .packing import State
from .parameter import Parameter

Recur = Callable[[Any], Any]  # h -> W_hh h, and b_hh where it stays with that


# ---- formulas -------------------------------------------------------------------------------
def rnn_step(x: Any, state: State, recur: Recur, act: Callable[..., Any]) -> State:
    """h' = act(W_ih x + b_ih + W_hh h + b_hh)."""
    (h,) = state
    return (act(add(x, recur(h))),)


def lstm_step(x: Any, state: State, recur: Recur) -> State:
    """c' = f * c + i * g; h' = o * tanh(c'), with i, f, o = sigmoid(...) and g = tanh(...) of
    the quarters of W_ih x + b_ih + W_hh h + b_hh."""
    h, c = state
    i, f, g, o = pieces(add(x, recur(h)), 4)
    c = addcmul(multiply(sigmoid(f), c), sigmoid(i), tanh(g))
    return multiply(sigmoid(o), tanh(c)), c


def gru_step(x: Any, state: State, recur: Recur) -> State:
    """h' = (1 - z) * n + z * h, with x = W_ih x + b_ih and u = W_hh h + b_hh in thirds:
    r = sigmoid(x_r + u_r), z = sigmoid(x_z + u_z), n = tanh(x_n + r * u_n)."""
    (h,) = state
    (x_r, x_z, x_n), (u_r, u_z, u_n) = pieces(x, 3), pieces(recur(h), 3)
    r, z = sigmoid(add(x_r, u_r)), sigmoid(add(x_z, u_z))
    return (lerp(tanh(addcmul(x_n, r, u_n)), h, z),)


def pieces(x: Any, count: int) -> list[Any]:
    """Equal parts of the last axis."""
    n = x.shape[-1] // count
    return [pick(x, (..., slice(k * n, (k + 1) * n))) for k in range(count)]


class Kind(NamedTuple):
    """A recurrence: the blocks of rows in its weights, the names of its state, its step, and
    whether b_hh must stay with W_hh h, or may join b_ih once for all times."""

    blocks: int
    names: tuple[str, ...]
    step: Callable[..., State]
    keeps_bias: bool = False


RNNS = {
    "tanh": Kind(1, ("h",), partial(rnn_step, act=tanh)),
    "relu": Kind(1, ("h",), partial(rnn_step, act=relu)),
}
LSTM_KIND = Kind(4, ("h", "c"), lstm_step)
GRU_KIND = Kind(3, ("h",), gru_step, keeps_bias=True)


class Weights(NamedTuple):
    """Shapes: ih (G H, I), hh (G H, H), biases (G H,) or None, for G blocks of H rows."""

    ih: Any
    hh: Any
    b_ih: Any
    b_hh: Any


def entered(kind: Kind, x: Any, weights: Weights) -> tuple[Any, Recur]:
    """W_ih x + b for all rows of x, and what is left to be done of W_hh at each step."""
    ih, hh, b_ih, b_hh = weights
    if kind.keeps_bias or b_ih is None:
        return affine(x, ih, b_ih), lambda h: affine(h, hh, b_hh)
    return affine(x, ih, add(b_ih, b_hh)), lambda h: affine(h, hh)


# ---- what cells and layers share ------------------------------------------------------------
def nonlinear(where: str, nonlinearity: str) -> Kind:
    """The plain recurrence with this function at its end."""
    if nonlinearity not in RNNS:
        rule, repair = "nonlinearity in tanh, relu", "choose one of these"
        raise OptionError(where, rule, repr(nonlinearity), repair)
    return RNNS[nonlinearity]


def drawn(
    where: str, kind: Kind, into: int, hidden: int, bias: bool, rng: np.random.Generator
) -> list[Any]:
    """New weights, uniform on +-1/sqrt(hidden); None in the place of biases that are not to be.

    Raises: OptionError for sizes below 1.
    """
    if not all(hasattr(size, "__index__") and size >= 1 for size in (into, hidden)):
        got = f"input_size={into}, hidden_size={hidden}"
        raise OptionError(where, "sizes of 1 or more", got, "count the features")
    bound, rows = 1 / math.sqrt(hidden), kind.blocks * hidden
    shapes: list[tuple[int, ...]] = [(rows, into), (rows, hidden)]
    made: list[Any] = [init.uniform(rng, s, bound) for s in shapes]
    made += [init.uniform(rng, (rows,), bound) if bias else None for _ in range(2)]
    return [None if array is None else Parameter(array) for array in made]


def first_state(where: str, kind: Kind, hx: Any, shape: tuple[int, ...], like: Any) -> State:
    """The state that was given, once it is known to fit; zeros where none was.

    Raises: ShapeError, DTypeError for one that does not fit.
    """
    if hx is None:
        return tuple(zeros(shape, like.dtype, device=like.device) for _ in kind.names)
    names, is_many = [f"{n}_0" for n in kind.names], len(kind.names) > 1
    if is_many and not (isinstance(hx, (tuple, list)) and len(hx) == len(names)):
        got = f"{len(hx)} of them" if isinstance(hx, (tuple, list)) else "one array"
        raise ShapeError(where, f"a state ({', '.join(names)})", got, "give both in a tuple")
    given = [floats(where, s, name) for s, name in zip(hx if is_many else [hx], names)]
    for name, s in zip(names, given):
        if s.shape != shape:
            repair = "one for each layer, direction and sequence, of hidden_size"
            raise ShapeError(where, f"{name} of shape {shape}", str(s.shape), repair)
    return tuple(given)


def bare(state: State) -> Any:
    """A state as it is given out: a tuple only where it has several parts."""
    return state if len(state) > 1 else state[0]


# ---- cells ----------------------------------------------------------------------------------
class Cell(Module):
    """One step of a recurrence.

    Shapes: x (B, input_size), state (B, hidden_size) -> the same; or both without B.
    """

    kind: Kind
    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, *, rng: np.random.Generator
    ) -> None:
        where = type(self).__name__
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        weights = drawn(where, self.kind, input_size, hidden_size, bias, rng)
        self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh = weights

    def forward(self, x: Any, hx: Any = None) -> Any:
        where = type(self).__name__
        x = floats(where, x)
        if len(x.shape) not in (1, 2) or x.shape[-1] != self.input_size:
            rule = f"x of shape (B, {self.input_size}) or ({self.input_size},)"
            raise ShapeError(where, rule, str(x.shape), "give one step; RNN takes sequences")
        shape = (*x.shape[:-1], self.hidden_size)
        state = first_state(where, self.kind, hx, shape, self.weight_hh)
        weights = Weights(self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        product, recur = entered(self.kind, x, weights)
        return bare(self.kind.step(product, state, recur))

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(Cell):
    """h' = act(W_ih x + b_ih + W_hh h + b_hh), with tanh or relu.

    Shapes: x (B, input_size), hx (B, hidden_size), by default zeros -> (B, hidden_size); or all
    without B; W_ih (hidden_size, input_size), W_hh (hidden_size, hidden_size). All are drawn
    uniformly from +-1/sqrt(hidden_size), as PyTorch does.
    Raises: OptionError for another nonlinearity, and with ShapeError, DTypeError what does not
    fit. Source: Elman 1990.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: np.random.Generator,
    ) -> None:
        self.kind, self.nonlinearity = nonlinear("RNNCell", nonlinearity), nonlinearity
        super().__init__(input_size, hidden_size, bias, rng=rng)

    def extra_repr(self) -> str:
        plain = super().extra_repr()
        return plain if self.nonlinearity == "tanh" else plain + ", nonlinearity='relu'"


class LSTMCell(Cell):
    """c' = f * c + i * g; h' = o * tanh(c'), with gates i, f, o = sigmoid(...) and the new
    g = tanh(...), of four blocks of W_ih x + b_ih + W_hh h + b_hh, in the order i, f, g, o.

    Shapes: x (B, input_size), hx a pair (h, c) of (B, hidden_size) each, by default zeros ->
    (h', c'); or all without B; W_ih (4 hidden_size, input_size), W_hh (4 hidden_size,
    hidden_size). All are drawn uniformly from +-1/sqrt(hidden_size), as PyTorch does: the
    forget gate has no bias of 1.
    Raises: OptionError, ShapeError, DTypeError for what does not fit.
    Source: Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000, no peepholes.
    """

    kind = LSTM_KIND


class GRUCell(Cell):
    """h' = (1 - z) * n + z * h, with x' = W_ih x + b_ih and u = W_hh h + b_hh in three blocks:
    r = sigmoid(x'_r + u_r), z = sigmoid(x'_z + u_z), n = tanh(x'_n + r * u_n).

    Shapes: x (B, input_size), hx (B, hidden_size), by default zeros -> (B, hidden_size); or all
    without B; W_ih (3 hidden_size, input_size), W_hh (3 hidden_size, hidden_size). All are
    drawn uniformly from +-1/sqrt(hidden_size), as PyTorch does.
    Raises: OptionError, ShapeError, DTypeError for what does not fit.
    Differs: from the paper, as PyTorch does: r multiplies W_hh h + b_hh, not h, so that one
    product serves all gates.
    Source: Cho et al. 2014, eqs. 5-8; r as in the first version of arXiv:1406.1078.
    """

    kind = GRU_KIND

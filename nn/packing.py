"""Sequences of different lengths as one array without padding: what recurrent layers read.

Steps lie one after the other, and in each the sequences that are still going on, the longest
first: x_0[0], x_1[0], x_2[0], x_0[1], x_1[1], x_0[2], ... with batch_sizes 3, 2, 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np

from ..engine.ops.indexing import INDEX_SET, pick
from ..engine.ops.rearrange import swapaxes
from ..engine.ops.shaping import as_array, concat, data_of
from ..engine.tape import apply
from ..kernels import DTypeError, OptionError, ShapeError, create
from ..kernels.device import to_device

State = tuple[Any, ...]  # of one row for each sequence
Step = Callable[[slice, State], State]  # from the rows of a step


class PackedSequence(NamedTuple):
    """Sequences, packed by `pack_padded_sequence` or `pack_sequence`.

    Shapes: data (N, ...) of N steps in all, batch_sizes (T,) how many sequences have a step t;
    sorted_indices (B,) the sequences from the longest to the shortest, unsorted_indices (B,)
    its inverse, both None where they came in that order. Integers are on the host.
    """

    data: Any
    batch_sizes: np.ndarray
    sorted_indices: np.ndarray | None = None
    unsorted_indices: np.ndarray | None = None


def pack_padded_sequence(
    x: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """The steps of padded sequences that are no padding.

    With enforce_sorted, lengths must not rise; else sequences are sorted by length, and their
    order comes back with the result. Shapes: x (T, B, ...) or with batch_first (B, T, ...),
    lengths (B,) of 1 to T.
    Raises: ShapeError, DTypeError, OptionError for lengths that are not so.
    """
    x = as_array(x)
    if len(x.shape) < 2:
        rule = f"x of shape {'(B, T, ...)' if batch_first else '(T, B, ...)'}"
        raise ShapeError("pack_padded_sequence", rule, str(x.shape), "give one axis for each")
    x = swapaxes(x, 0, 1) if batch_first else x  # (T, B, ...)
    sizes = _lengths("pack_padded_sequence", lengths, x.shape[1], x.shape[0])
    order = inverse = None
    if not enforce_sorted:
        order = np.argsort(-sizes, kind="stable")
        inverse = np.argsort(order)
        x, sizes = pick(x, (slice(None), order)), sizes[order]
    elif np.any(np.diff(sizes) > 0):
        rule, repair = "lengths that do not rise", "sort, or pass enforce_sorted=False"
        raise OptionError("pack_padded_sequence", rule, str(sizes.tolist()), repair)
    goes_on = np.arange(sizes.max())[:, None] < sizes  # (T, B)
    data = pick(pick(x, slice(len(goes_on))), goes_on)  # (N, ...)
    return PackedSequence(data, goes_on.sum(1), order, inverse)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, np.ndarray]:
    """Packed sequences side by side in the order in which they came, and their lengths.

    Shapes: -> (T, B, ...) or with batch_first (B, T, ...), and (B,); T is that of the longest,
    or total_length.
    Raises: OptionError for a total_length below that, ShapeError for sizes that do not fit.
    """
    sizes = sizes_of("pad_packed_sequence", sequence)
    longest = len(sizes)
    if total_length is not None and total_length < longest:
        rule, repair = f"total_length of {longest} or more", "cut the longest sequence first"
        raise OptionError("pad_packed_sequence", rule, str(total_length), repair)
    steps = total_length or longest
    counts = np.pad(sizes, (0, steps - longest))  # (T,)
    goes_on = np.arange(sizes[0]) < counts[:, None]  # (T, B)
    x, lengths = _spread(sequence.data, goes_on, padding_value), goes_on.sum(0)
    if sequence.unsorted_indices is not None:
        x = pick(x, (slice(None), sequence.unsorted_indices))
        lengths = lengths[sequence.unsorted_indices]
    return swapaxes(x, 0, 1) if batch_first else x, lengths


def pad_sequence(
    sequences: Sequence[Any],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Sequences side by side, filled up to the length of the longest.

    Shapes: (L_k, ...) each -> (T, B, ...) or with batch_first (B, T, ...).
    Raises: ShapeError where there is none, or they differ in more than length; OptionError for
    another side.
    """
    given = _alike("pad_sequence", sequences)
    if padding_side not in ("right", "left"):
        rule = "padding_side in right, left"
        raise OptionError("pad_sequence", rule, repr(padding_side), "choose one of these")
    lengths = np.array([s.shape[0] for s in given])
    goes_on = np.arange(lengths.max()) < lengths[:, None]  # (B, T)
    if padding_side == "left":
        goes_on = goes_on[:, ::-1]
    x = _spread(concat(given), goes_on, padding_value)
    return x if batch_first else swapaxes(x, 0, 1)


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Sequences, packed. With enforce_sorted, lengths must not rise.

    Shapes: (L_k, ...) each, of 1 step or more.
    Raises: as `pad_sequence` and `pack_padded_sequence`.
    """
    given = _alike("pack_sequence", sequences)
    lengths = [s.shape[0] for s in given]
    return pack_padded_sequence(pad_sequence(given), lengths, False, enforce_sorted)


def sizes_of(where: str, sequence: PackedSequence) -> np.ndarray:
    """How many sequences have each step.

    Raises: DTypeError for what is not packed; ShapeError where they rise, are below 1, or do
    not add up.
    """
    if not isinstance(sequence, PackedSequence):
        got, repair = type(sequence).__name__, "pack with pack_sequence"
        raise DTypeError(where, "a PackedSequence", got, repair)
    sizes = to_device(data_of(sequence.batch_sizes), "cpu")
    count = sequence.data.shape[0]
    is_list = sizes.dtype.kind in "iu" and sizes.ndim == 1 and sizes.size
    if not is_list or sizes[-1] < 1 or np.any(np.diff(sizes) > 0) or sizes.sum() != count:
        rule = f"batch_sizes that do not rise, from 1 or more, and add up to {count}"
        raise ShapeError(where, rule, str(sizes.tolist()), "pack with pack_sequence")
    return sizes.astype(np.int64)


# ---- along packed sequences -----------------------------------------------------------------
def forwards(step: Step, sizes: Sequence[int], state: State) -> tuple[Any, State]:
    """Steps of these sizes, from the first on; sequences that have ended leave, the shortest
    first. Gives the first part of every state, packed, and the last state of each sequence."""
    ys, ended = [], []
    for at in _rows(sizes):
        going, n = state[0].shape[0], at.stop - at.start
        if n < going:
            ended.append(_cut(state, n, going))
            state = _cut(state, 0, n)
        state = step(at, state)
        ys.append(state[0])
    ended.append(state)
    return concat(ys), tuple(concat(s[::-1]) for s in zip(*ended))


def backwards(step: Step, sizes: Sequence[int], first: State) -> tuple[Any, State]:
    """As `forwards`, from the last step back; a sequence joins where it ends."""
    ys, state = [], _cut(first, 0, 0)
    for at in reversed(_rows(sizes)):
        going, n = state[0].shape[0], at.stop - at.start
        if n > going:
            joining = _cut(first, going, n)
            state = tuple(concat(pair) for pair in zip(state, joining))
        state = step(at, state)
        ys.append(state[0])
    return concat(ys[::-1]), state


def _rows(sizes: Sequence[int]) -> list[slice]:
    return [slice(*ends) for ends in pairwise(accumulate(sizes, initial=0))]


def _cut(state: State, start: int, stop: int) -> State:
    return tuple(pick(s, slice(start, stop)) for s in state)


# ---- what the rest shares -------------------------------------------------------------------
def _spread(data: Any, places: np.ndarray, value: float) -> Any:
    """Rows of data where `places` holds, in its order, and one number everywhere else."""
    raw, shape = data_of(data), (*places.shape, *data.shape[1:])
    filled = create.full_like(raw, shape=shape, value=value, dtype=raw.dtype)
    return apply(INDEX_SET, filled, data, index=places)


def _alike(where: str, sequences: Sequence[Any]) -> list[Any]:
    given = [as_array(s) for s in sequences]
    shapes = [s.shape for s in given]
    if not given or () in shapes or len({s[1:] for s in shapes}) > 1:
        got = ", ".join(map(str, shapes)) or "none"
        rule = "sequences that differ in length alone"
        raise ShapeError(where, rule, got, "give one or more of shape (L, ...)")
    return given


def _lengths(where: str, lengths: Any, count: int, longest: int) -> np.ndarray:
    """Lengths as integers on the host.

    Raises: DTypeError, ShapeError, OptionError where they are not one for each, of 1 to T.
    """
    sizes = to_device(data_of(lengths), "cpu")
    if sizes.shape != (count,) or not count:
        rule = f"one length for each of {count} sequences" if count else "a sequence"
        raise ShapeError(where, rule, f"lengths of shape {sizes.shape}", "see the shape of x")
    if sizes.dtype.kind not in "iu":
        raise DTypeError(where, "whole lengths", str(sizes.dtype), "convert with astype(int)")
    if sizes.min() < 1 or sizes.max() > longest:
        rule, repair = f"lengths of 1 to {longest}", "see the shape of x, and batch_first"
        raise OptionError(where, rule, str(sizes.tolist()), repair)
    return sizes.astype(np.int64)

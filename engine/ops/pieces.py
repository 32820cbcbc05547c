"""Arrays repeated, turned round, and cut into pieces."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels import OptionError, ShapeError
from .broadcast import Axis, broadcast_to, normal_axes
from .indexing import pick
from .rearrange import along, expand_dims, one_axis
from .shaping import as_array, concat, reshape


def tile(x: Any, reps: int | Sequence[int]) -> Any:
    """x laid out `reps` times along each axis, the last ones where x has more.

    Raises: OptionError for a negative number of times.
    """
    x = as_array(x)
    times = _times("tile", reps)
    n = max(len(times), len(x.shape))
    times = (1,) * (n - len(times)) + times
    lengths = (1,) * (n - len(x.shape)) + x.shape
    pairs = list(itertools.chain.from_iterable(zip(times, lengths)))
    x = reshape(x, list(itertools.chain.from_iterable((1, k) for k in lengths)))
    return reshape(broadcast_to(x, pairs), [t * k for t, k in zip(times, lengths)])


def repeat(x: Any, repeats: int | Sequence[int], axis: int | None = None) -> Any:
    """Each element along an axis as many times in a row as `repeats` says, in one number for
    all or one for each; without an axis, of x flattened.

    Raises: OptionError for a negative number of times, ShapeError where there is not one for
    each element.
    """
    x = as_array(x)
    if axis is None:
        return repeat(reshape(x, (math.prod(x.shape),)), repeats, 0)
    axis = one_axis("repeat", x, axis)
    times, n = _times("repeat", repeats), x.shape[axis]
    if len(times) == 1:
        before, after = x.shape[:axis], x.shape[axis + 1 :]
        rows = broadcast_to(expand_dims(x, axis + 1), (*before, n, times[0], *after))
        return reshape(rows, (*before, n * times[0], *after))
    if len(times) != n:
        raise ShapeError("repeat", f"1 or {n} numbers", f"{len(times)}", "give one for each")
    return pick(x, along(axis, np.repeat(np.arange(n), times)))


def _times(where: str, counts: Any) -> tuple[int, ...]:
    times = tuple(map(operator.index, np.atleast_1d(counts)))
    if any(t < 0 for t in times):
        raise OptionError(where, "numbers of 0 or more", f"{counts}", "leave out the sign")
    return times


def flip(x: Any, axis: Axis = None) -> Any:
    """x backwards along axes, by default all."""
    x = as_array(x)
    axes = normal_axes("flip", x, axis)
    steps = (slice(None, None, -1 if a in axes else None) for a in range(len(x.shape)))
    return pick(x, tuple(steps))


def roll(x: Any, shift: int | Sequence[int], axis: Axis = None) -> Any:
    """x moved on along axes, what falls off the end put back at the start; without an axis, of
    x flattened.

    Raises: ShapeError where shifts and axes do not go together.
    """
    x = as_array(x)
    if axis is None:
        flat = reshape(x, (math.prod(x.shape),))
        return reshape(roll(flat, shift, (0,) * len(np.atleast_1d(shift))), x.shape)
    shifts, axes = np.atleast_1d(shift), normal_axes("roll", x, axis)
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        rule, got = "one shift for each axis", f"shift={shift} and axis={axis}"
        raise ShapeError("roll", rule, got, "give one for all, or as many")
    for s, a in np.broadcast(shifts, axes):
        cut = -s % x.shape[a] if x.shape[a] else 0
        if cut:
            head, tail = along(a, slice(cut)), along(a, slice(cut, None))
            x = concat([pick(x, tail), pick(x, head)], a)
    return x


def split(x: Any, sections: int | Sequence[int], axis: int = 0) -> tuple[Any, ...]:
    """x cut along an axis, into so many equal sections, or at each of these points.

    Raises: ShapeError where equal sections are not to be had. Differs: a number is how many
    sections, as in NumPy; in PyTorch it is how long they are (see `chunk`).
    """
    x = as_array(x)
    axis = one_axis("split", x, axis)
    n = x.shape[axis]
    if hasattr(sections, "__index__"):
        count = operator.index(sections)
        if count < 1 or n % count:
            rule = f"a number of sections that divides {n}"
            raise ShapeError("split", rule, f"{sections}", "give the points where to cut")
        sections = range(n // count, n, n // count) if n else (0,) * (count - 1)
    bounds = [0, *sections, n]
    return tuple(pick(x, along(axis, slice(*b))) for b in itertools.pairwise(bounds))


def chunk(x: Any, chunks: int, axis: int = 0) -> tuple[Any, ...]:
    """x cut along an axis into at most so many pieces, of equal length but for the last.

    Raises: OptionError for fewer than one.
    """
    x = as_array(x)
    axis = one_axis("chunk", x, axis)
    if chunks < 1:
        raise OptionError("chunk", "one chunk or more", f"{chunks}", "give a positive number")
    n = x.shape[axis]
    length = -(-n // chunks)
    return split(x, range(length, n, length) if n else chunks, axis)


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The layers of x along an axis, without that axis."""
    x = as_array(x)
    axis = one_axis("unstack", x, axis)
    return tuple(pick(x, along(axis, k)) for k in range(x.shape[axis]))


def unbind(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The layers of x along an axis: PyTorch's name for `unstack`."""
    return unstack(x, axis)

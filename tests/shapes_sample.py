"""What the tests of shapes draw from: numbers laid out in memory in every way, and, for each op
that is no row, the shapes and settings it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests import dense_sample as dense
from tests import windows_sample as slide
from tests.cases.operation import Use

Shape = tuple[int, ...]
Uses = st.SearchStrategy[Use]
Draw = Callable[..., Any]
FLOATS = st.sampled_from([np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)])
WHOLE = st.sampled_from([np.dtype(k) for k in ("int8", "uint8", "int32", "int64", "bool")])
LAYOUTS = st.sampled_from(["rows", "columns", "turned", "gaps", "backwards", "repeated"])
BROAD = hnp.mutually_broadcastable_shapes


# ---- memory ---------------------------------------------------------------------------------
def laid(values: np.ndarray, layout: str, core: int = 0) -> np.ndarray:
    """The numbers in a read-only array, laid out in memory in one of the ways of `LAYOUTS`.

    There is poison in the gaps. "repeated" repeats the first along all but `core` last axes.
    """
    if layout == "columns":
        y = np.array(values, order="F")
    elif layout == "turned" and values.ndim:
        y = np.moveaxis(np.moveaxis(values, -1, 0).copy(), 0, -1)
    elif layout == "gaps":
        y = np.full([2 * n for n in values.shape], poison(values.dtype))
        y = y[(..., *[slice(None, None, 2)] * values.ndim)]
        y[...] = values
    elif layout == "backwards":
        back = (..., *[slice(None, None, -1)] * values.ndim)
        y = np.array(values[back], order="C")[back]
    elif layout == "repeated":
        first = (slice(0, 1),) * max(0, values.ndim - core)
        y = np.broadcast_to(np.array(values[(*first, ...)]), values.shape)
    else:
        y = values.copy()
    y.flags.writeable = False
    return y


def poison(dtype: np.dtype[Any]) -> Any:
    """What no result may have been computed from."""
    number = np.nan if dtype.kind == "f" else True if dtype.kind == "b" else 99
    return np.asarray(number, dtype)


def halves(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """The nearest numbers that float16 holds, and so every float dtype alike."""
    return np.asarray(values).astype(np.float16).astype(dtype)


# ---- axes and indices -----------------------------------------------------------------------
def shapes(least: int = 0, side: int = 0) -> st.SearchStrategy[Shape]:
    """Few of them empty: an array without elements shows little."""
    either = [hnp.array_shapes(min_dims=least, min_side=n, max_side=3) for n in (1, side)]
    return st.one_of(either)


def axis_of(n: int) -> st.SearchStrategy[int]:
    return st.integers(-n, n - 1)


def axes_of(n: int) -> st.SearchStrategy[Any]:
    """None, one axis or several, counted from either end."""
    some = st.lists(st.integers(0, n - 1), unique=True) if n else st.just([])
    signed = st.tuples(some, st.booleans()).map(lambda s: tuple(a - n * s[1] for a in s[0]))
    return st.one_of(st.none(), signed, *([axis_of(n)] if n else []))


def order_of(n: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(st.permutations(range(n)), st.booleans()).map(
        lambda s: tuple(a - n * s[1] for a in s[0])
    )


def single(shape: Shape) -> st.SearchStrategy[Any]:
    """An index that picks no element twice."""
    basic = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True, max_dims=4)
    return st.one_of(basic, hnp.arrays(bool, shape))


def index_of(shape: Shape) -> st.SearchStrategy[Any]:
    if not shape or 0 in shape:
        return single(shape)
    return st.one_of(single(shape), hnp.integer_array_indices(shape))


def part_of(shape: Shape, index: Any) -> Shape:
    return np.empty(shape)[index].shape


# ---- folds, moves and picks -----------------------------------------------------------------
@st.composite
def folds(draw: Draw, side: int = 0, first: Any = None) -> Use:
    """A shape, and: what `first` draws, axes, keepdims."""
    shape = draw(shapes(0, side))
    more = () if first is None else (draw(first),)
    return (shape,), (*more, draw(axes_of(len(shape))), draw(st.booleans()))


@st.composite
def spreads(draw: Draw) -> Use:
    (shape,), (axis, keepdims) = draw(folds())
    count = np.zeros(shape).size // max(1, np.zeros(shape).sum(axis).size)
    return (shape,), (draw(st.sampled_from([0, 1, 0.5])) if count > 1 else 0, axis, keepdims)


@st.composite
def alongs(draw: Draw, flat: bool = False) -> Use:
    shape = draw(shapes(0 if flat else 1))
    one = [axis_of(len(shape))] if shape else []
    return (shape,), (draw(st.one_of(*([st.none()] if flat else []), *one)),)


@st.composite
def recurrences(draw: Draw) -> Use:
    found = draw(BROAD(num_shapes=2, max_dims=3, min_side=0, max_side=3).filter(
        lambda s: len(s.result_shape) > 0))  # fmt: skip
    return found.input_shapes, (draw(axis_of(len(found.result_shape))),)


@st.composite
def reshapes(draw: Draw) -> Use:
    shape = draw(shapes())
    target = list(draw(st.permutations(shape)))
    for place in draw(st.lists(st.integers(0, len(shape)), max_size=2)):
        target.insert(place, 1)
    if 0 not in shape and target and draw(st.booleans()):
        target[draw(st.integers(0, len(target) - 1))] = -1
    return (shape,), (tuple(target),)


@st.composite
def stretches(draw: Draw) -> Use:
    shape = draw(shapes())
    target = [draw(st.integers(0, 3)) if n == 1 else n for n in shape]
    return (shape,), ((*draw(shapes())[:1], *target),)


@st.composite
def joins(draw: Draw, new: bool) -> Use:
    """Arrays alike, but, unless they get an axis that is new, along the axis."""
    shape = draw(shapes(0 if new else 1))
    axis = draw(axis_of(len(shape) + new))
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    cut = axis % (len(shape) + new)
    other = [shape if new else (*shape[:cut], n, *shape[cut + 1 :]) for n in lengths]
    return tuple(other), (axis,)


@st.composite
def additions(draw: Draw) -> Use:
    target = draw(shapes())
    index = draw(index_of(target))
    return (part_of(target, index),), (index, target)


@st.composite
def settings_at(draw: Draw) -> Use:
    shape = draw(shapes())
    index = draw(single(shape))
    part = part_of(shape, index)
    ones = tuple(1 if draw(st.booleans()) else n for n in part)
    return (shape, ones[draw(st.integers(0, len(ones))) :]), (index,)


@st.composite
def segments(draw: Draw) -> Use:
    shape = draw(shapes(1))
    inner = draw(st.lists(st.integers(0, shape[0]), max_size=3))
    return (shape,), ([0, *sorted(inner), shape[0]],)


@st.composite
def losses(draw: Draw) -> Use:
    rows, classes = draw(st.integers(0, 3)), draw(st.integers(1, 3))
    labels = draw(hnp.arrays(np.int64, rows, elements=st.integers(0, classes - 1)))
    return ((rows, classes),), (labels, draw(st.sampled_from(["mean", "sum", "none"])))


def with_shape(f: Callable[[Shape], st.SearchStrategy[Any]], least: int = 0) -> Uses:
    """A shape, and one setting that depends on it."""
    return shapes(least).flatmap(lambda s: f(s).map(lambda p: ((s,), (p,))))


# ---- matrices -------------------------------------------------------------------------------
LEAD = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=2)
SQUARE: Uses = st.tuples(LEAD, st.integers(0, 3)).map(lambda s: (((*s[0], s[1], s[1]),), ()))
OBLONG: Uses = st.tuples(LEAD, st.integers(1, 3), st.integers(1, 3)).map(
    lambda s: (((*s[0], *s[1:]),), ())
)
PRODUCTS: Uses = BROAD(
    signature="(m?,n),(n,p?)->(m?,p?)", max_dims=2, min_side=0, max_side=3
).map(lambda s: (s.input_shapes, ()))


@st.composite
def equations(draw: Draw) -> Use:
    lead = draw(BROAD(num_shapes=2, max_dims=2, min_side=0, max_side=2)).input_shapes
    n, columns = draw(st.integers(0, 3)), draw(st.integers(0, 2))
    b = (n,) if draw(st.booleans()) else (*lead[1], n, columns)
    return ((*lead[0], n, n), b), ()


# ---- the table ------------------------------------------------------------------------------
MATRICES = {"det", "cofactors", "slogdet", "inv", "solve", "cholesky", "qr", "svd", "eigh"}
STRATEGIES: dict[str, Uses] = {
    **dict.fromkeys(("sum", "prod", "mean", "logsumexp", "norm"), folds()),
    **dict.fromkeys(("max", "min"), folds(1)),
    **dict.fromkeys(("var", "std"), spreads()),
    "p_norm": folds(0, st.sampled_from([0.5, 1.5, 3.0])),
    "centre": with_shape(lambda s: axes_of(len(s))),
    **dict.fromkeys(("softmax", "log_softmax"), alongs()),
    **dict.fromkeys(("cumsum", "cumprod"), alongs(flat=True)),
    "linear_recurrence": recurrences(),
    "cross_entropy": losses(),
    "reshape": reshapes(),
    "transpose": with_shape(lambda s: st.one_of(st.none(), order_of(len(s)))),
    "broadcast_to": stretches(),
    "concat": joins(new=False),
    "stack": joins(new=True),
    "astype": with_shape(lambda s: FLOATS),
    "to": shapes().map(lambda s: ((s,), ())),
    "identity": shapes().map(lambda s: ((s,), ())),
    "getitem": with_shape(index_of),
    "index_add": additions(),
    "index_set": settings_at(),
    "segment_sum": segments(),
    "take_rows": with_shape(lambda s: st.permutations(range(s[0])), 1),
    "matmul": PRODUCTS,
    "linear": dense.affine(),
    "dropout": dense.masks(),
    "csr_matmul": dense.bags(),
    "normalise": dense.normal(),
    **slide.STRATEGIES,
    **dict.fromkeys(("det", "cofactors", "slogdet", "inv", "cholesky", "eigh"), SQUARE),
    **dict.fromkeys(("qr", "svd"), OBLONG),
    "solve": equations(),
}

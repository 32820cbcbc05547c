"""Shapes and settings for what slides over images: windows, convolution and its transposes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from tests.cases.operation import Use

Draw = Callable[..., Any]
Sizes = tuple[int, ...]


class Slide(NamedTuple):
    """A window on one or two axes: what it spans, where it stops, and how long the axes are."""

    size: Sizes
    stride: Sizes
    dilation: Sizes
    places: Sizes
    length: Sizes


class Channels(NamedTuple):
    """How many images; and channels of a group, on either side."""

    count: int
    groups: int
    given: int
    made: int


@st.composite
def slides(draw: Draw) -> Slide:
    """With up to stride - 1 elements at the end that no window reaches."""
    n = draw(st.integers(1, 2))
    each = [draw(st.tuples(*(st.integers(1, m) for m in (2, 3, 2, 3, 3)))) for _ in range(n)]
    length = tuple(d * (k - 1) + 1 + s * (t - 1) + min(s, e) - 1 for k, s, d, t, e in each)
    k, s, d, t, _ = zip(*each)
    return Slide(k, s, d, t, length)


SLIDES = slides()
LEADS = st.lists(st.integers(0, 2), max_size=2).map(tuple)
CHANNELS = st.builds(Channels, st.integers(0, 2), *[st.integers(1, 2)] * 3)


@st.composite
def windows(draw: Draw) -> Use:
    s, lead = draw(SLIDES), draw(LEADS)
    return ((*lead, *s.length),), (s.size, s.stride, s.dilation)


@st.composite
def overlaps(draw: Draw) -> Use:
    s, lead = draw(SLIDES), draw(LEADS)
    shape = (*lead, *s.size, *s.places)
    return (shape,), (s.stride, s.dilation, (*lead, *s.length))


@st.composite
def borders(draw: Draw) -> Use:
    """With one element at least in front, else nothing is done."""
    shape = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3).map(tuple))
    width = st.tuples(st.integers(0, 2), st.integers(0, 2))
    rest = draw(st.lists(width, max_size=len(shape) - 1))
    first = draw(st.tuples(st.integers(1, 2), st.integers(0, 2)))
    return (shape,), ([first, *rest], draw(st.sampled_from([0.0, 2.5])))


@st.composite
def convs(draw: Draw) -> Use:
    s, c = draw(SLIDES), draw(CHANNELS)
    pads = tuple(draw(st.integers(0, min(1, (n - 1) // 2))) for n in s.length)
    inside = tuple(n - 2 * p for n, p in zip(s.length, pads))
    x, w = (c.count, c.groups * c.given, *inside), (c.groups * c.made, c.given, *s.size)
    return (x, w), (s.stride, pads, s.dilation, c.groups)


@st.composite
def convs_biased(draw: Draw) -> Use:
    (x, w), settings = draw(convs())
    return (x, w, w[:1]), settings


@st.composite
def conv_inputs(draw: Draw) -> Use:
    """Of which some is cut off, and, where it was cut or not, some put behind."""
    s, c = draw(SLIDES), draw(CHANNELS)
    x, w = (c.count, c.groups * c.made, *s.places), (c.groups * c.made, c.given, *s.size)
    full = [d * (k - 1) + 1 + t * (m - 1) for k, t, d, m in zip(*s[:4])]
    cut = tuple(draw(st.integers(0, min(1, (n - 1) // 2))) for n in full)
    behind = tuple(draw(st.integers(0, max(pair) - 1)) for pair in zip(s.stride, s.dilation))
    return (x, w), (s.stride, cut, behind, c.groups, s.dilation)


@st.composite
def conv_weights(draw: Draw) -> Use:
    s, c = draw(SLIDES), draw(CHANNELS)
    x, u = (c.count, c.groups * c.given, *s.length), (c.count, c.groups * c.made, *s.places)
    filters = (c.groups * c.made, c.given, *s.size)
    return (x, u), (filters, s.stride, s.dilation, c.groups)


@st.composite
def pools(draw: Draw) -> Use:
    """In a border of less than a window, so that each shows something."""
    s, lead = draw(SLIDES), draw(LEADS)
    cut = [draw(st.integers(0, min(k - 1, n - 1))) for k, n in zip(s.size, s.length)]
    inside = tuple(n - c for n, c in zip(s.length, cut))
    dilation = tuple(1 if c else d for c, d in zip(cut, s.dilation))
    pads = tuple(draw(st.sampled_from([(0, c), (c, 0)])) for c in cut)
    return ((*lead, *inside),), (s.size, s.stride, dilation, pads)


@st.composite
def means(draw: Draw, back: bool = False) -> Use:
    (x,), (size, stride, _, pads) = draw(pools())
    n = len(size)
    each = zip(x[-n:], size, stride, pads)
    places = [(length + a + b - k) // s + 1 for length, k, s, (a, b) in each]
    counts = tuple(tuple(draw(st.integers(1, 4)) for _ in range(t)) for t in places)
    if back:
        return ((*x[:-n], *places),), (size, stride, pads, counts, x)
    return (x,), (size, stride, pads, counts)


STRATEGIES: dict[str, st.SearchStrategy[Use]] = {
    "windows": windows(),
    "overlap_add": overlaps(),
    "border": borders(),
    "conv": convs(),
    "conv_biased": convs_biased(),
    "max_pool": pools(),
    "avg_pool": means(),
    "avg_pool_back": means(back=True),
    "conv_input": conv_inputs(),
    "conv_weight": conv_weights(),
}

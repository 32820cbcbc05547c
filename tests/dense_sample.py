"""Shapes for what dense layers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fusegrad.engine import CSR
from tests.cases.operation import Use

Draw = Callable[..., Any]
SIDE = st.integers(0, 3)


@st.composite
def affine(draw: Draw) -> Use:
    """Any leading axes, some of them empty, with a bias or without."""
    lead = draw(st.lists(SIDE, max_size=3))
    inner, outer = draw(SIDE), draw(SIDE)
    biases = [(outer,)] if draw(st.booleans()) else []
    return ((*lead, inner), (outer, inner), *biases), ()


@st.composite
def bags(draw: Draw) -> Use:
    """Any matrix, some of it empty, times w, or w^T and a bias."""
    rows, columns, outer = draw(SIDE), draw(SIDE), draw(SIDE)
    values = draw(hnp.arrays(np.float64, (rows, columns), elements=st.integers(-2, 2)))
    with_bias = draw(st.booleans())
    shapes = ((outer, columns), (outer,)) if with_bias else ((columns, outer),)
    return shapes, (CSR.of(values),)


@st.composite
def normal(draw: Draw) -> Use:
    """Any axes, together or apart, with a scale for each element that the last axes hold."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=3))
    axes = draw(st.lists(st.sampled_from(range(len(shape))), min_size=1, unique=True))
    own = shape[draw(st.integers(0, len(shape))) :]
    return (shape, own, own), (tuple(sorted(axes)), draw(st.booleans()))


@st.composite
def masks(draw: Draw) -> Use:
    """A mask that broadcasts to x."""
    shape = draw(hnp.array_shapes(min_dims=0, min_side=1, max_side=3))
    ones = tuple(1 if draw(st.booleans()) else n for n in shape)
    own = ones[draw(st.integers(0, len(ones))) :]
    return (shape,), (np.array(draw(hnp.arrays(bool, own))),)

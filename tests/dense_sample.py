"""Shapes for what dense layers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

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
def masks(draw: Draw) -> Use:
    """A mask that broadcasts to x."""
    shape = draw(hnp.array_shapes(min_dims=0, min_side=1, max_side=3))
    ones = tuple(1 if draw(st.booleans()) else n for n in shape)
    own = ones[draw(st.integers(0, len(ones))) :]
    return (shape,), (np.array(draw(hnp.arrays(bool, own))),)

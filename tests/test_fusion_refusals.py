"""What fusions of vectors refuse: what was expected, what came, and the repair."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad.kernels import FusegradError, OptionError, ShapeError
from tests.fusion_sample import WIDTHS, rng

Make = Callable[[Any], mm.Fusion]
SIZES: dict[str, tuple[str, Make]] = {
    "GMU": ("width", lambda n: mm.GMU(WIDTHS, n, rng=rng())),
    "JointHidden": ("width", lambda n: mm.JointHidden(WIDTHS, n, rng=rng())),
    "TensorFusion": ("project", lambda n: mm.TensorFusion(WIDTHS, n, rng=rng())),
    "LowRank": ("rank", lambda n: mm.LowRank(WIDTHS, 4, n, rng=rng())),
    "Multiplicative": ("width", lambda n: mm.Multiplicative(WIDTHS, n, rng=rng())),
    "MLB": ("inner", lambda n: mm.MLB(WIDTHS, 4, n, rng=rng())),
    "MUTAN": ("rank", lambda n: mm.MUTAN(WIDTHS, 4, 4, n, rng=rng())),
    "Tucker": ("inner", lambda n: mm.Tucker(WIDTHS, 4, n, rng=rng())),
    "MCB": ("width", lambda n: mm.MCB(WIDTHS, n, rng=rng())),
    "BLOCK": ("chunks", lambda n: mm.BLOCK(WIDTHS, 4, 4, n, rng=rng())),
    "ProductOfExperts": ("width", lambda n: mm.ProductOfExperts(WIDTHS, n, rng=rng())),
    "GraphFusion": ("width", lambda n: mm.GraphFusion(WIDTHS, n, rng=rng())),
}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("size", [0, -1, 2.5])
def test_sizes_are_whole_and_at_least_1(name: str, size: Any) -> None:
    what, make = SIZES[name]
    assert make(2).width > 0
    text = f"^{name}: expected a whole {what} of 1 or more, got {what}={size}; count the units"
    with pytest.raises(OptionError, match=text):
        make(size)


REFUSED: list[tuple[Callable[[], Any], type[FusegradError], str]] = [
    (
        lambda: mm.JointHidden(WIDTHS, 4, "gelu", rng=rng()),
        OptionError,
        "JointHidden: expected phi in relu, sigmoid, softplus, tanh, got 'gelu'; choose one",
    ),
    (
        lambda: mm.Multiplicative(WIDTHS, 4, "tensor", rng=rng()),
        OptionError,
        "Multiplicative: expected form in matrix, vector, scalar, got 'tensor'; choose one",
    ),
    (
        lambda: mm.TensorFusion(WIDTHS, 4),
        OptionError,
        "TensorFusion: expected an rng beside project, got None; pass rng=",
    ),
    (
        lambda: mm.BLOCK(WIDTHS, 4, 6, 4, rng=rng()),
        OptionError,
        "BLOCK: expected an inner that chunks divide, got 6 in 4 chunks; choose a multiple",
    ),
    *(
        (lambda make=make: make(WIDTHS), ShapeError, f"{make.__name__}: expected equal widths")
        for make in (mm.WeightedSum, mm.WeightedAverage)
    ),
    (
        lambda: mm.ScoredAverage(WIDTHS, rng=rng()),
        ShapeError,
        "ScoredAverage: expected equal widths, got .*; end every branch in the same width",
    ),
    (
        lambda: mm.ProductOfExperts(WIDTHS, 4, rng=rng()).posterior({"x": np.ones((2, 3))}),
        OptionError,
        r"ProductOfExperts: expected features among \['a', 'b', 'c'\], got \['x'\]",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(
    call: Callable[[], Any], error: type[FusegradError], text: str
) -> None:
    with pytest.raises(error, match=f"^{text}"):
        call()


@pytest.mark.parametrize("name", mm.FUSIONS)
def test_no_modality_and_a_feature_of_another_width_are_refused(name: str) -> None:
    make = mm.FUSIONS[name].make
    with pytest.raises((ShapeError, fg.OptionError), match="expected one modality or more"):
        make({}, 4, rng())
    fusion = make({"a": 4, "b": 4}, 4, rng())
    with pytest.raises(ShapeError, match=f"{type(fusion).__name__}, b: expected a feature"):
        fusion({"a": np.ones((2, 4)), "b": np.ones((2, 5))})

"""Flatten, Unflatten, Unfold, Fold, Upsample."""

from __future__ import annotations

from functools import partial

import numpy as np

from fusegrad import nn
from fusegrad.kernels import OptionError, ShapeError
from tests.layer_cases.conv import case as drawing

case = partial(drawing, draws=False)

CASES = [
    case("", "Flatten", (), (2, 3, 2)),
    case("", "Flatten", (0, 1), (2, 3, 2)),
    case("no image", "Flatten", (), (0, 3, 2)),
    case("", "Unflatten", (1, (2, 3)), (2, 6, 2)),
    case("", "Unflatten", (-1, (2, -1)), (2, 6)),
    case("no image", "Unflatten", (1, (-1, 3)), (0, 6)),
    case("", "Unfold", ((2, 3),), (2, 2, 3, 4)),
    case("one image", "Unfold", (2, 2, 1, 2), (2, 4, 3)),
    case("", "Fold", ((3, 4), (2, 3)), (2, 12, 4)),
    case("one image", "Fold", ((4, 3), 2, 2, 1, 2), (4, 4)),
    case("", "Upsample", (5,), (2, 1, 3)),
    case("", "Upsample", (), (2, 2, 2, 3), scale_factor=2),
    case("", "Upsample", (), (1, 1, 5, 4), scale_factor=(0.6, 1.5)),
    case("", "Upsample", ((3, 2, 2),), (1, 1, 2, 2, 3)),
    case("", "Upsample", (5,), (2, 2, 3), mode="linear"),
    case("", "Upsample", (5,), (2, 2, 3), mode="linear", align_corners=True),
    case("", "Upsample", ((2, 6),), (1, 1, 4, 3), mode="bilinear"),
    case("", "Upsample", ((1, 6),), (1, 1, 4, 3), mode="bilinear", align_corners=True),
    case("", "Upsample", (), (1, 1, 2, 3), scale_factor=2.0, mode="bilinear"),
    case("", "Upsample", (), (1, 1, 3, 4), scale_factor=(1.7, 0.6), mode="bilinear"),
    case("", "Upsample", (), (1, 1, 2, 1, 2), scale_factor=2, mode="trilinear"),
    case("no image", "Upsample", (3,), (0, 1, 2, 2), mode="bilinear"),
]

REFUSED = [
    (lambda: nn.Unflatten(1, (-1, -1)), OptionError,
     "Unflatten: expected sizes, one of them -1 at most, got (-1, -1); give whole numbers"),
    (lambda: nn.Unflatten(1, (2, -1))(np.ones((2, 5))), ShapeError,
     "Unflatten: expected an axis that (2, -1) fill, got 5 in (2, 5); choose dim or sizes that "
     "fit"),
    (lambda: nn.Unflatten(2, (2, 2))(np.ones((2, 4))), ShapeError,
     "Unflatten: expected axes in [-2, 2), got axis=2; x has shape (2, 4)"),
    (lambda: nn.Flatten()(np.ones(3)), ShapeError,
     "flatten: expected axes in [-1, 1), got axis=1; x has shape (3,)"),
    (lambda: nn.Unfold((2, 0)), OptionError,
     "Unfold: expected kernel_size of at least 1, as an integer or 2 of them, got (2, 0); see "
     "its docstring"),
    (lambda: nn.Fold((4, 4, 4), 2), OptionError,
     "Fold: expected output_size of at least 1, as an integer or 2 of them, got (4, 4, 4); see "
     "its docstring"),
    (lambda: nn.Upsample()(np.ones((1, 1, 2))), OptionError,
     "interpolate: expected size or scale_factor, got neither; give one of them"),
]  # fmt: skip

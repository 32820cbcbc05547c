"""Pools."""

from __future__ import annotations

from functools import partial

import numpy as np

from fusegrad import nn
from fusegrad.kernels import OptionError, ShapeError
from tests.layer_cases.conv import case as drawing

case = partial(drawing, draws=False)

CASES = [
    case("", "MaxPool1d", (2,), (2, 2, 5)),
    case("one image", "MaxPool1d", (3, 2, 1, 2), (2, 6)),
    case("", "MaxPool1d", (3, 2), (1, 2, 6), ceil_mode=True),
    case("", "MaxPool2d", (2,), (2, 1, 4, 5)),
    case("", "MaxPool2d", ((2, 3), 1, (1, 0), (1, 2)), (1, 1, 4, 6)),
    case("one image", "MaxPool2d", (2,), (2, 3, 3), ceil_mode=True),
    case("no image", "MaxPool2d", (2,), (0, 1, 4, 4)),
    case("", "AvgPool1d", (2,), (2, 2, 5)),
    case("one image", "AvgPool1d", (3, 2, 1, True, False), (2, 6)),
    case("no image", "AvgPool1d", (2,), (0, 2, 4)),
    case("", "AvgPool2d", (3,), (2, 1, 4, 4), stride=1, padding=1),
    case("", "AvgPool2d", ((2, 3), (2, 1), (1, 0), True, True), (1, 2, 4, 4)),
    case("", "AvgPool2d", (2,), (1, 1, 3, 3), padding=1, count_include_pad=False),
    case("divides", "AdaptiveAvgPool1d", (3,), (2, 1, 6)),
    case("shares", "AdaptiveAvgPool1d", (3,), (2, 5)),
    case("", "AdaptiveAvgPool2d", ((2, 3),), (1, 2, 5, 4)),
    case("", "AdaptiveAvgPool2d", ((None, 1),), (2, 1, 3, 3)),
    case("", "AdaptiveAvgPool2d", (1,), (0, 2, 3, 3)),
    case("more than there are", "AdaptiveAvgPool2d", (4,), (1, 3, 2)),
    case("divides", "AdaptiveMaxPool1d", (2,), (2, 1, 6)),
    case("shares", "AdaptiveMaxPool1d", (3,), (1, 2, 5)),
    case("", "AdaptiveMaxPool2d", ((2, 3),), (1, 1, 5, 4)),
    case("", "AdaptiveMaxPool2d", ((None, 2),), (2, 3, 4)),
]

REFUSED = [
    (lambda: nn.MaxPool2d((2, 2, 2)), OptionError,
     "MaxPool2d: expected kernel_size of at least 1, as an integer or 2 of them, got (2, 2, 2);"
     " see its docstring"),
    (lambda: nn.AvgPool1d(2, 0), OptionError,
     "AvgPool1d: expected stride of at least 1, as an integer or 1 of them, got 0; see its "
     "docstring"),
    (lambda: nn.AdaptiveAvgPool2d((2, 0)), OptionError,
     "AdaptiveAvgPool2d: expected output_size of at least 1, as an integer or 2 of them, got "
     "[2, 0]; see its docstring"),
    (lambda: nn.MaxPool2d(3)(np.ones((1, 1, 2, 2))), ShapeError,
     "max_pool2d: expected sizes of at least (3, 3), got (2, 2) and padding (0, 0); pad more, "
     "or take a smaller kernel"),
]  # fmt: skip

"""Activations, softmax and its logarithm."""

from __future__ import annotations

from functools import partial

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case
from tests.layer_cases.conv import case as drawing

case = partial(drawing, draws=False)
PLAIN = (
    "Identity", "ReLU", "ReLU6", "LeakyReLU", "PReLU", "Hardtanh", "Hardsigmoid", "Hardswish",
    "Hardshrink", "Softshrink", "Sigmoid", "LogSigmoid", "Softplus", "Tanh", "Tanhshrink",
    "Softsign", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish",
)  # fmt: skip
WIDE = {"Hardsigmoid", "Hardswish", "ReLU6"}  # whose second kink lies farther out


def spread(kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Both sides of all kinks, and none of them nearer than a hundredth."""
    size = int(np.prod(shape))
    x = np.linspace(-2.97, 2.93, size) * (3 if kind in WIDE else 1)
    return np.random.default_rng(3).permutation(x).reshape(shape)


# What PyTorch calls a slope of 1/6 is 1/6 in float32, also for float64.
EXACT = {"Hardsigmoid": lambda layer, x: (x + 3).clamp(0, 6) / 6}
CASES = [
    *(Case(f"{kind}()", lambda nn, kind=kind, **rng: getattr(nn, kind)(),
           lambda rng, kind=kind: (spread(kind, (3, 4)),), torch_call=EXACT.get(kind),
           modes=("train",))
      for kind in PLAIN),
    case("", "LeakyReLU", (0.2,), (3, 4)),
    case("", "Hardtanh", (-0.5, 2.0), (3, 4)),
    case("", "Hardtanh", (), (2, 3), min_val=-2.0, max_val=0.3),
    case("", "Hardshrink", (0.3,), (3, 4)),
    case("", "Softshrink", (0.25,), (3, 4)),
    case("", "Softplus", (2.0,), (3, 4)),
    case("", "Softplus", (), (3, 4), beta=0.5),
    case("", "ELU", (0.7,), (3, 4)),
    case("", "CELU", (2.0,), (3, 4)),  # PyTorch takes 1 / alpha in float32
    case("", "GELU", ("tanh",), (3, 4)),
    case("each channel", "PReLU", (3,), (2, 3, 2)),
    case("each column", "PReLU", (3, 0.1), (2, 3)),
    case("of one vector", "PReLU", (), (4,)),
    case("of one number", "PReLU", (), ()),
    case("no row", "PReLU", (3,), (0, 3)),
    case("no row", "GELU", (), (0, 3)),
    case("", "Softmax", (-1,), (2, 3)),
    case("", "Softmax", (1,), (2, 3, 2)),
    case("", "Softmax", (), (4,), dim=0),
    case("no row", "Softmax", (1,), (0, 3)),
    case("", "LogSoftmax", (0,), (3, 2)),
    case("", "LogSoftmax", (), (1, 2, 3), dim=-2),
]  # fmt: skip

REFUSED = [
    (lambda: nn.PReLU(0), OptionError,
     "PReLU: expected num_parameters of at least 1, got 0; give the number of channels"),
    (lambda: nn.PReLU(3)(np.ones((3, 2))), ShapeError,
     "PReLU: expected x of shape (N, 3, ...), got (3, 2); build PReLU for its channels, or "
     "for 1"),
    (lambda: nn.PReLU()([1, 2]), DTypeError,
     "PReLU: expected x of floats, got int64; use astype(np.float32)"),
    (lambda: nn.Hardtanh(1.0, 1.0), OptionError,
     "Hardtanh: expected min_val < max_val, got 1.0 and 1.0; choose another setting"),
    (lambda: nn.Softshrink(-0.5), OptionError,
     "Softshrink: expected lambd >= 0, got -0.5; choose another setting"),
    (lambda: nn.Softplus(0), OptionError,
     "Softplus: expected beta above 0, got 0; choose another setting"),
    (lambda: nn.CELU(0.0), OptionError,
     "CELU: expected alpha other than 0, got 0.0; choose another setting"),
    (lambda: nn.GELU("erf"), OptionError,
     "GELU: expected one of none, tanh, got 'erf'; choose another setting"),
    (lambda: nn.Softmax(2)(np.ones((2, 3))), ShapeError,
     "softmax: expected axes in [-2, 2), got axis=2; x has shape (2, 3)"),
]  # fmt: skip

"""What rows of the elementwise table refuse; the rows themselves are tested in test_ops.py."""

from __future__ import annotations

import fusegrad as fg
from fusegrad.kernels import DTypeError, OptionError

REFUSED = [
    (lambda: fg.gelu(1.0, "erf"), OptionError,
     "gelu: expected approximate in none, tanh, got 'erf'; choose one of these"),
    (lambda: fg.elu(), DTypeError,
     "elu: expected 1 to 2 arguments (x, alpha=1.0), got 0; see its signature"),
    (lambda: fg.hardtanh(1.0, -1.0, 1.0, 2.0), DTypeError,
     "hardtanh: expected 1 to 3 arguments (x, low=-1.0, high=1.0), got 4; see its signature"),
    (lambda: fg.leaky_relu(1.0, slope=0.1), DTypeError,
     "leaky_relu: expected 1 to 2 arguments (x, negative_slope=0.01), got 1 and slope=; see "
     "its signature"),
    (lambda: fg.hypot(1.0, a=2.0), DTypeError,
     "hypot: expected 2 arguments (a, b), got 1 and a=; see its signature"),
]  # fmt: skip

"""What initialisers refuse; what they draw stands in test_init.py."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import fusegrad as fg
from fusegrad.nn import init


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


WEIGHT = (
    "expected a weight (out, in, ...), got shape (3,); use zeros, uniform or normal for vectors"
)
REFUSED: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: init.kaiming_normal(rng(), (3,)), fg.ShapeError, f"init.fans: {WEIGHT}"),
    (lambda: init.orthogonal(rng(), 3), fg.ShapeError, f"init.orthogonal: {WEIGHT}"),
    (lambda: init.sparse(rng(), (3,), 0.5), fg.ShapeError, f"init.sparse: {WEIGHT}"),
    (lambda: init.dirac((3,)), fg.ShapeError, f"init.dirac: {WEIGHT}"),
    (lambda: init.zeros((2, -1)), fg.ShapeError,
     "init.zeros: expected lengths of 0 or more, got shape=(2, -1); give no -1 here"),
    (lambda: init.normal(rng(), (2.5,)), fg.DTypeError,
     "init.normal: expected whole lengths, got shape=(2.5,); convert them with int"),
    (lambda: init.normal(rng(), 2, -1.0), fg.OptionError,
     "init.normal: expected a finite std of 0 or more, got std=-1.0; give a positive one"),
    (lambda: init.truncated_normal(rng(), 2, math.nan), fg.OptionError,
     "init.truncated_normal: expected a finite std of 0 or more, got std=nan; give a positive "
     "one"),
    (lambda: init.uniform(rng(), 2, math.inf), fg.OptionError,
     "init.uniform: expected a finite bound of 0 or more, got bound=inf; give a positive one"),
    (lambda: init.truncated_normal(rng(), 2, cut=0.0), fg.OptionError,
     "init.truncated_normal: expected cut > 0, got cut=0.0; 2 is the usual one"),
    (lambda: init.uniform(rng(), 2, dtype=int), fg.DTypeError,
     "init.uniform: expected a float dtype, got int64; use np.float32"),
    (lambda: init.kaiming_uniform(rng(), (2, 2), mode="fan"), fg.OptionError,
     "init.kaiming: expected mode in fan_in, fan_out, got 'fan'; choose one of these"),
    (lambda: init.sparse(rng(), (2, 2), 1.5), fg.OptionError,
     "init.sparse: expected sparsity in [0, 1], got sparsity=1.5; give a share"),
    (lambda: init.dirac((3, 2), groups=2), fg.OptionError,
     "init.dirac: expected groups that divide out, got groups=2 for shape (3, 2); change one "
     "of them"),
    (lambda: init.gain("tanh", 0.2), fg.OptionError,
     "init.gain: expected a slope for leaky_relu alone, got 0.2 for tanh; leave it out"),
    (lambda: init.gain("swish"), fg.OptionError,
     "init.gain: expected nonlinearity in linear, conv1d, conv2d, conv3d, conv_transpose1d, "
     "conv_transpose2d, conv_transpose3d, sigmoid, tanh, relu, selu, leaky_relu, got 'swish'; "
     "choose one of these"),
]  # fmt: skip

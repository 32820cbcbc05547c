"""What `interpolate` refuses."""

from __future__ import annotations

import numpy as np

import fusegrad as fg
from fusegrad.kernels import DTypeError, OptionError, ShapeError

X = np.ones((1, 2, 3, 4))
REFUSED = [
    (lambda: fg.interpolate(X), OptionError,
     "interpolate: expected size or scale_factor, got neither; give one of them"),
    (lambda: fg.interpolate(X, 2, 2), OptionError,
     "interpolate: expected size or scale_factor, got both; give one of them"),
    (lambda: fg.interpolate(X, (2, 0)), OptionError,
     "interpolate: expected size of at least 1, as an integer or 2 of them, got (2, 0); see "
     "its docstring"),
    (lambda: fg.interpolate(X, scale_factor=0.3), OptionError,
     "interpolate: expected a scale_factor that leaves a pixel, as a number or 2 of them, got "
     "0.3; x has sizes (3, 4)"),
    (lambda: fg.interpolate(X, scale_factor=(1, 2, 3)), OptionError,
     "interpolate: expected a scale_factor that leaves a pixel, as a number or 2 of them, got "
     "(1, 2, 3); x has sizes (3, 4)"),
    (lambda: fg.interpolate(X, 2, mode="bicubic"), OptionError,
     "interpolate: expected mode in nearest, linear, bilinear, trilinear, got 'bicubic'; "
     "choose one of these"),
    (lambda: fg.interpolate(X, 2, mode="linear"), ShapeError,
     "interpolate: expected x (N, C, L), not empty, for mode 'linear', got (1, 2, 3, 4); "
     "reshape x, or choose another mode"),
    (lambda: fg.interpolate(X[..., :0], 2), ShapeError,
     "interpolate: expected x (N, C, *S), not empty, for mode 'nearest', got (1, 2, 3, 0); "
     "reshape x, or choose another mode"),
    (lambda: fg.interpolate(X.astype(int), 2, mode="bilinear"), DTypeError,
     "interpolate: expected floats for mode 'bilinear', got int64; use astype(np.float32)"),
    (lambda: fg.interpolate(X, 2, align_corners=True), OptionError,
     "interpolate: expected no align_corners for mode 'nearest', got align_corners=True; leave "
     "it out"),
]  # fmt: skip

"""First values that are drawn, each by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine.ops.create import sizes
from ...engine.ops.random import generator
from ...kernels import DTypeError, OptionError, random
from .given import DTYPE
from .scale import Shape, fans
from .scale import gain as gain_of

Rng = np.random.Generator
MODES = ("fan_in", "fan_out")


def uniform(rng: Rng, shape: Shape, bound: float = 1.0, dtype: Any = DTYPE) -> np.ndarray:
    """Uniform on [-bound, bound), of variance bound ** 2 / 3.

    Raises: OptionError for a negative bound. Differs: PyTorch's is from 0 to 1 by default.
    """
    shape = _checked("init.uniform", shape, dtype, bound=bound)
    return random.uniform(generator(rng), shape=shape, low=-bound, high=bound, dtype=dtype)


def normal(
    rng: Rng, shape: Shape, std: float = 1.0, dtype: Any = DTYPE, *, mean: float = 0.0
) -> np.ndarray:
    """Normal of a standard deviation and a mean.

    Raises: OptionError for a negative std.
    """
    shape = _checked("init.normal", shape, dtype, std=std)
    return random.normal(generator(rng), shape=shape, std=std, mean=mean, dtype=dtype)


def truncated_normal(
    rng: Rng, shape: Shape, std: float = 1.0, cut: float = 2.0, dtype: Any = DTYPE
) -> np.ndarray:
    """Normal of mean 0, drawn again where it is beyond cut std, so that none is.

    Its variance is less than that of the normal: std ** 2 (1 - 2 c f(c) / (F(c) - F(-c))) of
    c = cut, the standard normal's density f and distribution function F.
    Raises: OptionError for a negative std, or a cut that is not above 0.
    Differs: PyTorch cuts at a and b, which stay where they are for any std.
    """
    shape = _checked("init.truncated_normal", shape, dtype, std=std)
    if not cut > 0:
        raise OptionError(
            "init.truncated_normal", "cut > 0", f"cut={cut}", "2 is the usual one"
        )
    z = _candidates(generator(rng), math.prod(shape), cut)
    while (beyond := np.isnan(z)).any():
        z[beyond] = _candidates(rng, int(beyond.sum()), cut)
    return (z * std).reshape(shape).astype(dtype)


def _candidates(rng: Rng, count: int, cut: float) -> np.ndarray:
    """Draws of a normal, nan in the place of those to be drawn again: where most would be,
    uniform draws instead, of which the normal's density lets six in ten or more pass."""
    if cut >= 1:
        z = random.normal(rng, shape=(count,), std=1.0, dtype=np.float64)
        return np.where(abs(z) <= cut, z, np.nan)
    z = random.uniform(rng, shape=(count,), low=-cut, high=cut, dtype=np.float64)
    level = random.uniform(rng, shape=(count,), low=0.0, high=1.0, dtype=np.float64)
    return np.where(level < np.exp(-0.5 * z * z), z, np.nan)


# ---- draws of the variance that a network wants ---------------------------------------------
def xavier_uniform(rng: Rng, shape: Shape, gain: float = 1.0, dtype: Any = DTYPE) -> np.ndarray:
    """Uniform of variance 2 gain ** 2 / (fan_in + fan_out), for tanh.

    Source: Glorot & Bengio 2010, eq. 16.
    """
    return uniform(rng, shape, math.sqrt(3) * _xavier_std(shape, gain), dtype)


def xavier_normal(rng: Rng, shape: Shape, gain: float = 1.0, dtype: Any = DTYPE) -> np.ndarray:
    """Normal of variance 2 gain ** 2 / (fan_in + fan_out), for tanh.

    Source: Glorot & Bengio 2010, eq. 12.
    """
    return normal(rng, shape, _xavier_std(shape, gain), dtype)


def kaiming_uniform(
    rng: Rng,
    shape: Shape,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    dtype: Any = DTYPE,
) -> np.ndarray:
    """Uniform of variance gain(nonlinearity, a) ** 2 / fan, the fan that `mode` says.

    Raises: OptionError for another mode or nonlinearity.
    Source: He et al. 2015, eq. 10, 14 and 15.
    """
    return uniform(rng, shape, math.sqrt(3) * _kaiming_std(shape, a, mode, nonlinearity), dtype)


def kaiming_normal(
    rng: Rng,
    shape: Shape,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    dtype: Any = DTYPE,
) -> np.ndarray:
    """Normal of variance gain(nonlinearity, a) ** 2 / fan. Raises, Source: as for uniform."""
    return normal(rng, shape, _kaiming_std(shape, a, mode, nonlinearity), dtype)


def lecun_uniform(rng: Rng, shape: Shape, dtype: Any = DTYPE) -> np.ndarray:
    """Uniform of variance 1 / fan_in. Source: LeCun et al. 1998, section 4.6."""
    return uniform(rng, shape, math.sqrt(3 / fans(shape)[0]), dtype)


def lecun_normal(rng: Rng, shape: Shape, dtype: Any = DTYPE) -> np.ndarray:
    """Normal of variance 1 / fan_in, for selu. Source: Klambauer et al. 2017."""
    return normal(rng, shape, math.sqrt(1 / fans(shape)[0]), dtype)


# ---- what they share ------------------------------------------------------------------------
def _xavier_std(shape: Shape, gain: float) -> float:
    return gain * math.sqrt(2 / sum(fans(shape)))


def _kaiming_std(shape: Shape, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in MODES:
        rule = f"mode in {', '.join(MODES)}"
        raise OptionError("init.kaiming", rule, repr(mode), "choose one of these")
    return gain_of(nonlinearity, a) / math.sqrt(fans(shape)[MODES.index(mode)])


def _checked(where: str, shape: Shape, dtype: Any, **spread: float) -> tuple[int, ...]:
    """A shape as a tuple, of what is to be floats of some spread."""
    ((name, size),) = spread.items()
    if not 0 <= size < math.inf:
        rule, got = f"a finite {name} of 0 or more", f"{name}={size}"
        raise OptionError(where, rule, got, "give a positive one")
    if np.dtype(dtype).kind != "f":
        raise DTypeError(where, "a float dtype", str(np.dtype(dtype)), "use np.float32")
    return sizes(where, shape)

"""Random Tensors, from a generator that the caller owns: there is no hidden seed.

Draws are made on the host in float64 and rounded, so that a seed means the same numbers on
every device and, but for the rounding, in every dtype.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import DTypeError, Kernel, OptionError, random
from ...kernels.device import device_of
from ..op import LINEAR, Op, structural
from ..tape import apply
from ..tensor import Tensor
from .create import Shape, number, sizes
from .shaping import as_array, data_of

Generator = np.random.Generator

DROPOUT: Op = structural(
    "dropout",
    random.dropout,
    ["x"],
    lambda g, kept, scale: apply(DROPOUT, g, kept=kept, scale=scale),
    jvp=LINEAR,
)


def uniform(
    rng: Generator,
    shape: Shape = (),
    low: float = 0.0,
    high: float = 1.0,
    dtype: Any = np.float64,
) -> Tensor:
    """Uniform draws from [low, high); rounding to dtype may make one of them high.

    Raises: OptionError where low is above high.
    """
    _demand("uniform", low <= high, "low <= high", f"low={low}, high={high}")
    return _drawn(random.uniform, rng, shape, low=low, high=high, dtype=dtype)


def normal(
    rng: Generator,
    shape: Shape = (),
    mean: float = 0.0,
    std: float = 1.0,
    dtype: Any = np.float64,
) -> Tensor:
    """Normal draws of a mean and a standard deviation.

    Raises: OptionError for a negative standard deviation.
    """
    _demand("normal", std >= 0, "std >= 0", f"std={std}")
    return _drawn(random.normal, rng, shape, mean=mean, std=std, dtype=dtype)


def exponential(
    rng: Generator, shape: Shape = (), scale: float = 1.0, dtype: Any = np.float64
) -> Tensor:
    """Exponential draws of mean `scale`.

    Raises: OptionError for a negative scale.
    """
    _demand("exponential", scale >= 0, "scale >= 0", f"scale={scale}")
    return _drawn(random.exponential, rng, shape, scale=scale, dtype=dtype)


def bernoulli(rng: Generator, shape: Shape = (), p: float = 0.5) -> Tensor:
    """Truth values that hold with probability p.

    Raises: OptionError for a p that is no probability.
    """
    _demand("bernoulli", 0 <= p <= 1, "p in [0, 1]", f"p={p}")
    return _drawn(random.bernoulli, rng, shape, p=p)


def randint(
    rng: Generator, shape: Shape = (), low: int = 0, high: int = 2, dtype: Any = np.int64
) -> Tensor:
    """Integers in [low, high), each as likely.

    Raises: OptionError where there is none.
    """
    _demand("randint", low < high, "low < high", f"low={low}, high={high}")
    return _drawn(random.integers, rng, shape, low=low, high=high, dtype=dtype)


def permutation(rng: Generator, n: int) -> Tensor:
    """0 .. n - 1 in an order drawn at random; x[permutation(rng, len(x))] shuffles x."""
    (count,) = sizes("permutation", n)
    return Tensor._of(random.permutation(generator(rng), n=count))


def dropout(
    x: Any, p: float, rng: Generator, training: bool = True, mask_shape: Shape | None = None
) -> Any:
    """Each element 0 with probability p, else x / (1 - p), which keeps the mean; x itself
    where p is 0 or not in training. What is dropped passes nothing on, nan and inf included.
    One draw for each element of `mask_shape`, which broadcasts to x; by default x's own. All
    follow from 64 bits of `rng` (see `kernels/philox.py`); p counts to 2^-33.

    Raises: OptionError for a p that is no probability.
    Source: Srivastava et al. 2014, scaled in training as PyTorch does; Salmon et al. 2011.
    """
    x = as_array(x)
    _demand("dropout", 0 <= p <= 1, "p in [0, 1]", f"p={p}")
    if not training or p == 0:
        return x
    shape = x.shape if mask_shape is None else sizes("dropout", mask_shape)
    scale = 1 / (1 - p) if p < 1 else 0.0  # where nothing is kept
    return apply(DROPOUT, x, kept=kept(rng, shape, p, x), scale=scale)


def kept(rng: Generator, shape: tuple[int, ...], p: float, like: Any) -> Any:
    """What is not dropped: an array of truth values that fail with probability p, on the device
    of another array."""
    there = device_of(data_of(like))
    return random.kept(generator(rng), shape=shape, p=p, device=there)


def generator(rng: Any) -> Generator:
    """The generator itself, once it is known to be one: every draw asks here.

    Raises: DTypeError for anything else.
    """
    if not isinstance(rng, Generator):
        raise DTypeError("rng", "a numpy Generator", repr(rng), "pass np.random.default_rng(0)")
    return rng


def _drawn(draw: Kernel, rng: Generator, shape: Shape, **params: Any) -> Tensor:
    plain = {k: v if k == "dtype" else number(draw.name, v) for k, v in params.items()}
    return Tensor._of(draw(generator(rng), shape=sizes("random", shape), **plain))


def _demand(name: str, holds: bool, rule: str, got: str) -> None:
    if not holds:
        raise OptionError(name, rule, got, "see its docstring")

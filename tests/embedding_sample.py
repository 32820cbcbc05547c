"""A small table, words to look up in it, and training on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from fusegrad.engine import Tensor
from tests.ops_sample import leaf

SHAPE = (6, 3)
WORDS = np.array([[4, 1, 4], [0, 4, 1]])


def table(dtype: Any = np.float64, seed: int = 0) -> Tensor:
    return leaf(np.random.default_rng(seed).standard_normal(SHAPE), dtype)


def trained(layer: Any, optimizer: Any, batches: Any) -> np.ndarray:
    for words in batches:
        layer.zero_grad()
        (layer(words) ** 2).sum().backward()
        optimizer.step()
    return np.asarray(layer.weight.numpy().copy())

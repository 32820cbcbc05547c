"""What the tests of fused gradients and of compiled loops share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine.backward import backpropagate
from tests.ops_sample import leaf

# Two ways to sum n terms differ by log2(n) roundings and a few more, relative to their sizes.
ROUNDINGS = 64


def begin_loops_at_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make compiled loops begin at one element."""
    kernels = [m for name, m in sys.modules.items() if name.startswith("fusegrad.kernels.")]
    for module in kernels:
        for name in [n for n in vars(module) if n.endswith("FROM") and n != "THREADS_FROM"]:
            monkeypatch.setattr(module, name, 1)


def gradients(call: Callable[..., Any], arrays: Any, dtype: Any, by_ops: bool) -> list[Any]:
    """The value of a call, and its gradients by the kernels or by ops."""
    given = [leaf(a, dtype) for a in arrays]
    y = call(*given)
    seed = np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)
    g: Any = fg.Tensor(seed) if by_ops else seed
    found = backpropagate([y.node], [g], create_graph=by_ops)
    return [y.numpy(), *(np.asarray(getattr(found[x], "data", found[x])) for x in given)]


def assert_close(found: Any, wanted: Any, dtype: Any, factor: float = 1) -> None:
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and a.dtype == b.dtype == dtype
        scale = np.max(abs(b[np.isfinite(b)]), initial=1.0)
        limit = factor * ROUNDINGS * np.finfo(dtype).eps
        assert np.allclose(a, b, rtol=limit, atol=limit * scale, equal_nan=True)

"""Rows on a GPU, without one: each kernel's text runs on the host, thread by thread, and equals
NumPy's formulas; NVRTC compiles it for every GPU that counts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import norms, on_cuda_philox, on_cuda_rows, philox, rows
from fusegrad.kernels.row_rules import RULES
from fusegrad.kernels.row_text import columns_source, entry, row_source
from tests import fake_cupy
from tests.cuda_sources import ARCHITECTURES, ptx

DTYPES = ["float16", "float32", "float64"]
EPS = {"float16": 2e-3, "float32": 5e-6, "float64": 1e-13}  # some roundings; of half, its one
SHAPES = [(1, 1), (3, 5), (9, 32), (2, 33), (5, 1000), (2, 1025), (1, 4099)]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.3, 2, shape)


def labels(shape: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(9).integers(shape[1], size=shape[0])


ALONG: dict[str, Callable[..., Any]] = {
    "logsumexp": lambda x, g: rows.logsumexp(x, axis=1),
    "softmax": lambda x, g: rows.softmax(x),
    "log_softmax": lambda x, g: rows.log_softmax(x),
    "softmax_vjp": lambda x, g: rows.softmax_vjp(g, rows.softmax(x), -1),
    "log_softmax_vjp": lambda x, g: rows.log_softmax_vjp(g, rows.log_softmax(x), -1),
    "logsumexp_vjp": lambda x, g: rows.logsumexp_vjp(
        g[:, 0], x, rows.logsumexp(x, axis=1), x.shape, (1,)
    ),
}
NORMS = {
    "layer_norm": ((2,), True),
    "layer_norm plain": ((2,), False),
    "channel_norm": ((0, 2), True),
}


def close(there: Any, here: Any, dtype: str) -> None:
    found = there.get()
    assert found.dtype == here.dtype and found.shape == here.shape
    scale = max(1.0, float(np.max(np.abs(here.astype("f8")), initial=0)))
    assert np.allclose(found, here, rtol=EPS[dtype], atol=EPS[dtype] * scale)


def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    run = on_cuda_rows.run
    monkeypatch.setattr(on_cuda_rows, "run", lambda *a: (names.append(a[0]), run(*a))[1])
    return names


@every_dtype
@every_shape
@pytest.mark.parametrize("name", ALONG)
def test_softmax_and_its_kin(
    name: str, shape: Any, dtype: str, cupy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = launched(monkeypatch)
    x, g = drawn(1, *shape).astype(dtype), drawn(2, *shape).astype(dtype)
    there = ALONG[name](cupy.asarray(x), cupy.asarray(g))
    close(there, ALONG[name](x, g), dtype)
    assert name in names or (dtype, name) == ("float16", "logsumexp_vjp")


@every_dtype
@every_shape
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_cross_entropy(reduction: str, shape: Any, dtype: str, cupy: Any) -> None:
    x, which = drawn(3, *shape).astype(dtype), labels(shape)
    g = drawn(4, *(shape[:1] if reduction == "none" else ())).astype(dtype)
    there = cupy.asarray(x), cupy.asarray(which)
    close(
        rows.cross_entropy(*there, reduction=reduction),
        rows.cross_entropy(x, which, reduction=reduction),
        dtype,
    )
    found = rows.cross_entropy_vjp(cupy.asarray(g), *there, reduction)
    close(found, rows.cross_entropy_vjp(g, x, which, reduction), dtype)


@every_dtype
@pytest.mark.parametrize("positions", [1, 7, 1030])
@pytest.mark.parametrize("name", NORMS)
def test_norms(name: str, positions: int, dtype: str, cupy: Any) -> None:
    axis, is_centred = NORMS[name]
    x = drawn(5, 3, 4, positions).astype(dtype) + np.array(100, dtype)
    g = drawn(6, 3, 4, positions).astype(dtype)
    shape = (positions,) if axis == (2,) else (4, 1)
    w, b = drawn(7, *shape).astype(dtype), drawn(8, *shape).astype(dtype)
    there = [*map(cupy.asarray, (x, w, b, g))]
    how = {"axis": axis, "eps": 1e-5, "is_centred": is_centred}
    close(norms.normalise(*there[:3], **how), norms.normalise(x, w, b, **how), dtype)
    given = (axis, 1e-5, is_centred)
    for vjp in (norms.normalise_vjp, norms.normalise_vjp_weight, norms.normalise_vjp_bias):
        found = vjp(there[3], there[0], there[1], *given)
        wanted = vjp(g, x, w, *given).astype("f8")
        while wanted.shape != w.shape and vjp is not norms.normalise_vjp:
            wanted = summed(wanted, w.shape)
        if vjp is not norms.normalise_vjp and found.shape != w.shape:
            found = cupy.asarray(summed(found.get().astype("f8"), w.shape))
        close(found, wanted.astype(found.dtype), dtype)


def summed(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """x summed to a shape that broadcasts to it."""
    x = x.sum(axis=tuple(range(x.ndim - len(shape))))
    axes = tuple(i for i, n in enumerate(shape) if n == 1 and x.shape[i] > 1)
    return x.sum(axis=axes, keepdims=True)


@every_dtype
def test_infinite_and_missing_numbers(dtype: str, cupy: Any) -> None:
    x = np.array(
        [[np.inf, 0, 1], [-np.inf, 0, 1], [np.nan, 0, 1], 3 * [-np.inf], 3 * [np.inf]], dtype
    )
    for kernel in (rows.softmax, rows.log_softmax):
        assert np.array_equal(
            np.isfinite(kernel(cupy.asarray(x)).get()), np.isfinite(kernel(x))
        )
        found, wanted = kernel(cupy.asarray(x)).get(), kernel(x)
        assert np.allclose(found, wanted, EPS[dtype], EPS[dtype], equal_nan=True)
    there = rows.logsumexp(cupy.asarray(x), axis=1).get()
    assert np.allclose(there, rows.logsumexp(x, axis=1), EPS[dtype], equal_nan=True)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_rows_that_read_weights_in_turn(turns: int, cupy: Any) -> None:
    x, g = drawn(5, 4, turns, 6), drawn(6, 4, turns, 6)
    w, b = drawn(7, turns, 6), drawn(8, turns, 6)
    how = {"axis": (2,), "eps": 1e-5, "is_centred": True}
    there = [*map(cupy.asarray, (x, w, b, g))]
    close(norms.normalise(*there[:3], **how), norms.normalise(x, w, b, **how), "float64")
    given = ((2,), 1e-5, True)
    found = norms.normalise_vjp_weight(there[3], there[0], there[1], *given)
    wanted = norms.normalise_vjp_weight(g, x, w, *given).sum(axis=0)
    close(found, wanted, "float64")


def test_rows_of_more_elements_than_half_a_word_counts(
    cupy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, how = drawn(5, 3, 4, 7), {"axis": (0, 2), "eps": 1e-5, "is_centred": True}
    plain = norms.normalise(cupy.asarray(x), 1.0, 0.0, **how).get()
    monkeypatch.setattr(on_cuda_rows, "HALF_A_WORD", 20)
    assert np.array_equal(norms.normalise(cupy.asarray(x), 1.0, 0.0, **how).get(), plain)


# ---- masks --------------------------------------------------------------------------------
@pytest.mark.parametrize("count", [0, 1, 4, 5, 1023, 4100])
@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_a_mask_is_that_of_the_cpu_bit_for_bit(p: float, count: int, cupy: Any) -> None:
    key = 0x0123456789ABCDEF
    there = philox.kept(key, count, p, "cuda")
    assert np.array_equal(there.get(), philox.kept(key, count, p))


# ---- NVRTC --------------------------------------------------------------------------------
@every_dtype
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_nvrtc_compiles_every_row_kernel(architecture: str, dtype: str) -> None:
    for name, rule in RULES.items():
        for width, layout in ((32, "plain"), (256, "parts"), (256, "vast parts")):
            text = ptx(row_source(name, dtype, width, layout), architecture)
            assert f".entry {entry(name)}(" in text
            assert ("shfl.sync" in text) == bool(rule.folds)
        if rule.columns:
            assert "_columns(" in ptx(columns_source(name, dtype), architecture)
    assert ".entry kept(" in ptx(on_cuda_philox.SOURCE, architecture)

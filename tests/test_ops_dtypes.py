"""Every row of the elementwise table: what it makes of dtypes, numbers, integers and names."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from fusegrad.engine import ROWS, Tensor
from fusegrad.kernels import WORDS, observe
from tests.ops_sample import leaf
from tests.rows_sample import TRUTHS, drawn
from tests.test_ops import BINARY, call, rng_of


def parameters(name: str) -> list[inspect.Parameter]:
    """The arguments of a row, with their defaults."""
    return list(inspect.signature(ROWS[name].function).parameters.values())


TUNED = [n for n in ROWS if any(p.default is not p.empty for p in parameters(n))]
FLOATS = (np.float16, np.float32, np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ROWS)
def test_value_and_gradient_keep_the_dtype(name: str, dtype: Any) -> None:
    args = [leaf(a, dtype) for a in drawn(name, rng_of(name))]
    y = call(name, *args)
    assert y.dtype == (bool if name in TRUTHS else dtype)
    if y.requires_grad:
        y.sum().backward()
        assert {a.grad.dtype for a in args if a.grad is not None} == {np.dtype(dtype)}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", BINARY)
def test_each_gradient_has_the_dtype_of_its_tensor(name: str, create_graph: bool) -> None:
    a, b = drawn(name, rng_of(name))
    narrow, wide = leaf(a, np.float32), leaf(b, np.float64)
    y = call(name, narrow, wide)
    assert y.dtype == (bool if name in TRUTHS else np.float64)
    if y.requires_grad:
        y.sum().backward(create_graph=create_graph)
        known = [a.grad.dtype for a, s in zip((narrow, wide), ROWS[name].slopes) if s]
        assert known == [np.float32, np.float64][: len(known)]


@pytest.mark.parametrize("second_order", [False, True])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("name", BINARY)
def test_a_python_number_widens_no_kernel(name: str, place: int, second_order: bool) -> None:
    if place and name in TUNED:
        pytest.skip("a number in the place of a parameter, not of what it works on")
    x, widths = leaf([1.5, 2.0, 2.5], np.float32), []
    args = (x, 2.0) if place == 0 else (2.0, x)
    with observe(lambda kernel, args, params, y: widths.append(y.dtype.itemsize)):
        y = call(name, *args)
        if y.requires_grad:
            y.sum().backward(create_graph=second_order)
        if second_order and x.grad is not None and x.grad.requires_grad:
            x.grad.sum().backward()
    assert max(widths) <= 4


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", TUNED)
def test_a_default_is_the_number_and_may_be_named(name: str, dtype: Any) -> None:
    x, (_, *rest) = leaf([-2.5, -0.1, 0.2, 7.0], dtype), parameters(name)
    results = [call(name, x), call(name, x, *(p.default for p in rest))]
    results.append(ROWS[name].function(x=x, **{p.name: p.default for p in rest}))
    assert {y.dtype for y in results} == {np.dtype(dtype)}
    assert all(np.array_equal(results[0], y) for y in results[1:])


# Where the one is a formula of ours, small integers become float64, and a truth value a number.
OTHER = {"reciprocal": "biu", "square": "b", "logaddexp": "biu"}
SAME_IN_NUMPY = [n for n in ROWS if isinstance(getattr(np, n, None), np.ufunc) or n == "where"]


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, bool])
@pytest.mark.parametrize("name", SAME_IN_NUMPY)
def test_integers_and_truth_values_behave_as_in_numpy(name: str, dtype: Any) -> None:
    if np.dtype(dtype).kind in OTHER.get(name, ""):
        pytest.skip("see the next test")
    whole = np.array([0, 1, 2, 3]).astype(dtype)
    args = [whole, whole[::-1].copy(), whole][: len(ROWS[name].domains)]
    try:
        with np.errstate(all="ignore"):
            wanted = getattr(np, name)(*args)
    except TypeError as refusal:  # NumPy negates and subtracts no truth values
        with pytest.raises(TypeError, match=str(refusal)[:30]):
            call(name, *map(Tensor, args))
        return
    y = call(name, *map(Tensor, args))
    assert y.dtype == wanted.dtype and np.array_equal(y, wanted, equal_nan=wanted.dtype != bool)


WITHOUT_NUMPY = [n for n in ROWS if n not in SAME_IN_NUMPY] + list(OTHER)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8])
@pytest.mark.parametrize("name", WITHOUT_NUMPY)
def test_integers_count_as_floats(name: str, dtype: Any) -> None:
    whole = np.array([0, 1, 2, 3]).astype(dtype)
    known = sum(p.default is p.empty for p in parameters(name))
    args = [whole, whole[::-1].copy(), whole][:known]
    y, wanted = call(name, *args), call(name, *(a.astype(np.float64) for a in args))
    assert np.allclose(y, wanted, rtol=2e-3, equal_nan=True)  # NumPy's exp(int8) is a float16


@pytest.mark.parametrize(
    "name", [w.name for w in WORDS.values() if isinstance(w.numpy, np.ufunc)]
)
def test_numpys_function_on_tensors_is_the_row(name: str) -> None:
    args = list(map(leaf, drawn(name, rng_of(name))))
    y = getattr(np, name)(*args)
    assert isinstance(y, Tensor) and np.array_equal(y, call(name, *args))
    assert y.requires_grad is any(s is not None for s in ROWS[name].slopes)

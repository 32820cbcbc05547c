"""What a user holds: construction, values, operators, and what NumPy makes of it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.kernels import ShapeError, words
from tests.ops_sample import leaf, refused

A, B = np.array([[1.5, -2.0], [0.5, 3.0]]), np.array([[2.0, 1.0], [-1.0, 0.5]])


# ---- construction ---------------------------------------------------------------------------
def test_construction_copies_and_assignment_writes_in_place() -> None:
    a = A.copy()
    t = Tensor(a)
    again, memory = Tensor(t), t.data
    a[...] = 0.0
    t.assign_(np.ones((2, 2)))
    assert np.array_equal(again, A) and np.array_equal(t, np.ones((2, 2)))
    assert t.data is memory


DTYPES = [
    (1.0, None, "float64"), ([1, 2], None, "int64"), ([True], None, "bool"),
    (np.float32(1), None, "float32"), (np.ones(2, np.float16), None, "float16"),
    ([1, 2], "float32", "float32"), (np.ones(2), np.float16, "float16"),
    (Tensor(np.ones(2, np.float32)), None, "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "dtype", "kept"), DTYPES)
def test_construction_keeps_the_dtype_or_takes_the_given(
    data: Any, dtype: Any, kept: str
) -> None:
    assert Tensor(data, dtype=dtype).dtype == kept


def test_what_a_tensor_says_of_itself() -> None:
    t = leaf(np.zeros((2, 3, 4)), name="weight")
    assert (t.shape, t.ndim, t.size, len(t), t.dtype) == ((2, 3, 4), 3, 24, 2, np.float64)
    assert (t.device, t.is_leaf, t.name, t.grad) == ("cpu", True, "weight", None)
    assert (t.T.shape, t.mT.shape, t.sum().is_leaf) == ((4, 3, 2), (2, 4, 3), False)


# ---- values ---------------------------------------------------------------------------------
def test_the_host_sees_values_that_it_cannot_write() -> None:
    t = leaf(A)
    for view in (t.numpy(), np.asarray(t)):
        assert np.shares_memory(view, t.data)
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1.0
    for copy in (np.array(t), np.asarray(t, np.float32), np.array(t, copy=True)):
        assert not np.shares_memory(copy, t.data) and copy.flags.writeable


def test_one_element_is_a_python_number() -> None:
    t = Tensor([[2.5]])
    assert (float(t), int(t), bool(t), t.item()) == (2.5, 2, True, 2.5)
    assert not Tensor(0.0) and type(t.item()) is float


def test_rows_come_one_by_one_and_carry_gradients() -> None:
    t = leaf(A)
    first, second = t
    (first * 2.0 + second * 3.0).sum().backward()
    assert np.array_equal(t.grad, [[2.0, 2.0], [3.0, 3.0]])


def test_a_tensor_is_itself_as_a_key_whatever_it_holds() -> None:
    t, same = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    assert {t: 1, same: 2}[t] == 1 and len({t, same, t}) == 2


REPRS = [
    (Tensor(1.5), "Tensor(1.5)"),
    (Tensor(A), "Tensor([[ 1.5, -2. ], [ 0.5, 3. ]])"),
    (leaf([1.0], name="b"), "Tensor([1.], name='b', requires_grad=True)"),
    (leaf([1.0]) * 2.0, "Tensor([2.], op=multiply)"),
    (Tensor(np.zeros(0)), "Tensor([])"),
    (Tensor(np.arange(1000.0)), "Tensor([ 0., 1., 2., ..., 997., 998., 999.], shape=(1000,))"),
    (Tensor(np.ones((90, 90))), "Tensor([[1., ..., 1.], ..., [1., ..., 1.]], shape=(90, 90))"),
]  # fmt: skip


@pytest.mark.parametrize(("tensor", "text"), REPRS)
def test_repr_is_one_line_however_large(tensor: Tensor, text: str) -> None:
    assert repr(tensor) == text


# ---- operators, on either side of an array or a number --------------------------------------
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul]
COMPARISON = [operator.gt, operator.ge, operator.lt, operator.le, operator.eq, operator.ne]


@pytest.mark.parametrize("f", [*ARITHMETIC, *COMPARISON])
def test_operators_mean_what_they_mean_in_numpy(f: Callable[[Any, Any], Any]) -> None:
    for y in (f(Tensor(A), Tensor(B)), f(A, Tensor(B)), f(Tensor(A), B), f(leaf(A), B)):
        assert isinstance(y, Tensor) and np.array_equal(y, f(A, B))
        assert y.requires_grad is (y.node is not None) and (f in ARITHMETIC or y.dtype == bool)


@pytest.mark.parametrize("f", [*ARITHMETIC[:-1], operator.pow, *COMPARISON])
@pytest.mark.parametrize("n", [2, 0.5, np.float64(3)])
def test_operators_take_numbers_on_either_side(f: Callable[[Any, Any], Any], n: Any) -> None:
    t = Tensor(abs(A))
    for y, wanted in ((f(t, n), f(abs(A), n)), (f(n, t), f(n, abs(A)))):
        assert isinstance(y, Tensor)
        assert np.allclose(y.numpy(), wanted, rtol=1e-15, atol=0)  # t**2 is t*t: half an ulp


def test_a_gradient_passes_arrays_numbers_and_unary_operators() -> None:
    t = leaf(A)
    (B * t + (2 - t) + abs(-t) + 3 / t + t**2).sum().backward()
    assert np.allclose(t.grad.numpy(), B - 1 + np.sign(A) - 3 / A**2 + 2 * A, rtol=1e-15)


def test_a_list_is_read_once_when_the_op_runs() -> None:
    t, limits = leaf([1.0, 2.0]), [0.5, 3.0]
    y = fg.maximum(t, limits) * limits
    limits[:] = [9.0, 9.0]
    y.sum().backward()
    assert np.array_equal(t.grad, [0.5, 0.0]) and np.array_equal(y, [0.5, 9.0])


def test_augmented_assignment_rebinds_and_never_writes() -> None:
    t = before = leaf(A)
    t += 1.0
    t *= t
    assert t is not before and np.array_equal(before, A)
    t.sum().backward()
    assert np.array_equal(before.grad, 2 * (A + 1))


METHODS = ["exp", "tanh", "sigmoid", "relu", "abs", "sum", "mean", "max", "transpose"]


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_the_function_of_its_name(name: str) -> None:
    assert np.array_equal(getattr(leaf(A), name)(), getattr(fg, name)(A))


def test_axes_and_shapes_are_given_as_numbers_or_as_one_tuple() -> None:
    t = Tensor(np.arange(6.0).reshape(1, 2, 3))
    assert t.reshape(3, 2).shape == t.reshape((3, 2)).shape == t.reshape(-1, 2).shape == (3, 2)
    assert t.transpose(2, 0, 1).shape == t.transpose((2, 0, 1)).shape == (3, 1, 2)
    assert t.sum((0, -1), keepdims=True).shape == (1, 2, 1)


def test_the_bytes_of_another_machine_become_ours() -> None:
    there = np.array([1.0, 2.0], ">f8" if np.little_endian else "<f8")
    t = leaf(there)
    assert t.dtype.isnative and fg.sum(there) == 3.0
    (t * there).sum().backward()
    assert t.grad.numpy().tolist() == [1, 2]


# ---- NumPy's functions and the vocabulary ---------------------------------------------------
@pytest.mark.parametrize("f", [np.exp, words.exp, fg.exp])
def test_a_function_of_numpy_or_of_the_vocabulary_differentiates(f: Any) -> None:
    t = leaf(A)
    f(t).sum().backward()
    assert np.array_equal(t.grad, np.exp(A)) and isinstance(f(A), np.ndarray)


def test_numpy_on_the_left_differentiates() -> None:
    for f in (lambda t: np.maximum(B, t), lambda t: B + t, lambda t: np.float64(2) * t,
              lambda t: np.matmul(B, t), lambda t: B @ t, lambda t: np.add(t, B)):  # fmt: skip
        t = leaf(A)
        f(t).sum().backward()
        assert np.any(t.grad.numpy() != 0)


def test_functions_of_numpy_work_where_no_gradient_gets_lost() -> None:
    t = Tensor([3.0, 1.0])
    assert np.array_equal(np.sort(t), [1.0, 3.0]) and np.concatenate([t, t]).shape == (4,)
    assert np.allclose(leaf([1.0, 2.0]), [1.0, 2.0]) and np.shape(leaf([1.0])) == (1,)
    assert np.einsum("i,i->", t, t, optimize=True) == 10.0


def test_a_list_of_tensors_is_stacked_and_keeps_its_gradients() -> None:
    a, b = leaf(1.0), leaf(2.0)
    fg.sum([a, b, 3.0]).backward()
    assert float(a.grad) == float(b.grad) == 1.0


def test_an_operand_of_the_user_may_change_after_it_was_used() -> None:
    x, factor, index = leaf([1.0, 2.0]), np.array([3.0, 4.0]), np.array([0, 0])
    y, z = (x * factor).sum(), x[index].sum()
    factor[:], index[:] = 0.0, 1
    (y + z).backward()
    assert np.array_equal(x.grad.numpy(), [5.0, 4.0])


def test_a_tensor_formats_as_its_number_and_prints_all_rows() -> None:
    assert f"{leaf(2.5):.2f}" == "2.50" and f"{Tensor(1.0)}" == "Tensor(1.)"
    assert str(Tensor(np.zeros((3, 4)))).count("0.") == 12
    assert repr(Tensor([1.5], dtype=np.float32)) == "Tensor([1.5], dtype=float32)"
    text = (
        "format(Tensor): expected one element, got shape (2,); reduce it with sum, mean or max"
    )
    with refused(ShapeError, text):
        format(leaf([1.0, 2.0]), ".2f")


def test_a_lifted_formula_differentiates_on_tensors() -> None:
    swish = fg.lift(lambda x, *, beta: x / (1 + words.exp(-beta * x)), "swish")
    x = np.linspace(-2, 2, 5)
    fg.gradcheck(lambda x, beta: swish(x, beta=beta), x, np.array(1.5), order=2)
    assert np.allclose(swish(x, beta=1.5), swish(Tensor(x), beta=1.5).numpy(), rtol=1e-15)


def test_a_gradient_that_is_handed_in_stays_the_callers() -> None:
    g = np.ones(3)
    x, z = (Tensor(np.arange(3.0), requires_grad=True) for _ in range(2))
    for give in (
        lambda: (x + z).backward(g),
        lambda: x.backward(g),
        lambda: (x * 1.0 + z).backward(g, inputs=[x, z]),
        lambda: (x + z).backward(g, create_graph=True),
    ):
        x.grad = z.grad = None
        give()
        g[:] = 7.0  # neither locked, nor seen by what was given
        assert np.array_equal(x.grad.numpy(), np.ones(3))
        g[:] = 1.0

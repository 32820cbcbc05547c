"""Products that are composed of matmul: einsum, tensordot, dot, inner, outer, trace."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.backward import backpropagate
from fusegrad.engine.ops.einsum import einsum
from fusegrad.engine.ops.linear import dot, inner, outer, tensordot, trace
from fusegrad.kernels import observe
from tests import ops_sample as sample
from tests.cases.operation import numbers
from tests.ops_sample import Provenance, error, leaf

EPS = float(np.finfo(np.float64).eps)
VALUE = 32 * EPS  # sums of at most 24 products of size 2

A, B, C = (2, 3), (3, 4), (2, 3, 4)
EINSUMS: list[tuple[str, tuple[tuple[int, ...], ...]]] = [
    *((s, (A, B)) for s in ("ij,jk->ik", "ij,jk", "ji,ib->bj", "ij,jk->", "ij, kl -> li")),
    *((s, ((3, 3),)) for s in ("ii->i", "ii", "ij->ji", "ji", "ij->", "ij", "ii...->i...")),
    *((s, ((3,), (3,))) for s in ("i,i", "i,j", "i,i->i", "i,j->ji", "z,Z")),
    *((s, (C, C)) for s in ("bij,bkj->bik", "bij,bij->b", "bij,bij->jbi", "ijk,ijl->kl")),
    *((s, ((2, 2, 3, 3),)) for s in ("iijj->ij", "iijk->kj", "iijj", "iikk->k", "...ii->...i")),
    ("ijij->ij", ((2, 3, 2, 3),)),
    ("iji,i->j", ((2, 3, 2), (2,))),
    ("...ij,...jk->...ik", ((4, *A), (5, 1, *B))),
    ("...i,...i", ((4, 3), (2, 1, 3))),
    ("a...b,b...c->a...c", ((2, 5, 3), (3, 5, 4))),
    ("i...->...i", (C,)),
    ("...,...", ((3, 1), (4,))),
    ("i,ij->j", ((1,), (3, 2))),
    (",ij", ((), A)),
    ("->", ((),)),
    ("i,i,i->i", ((3,), (3,), (3,))),
    ("ab,bc,cd,de,ea", (A, (3, 2), A, B, (4, 2))),
    ("ij,j->i", ((0, 3), (3,))),
    ("ij,j->i", ((2, 0), (0,))),
]
PAIRS = [((), (3,)), ((3,), (3,)), (A, (3,)), (A, B), ((2, 2, 3), (4, 3, 2)), ((3,), (2, 3, 2))]
AXES: list[tuple[tuple[int, ...], tuple[int, ...], Any]] = [
    (A, B, 1),
    (A, A, 2),
    (A, (4,), 0),
    (C, (4, 2, 5), ([0, 2], [1, 0])),
    (C, (3, 5), ([1], [0])),
    (C, (4, 2, 5), ([-1, 0], [0, -2])),
    ((0, 3), (3, 0), 1),
]
TRACES = [((3, 3), ()), (B, (1,)), (B, (-2,)), (C, (1, -1, 1)), ((2, 2), (5,)), ((0, 3), ())]


def torch_trace(torch: Any, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return x.diagonal(offset, axis1, axis2).sum(-1)


def torch_dot(torch: Any, a: Any, b: Any) -> Any:
    if not a.ndim or not b.ndim:
        return a * b
    return torch.tensordot(a, b, ([-1], [-min(2, b.ndim)]))


# name, ours, NumPy's, PyTorch's, shapes
PRODUCTS: list[tuple[str, Any, Any, Any, Sequence[tuple[int, ...]]]] = [
    *((s, partial(einsum, s), partial(np.einsum, s), lambda torch, *x, s=s: torch.einsum(s, *x),
       shapes) for s, shapes in EINSUMS),
    *(("dot", dot, np.dot, torch_dot, pair) for pair in PAIRS),
    *(("inner", inner, np.inner, lambda torch, *x: torch.inner(*x), pair)
      for pair in [((), A), ((3,), A), (C, (5, 4)), ((2, 0), (3, 0))]),
    *(("outer", outer, np.outer, lambda torch, a, b: torch.outer(a.ravel(), b.ravel()), pair)
      for pair in [((2,), (3,)), (A, ()), ((0,), (3,))]),
    *(("tensordot", partial(tensordot, axes=k), partial(np.tensordot, axes=k),
       lambda torch, *x, k=k: torch.tensordot(*x, k), (a, b)) for a, b, k in AXES),
    *(("trace", lambda x, p=p: trace(x, *p), lambda x, p=p: np.trace(x, *p),
       lambda torch, x, p=p: torch_trace(torch, x, *p), (s,)) for s, p in TRACES),
]  # fmt: skip
EACH = pytest.mark.parametrize(
    ("ours", "numpys", "theirs", "shapes"),
    [p[1:] for p in PRODUCTS],
    ids=[f"{p[0]} {p[4]}" for p in PRODUCTS],
)


@EACH
def test_a_product_equals_numpys_in_50_digits(
    ours: Any, numpys: Any, theirs: Any, shapes: Any
) -> None:
    args = numbers(shapes)
    wanted = np.asarray(numpys(*map(sample.exact, args))).astype(np.float64)
    assert error(ours(*map(Tensor, args)), wanted) <= VALUE
    assert np.array_equal(ours(*args), ours(*map(Tensor, args)))


@EACH
def test_gradients_of_a_product_equal_differences_and_pytorchs(
    ours: Any, numpys: Any, theirs: Any, shapes: Any
) -> None:
    args = numbers(shapes)
    fg.gradcheck(ours, *args, order=2)
    torch = pytest.importorskip("torch")
    others = [torch.tensor(a, requires_grad=True) for a in args]
    theirs(torch, *others).sum().backward()
    gradients = fg.grad(lambda *x: ours(*x).sum(), range(len(args)))(*args)
    assert all(error(g, t.grad) <= VALUE for g, t in zip(gradients, others))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@EACH
def test_a_product_keeps_its_dtype_and_computes_through_kernels(
    ours: Any, numpys: Any, theirs: Any, shapes: Any, dtype: Any
) -> None:
    args, seed = [leaf(a, dtype) for a in numbers(shapes)], np.ones((), dtype)
    seen = set()
    with (
        observe(watch := Provenance(seed, *(a.data for a in args))),
        observe(lambda k, a, p, y: seen.add(y.dtype)),
    ):
        y = ours(*args)
        watch.demand(y.data, "the product returns")
        gradients = backpropagate([fg.sum(y).node], [seed])
    assert seen == {np.dtype(dtype)}
    assert [(gradients[a].shape, gradients[a].dtype) for a in args] == [
        (a.shape, dtype) for a in args
    ]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_einsum_of_any_spec_is_numpys(data: Any) -> None:
    sizes = {n: data.draw(st.integers(0, 3)) for n in "abcd"}
    terms = data.draw(st.lists(st.text("abcd", max_size=4), min_size=1, max_size=4))
    known = sorted(set("".join(terms)))
    output = "".join(data.draw(st.permutations(known)))[: data.draw(st.integers(0, 4))]
    spec = ",".join(terms) + data.draw(st.sampled_from(["", "->" + output]))
    args = numbers(tuple(tuple(sizes[n] for n in term) for term in terms))
    wanted = np.einsum(spec, *args)
    assert np.allclose(einsum(spec, *args), wanted, rtol=1e-13, atol=1e-13)
    assert einsum(spec, *args).shape == wanted.shape


def test_an_ellipsis_that_the_output_leaves_out_is_summed() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert np.array_equal(einsum("...i->i", x), x.sum(0))


def test_many_operands_meet_in_an_order_that_stays_small() -> None:
    largest = 0

    def watch(kernel: Any, args: Any, params: Any, y: Any) -> None:
        nonlocal largest
        largest = max(largest, y.size)

    n = 16
    with observe(watch):
        einsum("ab,cd,bc->ad", *numbers(((n, n), (n, n), (n, n))))
    assert largest == n * n  # from left to right it would be n ** 4


def test_float16_products_add_up_in_float32() -> None:
    ones = np.ones((1, 4096), np.float16)  # 2048 + 1 is 2048 in float16
    assert fg.matmul(ones, ones.T).item() == 4096

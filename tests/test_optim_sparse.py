"""Steps on the rows that have a gradient: what moves, what stays, and who refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels.update import NUMBA_FROM
from fusegrad.optim.schedules import Constant, InverseSqrt
from tests.ops_sample import refused
from tests.optim_sample import CASES, leaf

SHAPE = (8, 3)
DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
# Rules under which a row without a gradient stays, with its states.
SAME: dict[str, tuple[Any, dict[str, Any]]] = {
    "sgd": (optim.SGD, {"lr": 0.1}),
    "sgd by schedule": (optim.SGD, {"lr": InverseSqrt(0.1)}),
    "adagrad": (optim.Adagrad, {"lr": 0.1}),
    "adagrad eps": (optim.Adagrad, {"lr": 0.1, "eps": 1e-3}),
    "adagrad keras": (optim.dialect("adagrad", "keras"), {}),
    "double states": (optim.Adagrad, {"lr": 0.1, "state_dtype": np.float64}),
    "skipping": (optim.Adagrad, {"lr": 0.1, "skip_non_finite": True}),
}


def rows(index: Any, seed: int, dtype: Any = np.float64, shape: Any = SHAPE) -> SparseRows:
    values = np.random.default_rng(seed).standard_normal((len(index), *shape[1:]))
    return SparseRows(np.array(index, int), values.astype(dtype), shape)


def table(dtype: Any = np.float64, shape: Any = SHAPE) -> fg.Tensor:
    return fg.Tensor(
        np.random.default_rng(7).standard_normal(shape), dtype=dtype, requires_grad=True
    )


def equal(mine: Any, p: fg.Tensor, other: Any, q: fg.Tensor) -> bool:
    """Bit for bit: the parameters and all of both states."""
    names = mine.state[p].keys()
    return (
        p.numpy().tobytes() == q.numpy().tobytes()
        and names == other.state[q].keys()
        and all(np.array_equal(mine.state[p][n], other.state[q][n]) for n in names)
    )


@DTYPES
@pytest.mark.parametrize("name", SAME)
@given(st.lists(st.lists(st.integers(0, 7), max_size=12), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_sparse_is_dense_bit_for_bit(name: str, dtype: Any, steps: Any) -> None:
    make, chosen = SAME[name]
    p, q = table(dtype), table(dtype)
    mine, other = make([p], **chosen), make([q], **chosen)
    for seed, index in enumerate(steps):
        p.grad = g = rows(index, seed, dtype)
        q.grad = g.dense()
        mine.step()
        other.step()
        assert equal(mine, p, other, q)


@pytest.mark.parametrize("name", ["sgd", "adagrad"])
def test_sparse_is_dense_for_numba(name: str) -> None:
    make, chosen = SAME[name]
    shape = (NUMBA_FROM // 4, 8)
    p, q = table(np.float32, shape), table(np.float32, shape)
    mine, other = make([p], **chosen), make([q], **chosen)
    for seed in range(3):
        index = np.random.default_rng(seed).integers(0, shape[0], NUMBA_FROM // 4)
        p.grad = g = rows(index, seed, np.float32, shape)
        q.grad = g.dense()
        mine.step()
        other.step()
        assert equal(mine, p, other, q)


def test_every_rule_that_claims_it_is_tried() -> None:
    claims = {n for n, c in CASES.items() if c.make([leaf(1.0)], **c.settings).row_by_row}
    assert claims == {"sgd", "adagrad", "adagrad_inside", "lazy_adam"}


class Lazy:
    """LazyAdam in NumPy, row by row: averages of the row's own past, corrections of the table's
    age."""

    def __init__(self, theta: np.ndarray) -> None:
        self.theta, self.t = theta.astype(np.float64), 0
        self.m, self.v = np.zeros(SHAPE), np.zeros(SHAPE)

    def step(self, g: SparseRows) -> None:
        self.t += 1
        for row, new in zip(g.indices, g.data.astype(np.float64), strict=True):
            self.m[row] = 0.5 * (self.m[row] + new)
            self.v[row] = 0.75 * self.v[row] + 0.25 * new**2
            below = np.sqrt(self.v[row] / (1 - 0.75**self.t)) + 0.01
            self.theta[row] -= 0.1 * (self.m[row] / (1 - 0.5**self.t)) / below


@DTYPES
def test_lazy_adam_moves_the_rows_it_sees_as_adam_would(dtype: Any) -> None:
    p = table(dtype)
    optimizer, other = optim.LazyAdam([p], 0.1, (0.5, 0.75), 0.01), Lazy(p.numpy())
    for t, index in enumerate([[1, 4, 1], [4], [], [0, 1], [7, 4]], start=1):
        held = {n: x.copy() for n, x in optimizer.state.get(p, {}).items() if n in "mv"}
        before, rest = p.numpy().copy(), [k for k in range(8) if k not in index]
        p.grad = rows(index, t, dtype)
        optimizer.step()
        other.step(p.grad)
        assert p.numpy()[rest].tobytes() == before[rest].tobytes()
        assert all(np.array_equal(optimizer.state[p][n][rest], held[n][rest]) for n in held)
        assert optimizer.state[p]["step"] == t
    # Rounding of each step in the precision of states, then once to the parameter's.
    wide = 50 * np.finfo(np.float64 if dtype == np.float64 else np.float32).eps
    near = wide + np.finfo(dtype).eps
    np.testing.assert_allclose(p.numpy(), other.theta, rtol=near, atol=wide)
    np.testing.assert_allclose(optimizer.state[p]["m"], other.m, rtol=wide, atol=wide)
    assert not optimizer.state[p]["v"][[2, 3, 5, 6]].any()


def test_lazy_adam_is_adam_where_every_row_has_a_gradient() -> None:
    p, q = table(), table()
    mine, other = optim.LazyAdam([p]), optim.Adam([q])
    for seed in range(3):
        p.grad = g = rows([*range(8), 3], seed)
        q.grad = g.dense()
        mine.step()
        other.step()
        assert equal(mine, p, other, q)


def test_a_group_may_hold_both_kinds() -> None:
    p, q, small = table(), table(), leaf(1.0, (2,))
    optimizer = optim.LazyAdam([p, q, small])
    p.grad, q.grad = rows([1, 1], 0), rows([1, 1], 0).dense()
    small.grad = fg.Tensor([1.0, -1.0])
    optimizer.step()
    assert np.array_equal(p.numpy()[1], q.numpy()[1])
    assert small.numpy().tolist() == pytest.approx([1 - 1e-3, 1 + 1e-3])


def test_a_nan_in_a_row_leaves_the_whole_step_out() -> None:
    p, q = table(), table()
    optimizer = optim.LazyAdam([p, q], skip_non_finite=True)
    before = p.numpy().tobytes()
    p.grad, q.grad = rows([1], 0), SparseRows([2], np.full((1, 3), np.nan), SHAPE)
    optimizer.step()
    assert p.numpy().tobytes() == q.numpy().tobytes() == before and optimizer.skipped == 1
    assert optimizer.state[p]["step"] == 0 and not optimizer.state[p]["m"].any()


# ---- who refuses ----------------------------------------------------------------------------
REFUSE = [n for n in CASES if n not in ("sgd", "adagrad", "adagrad_inside", "lazy_adam")]
DECAYED = [
    (optim.SGD, {"weight_decay": 0.1}),
    (optim.SGD, {"weight_decay": Constant(0.0)}),
    (optim.Adagrad, {"weight_decay": 0.1}),
    (optim.LazyAdam, {"weight_decay": 0.1}),
]


@pytest.mark.parametrize(
    ("make", "chosen"), [(CASES[n].make, CASES[n].settings) for n in REFUSE] + DECAYED, ids=str
)
def test_a_rule_that_moves_every_row_refuses_some(make: Any, chosen: Any) -> None:
    p, other = table(), leaf(1.0)
    optimizer = make([{"params": [other]}, {"params": [p]}], **chosen)
    other.grad, p.grad = fg.Tensor([1.0]), rows([1], 0)
    text = (
        "expected a dense gradient, since every row moves or fades at every step, got "
        "SparseRows; pass gradient.dense(), or take SGD, Adagrad or LazyAdam without weight "
        "decay"
    )
    with refused(fg.OptionError, f"{type(optimizer).__name__}: {text}"):
        optimizer.step()
    assert float(other) == 1.0 and not optimizer.state
    p.grad = p.grad.dense()
    optimizer.step()
    assert float(other) != 1.0


def test_a_group_without_decay_takes_rows_beside_one_that_decays() -> None:
    p, q = table(), table()
    groups = [{"params": [p], "weight_decay": 0.0}, {"params": [q]}]
    optimizer = optim.SGD(groups, lr=0.5, weight_decay=0.1)
    p.grad, before = rows([3], 0), p.numpy().copy()
    optimizer.step()
    assert (p.numpy() != before).any(1).tolist() == [k == 3 for k in range(8)]


def test_a_gradient_of_another_table_is_refused() -> None:
    p = table()
    p.grad = rows([1], 0, shape=(9, 3))
    with refused(
        fg.ShapeError,
        "SGD: expected a gradient of shape (8, 3), got (9, 3); let backward fill grad",
    ):
        optim.SGD([p]).step()

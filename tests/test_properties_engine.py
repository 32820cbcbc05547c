"""Properties that optimizers have together with the engine: rows, averages, readers, devices;
and those of settings that change on the way, or are 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels import BackendError, Update, device
from fusegrad.optim.schedules import Constant
from tests.optim_sample import CASES, leaf, run
from tests.oracles import others
from tests.properties_sample import (
    BETAS,
    EPS,
    LR,
    MAGNITUDES,
    NUMBERS,
    STREAMS,
    begun,
    each,
    roundings,
    streams,
    walk_of,
)

every_case = pytest.mark.parametrize("name", CASES)
ROWS, COLUMNS = 6, 2


# ---- rows and averages ----------------------------------------------------------------------
# Not Adam or RMSProp: a row that is not touched fades by definition, and they refuse rows.
@pytest.mark.parametrize("make", [optim.Adagrad, optim.SGD])
@each(40)
@given(
    steps=st.lists(st.lists(st.integers(0, ROWS - 1), max_size=4), min_size=1, max_size=6),
    data=st.data(),
)
def test_sparse_gradients_are_dense_ones(make: Any, steps: Any, data: Any) -> None:
    sparse, dense = (leaf(1.0, (ROWS, COLUMNS)) for _ in range(2))
    optimizers = make([sparse]), make([dense])
    for rows in steps:
        values = data.draw(streams(NUMBERS, st.just((len(rows), COLUMNS))))
        sparse.grad = SparseRows(np.array(rows, int), values, sparse.shape)
        dense.grad = sparse.grad.dense()
        for optimizer in optimizers:
            optimizer.step()
        assert np.array_equal(sparse.numpy(), dense.numpy())


@pytest.mark.parametrize("mean", ["exponential", "polyak"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@each(20)
@given(x=NUMBERS, steps=st.integers(1, 30), beta2=st.floats(0, 0.9999))
def test_the_average_of_what_stands_still_is_exact(
    dtype: Any, mean: str, x: float, steps: int, beta2: float
) -> None:
    p = leaf(x, (3,), dtype)
    averaged = optim.Averaged(optim.SGD([p], lr=0.0), mean, beta2=beta2)
    for _ in range(steps):
        p.grad = fg.Tensor(np.ones(3), dtype=dtype)
        averaged.step()
        assert np.array_equal(averaged.average(p).numpy(), p.numpy())


@each(30)
@given(g=STREAMS, beta2=st.floats(0, 0.9999))
def test_the_average_is_its_weighted_sum(g: Any, beta2: float) -> None:
    means = {
        "exponential": lambda path: others.exponential_average(path, beta2=beta2),
        "polyak": others.polyak_average,
    }
    for mean, oracle in means.items():
        p, optimizer = begun(optim.SGD, 1, lr=1.0)
        averaged = optim.Averaged(optimizer, mean, beta2=beta2)
        path = [float(x[0]) for x in run(averaged, p, g[:, :1])]
        error = float(averaged.average(p).numpy()[0] - oracle(path)[-1])
        assert abs(error) <= roundings(len(path))[-1, 0] * EPS * max(map(abs, path))


# ---- readers and devices --------------------------------------------------------------------
@every_case
@each(3)
@given(g=STREAMS)
def test_fused_and_unfused_are_equal_to_the_last_bit(name: str, g: Any) -> None:
    paths = []
    for reader in ("numpy", "numba"):
        p, optimizer = begun(CASES[name].make, g.shape[1], 1.0, **CASES[name].settings)
        optimizer.update = Update(optimizer.update.rule, reader=reader)
        paths.append(run(optimizer, p, g))
    assert np.array_equal(*paths)


def renewed(name: str, arrays: list[np.ndarray], together: bool) -> list[np.ndarray]:
    """Parameters after three steps, in one launch a step or in one a parameter."""
    case = CASES[name]
    parameters = [fg.Tensor(a, requires_grad=True) for a in arrays]
    groups = [parameters] if together else [[p] for p in parameters]
    optimizers = [case.make(group, **case.settings) for group in groups]
    for t in range(3):
        for p in parameters:
            p.grad = fg.Tensor(np.cos(p.numpy() + t))
        for optimizer in optimizers:
            optimizer.step()
    return [p.numpy() for p in parameters]


SIZES = ((400, 100), (), (0,), (70_000,), (3, 1, 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_case
def test_many_tensors_are_equal_to_one_by_one(name: str, dtype: Any) -> None:
    rng = np.random.default_rng(0)
    arrays = [np.asarray(rng.standard_normal(shape), dtype) for shape in SIZES]
    at_once, each_alone = (renewed(name, arrays, together) for together in (True, False))
    assert all(map(np.array_equal, at_once, each_alone))


@pytest.fixture
def cupy() -> Any:
    try:
        return device.cupy()
    except BackendError as error:
        pytest.skip(str(error))


@pytest.mark.gpu
@pytest.mark.parametrize("make", [optim.Adam, optim.AdaMax, optim.Adagrad, optim.RMSProp])
def test_a_gpu_agrees_to_four_ulps(make: Any, cupy: Any) -> None:
    rng = np.random.default_rng(0)  # of one sign: nothing cancels, an ulp is theta's
    g = (10 ** rng.uniform(-3, 3, (10, 1000))).astype(np.float32)
    here, there = (leaf(0.0, (1000,), np.float32) for _ in range(2))
    there = fg.Tensor(cupy.asarray(there.numpy()), requires_grad=True)
    on_host, on_gpu = make([here]), make([there])
    for row in g:
        here.grad, there.grad = fg.Tensor(row), fg.Tensor(cupy.asarray(row))
        on_host.step()
        on_gpu.step()
    error = abs(there.data.get().astype(float) - here.numpy())
    assert np.all(error <= 4 * np.spacing(abs(here.numpy())))


# ---- the two-cycle, and settings that change ------------------------------------------------
@each(40)
@given(betas=BETAS, c=MAGNITUDES)
def test_the_two_cycle_of_adam_on_a_parabola(betas: Any, c: float) -> None:
    beta1, x = betas[0], LR * (1 - betas[0]) / (2 * (1 + betas[0]))
    p, optimizer = begun(optim.Adam, 1, start=x, lr=LR, betas=betas, eps=0.0)
    run(optimizer, p, [0.0])
    state = optimizer.state_dict()
    m = -(1 - beta1) / (1 + beta1) * c * x
    state["state"][0] |= {"step": 10**9, "m": np.array([m]), "v": np.array([(c * x) ** 2])}
    optimizer.load_state_dict(state)
    for t in range(1, 11):
        run(optimizer, p, [c * p.numpy()])
        assert abs(p.numpy()[0] - (-1) ** t * x) <= 32 * t * EPS * LR


@each(40)
@given(g=STREAMS, mu=st.floats(0, 0.99), later=MAGNITUDES)
def test_a_change_of_lr_meets_two_conventions_of_momentum(
    g: Any, mu: float, later: float
) -> None:
    given, half = {"lr": 1.0, "momentum": mu}, len(g) // 2
    used, enters, far = np.zeros((3, g.shape[1]))
    b, v = np.zeros((2, g.shape[1]))
    (p, outside), (q, inside) = (
        begun(make, g.shape[1], **given)
        for make in (optim.Momentum, optim.dialect("momentum", "keras"))
    )
    for t, row in enumerate(g):
        lr = 1.0 if t < half else later
        outside.param_groups[0]["lr"] = inside.param_groups[0]["lr"] = lr
        run(outside, p, [row])
        run(inside, q, [row])
        b, v = mu * b + row, mu * v - lr * row
        used, enters = used - lr * b, enters + v
        far = far + abs(g[: t + 1]).sum() * max(1.0, later)
        assert np.all(abs(p.numpy() - used) <= 4 * len(g) * EPS * far)
        assert np.all(abs(q.numpy() - enters) <= 4 * len(g) * EPS * far)


def test_the_two_conventions_part_where_lr_changes() -> None:
    ends = []
    for library in ("torch", "keras"):
        p, optimizer = begun(optim.dialect("momentum", library), 1, lr=0.5, momentum=0.5)
        for lr in (0.5, 0.5, 0.25):
            optimizer.param_groups[0]["lr"] = lr
            run(optimizer, p, [1.0])
        ends.append(p.numpy()[0])
    assert ends == [-1.25 - 0.4375, -1.25 - 0.625]  # b is 1, 1.5, 1.75; v is .5, .75, .625


@every_case
@each(3)
@given(g=STREAMS)
def test_a_decay_of_zero_is_none(name: str, g: Any) -> None:
    case = CASES[name]
    if "weight_decay" not in case.settings:  # a schedule is never off: the rule with decay runs
        off = walk_of(case, g, start=1.0)
        assert np.array_equal(walk_of(case, g, start=1.0, weight_decay=Constant(0.0)), off)


DECAYING = {
    "adamw": ("adam", {}),
    "adamw_decoupled": ("adam", {"eta": 1.0}),
    "adamw_keras": ("adam_eps_hat", {}),
}


@pytest.mark.parametrize("name", DECAYING)
@each(20)
@given(g=STREAMS)
def test_a_decoupled_decay_of_zero_is_none(name: str, g: Any) -> None:
    plain, more = DECAYING[name]
    path = walk_of(CASES[name], g, start=1.0, weight_decay=0.0, **more)
    assert np.array_equal(path, walk_of(CASES[plain], g, start=1.0))

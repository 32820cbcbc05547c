"""Where optimizers lose precision without a word: what is left of it here, and, where
PyTorch is installed, what is left there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from tests.optim_sample import CASES, run
from tests.properties_sample import EPS, begun, moves, walk
from tests.test_optim_traps import column, theirs

SINGLE = float(np.finfo(np.float32).eps)


# ---- cancellation ---------------------------------------------------------------------------
@pytest.mark.parametrize("name", [name for name in CASES if "centred" in name])
def test_centred_rmsprop_stays_a_number(name: str) -> None:
    settings = {**CASES[name].settings, "alpha": 0.9, "eps": 1e-8}
    g = np.append(10 ** np.linspace(-3, 5, 62), [10, 123.456]).astype(np.float32)
    p, optimizer = begun(CASES[name].make, 64, dtype=np.float32, **settings)
    path = run(optimizer, p, [g] * 2000)
    assert np.isfinite(path).all()
    square, mean = (optimizer.state[p][n] for n in optimizer.state_names[:2])
    assert np.min(square - mean * mean) < 0  # the trap is there


def test_centred_rmsprop_is_nan_in_torch() -> None:
    path, _ = theirs("RMSProp", *[10.0] * 138, alpha=0.9, centered=True, eps=1e-8)
    assert np.isfinite(path[136]) and np.isnan(path[137])


# ---- bias corrections, small numbers, counters ----------------------------------------------
@pytest.mark.parametrize(("dtype", "most"), [(np.float32, 1e-7), (np.float64, EPS)])
@pytest.mark.parametrize("name", ["Adam", "AdaMax"])
def test_the_first_step_is_lr(name: str, dtype: Any, most: float) -> None:
    make = getattr(optim, name)
    given = {"eps": 0.0} if name == "Adam" else {}
    (step,) = moves(make, np.ones((1, 1)), dtype=dtype, lr=1e-3, **given)
    assert abs(float(step[0]) / -1e-3 - 1) <= most


@pytest.mark.parametrize(("differentiable", "low", "high"), [(False, 0, 1e-7), (True, 1e-6, 1)])
def test_the_first_step_of_torch_is_lr_but_where_it_is_differentiated(
    differentiable: bool, low: float, high: float
) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    p = torch.zeros(1)
    p.grad = torch.ones(1)
    torch.optim.Adam([p], eps=0.0, foreach=False, differentiable=differentiable).step()
    assert low < abs(p.item() / -1e-3 - 1) < high


def test_bfloat16_is_refused_by_name() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="ml_dtypes is not installed")
    text = "^Tensor: expected numbers, got dtype bfloat16; give floats, integers or truth val"
    with pytest.raises(fg.DTypeError, match=text):
        fg.Tensor(np.ones(1, ml_dtypes.bfloat16), requires_grad=True)


@pytest.mark.parametrize("name", ["Adam", "AdaMax"])
def test_float16_moves_from_the_first_step(name: str) -> None:
    assert np.float16(0.9999) == 1  # as beta2 would be
    g = np.ones((20, 1))
    path = walk(getattr(optim, name), g, dtype=np.float16, lr=0.01, betas=(0.9, 0.9999))
    want = -0.01 * np.arange(1, 21)[:, None]
    assert np.all(abs(path - want) <= abs(want) * np.finfo(np.float16).eps)


def test_eps_is_kept_where_float16_has_none() -> None:
    g = np.array([[np.float16(1.2e-7)]])
    assert np.float16(1e-8) == 0 < g[0, 0]
    (step,) = walk(optim.Adam, g, dtype=np.float16, lr=1.0, eps=1e-8)
    size = float(g[0, 0])
    assert step[0] == np.float16(-size / (size + 1e-8)) != -1


def test_the_counter_of_torch_stops_at_two_to_the_24th() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    p = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([p])
    for _ in range(2):
        p.grad = torch.ones(1)
        optimizer.step()
        optimizer.state[p]["step"].fill_(2**24)
    optimizer.step()
    assert optimizer.state[p]["step"].item() == 2**24


def test_the_counter_here_goes_on() -> None:
    p, optimizer = begun(optim.Adam, 1, dtype=np.float32)
    for _ in range(2):
        p.grad = fg.Tensor(column(1.0)[0])
        optimizer.step()
        optimizer.state[p]["step"] = 2**24
    optimizer.step()
    assert optimizer.state[p]["step"] == 2**24 + 1


@pytest.mark.parametrize(("state_dtype", "grown"), [(None, 0), (np.float64, 3)])
def test_a_double_sum_of_squares_does_not_stall(state_dtype: Any, grown: int) -> None:
    p, optimizer = begun(optim.Adagrad, 1, dtype=np.float32, state_dtype=state_dtype)
    p.grad = fg.Tensor(column(1.0)[0])
    optimizer.step()
    state = optimizer.state_dict()
    state["state"][0]["s"] = np.array([2.0**24])
    optimizer.load_state_dict(state)
    for _ in range(3):
        optimizer.step()
    assert optimizer.state[p]["s"][0] == 2**24 + grown


# ---- beta in float32 ------------------------------------------------------------------------
def faded(make: Any, steps: int, **given: Any) -> float:
    """How far AdaMax's u is from beta2^steps, which no gradient has touched since; relative."""
    p, optimizer = begun(make, 1, dtype=np.float32, **given)
    for g in [1.0] + [0.0] * steps:
        p.grad = fg.Tensor(column(g)[0])
        optimizer.step()
    return abs(float(optimizer.state[p]["u"][0]) / 0.999**steps - 1)


def test_a_norm_fades_by_beta2_and_not_by_its_float32() -> None:
    drift = 1000 * abs(float(np.float32(0.999)) / 0.999 - 1)
    assert drift > 1e-5  # of a beta2 rounded to float32, as PyTorch's
    assert faded(optim.AdaMax, 1000, state_dtype=np.float64) <= 1000 * EPS
    assert faded(optim.AdaMax, 1000) <= SINGLE  # each product is rounded once, as it comes

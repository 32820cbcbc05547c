"""Gradients, writes, threads and schedules that spoil a run without a word: what happens here,
and, where PyTorch is installed, that it falls into the trap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import Update, threads
from fusegrad.optim.schedules import InverseSqrt
from tests.optim_sample import CASES, leaf
from tests.properties_sample import EPS, begun, walk
from tests.readers_sample import RULES

# By one gradient, or none: no eps, so that a step is lr, or lr over the root of 1 - rho.
MAKES: dict[str, Any] = {
    "Adam": lambda p, **k: optim.Adam(p, lr=1.0, eps=0.0, **k),
    "AdaMax": lambda p, **k: optim.AdaMax(p, lr=1.0, **k),
    "Adagrad": lambda p, **k: optim.Adagrad(p, lr=1.0, **k),
    "RMSProp": lambda p, **k: optim.RMSProp(p, lr=1.0, eps=0.0, **k),
}
FIRST = {"Adam": 1.0, "AdaMax": 1.0, "Adagrad": 1.0, "RMSProp": 1 / np.sqrt(1 - 0.9)}
each_make = pytest.mark.parametrize("name", MAKES)


def column(*gradients: float) -> np.ndarray:
    """A stream of one element, in float32."""
    return np.array(gradients, np.float32)[:, None]


def thetas(name: str, *gradients: float, **given: Any) -> list[float]:
    """theta after each float32 gradient, from 0."""
    return list(walk(MAKES[name], column(*gradients), dtype=np.float32, **given)[:, 0])


def theirs(name: str, *gradients: float, **given: Any) -> tuple[list[float], dict[str, Any]]:
    """The same by PyTorch, and its state at the end."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    p = torch.zeros(1, requires_grad=True)
    make = getattr(torch.optim, {"AdaMax": "Adamax", "RMSProp": "RMSprop"}.get(name, name))
    optimizer, path = make([p], **{"lr": 1.0, "eps": 0.0, **given}), []
    for g in gradients:
        p.grad = torch.tensor([g])
        optimizer.step()
        path.append(p.item())
    return path, optimizer.state[p]


# ---- 0 / 0 and squares that underflow -------------------------------------------------------
@each_make
def test_zero_over_zero_is_no_move(name: str) -> None:
    path = thetas(name, 0.0, 1.0)
    assert path[0] == 0 and np.isfinite(path[1]) and path[1] < 0


@each_make
def test_zero_over_zero_is_nan_in_torch(name: str) -> None:
    assert np.isnan(theirs(name, 0.0)[0][0])


@each_make
def test_a_square_that_underflows_is_no_move_or_the_right_one(name: str) -> None:
    assert thetas(name, 1e-23)[0] == (-1 if name == "AdaMax" else 0)


@each_make
def test_a_square_that_underflows_is_an_infinite_step_in_torch(name: str) -> None:
    assert theirs(name, 1e-23)[0][0] == (-1 if name == "AdaMax" else -np.inf)


# ---- squares that overflow, nan -------------------------------------------------------------
POISON = [
    *[(name, np.nan) for name in MAKES],
    *[(name, g) for name in ("Adagrad", "RMSProp") for g in (1e20, 1e21)],
    ("Adam", 1e21),
    ("AdaMax", np.inf),
]


@pytest.mark.parametrize(("name", "g"), POISON)
def test_a_step_that_is_no_number_is_left_out_and_counted(name: str, g: float) -> None:
    p, optimizer = begun(MAKES[name], 1, dtype=np.float32, skip_non_finite=True)
    path, states = [], []
    for x in (g, 1.0, g, 1.0):
        p.grad = fg.Tensor(column(x)[0])
        optimizer.step()
        path.append(p.numpy()[0])
        states.append({k: np.copy(v) for k, v in optimizer.state[p].items()})
    assert optimizer.skipped == 2 and "skipped=2" in repr(optimizer)
    assert path[0] == 0 and path[2] == path[1]
    assert [path[1], path[3]] == thetas(name, 1.0, 1.0)
    assert states[1] == states[2] and states[2]["step"] == 1 and states[3]["step"] == 2


@pytest.mark.parametrize("g", [1e20, 1e21])
def test_adamax_takes_gradients_whose_squares_overflow(g: float) -> None:
    assert thetas("AdaMax", g, 1.0)[0] == -1


@each_make
def test_one_nan_is_for_ever_in_torch_and_here_where_none_is_skipped(name: str) -> None:
    for path in (thetas(name, 1.0, np.nan, 1.0, 1.0), theirs(name, 1.0, np.nan, 1.0, 1.0)[0]):
        assert np.isfinite(path[0]) and np.isnan(path[1:]).all()


FROZEN = [("Adagrad", 1e20), ("Adagrad", 1e21), ("Adam", 1e21), ("RMSProp", 1e21)]


@pytest.mark.parametrize(("name", "g"), FROZEN)
def test_a_square_that_overflows_ends_training_in_torch(name: str, g: float) -> None:
    path, state = theirs(name, g, *[1.0] * 20)
    held = state[{"Adam": "exp_avg_sq", "Adagrad": "sum", "RMSProp": "square_avg"}[name]]
    assert np.isinf(held.item()) and set(path) == {0.0}


@each_make
def test_a_gradient_that_is_clipped_neither_stalls_nor_overflows(name: str) -> None:
    p, optimizer = begun(MAKES[name], 1, dtype=np.float32)
    path = []
    for g in (1e20, 1.0):  # finite, hence not skipped, and far beyond what v forgets soon
        p.grad = fg.Tensor(column(g)[0])
        optim.clip_grad_value_([p], 1.0)
        optimizer.step()
        path.append(p.numpy()[0])
    assert path == thetas(name, 1.0, 1.0)


# ---- memory and threads ---------------------------------------------------------------------
def test_a_raw_write_after_saving_is_refused() -> None:
    a, b = leaf(3.0), leaf(8.0)
    loss = (a * b).sum()
    for raw in (b.numpy(), b.data):
        with pytest.raises(ValueError, match="read-only"):
            raw[0] = 12.0
    loss.backward()
    assert a.grad.numpy()[0] == 8


def test_a_raw_write_after_saving_is_silent_in_torch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    for write in (lambda b: b.data.fill_(12.0), lambda b: b.numpy().fill(12.0)):
        a, b = torch.tensor([3.0], requires_grad=True), torch.tensor([8.0])
        loss = (a * b).sum()
        write(b)
        loss.backward()
        assert a.grad.item() == 12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["adam", "adamax", "adagrad", "rmsprop", "rmsprop_centred"])
def test_results_do_not_depend_on_the_number_of_threads(name: str, dtype: str) -> None:
    numba, found = threads.numba(), []
    before = numba.get_num_threads()
    if before < 2:
        pytest.skip("this machine gives Numba one thread")
    for count in (1, 2):
        arrays = RULES[name].points(dtype, np.random.default_rng(1), (300_001,))
        numba.set_num_threads(count)
        try:
            Update(CASES[name].make.rule, "numba")([tuple(arrays)], **RULES[name].scalars)
        finally:
            numba.set_num_threads(before)
        found.append([a.tobytes() for a in arrays])
    assert found[0] == found[1]


# ---- a step size that changes, and momentum -------------------------------------------------
SLOWER = InverseSqrt(0.1)
USED, ENTERS = "multiplies the buffer when it is used", "multiplies what enters the buffer"


@pytest.mark.parametrize("algorithm", ["momentum", "nesterov", "rmsprop_momentum"])
def test_the_two_conventions_of_momentum_are_named_and_differ(algorithm: str) -> None:
    outside, inside = (optim.dialect(algorithm, library) for library in ("torch", "keras"))
    assert USED in outside.says and ENTERS in inside.says
    g = np.ones((8, 1))
    same = {"momentum": 0.9, **({"eps": 0.0, "alpha": 0.9} if "rms" in algorithm else {})}
    constant = [walk(make, g, lr=0.1, **same) for make in (outside, inside)]
    falling = [walk(make, g, lr=SLOWER, **same) for make in (outside, inside)]
    assert np.allclose(*constant, rtol=16 * EPS, atol=0)
    assert abs(falling[0] - falling[1])[-1, 0] > 0.3


def test_torch_multiplies_the_buffer_when_it_is_used() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    p = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([p], lr=0.1, momentum=0.9)
    for t in range(1, 9):
        p.grad = torch.ones_like(p)
        optimizer.param_groups[0]["lr"] = SLOWER(t)
        optimizer.step()
    ours = walk(optim.Momentum, np.ones((8, 1)), lr=SLOWER, momentum=0.9)[-1, 0]
    assert abs(p.item() - ours) <= 16 * EPS * abs(ours)

"""The optimizer table: every rule against an independent transcription of its paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import Update
from fusegrad.optim import sgd
from tests.oracles import papers
from tests.oracles.fixtures import FIXTURES, GRADIENTS, THETA

# A step of at most ten roundings, each within half an ulp of float64 (1.1e-16).
STEP_TOLERANCE = 1e-14
# Fixtures show 20 digits; five steps of the same roundings, on numbers near 1.
FIXTURE_TOLERANCE = 5e-16 * 5


@dataclass(frozen=True)
class Case:
    """An optimizer, its oracle, and the same settings in the words of each."""

    make: Callable[..., optim.Optimizer]
    rule: Callable[..., Any]
    oracle: Callable[..., list[papers.Step]]
    settings: dict[str, Any]
    letters: dict[str, Any]


ADAM = {"lr": 0.01, "betas": (0.8, 0.95)}
ADAM_LETTERS = {"alpha": 0.01, "beta1": 0.8, "beta2": 0.95}
CASES = {
    "adam": Case(optim.Adam, optim.Adam.rule, papers.adam,
                 {**ADAM, "eps": 1e-3}, {**ADAM_LETTERS, "eps": 1e-3}),
    "adam_eps_hat": Case(optim.AdamEpsHat, optim.AdamEpsHat.rule, papers.adam_efficient,
                         {**ADAM, "eps_hat": 1e-3}, {**ADAM_LETTERS, "eps_hat": 1e-3}),
    "adamax": Case(optim.AdaMax, optim.AdaMax.rule, papers.adamax, ADAM, ADAM_LETTERS),
    "adagrad": Case(optim.Adagrad, optim.Adagrad.rule, papers.adagrad,
                    {"lr": 0.1, "eps": 1e-3}, {"alpha": 0.1, "eps": 1e-3}),
    "rmsprop": Case(optim.RMSProp, optim.RMSProp.rule, papers.rmsprop,
                    {"lr": 0.01, "alpha": 0.9, "eps": 1e-3},
                    {"alpha": 0.01, "rho": 0.9, "eps": 1e-3}),
    "sgd": Case(optim.SGD, sgd.sgd, papers.sgd, {"lr": 0.1}, {"alpha": 0.1}),
    "momentum": Case(optim.SGD, sgd.momentum, papers.momentum,
                     {"lr": 0.1, "momentum": 0.9}, {"alpha": 0.1, "mu": 0.9}),
    "nesterov": Case(optim.SGD, sgd.nesterov, papers.nesterov,
                     {"lr": 0.1, "momentum": 0.9, "nesterov": True},
                     {"alpha": 0.1, "mu": 0.9}),
}  # fmt: skip
STREAM = (1.0, -2.0, 0.5, 0.0, 3.0, 1e-8, -1e8)


def run(optimizer: optim.Optimizer, p: fg.Tensor, stream: Sequence[float]) -> list[np.ndarray]:
    """Parameters after every step, all elements receiving the same gradient."""
    path = []
    for g in stream:
        p.grad = fg.Tensor(np.full(p.shape, g), dtype=p.dtype)
        optimizer.step()
        path.append(p.numpy().copy())
    return path


def leaf(value: float, shape: tuple[int, ...] = (1,), dtype: Any = np.float64) -> fg.Tensor:
    return fg.Tensor(np.full(shape, value, dtype), requires_grad=True, name="theta")


def relative(got: Any, exact: Any) -> float:
    return abs(float(papers.MP.mpf(float(got)) - exact)) / max(abs(float(exact)), 1e-300)


def test_every_optimizer_has_a_case() -> None:
    classes = {getattr(optim, name) for name in optim.__all__} - {optim.Optimizer}
    assert classes == {case.make for case in CASES.values()}


@pytest.mark.parametrize("reader", ["numpy", "numba"])
@pytest.mark.parametrize("name", CASES)
def test_steps_agree_with_fifty_digits(name: str, reader: str) -> None:
    case = CASES[name]
    p = leaf(1.0)
    optimizer = case.make([p], **case.settings)
    optimizer.update = Update(case.rule, reader=reader)
    steps = case.oracle(1, list(STREAM), **case.letters)
    for got, want in zip(run(optimizer, p, STREAM), steps, strict=True):
        assert relative(got[0], want.theta) <= STEP_TOLERANCE


@pytest.mark.parametrize("name", CASES)
def test_states_agree_with_fifty_digits(name: str) -> None:
    case = CASES[name]
    p = leaf(1.0)
    optimizer = case.make([p], **case.settings)
    run(optimizer, p, STREAM)
    last = case.oracle(1, list(STREAM), **case.letters)[-1]
    assert set(last.state) == set(optimizer.state_names)
    for state_name, want in last.state.items():
        assert relative(optimizer.state[p][state_name][0], want) <= STEP_TOLERANCE


# fixture of the paper's recursions -> optimizer and its settings
MADE = {
    "adam": lambda p: optim.Adam(p),
    "adam_large_eps": lambda p: optim.Adam(p, eps=0.1),
    "adam_efficient": lambda p: optim.AdamEpsHat(p),
    "adam_efficient_large_eps": lambda p: optim.AdamEpsHat(p, eps_hat=0.1),
    "adamax": lambda p: optim.AdaMax(p),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.1),
    "rmsprop": lambda p: optim.RMSProp(p),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
}


@pytest.mark.parametrize("name", MADE)
def test_published_trajectories_hold(name: str) -> None:
    p = leaf(float(THETA))
    got = run(MADE[name]([p]), p, [float(g) for g in GRADIENTS])
    for value, want in zip(got, FIXTURES[name].thetas, strict=True):
        assert abs(papers.MP.mpf(float(value[0])) - papers.MP.mpf(want)) <= FIXTURE_TOLERANCE


def test_the_fixtures_without_an_optimizer_are_known() -> None:
    assert set(FIXTURES) - set(MADE) == {"rmsprop_eps_inside"}  # a form of other libraries


@pytest.mark.parametrize("name", CASES)
def test_zero_gradient_and_no_gradient_do_not_move(name: str) -> None:
    case = CASES[name]
    settings = {**case.settings, **{k: 0.0 for k in ("eps", "eps_hat") if k in case.settings}}
    moved, still, unseen = leaf(1.0), leaf(1.0), leaf(1.0)
    optimizer = case.make([moved, still, unseen], **settings)
    moved.grad, still.grad = fg.Tensor([1.0]), fg.Tensor([0.0])
    optimizer.step()  # eps is 0: the step of `still` is 0/0
    assert moved.numpy()[0] != 1 and still.numpy()[0] == 1 and unseen.numpy()[0] == 1
    assert unseen not in optimizer.state and unseen.version == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_dtype_is_kept_and_readers_agree_bit_for_bit(name: str, dtype: Any) -> None:
    case, rng = CASES[name], np.random.default_rng(0)
    first = rng.standard_normal(50).astype(dtype)
    paths = []
    for reader in ("numpy", "numba"):
        p = fg.Tensor(first, requires_grad=True)
        optimizer = case.make([p], **case.settings)
        optimizer.update = Update(case.rule, reader=reader)
        paths.append(run(optimizer, p, STREAM[:5]))
        assert p.dtype == dtype
    assert np.array_equal(paths[0], paths[1])


def test_a_group_is_one_launch() -> None:
    parameters = [leaf(1.0, shape) for shape in ((3, 4), (7,), (), (0,), (2, 1, 2))]
    optimizer = optim.Adam([{"params": parameters[:3]}, {"params": parameters[3:], "lr": 0.5}])
    for p in parameters:
        p.grad = fg.Tensor(np.ones(p.shape))
    launches = []
    with fg.observe(lambda kernel, *_: launches.append(kernel.name)):
        optimizer.step()
    assert launches.count("adam") == 2
    assert parameters[0].numpy()[0, 0] == pytest.approx(1 - 1e-3)
    assert parameters[4].numpy()[0, 0, 0] == pytest.approx(0.5)

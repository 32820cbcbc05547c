"""vSGD against 60 digits, on quadratics whose curvature is known; and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.kernels import Update
from fusegrad.kernels.update import NUMBA_FROM
from tests.ops_sample import refused
from tests.optim_sample import leaf, relative
from tests.oracles import others, papers

# A dozen steps of a dozen roundings each; averages of g may cancel.
TOLERANCE = 1e-12
CURVATURE = np.array([2.0, 0.5, -8.0, 1e3])
NOISE = 0.3 * np.random.default_rng(5).standard_normal((12, 4))


def made(dtype: Any = np.float64, **settings: Any) -> tuple[fg.Tensor, optim.VSGD]:
    p = fg.Tensor([3.0, -1.0, 0.5, 2.0], dtype=dtype, requires_grad=True)
    return p, optim.VSGD([p], rng=np.random.default_rng(0), **settings)


def quadratic(p: fg.Tensor, noise: np.ndarray) -> Callable[[], Any]:
    """The sum of h (x - noise)^2 / 2, whose gradient is h (x - noise) and curvature h."""
    h = fg.Tensor(CURVATURE, dtype=p.dtype)

    def loss() -> Any:
        away = p - fg.Tensor(noise, dtype=p.dtype)
        return (h * away * away).sum() * 0.5

    return loss


@pytest.mark.parametrize("reader", ["numpy", "numba"])
@pytest.mark.parametrize(("slow_start", "overestimate"), [(1, 1.0), (3, 10.0), (5, 2.0)])
def test_steps_agree_with_sixty_digits(
    slow_start: int, overestimate: float, reader: str
) -> None:
    p, optimizer = made(slow_start=slow_start, overestimate=overestimate)
    optimizer.update = Update(optimizer.update.rule, reader=reader)
    gradients, path = [], []
    first = p.numpy().copy()
    for noise in NOISE:
        optimizer.step(quadratic(p, noise))
        gradients.append(p.grad.numpy())
        assert np.array_equal(optimizer.curvature[p], CURVATURE)
        path.append(p.numpy().copy())
    for k, h in enumerate(CURVATURE):
        given = [float(g[k]) for g in gradients]
        known = {"n0": slow_start, "c": overestimate}
        steps = others.vsgd(float(first[k]), given, [float(h)] * len(NOISE), **known)
        for got, want in zip(path, steps, strict=True):
            assert relative(got[k], want.theta) <= TOLERANCE
        for name, want in steps[-1].state.items():
            assert relative(optimizer.state[p][name][k], want) <= TOLERANCE, name


def test_nothing_moves_in_the_slow_start() -> None:
    p, optimizer = made(slow_start=4)
    first = p.numpy().copy()
    for noise in NOISE[:4]:
        optimizer.step(quadratic(p, noise))
        assert np.array_equal(p, first)
    optimizer.step(quadratic(p, NOISE[4]))
    assert (p.numpy() != first).all() and optimizer.state[p]["step"] == 5


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_less_precision_is_near_double(dtype: Any) -> None:
    """Whole powers of two, so that a half holds every gradient; states are single."""
    paths = []
    for kind in (dtype, np.float64):
        p, optimizer = made(kind, slow_start=2)
        h = fg.Tensor([2.0, 0.5, 4.0, 1.0], dtype=kind)
        for shift in (0.5, -0.25, 1.0, 0.5):
            optimizer.step(lambda p=p, h=h, s=shift: (h * (p - s) * (p - s)).sum())
        assert p.dtype == p.grad.dtype == kind
        assert optimizer.state[p]["g_bar"].dtype == (np.float32 if kind == dtype else kind)
        paths.append(p.numpy().astype(np.float64))
    # The steps before make it a function of rounded parameters: a few ulp of them.
    np.testing.assert_allclose(*paths, rtol=16 * np.finfo(dtype).eps)


@pytest.mark.parametrize("reader", ["numpy", "numba"])
def test_states_may_be_finer_than_what_is_measured(reader: str) -> None:
    paths = []
    for kind in (np.float32, np.float64):
        p, optimizer = made(kind, slow_start=1, state_dtype=np.float64)
        optimizer.update = Update(optimizer.update.rule, reader=reader)
        for shift in (0.5, 0.25):  # every gradient is a float32
            optimizer.step(lambda p=p, s=shift: ((p - s) * (p - s)).sum())
        paths.append(optimizer.state[p].get("theta", p.data))
    assert paths[0].dtype == np.float64 and np.array_equal(*paths)


def test_a_hessian_that_is_not_diagonal_is_right_on_average() -> None:
    matrix = np.array([[2.0, 0.7], [0.7, 3.0]])
    p = leaf(1.0, (2,))
    optimizer = optim.VSGD([p], rng=np.random.default_rng(0), slow_start=10**6)
    seen = []
    for _ in range(64):
        optimizer.step(lambda: (p * (fg.Tensor(matrix) @ p)).sum() * 0.5)
        seen.append(np.asarray(optimizer.curvature[p]).copy())
    kinds = {tuple(np.round(h, 12)) for h in seen}
    assert kinds == {(2.7, 3.7), (1.3, 2.3)}  # h is z * (H z), z = (1, 1) or (1, -1)


def test_a_large_network_is_one_launch_and_unused_parameters_stay() -> None:
    p, q, unused, frozen = leaf(2.0, (NUMBA_FROM,)), leaf(1.0, (2, 2)), leaf(1.0), leaf(1.0)
    parameters = [p, q, unused, frozen]
    optimizer, launches = optim.VSGD(parameters, rng=np.random.default_rng(0)), []
    frozen.requires_grad_(False)
    frozen.grad = fg.Tensor([9.0])
    with fg.observe(lambda kernel, *_: launches.append(kernel.name)):
        loss = optimizer.step(lambda: (p * p).sum() + (q * q * q * q).sum())
    assert launches.count("vsgd") == 1 and float(loss) == 4.0 * NUMBA_FROM + 4
    assert not loss.requires_grad and not p.grad.requires_grad
    assert unused not in optimizer.state and frozen not in optimizer.state
    assert (optimizer.state[q]["h_bar"] == 10 * 12).all()


def test_a_loss_that_is_linear_has_no_curvature_and_makes_no_step() -> None:
    p, optimizer = made(slow_start=1)
    first = p.numpy().copy()
    for _ in range(3):
        optimizer.step(lambda: (p * 2.0).sum())
    assert np.array_equal(p, first) and optimizer.state[p]["g_bar"].tolist() == [2] * 4


def test_resume_is_bit_exact_with_the_same_signs() -> None:
    p, optimizer = made(slow_start=2)
    for noise in NOISE[:4]:
        optimizer.step(quadratic(p, noise))
    q, again = made(slow_start=7)
    q.assign_(p.numpy())
    again.load_state_dict(optimizer.state_dict())
    for noise in NOISE[4:8]:
        optimizer.step(quadratic(p, noise))
        again.step(quadratic(q, noise))
    assert np.array_equal(p, q) and again.param_groups[0]["slow_start"] == 2


def test_the_step_is_explained() -> None:
    p, optimizer = made(slow_start=1)
    optimizer.step(quadratic(p, NOISE[0]))
    told = optimizer.explain(p, 1)
    assert told.t == 2 and told.before["h"] == 0.5
    eta = told.values["eta"]
    assert told.step == eta * told.g and told.denominator > 0


# ---- refusals -------------------------------------------------------------------------------
def test_it_needs_a_closure() -> None:
    p, optimizer = made()
    text = "VSGD.step: expected a closure, got none; pass a function that computes the loss"
    with refused(fg.OptionError, text):
        optimizer.step()
    p.grad = fg.Tensor(np.ones(4))
    text = "VSGD: expected a curvature measured by step, got a gradient alone; call "
    with refused(fg.OptionError, f"{text}step(closure) first"):
        optimizer.explain(p, 0)
    assert not optimizer.state


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"slow_start": 0}, "slow_start, a count of at least 1, got slow_start=0"),
        ({"slow_start": 1.5}, "slow_start, a count of at least 1, got slow_start=1.5"),
        ({"overestimate": 0.5}, "1 <= overestimate < inf, got overestimate=0.5"),
    ],
)
def test_settings_outside_their_range_are_refused(settings: Any, text: str) -> None:
    with refused(fg.OptionError, f"VSGD: expected {text}; give a value in the range"):
        made(**settings)


def test_a_loss_of_nothing_is_refused_and_nothing_moves() -> None:
    p, optimizer = made()
    with pytest.raises(fg.GraphError, match="set requires_grad=True on a leaf"):
        optimizer.step(lambda: fg.Tensor(1.0))
    assert not optimizer.state and p.version == 0


def test_the_oracle_is_the_papers_at_the_first_step() -> None:
    """By hand: n0 = 1: averages are the first sample, and the second step is Newton's."""
    steps = others.vsgd(3, [6, 6], [2, 2], n0=1, c=1)
    assert [float(s.theta) for s in steps] == [3, 0] and steps[1].state["tau"] == papers.mpf(1)

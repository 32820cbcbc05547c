"""Properties of Adam and AdaMax that follow from their paper, and bounds that hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusegrad import optim
from fusegrad.kernels.words import ratio
from tests.optim_sample import CASES
from tests.oracles.closed import closed_adam, closed_adamax
from tests.properties_sample import (
    BETA1,
    BETAS,
    EPS,
    EPSILONS,
    LR,
    MAGNITUDES,
    NUMBERS,
    POWERS_OF_TWO,
    SHAPES,
    SIGNS,
    STREAMS,
    WILD,
    Uncorrected,
    agree,
    each,
    moves,
    room,
    roundings,
    streams,
    sup_adam,
    sup_adamax,
    walk,
    walk_of,
)

every_case = pytest.mark.parametrize("name", CASES)
EXACT: dict[str, Any] = {"lr": LR, "eps": 0.0}
# Where theta itself is part of the step, or the step is held within bounds that lr is not in.
OWN_MOTION = {"weight_decay", "final_lr"}
FREE = [name for name, case in CASES.items() if not OWN_MOTION & set(case.settings)]
# The rules whose gradients' scale cancels.
SCALE_FREE: dict[str, Any] = {
    "adam": optim.Adam,
    "amsgrad": optim.AMSGrad,
    "rmsprop": optim.RMSProp,
    "adagrad": optim.Adagrad,
}
every_scale_free = pytest.mark.parametrize("name", SCALE_FREE)


@each(50)
@given(g=STREAMS, betas=BETAS, eps=EPSILONS)
def test_p01_algorithm_1_is_its_weighted_sums(g: Any, betas: Any, eps: float) -> None:
    settings = {"lr": LR, "betas": betas, "eps": eps}
    letters = {"alpha": LR, "beta1": betas[0], "beta2": betas[1], "eps": eps}
    sums = [[s.theta for s in closed_adam(0, column, **letters)] for column in g.T.tolist()]
    want = np.array(sums, np.float64).T
    assert agree(walk(optim.Adam, g, **settings), want, room(optim.Adam, g, **settings))


@each(50)
@given(g=st.floats(1e-100, 1e100), sign=SIGNS, betas=BETAS, eps=EPSILONS)
def test_p02_the_first_step_is_the_sign(g: float, sign: float, betas: Any, eps: float) -> None:
    (step,) = moves(optim.Adam, np.array([[sign * g]]), lr=LR, betas=betas, eps=eps)
    size = LR * g / (g + eps)
    assert abs(step[0] + sign * size) <= roundings(1)[0, 0] * EPS * size


@each(50)
@given(g=NUMBERS, betas=BETAS, eps=EPSILONS, steps=st.integers(1, 40))
def test_p03_constant_gradients_make_constant_steps(
    g: float, betas: Any, eps: float, steps: int
) -> None:
    found = moves(optim.Adam, np.full((steps, 1), g), lr=LR, betas=betas, eps=eps)
    assert agree(found, -LR * g / (abs(g) + eps), roundings(steps) * EPS * LR)


@each(50)
@given(g=STREAMS, betas=BETAS, eps=EPSILONS)
def test_p04_both_orderings_are_one(g: Any, betas: Any, eps: float) -> None:
    settings = {"lr": LR, "betas": betas, "eps": eps}
    eps_hat = Uncorrected(eps, betas[1])
    other = walk(optim.AdamEpsHat, g, lr=LR, betas=betas, eps_hat=eps_hat)
    assert agree(walk(optim.Adam, g, **settings), other, 2 * room(optim.Adam, g, **settings))


@every_scale_free
@each(30)
@given(g=STREAMS, two=POWERS_OF_TWO, c=MAGNITUDES)
def test_p05_the_scale_of_gradients_cancels(name: str, g: Any, two: float, c: float) -> None:
    make = SCALE_FREE[name]
    path = walk(make, g, **EXACT)
    assert np.array_equal(walk(make, two * g, **EXACT), path)
    assert agree(walk(make, c * g, **EXACT), path, 2 * room(make, g, **EXACT))


@every_scale_free
@each(30)
@given(g=STREAMS, data=st.data())
def test_p06_so_does_a_scale_of_each_coordinate(name: str, g: Any, data: Any) -> None:
    scales = data.draw(streams(POWERS_OF_TWO, st.just((1, g.shape[1]))))
    make = SCALE_FREE[name]
    assert np.array_equal(walk(make, scales * g, **EXACT), walk(make, g, **EXACT))


@each(50)
@given(g=streams(WILD, st.tuples(st.integers(1, 25), st.just(4))), betas=BETAS)
def test_p07_no_step_exceeds_the_exact_bound(g: Any, betas: Any) -> None:
    bounds = np.array([[sup_adam(*betas, t)] for t in range(1, len(g) + 1)])
    found = abs(moves(optim.Adam, g, betas=betas, **EXACT))
    assert np.all(found <= LR * bounds * (1 + roundings(len(g)) * EPS))


# beta1, beta2, T, the bound there; the paper says 3.162, 1, 1, 1, 15.81 and 3.162.
ATTAINED = [
    (0.9, 0.999, 3000, 7.087),
    (0.9, 0.99, 200, 2.182),
    (0.9, 0.95, 200, 1.165),
    (0.95, 0.9, 100, 1.706),
    (0.5, 0.999, 500, 11.46),
    (0.9, 0.999, 2, 1.001),
]


@pytest.mark.parametrize(("beta1", "beta2", "steps", "bound"), ATTAINED)
def test_p08_the_exact_bound_is_attained(
    beta1: float, beta2: float, steps: int, bound: float
) -> None:
    g = (beta1 / beta2) ** np.arange(steps - 1.0, -1, -1)[:, None]
    last = abs(moves(optim.Adam, g, betas=(beta1, beta2), **EXACT)[-1, 0]) / LR
    want = sup_adam(beta1, beta2, steps)
    assert abs(last - want) <= roundings(steps)[-1, 0] * EPS * want
    assert float(f"{want:.4g}") == bound


def test_p08_the_papers_bound_is_passed_at_step_210() -> None:
    paper = 0.1 / np.sqrt(0.001)
    assert sup_adam(0.9, 0.999, 209) < paper < sup_adam(0.9, 0.999, 210)


@every_case
@each(3)
@given(g=STREAMS, start=NUMBERS)
def test_p09_odd_symmetry_is_bit_exact(name: str, g: Any, start: float) -> None:
    there, back = (walk_of(CASES[name], s * g, start=s * start) for s in (1.0, -1.0))
    assert np.array_equal(there, -back)


@every_case
@each(3)
@given(g=STREAMS, start=NUMBERS, data=st.data())
def test_p10_the_order_of_coordinates_is_bit_exact(
    name: str, g: Any, start: float, data: Any
) -> None:
    order = data.draw(st.permutations(range(g.shape[1])))
    path = walk_of(CASES[name], g, start=start)
    assert np.array_equal(walk_of(CASES[name], g[:, order], start=start), path[:, order])


@pytest.mark.parametrize("name", FREE)
@each(3)
@given(g=STREAMS, two=POWERS_OF_TWO)
def test_p11_steps_are_linear_in_lr(name: str, g: Any, two: float) -> None:
    case = CASES[name]
    path = walk_of(case, g)
    assert np.array_equal(walk_of(case, g, lr=two * case.settings["lr"]), two * path)


@pytest.mark.parametrize("name", FREE)
@each(3)
@given(g=STREAMS, start=NUMBERS)
def test_p12_steps_do_not_depend_on_the_place(name: str, g: Any, start: float) -> None:
    here, there = walk_of(CASES[name], g), walk_of(CASES[name], g, start=start)
    farthest = abs(start) + abs(here).max(axis=0)
    assert agree(there - start, here, (len(g) + 1) * EPS * farthest)  # theta's roundings


# ---- AdaMax ---------------------------------------------------------------------------------
@each(50)
@given(g=STREAMS, betas=BETAS)
def test_p13_adamax_is_its_closed_form(g: Any, betas: Any) -> None:
    letters = {"alpha": LR, "beta1": betas[0], "beta2": betas[1]}
    form = [[s.theta for s in closed_adamax(0, column, **letters)] for column in g.T.tolist()]
    want, given = np.array(form, np.float64).T, {"lr": LR, "betas": betas}
    assert agree(walk(optim.AdaMax, g, **given), want, room(optim.AdaMax, g, **given))


@each(50)
@given(g=streams(WILD, st.tuples(st.integers(1, 25), st.just(4))), betas=BETAS)
def test_p14_no_step_of_adamax_exceeds_its_bound(g: Any, betas: Any) -> None:
    bounds = np.array([[sup_adamax(*betas, t)] for t in range(1, len(g) + 1)])
    found = abs(moves(optim.AdaMax, g, lr=LR, betas=betas))
    assert np.all(found <= LR * bounds * (1 + roundings(len(g)) * EPS))


@pytest.mark.parametrize(
    ("beta1", "beta2", "steps", "bound"),
    [(0.9, 0.999, 2, 1.00047), (0.9, 0.999, 500, 1.00909), (0.85, 0.95, 500, 1.425)],
)
def test_p15_adamax_exceeds_alpha(beta1: float, beta2: float, steps: int, bound: float) -> None:
    g = beta2 ** np.arange(1.0, steps + 1)[:, None]
    last = abs(moves(optim.AdaMax, g, lr=LR, betas=(beta1, beta2))[-1, 0]) / LR
    want = sup_adamax(beta1, beta2, steps)
    assert abs(last - want) <= roundings(steps)[-1, 0] * EPS * want
    assert float(f"{want:.6g}") == bound > 1


@each(50)
@given(g=STREAMS, two=POWERS_OF_TWO, c=MAGNITUDES)
def test_p16_the_scale_cancels_in_adamax(g: Any, two: float, c: float) -> None:
    path = walk(optim.AdaMax, g, lr=LR)
    assert np.array_equal(walk(optim.AdaMax, two * g, lr=LR), path)
    assert agree(walk(optim.AdaMax, c * g, lr=LR), path, 2 * room(optim.AdaMax, g, lr=LR))


def adam_p(
    theta: Any, g: Any, m: Any, v: Any, *, t: Any, alpha: Any, beta1: Any, beta2: Any, p: Any
) -> Any:
    m = beta1 * m + (1 - beta1) * g
    v = beta2**p * v + (1 - beta2**p) * abs(g) ** p
    theta = theta - alpha / (1 - beta1**t) * ratio(m, v ** (1 / p))
    return theta, m, v


class AdamP(optim.Optimizer):
    """Adam under the norm L^p, of which AdaMax is the limit."""

    rule = staticmethod(adam_p)
    state_names = ("m", "v")


@each(40)
@given(
    g=streams(st.builds(np.multiply, SIGNS, st.floats(0.5, 2)), SHAPES),
    beta1=BETA1,
    beta2=st.floats(0.5, 0.999),
)
def test_p17_adamax_is_the_limit_of_norms(g: Any, beta1: float, beta2: float) -> None:
    p, given = 600.0, {"lr": LR, "betas": (beta1, beta2)}
    # One of T terms is the largest: v^(1/p) is u times T (1 - beta2^p), or less, to the 1/p.
    spread = (np.log(len(g)) - np.log(1 - beta2**p)) / p
    far = abs(walk(optim.AdaMax, abs(g), **given))
    norm = walk(AdamP, g, p=p, **given)
    assert agree(norm, walk(optim.AdaMax, g, **given), np.expm1(spread) * far)

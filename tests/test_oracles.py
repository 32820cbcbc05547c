"""Checks of the oracle itself: printed digits, closed forms, identities, planted errors."""

from collections.abc import Callable
from fractions import Fraction as Rational
from itertools import pairwise

import mpmath
import numpy as np
import pytest

from tests.oracles import closed, papers
from tests.oracles.fixtures import DIGITS, FIXTURES, GRADIENTS, THETA, Fixture
from tests.oracles.papers import Step, mpf, number, sqrt

TIGHT = mpf("1e-45")
BETAS = {"alpha": "0.01", "beta1": "0.9", "beta2": "0.999"}
ZERO_EPS = {
    "adam": {**BETAS, "eps": 0},
    "adam_efficient": {**BETAS, "eps_hat": 0},
    "adamax": BETAS,
    "adagrad": {"alpha": "0.1", "eps": 0},
    "rmsprop": {"alpha": "0.01", "rho": "0.9", "eps": 0},
    "rmsprop_eps_inside": {"alpha": "0.01", "rho": "0.9", "eps": 0},
    "sgd": {"alpha": "0.1"},
    "momentum": {"alpha": "0.1", "mu": "0.9"},
    "nesterov": {"alpha": "0.1", "mu": "0.9"},
}
ALGORITHMS = tuple(ZERO_EPS)


def run(algorithm: Callable, fixture: Fixture) -> list[Step]:
    """Return the algorithm's steps on the fixture's inputs."""
    return algorithm(THETA, GRADIENTS, **fixture.hyper)


def shown(steps: list[Step]) -> tuple[str, ...]:
    """Return every theta as the fixtures print it."""
    return tuple(papers.MP.nstr(step.theta, DIGITS) for step in steps)


def gap(left: list[Step], right: list[Step]) -> mpf:
    """Return the largest difference over every parameter and every state."""
    pairs = list(zip(left, right, strict=True))
    states = [abs(a.state[k] - b.state[k]) for a, b in pairs for k in a.state | b.state]
    return max(states + [abs(a.theta - b.theta) for a, b in pairs])


def deltas(steps: list[Step], theta: papers.Number) -> list[mpf]:
    """Return the moves theta_t - theta_{t-1}."""
    thetas = [number(theta)] + [step.theta for step in steps]
    return [after - before for before, after in pairwise(thetas)]


def random_problem(seed: int, names: tuple[str, ...]) -> tuple[list[float], dict[str, float]]:
    """Return 40 gradients, some exactly zero, and hyper-parameters in (0.01, 0.99)."""
    rng = np.random.default_rng(seed)
    gradients = np.where(rng.random(40) < 0.2, 0.0, rng.standard_normal(40))
    return gradients.tolist(), {name: rng.uniform(0.01, 0.99) for name in names}


@pytest.mark.parametrize("name", FIXTURES)
def test_fixture_holds_to_every_shown_digit(name: str) -> None:
    fixture = FIXTURES[name]
    assert shown(run(getattr(papers, fixture.algorithm), fixture)) == fixture.thetas


def test_sgd_by_hand() -> None:
    steps = papers.sgd(THETA, GRADIENTS, alpha="0.1")
    assert shown(steps) == ("0.9", "1.1", "1.05", "1.05", "0.75")


def adam_uncorrected(theta, gradients, *, alpha, beta1, beta2, eps):
    """Planted error: Adam that forgets the bias correction."""
    steps = papers.adam(theta, gradients, alpha=alpha, beta1=beta1, beta2=beta2, eps=eps)
    theta, wrong = number(theta), []
    for step in steps:
        theta -= number(alpha) * step.state["m"] / (sqrt(step.state["v"]) + number(eps))
        wrong.append(step._replace(theta=theta))
    return wrong


def adamax_corrected_u(theta, gradients, *, alpha, beta1, beta2):
    """Planted error: AdaMax that bias-corrects u as well."""
    steps = papers.adamax(theta, gradients, alpha=alpha, beta1=beta1, beta2=beta2)
    theta, wrong = number(theta), []
    for t, step in enumerate(steps, start=1):
        mhat = step.state["m"] / (1 - number(beta1) ** t)
        theta -= number(alpha) * mhat * (1 - number(beta2) ** t) / step.state["u"]
        wrong.append(step._replace(theta=theta))
    return wrong


def adam_eps_as_eps_hat(theta, gradients, *, eps, **betas):
    """Planted error: the efficient ordering with eps taken for eps_hat."""
    return papers.adam_efficient(theta, gradients, eps_hat=eps, **betas)


def adagrad_forgetful(theta, gradients, *, alpha, eps):
    """Planted error: Adagrad whose accumulator decays."""
    return papers.rmsprop(theta, gradients, alpha=alpha, rho="0.9", eps=eps)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("adam", adam_uncorrected),
        ("adam", adam_eps_as_eps_hat),
        ("adam_large_eps", adam_uncorrected),
        ("adam_large_eps", adam_eps_as_eps_hat),
        ("adamax", adamax_corrected_u),
        ("adagrad", adagrad_forgetful),
        ("rmsprop", papers.rmsprop_eps_inside),
        ("rmsprop_eps_inside", papers.rmsprop),
        ("momentum", papers.nesterov),
        ("nesterov", papers.momentum),
    ],
)
def test_fixture_rejects_planted_error(name: str, wrong: Callable) -> None:
    thetas = shown(run(wrong, FIXTURES[name]))
    assert len(thetas) == len(GRADIENTS)
    assert thetas != FIXTURES[name].thetas


@pytest.mark.parametrize("name", FIXTURES)
def test_fixture_rejects_a_relative_error_of_1e_18(name: str) -> None:
    fixture = FIXTURES[name]
    steps = run(getattr(papers, fixture.algorithm), fixture)
    off = [step._replace(theta=step.theta * (1 + mpf("1e-18"))) for step in steps]
    assert all(a != b for a, b in zip(shown(off), fixture.thetas, strict=True))


CLOSED = [
    (papers.adam, closed.closed_adam, ("alpha", "beta1", "beta2", "eps")),
    (papers.adamax, closed.closed_adamax, ("alpha", "beta1", "beta2")),
    (papers.adagrad, closed.closed_adagrad, ("alpha", "eps")),
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("recursion", "closed", "names"), CLOSED)
def test_recursion_equals_closed_form(recursion, closed, names, seed) -> None:
    gradients, hyper = random_problem(seed, names)
    assert gap(recursion(0.5, gradients, **hyper), closed(0.5, gradients, **hyper)) < TIGHT


@pytest.mark.parametrize(("recursion", "closed", "names"), CLOSED)
def test_closed_form_notices_a_tiny_change(recursion, closed, names) -> None:
    gradients, hyper = random_problem(0, names)
    for name in names:
        off = {**hyper, name: number(hyper[name]) + mpf("1e-38")}
        assert gap(recursion(0.5, gradients, **hyper), closed(0.5, gradients, **off)) > TIGHT


@pytest.mark.parametrize("seed", range(5))
def test_first_adam_step_is_the_normalised_gradient(seed: int) -> None:
    gradients, hyper = random_problem(seed, ("alpha", "beta1", "beta2", "eps"))
    for g in map(number, gradients):
        step = papers.adam(0, [g], **hyper)[0].theta
        exact = -number(hyper["alpha"]) * g / (abs(g) + number(hyper["eps"]))
        assert abs(step - exact) < TIGHT


def test_orderings_agree_when_eps_hat_follows_t() -> None:
    gradients, hyper = random_problem(3, ("alpha", "beta1", "beta2", "eps"))
    eps, beta2 = hyper.pop("eps"), number(hyper["beta2"])
    paper = deltas(papers.adam(0, gradients, eps=eps, **hyper), 0)
    for t in range(1, len(gradients) + 1):
        eps_hat_t = number(eps) * sqrt(1 - beta2**t)
        steps = papers.adam_efficient(0, gradients[:t], eps_hat=eps_hat_t, **hyper)
        assert abs(deltas(steps, 0)[-1] - paper[t - 1]) < TIGHT


def test_orderings_agree_without_eps_and_differ_with_it() -> None:
    gradients, _ = random_problem(4, ())
    for eps, same in (("0", True), ("1e-8", False)):
        left = papers.adam(0, gradients, **BETAS, eps=eps)
        right = papers.adam_efficient(0, gradients, **BETAS, eps_hat=eps)
        assert (gap(left, right) < TIGHT) is same


def test_rmsprop_is_adam_without_momentum_and_correction() -> None:
    gradients, hyper = random_problem(5, ("alpha", "rho"))
    alpha, rho = hyper["alpha"], hyper["rho"]
    plain = deltas(papers.rmsprop(0, gradients, alpha=alpha, rho=rho, eps=0), 0)
    adam = deltas(papers.adam(0, gradients, alpha=alpha, beta1=0, beta2=rho, eps=0), 0)
    for t, (left, right) in enumerate(zip(plain, adam, strict=True), start=1):
        assert abs(left * sqrt(1 - number(rho) ** t) - right) < TIGHT


def test_momentum_and_nesterov_are_sutskevers_velocity_form() -> None:
    gradients, hyper = random_problem(6, ("alpha", "mu"))
    alpha, mu = number(hyper["alpha"]), number(hyper["mu"])
    theta, v = mpf("0.5"), mpf(0)
    classical = papers.momentum("0.5", gradients, **hyper)
    shifted = papers.nesterov("0.5", gradients, **hyper)
    for g, plain, ahead in zip(map(number, gradients), classical, shifted, strict=True):
        v = mu * v - alpha * g
        theta = theta + v
        assert abs(plain.theta - theta) < TIGHT
        assert abs(ahead.theta - (theta + mu * v)) < TIGHT


@pytest.mark.parametrize("name", ALGORITHMS)
def test_zero_over_zero_is_no_move(name: str) -> None:
    steps = getattr(papers, name)("1", ["0", "0", "1"], **ZERO_EPS[name])
    assert [step.theta == 1 for step in steps] == [True, True, False]
    assert all(value == 0 for step in steps[:2] for value in step.state.values())


def test_non_zero_over_zero_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        papers.adam(0, [1, 0], alpha=1, beta1="0.9", beta2=0, eps=0)


def test_number_takes_binary_floats_and_decimal_strings() -> None:
    assert number(0.1) == mpf(Rational(0.1).numerator) / Rational(0.1).denominator
    assert number(0.1) != number("0.1")
    assert abs(10 * number("0.1") - 1) < mpf("1e-58")
    assert number(2**100 + 1) - 2**100 == 1
    assert number(np.float32(0.1)) == number(float(np.float32(0.1)))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_fifty_digits_hold_whatever_the_callers_precision(name: str) -> None:
    gradients, _ = random_problem(7, ())
    steps = getattr(papers, name)("1", gradients, **ZERO_EPS[name])
    with mpmath.workdps(5):
        assert gap(steps, getattr(papers, name)("1", gradients, **ZERO_EPS[name])) == 0
    with papers.MP.workdps(90):
        finer = getattr(papers, name)("1", gradients, **ZERO_EPS[name])
        assert 0 < gap(steps, finer) < mpf("1e-50")

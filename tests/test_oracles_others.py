"""Checks of the oracle of others, and the printed digits of both newer files."""

from collections.abc import Callable, Sequence

import pytest

from tests.oracles import libraries, moments, others, papers
from tests.oracles.fixtures import (
    AVERAGE_OF_ADAM,
    DIGITS,
    FIXTURES,
    FIXTURES_MORE,
    GRADIENTS,
)
from tests.oracles.papers import MP, mpf, number, numbers, over, sqrt
from tests.test_oracles import BETAS, TIGHT, deltas, gap, random_problem, run, shown
from tests.test_oracles_more import decayed, walk

ZERO_EPS = {
    "adadelta": {"alpha": 1, "rho": "0.9", "eps": "1e-6"},  # eps = 0 never moves at all
    "adabound": {**BETAS, "alpha_star": "0.1"},
    "lion": {**BETAS, "lam": "0.1"},
    "rmsprop_centred": {"alpha": "0.01", "rho": "0.9", "mu": "0.9", "eps": 0},
    "natural": {"alpha": "0.01", "beta2": "0.9", "eps": 0},
}


def oracle(name: str) -> Callable:
    """Return the rule of that name from moments or others."""
    return getattr(moments if hasattr(moments, name) else others, name)


@pytest.mark.parametrize("name", FIXTURES_MORE)
def test_fixture_holds_to_every_shown_digit(name: str) -> None:
    fixture = FIXTURES_MORE[name]
    steps = run(oracle(fixture.algorithm), fixture)
    assert shown(steps) == fixture.thetas
    off = [step._replace(theta=step.theta * (1 + mpf("1e-18"))) for step in steps]
    assert all(a != b for a, b in zip(shown(off), fixture.thetas, strict=True))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("amsgrad", papers.adam),
        ("amsgrad", libraries.amsgrad_torch),
        ("amsgrad", libraries.amsgrad_optax),
        ("rmsprop_centred", libraries.rmsprop_momentum_keras),
        ("rmsprop_centred", libraries.rmsprop_centred_momentum_torch),
    ],
)
def test_fixture_rejects_planted_error(name: str, wrong: Callable) -> None:
    thetas = shown(run(wrong, FIXTURES_MORE[name]))
    assert len(thetas) == len(GRADIENTS)
    assert thetas != FIXTURES_MORE[name].thetas


def test_average_of_adam_holds_and_rejects_the_uncorrected_one() -> None:
    thetas = [step.theta for step in run(papers.adam, FIXTURES["adam"])]
    right = others.exponential_average(thetas, beta2="0.999")
    wrong = [x * (1 - number("0.999") ** t) for t, x in enumerate(right, start=1)]
    assert tuple(MP.nstr(x, DIGITS) for x in right) == AVERAGE_OF_ADAM
    assert tuple(MP.nstr(x, DIGITS) for x in wrong) != AVERAGE_OF_ADAM


def closed_adadelta(theta, gradients, *, alpha, rho, eps):
    """AdaDelta by sums: every dx from the sums over all dx before it."""
    alpha, rho, eps = numbers(alpha, rho, eps)
    g = numbers(*gradients)
    v, dx = decayed([x**2 for x in g], rho), []
    for t, x in enumerate(g):
        before = decayed([y**2 for y in dx], rho)[-1] if dx else mpf(0)
        dx.append(x * sqrt((before + eps) / (v[t] + eps)))
    return walk(theta, [-alpha * x for x in dx], v=v, d=decayed([x**2 for x in dx], rho))


def rates(gradients, *, alpha, beta2, alpha_star):
    """Return AdaBound's lower bound, alpha / sqrt(v) and upper bound for every t."""
    alpha, beta2, star = numbers(alpha, beta2, alpha_star)
    v = decayed([x**2 for x in numbers(*gradients)], beta2)
    wide = [(1 - beta2) * t for t in range(1, len(v) + 1)]
    free = [alpha / sqrt(x) if x else MP.inf for x in v]
    lower = [star * w / (w + 1) for w in wide]
    upper = [star * (w + 1) / w for w in wide]
    return list(zip(lower, free, upper, strict=True))


def closed_adabound(theta, gradients, *, alpha, beta1, beta2, alpha_star):
    """AdaBound by sums, the clipped rate as the median of the three."""
    g, b1, b2 = numbers(*gradients), number(beta1), number(beta2)
    three = rates(gradients, alpha=alpha, beta2=beta2, alpha_star=alpha_star)
    m, v = decayed(g, b1), decayed([x**2 for x in g], b2)
    pairs = enumerate(zip(m, three, strict=True), start=1)
    return walk(theta, [-x * sorted(r)[1] / sqrt(t) for t, (x, r) in pairs], m=m, v=v)


def closed_lion(theta, gradients, *, alpha, beta1, beta2, lam):
    """Lion by sums: c_t from m_{t-1}, and every sign decayed from its step on."""
    alpha, beta1, beta2, lam = numbers(alpha, beta1, beta2, lam)
    g, keep = numbers(*gradients), 1 - alpha * lam
    m = decayed(g, beta2)
    c = [beta1 * old + (1 - beta1) * x for old, x in zip([mpf(0), *m], g, strict=False)]
    signs = [(x > 0) - (x < 0) for x in c]
    thetas = [keep * number(theta) - alpha * signs[0]]
    for sign in signs[1:]:
        thetas.append(keep * thetas[-1] - alpha * sign)
    return [papers.Step(x, {"m": y}) for x, y in zip(thetas, m, strict=True)]


def closed_rmsprop_centred(theta, gradients, *, alpha, rho, mu, eps):
    """Graves's rule by sums, d_t the sum of mu^(t-i) times the plain moves."""
    alpha, rho, mu, eps = numbers(alpha, rho, mu, eps)
    g = numbers(*gradients)
    n, g_bar = decayed([x**2 for x in g], rho), decayed(g, rho)
    rows = zip(g, n, g_bar, strict=True)
    plain = [-alpha * over(x, sqrt(y - z * z + eps)) for x, y, z in rows]
    d = [
        sum(mu ** (t - i) * x for i, x in enumerate(plain[: t + 1])) for t in range(len(plain))
    ]
    return walk(theta, d, n=n, g_bar=g_bar, d=d)


def closed_natural(theta, gradients, *, alpha, beta2, eps):
    """The diagonal natural gradient by the weighted mean of g^2."""
    alpha, beta2, eps = numbers(alpha, beta2, eps)
    g = numbers(*gradients)
    v, ones = decayed([x**2 for x in g], beta2), decayed([mpf(1)] * len(g), beta2)
    rows = zip(g, v, ones, strict=True)
    return walk(theta, [-alpha * over(x, y / w + eps) for x, y, w in rows], v=v)


CLOSED = [
    (others.adadelta, closed_adadelta, ("alpha", "rho", "eps")),
    (others.adabound, closed_adabound, ("alpha", "beta1", "beta2", "alpha_star")),
    (others.lion, closed_lion, ("alpha", "beta1", "beta2", "lam")),
    (others.rmsprop_centred, closed_rmsprop_centred, ("alpha", "rho", "mu", "eps")),
    (others.natural, closed_natural, ("alpha", "beta2", "eps")),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("recursion", "closed", "names"), CLOSED)
def test_recursion_equals_closed_form(recursion, closed, names, seed) -> None:
    gradients, hyper = random_problem(seed, names)
    assert gap(recursion(0.5, gradients, **hyper), closed(0.5, gradients, **hyper)) < TIGHT


@pytest.mark.parametrize(("recursion", "closed", "names"), CLOSED)
def test_closed_form_notices_a_tiny_change(recursion, closed, names) -> None:
    gradients, hyper = random_problem(0, names)
    for name in set(names) - ({"beta1"} if closed is closed_lion else set()):
        off = {**hyper, name: number(hyper[name]) + mpf("1e-38")}
        assert gap(recursion(0.5, gradients, **hyper), closed(0.5, gradients, **off)) > TIGHT


def test_adadelta_first_step() -> None:
    step = others.adadelta(0, ["-3"], alpha="0.5", rho="0.95", eps="1e-6")[0]
    exact = mpf("0.5") * sqrt(number("1e-6")) * 3 / sqrt(number("0.450001"))
    assert abs(step.theta - exact) < TIGHT


def test_adabound_is_clipped_on_both_sides_and_takes_the_upper_bound_at_zero_v() -> None:
    gradients = ["0.001"] * 3 + ["1"] * 37
    hyper = {"alpha": "0.1", "beta2": "0.9", "alpha_star": "0.15"}
    places = {sorted(r).index(r[1]) for r in rates(gradients, **hyper)}
    assert places == {0, 1, 2}
    left = others.adabound(0, gradients, beta1="0.9", **hyper)
    assert gap(left, closed_adabound(0, gradients, beta1="0.9", **hyper)) < TIGHT
    steps = others.adabound(0, [1, 0], alpha=9, beta1="0.5", beta2=0, alpha_star=1)
    assert abs(deltas(steps, 0)[1] + mpf("1.5") / sqrt(2) * mpf("0.25")) < TIGHT


def test_lion_takes_the_sign_before_it_moves_m() -> None:
    steps = others.lion(1, [1, -2, 0], alpha="0.5", beta1="0.75", beta2="0.5", lam=0)
    assert [step.theta for step in steps] == [mpf("0.5"), 1, mpf("1.5")]
    assert [step.state["m"] for step in steps] == [mpf("0.5"), mpf("-0.75"), mpf("-0.375")]


def vsgd(gradients: Sequence, curvatures: Sequence, n0: int, c: papers.Number) -> list:
    """Return vSGD's steps from 1."""
    return others.vsgd(1, gradients, curvatures, n0=n0, c=c)


def test_vsgd_on_a_constant_gradient_is_newtons_step() -> None:
    steps = vsgd(["-3"] * 6, ["-4"] * 6, 2, 1)
    assert [step.theta for step in steps] == [1, 1, *(1 + mpf(3) / 4 * t for t in range(1, 5))]
    assert [step.state["tau"] for step in steps] == [2, 2, 1, 1, 1, 1]


def test_vsgd_by_hand_after_a_slow_start() -> None:
    third = vsgd([1, 3, 2], [2, -2, 2], 2, 10)[-1]
    want = {"g_bar": 2, "v_bar": 27, "h_bar": 11, "tau": (1 - mpf(4) / 27) * 2 + 1}
    assert abs(third.theta - (1 - mpf(4) / (27 * 11) * 2)) < TIGHT
    assert max(abs(third.state[k] - want[k]) for k in want) < TIGHT


def test_vsgd_slow_start_and_scale_invariance() -> None:
    gradients, _ = random_problem(8, ())
    curvatures = [2 + abs(g) for g in gradients]
    steps = vsgd(gradients, curvatures, 10, 3)
    square = sum(number(g) ** 2 for g in gradients[:10]) / 10
    assert all(step.theta == 1 for step in steps[:10]) and steps[-1].theta != 1
    assert abs(steps[9].state["v_bar"] - 3 * square) < TIGHT
    assert all(step.state["tau"] >= 1 for step in steps)
    scaled = vsgd([8 * g for g in gradients], [8 * h for h in curvatures], 10, 3)
    moves = zip(deltas(steps, 1), deltas(scaled, 1), strict=True)
    assert max(abs(a - b) for a, b in moves) < TIGHT


def test_vsgd_zero_over_zero_is_no_move_and_no_forgetting() -> None:
    steps = vsgd([0] * 4, [0] * 4, 2, 10)
    assert all(step.theta == 1 for step in steps)
    assert [step.state["tau"] for step in steps] == [2, 2, 3, 4]


def test_averages_are_weighted_means() -> None:
    thetas, _ = random_problem(9, ())
    x, beta2 = numbers(*thetas), number("0.9")
    weights = decayed([mpf(1)] * len(x), beta2)
    sums = [a / b for a, b in zip(decayed(x, beta2), weights, strict=True)]
    means = [sum(x[:t]) / t for t in range(1, len(x) + 1)]
    average = others.exponential_average(thetas, beta2="0.9")
    assert max(abs(a - b) for a, b in zip(average, sums, strict=True)) < TIGHT
    assert others.exponential_average(thetas, beta2=0) == x
    polyak = others.polyak_average(thetas)
    assert max(abs(a - b) for a, b in zip(polyak, means, strict=True)) < TIGHT
    constants = others.exponential_average(["0.7"] * 9, beta2="0.9")
    constants += others.polyak_average(["0.7"] * 9)
    assert max(abs(a - number("0.7")) for a in constants) < TIGHT

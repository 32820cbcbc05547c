"""Checks of the oracle of moments: closed forms, identities, a planted change."""

from collections.abc import Sequence

import pytest

from tests.oracles import libraries, moments, papers
from tests.oracles.papers import Number, Step, mpf, number, numbers, over, sqrt
from tests.test_oracles import BETAS, TIGHT, deltas, gap, random_problem

BETA1 = {"alpha": "0.01", "beta1": "0.9"}
ZERO_EPS = {
    "amsgrad": {**BETAS, "eps": 0},
    "adamw_decoupled": {**BETAS, "eps": 0, "eta": "0.3", "lam": "0.1"},
    "adamw": {**BETAS, "eps": 0, "lam": "0.1"},
    "nadam": {**BETAS, "eps": 0, "psi": "0.004"},
    "radam": {**BETAS, "eps": 0},
    "adam_nc": {**BETA1, "eps": 0, "lambd": "0.99"},
    "adam_convex": {**BETAS, "eps": 0, "lambd": "0.99"},
}
NAMES = ("alpha", "beta1", "beta2", "eps")


def decayed(values: Sequence[mpf], beta: mpf) -> list[mpf]:
    """Return (1 - beta) * sum_{i<=t} beta^(t-i) x_i for every t, each sum taken afresh."""
    return [
        (1 - beta) * sum(beta ** (t - i) * x for i, x in enumerate(values[: t + 1]))
        for t in range(len(values))
    ]


def mixed(values: Sequence[mpf], betas: Sequence[mpf]) -> list[mpf]:
    """Return sum_{i<=t} (1 - beta_i) * beta_{i+1} ... beta_t * x_i for every t."""
    rows = []
    for t in range(1, len(values) + 1):
        weights = [(1 - betas[i]) * papers.MP.fprod(betas[i + 1 : t]) for i in range(t)]
        rows.append(sum(w * x for w, x in zip(weights, values[:t], strict=True)))
    return rows


def walk(theta: Number, moves: Sequence[mpf], **states: Sequence[mpf]) -> list[Step]:
    """Return the steps that these moves and states make: theta_t = theta_0 + sum of moves."""
    return [
        Step(number(theta) + sum(moves[: t + 1]), {k: x[t] for k, x in states.items()})
        for t in range(len(moves))
    ]


def closed_amsgrad(theta, gradients, *, alpha, beta1, beta2, eps):
    """AMSGrad by sums, v_hat_t the largest of v_1 ... v_t."""
    alpha, beta1, beta2, eps = numbers(alpha, beta1, beta2, eps)
    g = numbers(*gradients)
    m, v = decayed(g, beta1), decayed([x**2 for x in g], beta2)
    v_hat = [max(v[: t + 1]) for t in range(len(v))]
    moves = [-alpha * over(x, sqrt(y) + eps) for x, y in zip(m, v_hat, strict=True)]
    return walk(theta, moves, m=m, v=v, v_hat=v_hat)


def closed_adamw(theta, gradients, *, alpha, beta1, beta2, eps, lam):
    """AdamW as (1 - alpha * lam)^t * theta_0 plus Adam's moves, each decayed since its step."""
    adam = papers.adam(0, gradients, alpha=alpha, beta1=beta1, beta2=beta2, eps=eps)
    moves, keep = deltas(adam, 0), 1 - number(alpha) * number(lam)
    rows = []
    for t, step in enumerate(adam):
        late = sum(keep ** (t - i) * move for i, move in enumerate(moves[: t + 1]))
        rows.append(step._replace(theta=keep ** (t + 1) * number(theta) + late))
    return rows


def closed_nadam(theta, gradients, *, alpha, beta1, beta2, eps, psi):
    """NAdam by sums over mu_i, listed up to mu_{t+1}."""
    alpha, beta1, beta2, eps, psi = numbers(alpha, beta1, beta2, eps, psi)
    g, n = numbers(*gradients), len(gradients)
    mus = [beta1 * (1 - mpf("0.96") ** (t * psi) / 2) for t in range(1, n + 2)]
    products = [papers.MP.fprod(mus[:t]) for t in range(1, n + 2)]
    m, v = mixed(g, mus[:n]), decayed([x**2 for x in g], beta2)
    moves = []
    for t in range(n):
        mhat = mus[t + 1] * m[t] / (1 - products[t + 1])
        mhat += (1 - mus[t]) * g[t] / (1 - products[t])
        moves.append(-alpha * over(mhat, sqrt(v[t] / (1 - beta2 ** (t + 1))) + eps))
    return walk(theta, moves, m=m, v=v, mu_product=products[:n])


def variance(rho: mpf) -> mpf:
    """Return the variance of the adaptive rate at rho degrees of freedom, sigma = 1.

    Source: Liu et al. 2020 (arXiv:1908.03265), section 4.2.
    """
    return rho / (2 * (rho - 2) * (rho - 4))


def closed_radam(theta, gradients, *, alpha, beta1, beta2, eps):
    """RAdam from Adam's moves, rho_t by the mean age of the weights, r_t by the variances."""
    alpha, beta1, beta2, eps = numbers(alpha, beta1, beta2, eps)
    adam = papers.adam(0, gradients, alpha=alpha, beta1=beta1, beta2=beta2, eps=eps)
    moves = []
    for t, (step, move) in enumerate(zip(adam, deltas(adam, 0), strict=True), start=1):
        weights = [beta2 ** (j - 1) for j in range(1, t + 1)]
        rho = 2 * sum(j * w for j, w in enumerate(weights, start=1)) / sum(weights) - 1
        if rho > 4:
            moves.append(move * sqrt(variance((1 + beta2) / (1 - beta2)) / variance(rho)))
        else:
            moves.append(-alpha * step.state["m"] / (1 - beta1**t))
    return walk(theta, moves, m=[s.state["m"] for s in adam], v=[s.state["v"] for s in adam])


def closed_adam_nc(theta, gradients, *, alpha, beta1, lambd, eps):
    """AdamNC by sums, v_t the plain mean of g^2."""
    alpha, beta1, lambd, eps = numbers(alpha, beta1, lambd, eps)
    g = numbers(*gradients)
    m = mixed(g, [beta1 * lambd**t for t in range(len(g))])
    v = [sum(x**2 for x in g[:t]) / t for t in range(1, len(g) + 1)]
    pairs = enumerate(zip(m, v, strict=True), start=1)
    moves = [-alpha * over(x, sqrt(t) * (sqrt(y) + eps)) for t, (x, y) in pairs]
    return walk(theta, moves, m=m, v=v)


def closed_adam_convex(theta, gradients, *, alpha, beta1, lambd, beta2, eps):
    """Adam of section 4 by weighted means: both averages divided by their own weights."""
    alpha, beta1, lambd, beta2, eps = numbers(alpha, beta1, lambd, beta2, eps)
    g = numbers(*gradients)
    betas = [beta1 * lambd**t for t in range(len(g))]
    m, v = mixed(g, betas), decayed([x**2 for x in g], beta2)
    ones = [mpf(1)] * len(g)
    weights = zip(m, mixed(ones, betas), v, decayed(ones, beta2), strict=True)
    ratios = [over(x / a, sqrt(y / b) + eps) for x, a, y, b in weights]
    moves = [-alpha * r / sqrt(t) for t, r in enumerate(ratios, start=1)]
    return walk(theta, moves, m=m, v=v)


CLOSED = [
    (moments.amsgrad, closed_amsgrad, NAMES),
    (moments.adamw, closed_adamw, (*NAMES, "lam")),
    (moments.nadam, closed_nadam, (*NAMES, "psi")),
    (moments.radam, closed_radam, NAMES),
    (moments.adam_nc, closed_adam_nc, ("alpha", "beta1", "lambd", "eps")),
    (moments.adam_convex, closed_adam_convex, (*NAMES, "lambd")),
]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("recursion", "closed", "names"), CLOSED)
def test_recursion_equals_closed_form(recursion, closed, names, seed) -> None:
    gradients, hyper = random_problem(seed, names)
    if recursion is moments.radam:  # below 0.6 no step is rectified
        hyper["beta2"] = 0.6 + 0.39 * hyper["beta2"]
    assert gap(recursion(0.5, gradients, **hyper), closed(0.5, gradients, **hyper)) < TIGHT


@pytest.mark.parametrize(("recursion", "closed", "names"), CLOSED)
def test_closed_form_notices_a_tiny_change(recursion, closed, names) -> None:
    gradients, hyper = random_problem(0, names)
    hyper["beta2" if "beta2" in names else "beta1"] = 0.96875
    for name in names:
        off = {**hyper, name: number(hyper[name]) + mpf("1e-38")}
        assert gap(recursion(0.5, gradients, **hyper), closed(0.5, gradients, **off)) > TIGHT


def test_amsgrad_is_adam_without_correction_while_v_grows() -> None:
    _, hyper = random_problem(1, NAMES)
    gradients = [(-1) ** t * t for t in range(1, 30)]
    alpha, eps = number(hyper["alpha"]), number(hyper["eps"])
    states = [step.state for step in papers.adam(0, gradients, **hyper)]
    moves = [-alpha * state["m"] / (sqrt(state["v"]) + eps) for state in states]
    amsgrad = deltas(moments.amsgrad(0, gradients, **hyper), 0)
    assert max(abs(a - b) for a, b in zip(amsgrad, moves, strict=True)) < TIGHT


def test_adamw_without_decay_is_adam_and_its_two_forms_are_one() -> None:
    gradients, hyper = random_problem(2, NAMES)
    alpha, rest = number(hyper["alpha"]), {k: v for k, v in hyper.items() if k != "alpha"}
    adam = papers.adam("0.5", gradients, **hyper)
    plain = moments.adamw("0.5", gradients, **hyper, lam="0.3")
    decoupled = moments.adamw_decoupled
    assert gap(adam, moments.adamw("0.5", gradients, **hyper, lam=0)) < TIGHT
    assert gap(adam, decoupled("0.5", gradients, **hyper, eta=1, lam=0)) < TIGHT
    outer = decoupled("0.5", gradients, **rest, eta=alpha, alpha=1, lam="0.3")
    inner = decoupled("0.5", gradients, **hyper, eta=1, lam=alpha * number("0.3"))
    assert max(gap(plain, outer), gap(plain, inner)) < TIGHT


def test_nadam_with_a_constant_mu() -> None:
    gradients, hyper = random_problem(3, NAMES)
    half = {**hyper, "beta1": number(hyper["beta1"]) / 2}
    for psi, constant in ((0, half), ("1e5", hyper)):  # 0.96^(t * psi) is 1, then nothing
        steps = moments.nadam("0.5", gradients, **hyper, psi=psi)
        plain = libraries.nadam_optax("0.5", gradients, **constant)
        for t, step in enumerate(steps, start=1):
            product = step.state.pop("mu_product")
            assert abs(product - number(constant["beta1"]) ** t) < TIGHT
        assert gap(steps, plain) < TIGHT


def test_radam_first_rectifies_at_the_fifth_step_of_beta2_0999() -> None:
    rhos = [moments.rho_at(t, number("0.999")) for t in range(1, 7)]
    assert [rho > 4 for rho in rhos] == [False] * 4 + [True] * 2
    assert abs(moments.rectifier(number(1999), number(1999)) - 1) < TIGHT


def test_adam_nc_without_momentum_is_adagrad() -> None:
    gradients, _ = random_problem(4, ())
    steps = moments.adam_nc("0.5", gradients, alpha="0.1", beta1=0, lambd="0.9", eps=0)
    adagrad = papers.adagrad("0.5", gradients, alpha="0.1", eps=0)
    moves = zip(deltas(steps, "0.5"), deltas(adagrad, "0.5"), strict=True)
    assert max(abs(a - b) for a, b in moves) < TIGHT


def test_adam_convex_on_a_constant_gradient_and_the_printed_correction() -> None:
    steps = moments.adam_convex(0, [1] * 20, **BETAS, lambd="0.99", eps="0.1")
    for t, move in enumerate(deltas(steps, 0), start=1):
        assert abs(move + number("0.01") / sqrt(t) / number("1.1")) < TIGHT
    printed = steps[-1].state["m"] / (1 - number("0.9") ** 20)
    assert papers.MP.nstr(printed, 4) == "1.118"  # 1 - beta1^t is wrong when beta1_t varies

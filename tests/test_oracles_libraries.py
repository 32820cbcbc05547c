"""Checks of the oracle of libraries, and what every oracle holds: 0/0 and fifty digits."""

from collections.abc import Callable

import mpmath
import pytest

from tests import test_oracles_more, test_oracles_others
from tests.oracles import libraries, moments, others, papers
from tests.oracles.papers import Step, mpf, number, numbers, over, sqrt
from tests.test_oracles import BETAS, TIGHT, deltas, gap, random_problem
from tests.test_oracles_more import closed_radam, decayed, walk

HAT = {**BETAS, "eps_hat": 0}
EPS = {**BETAS, "eps": 0}
RMS = {"alpha": "0.01", "rho": "0.9", "eps": 0}
MU = {"alpha": "0.1", "mu": "0.9"}
ZERO_EPS = {
    "amsgrad_torch": EPS,
    "amsgrad_keras": HAT,
    "amsgrad_optax": EPS,
    "adamw_keras": {**HAT, "lam": "0.1"},
    "nadam_torch": {**EPS, "psi": "0.004"},
    "nadam_optax": EPS,
    "radam_torch": EPS,
    "radam_optax": EPS,
    "adamax_torch": EPS,
    "adamax_keras": EPS,
    "adagrad_torch": {"alpha": "0.1", "lr_decay": "0.3", "eps": 0},
    "adagrad_keras": {"alpha": "0.1", "eps": 0, "start": 0},
    "rmsprop_momentum_torch": {**RMS, "mu": "0.9"},
    "rmsprop_centred_torch": RMS,
    "rmsprop_centred_momentum_torch": {**RMS, "mu": "0.9"},
    "rmsprop_momentum_keras": {**RMS, "mu": "0.9"},
    "rmsprop_centred_keras": RMS,
    "rmsprop_centred_momentum_keras": {**RMS, "mu": "0.9"},
    "momentum_inside": MU,
    "nesterov_inside": MU,
}
TABLES = [
    (moments, test_oracles_more.ZERO_EPS),
    (others, test_oracles_others.ZERO_EPS),
    (libraries, ZERO_EPS),
]
EVERY = [
    (getattr(where, name), hyper) for where, table in TABLES for name, hyper in table.items()
]
NAMES = ("alpha", "beta1", "beta2", "eps")


def test_every_library_rule_is_in_the_table() -> None:
    assert set(ZERO_EPS) == set(libraries.__all__)


@pytest.mark.parametrize(("rule", "hyper"), EVERY)
def test_zero_over_zero_is_no_move(rule: Callable, hyper: dict) -> None:
    still = {name: 0 if name == "lam" else value for name, value in hyper.items()}
    steps = rule("1", ["0"] * 8 + ["1"], **still)  # 8: radam rectifies by then
    assert [step.theta == 1 for step in steps] == [True] * 8 + [False]
    states = [{**step.state, "mu_product": 0} for step in steps[:8]]
    assert all(value == 0 for state in states for value in state.values())


@pytest.mark.parametrize(("rule", "hyper"), EVERY)
def test_fifty_digits_hold_whatever_the_callers_precision(rule: Callable, hyper: dict) -> None:
    gradients, _ = random_problem(7, ())
    steps = rule("1", gradients, **hyper)
    with mpmath.workdps(5):
        assert gap(steps, rule("1", gradients, **hyper)) == 0
    with papers.MP.workdps(90):
        assert 0 < gap(steps, rule("1", gradients, **hyper)) < mpf("1e-50")


def problem(seed: int, *names: str) -> tuple[list[float], dict[str, float]]:
    """Return a random problem whose second decay lets RAdam rectify."""
    gradients, hyper = random_problem(seed, names)
    if "beta2" in hyper:
        hyper["beta2"] = 0.96875
    return gradients, hyper


def hat(hyper: dict) -> dict:
    """Return the letters with eps_hat for eps."""
    return {"eps_hat" if name == "eps" else name: value for name, value in hyper.items()}


def close(left: list[Step], right: list[Step]) -> bool:
    """Return whether thetas agree, and the states both sides have."""
    common = left[0].state.keys() & right[0].state.keys()
    kept = [
        [s._replace(state={k: s.state[k] for k in common}) for s in x] for x in (left, right)
    ]
    return gap(*kept) < TIGHT


def test_amsgrad_of_three_libraries_by_sums() -> None:
    gradients, hyper = problem(1, *NAMES)
    alpha, beta1, beta2, eps = numbers(*(hyper[name] for name in NAMES))
    g, rows = numbers(*gradients), {"torch": [], "keras": [], "optax": []}
    m, v = decayed(g, beta1), decayed([x**2 for x in g], beta2)
    weights = decayed([mpf(1)] * len(g), beta2)  # 1 - beta2^t
    largest = [max(v[: t + 1]) for t in range(len(g))]
    hats = [x / w for x, w in zip(v, weights, strict=True)]
    for t, weight in enumerate(weights):
        mhat = m[t] / (1 - beta1 ** (t + 1))
        rows["torch"].append(-alpha * mhat / (sqrt(largest[t] / weight) + eps))
        root = sqrt(largest[t] / weight) + eps / sqrt(weight)  # eps_hat over the correction
        rows["keras"].append(-alpha * mhat / root)
        rows["optax"].append(-alpha * mhat / (sqrt(max(hats[: t + 1])) + eps))
    for name, moves in rows.items():
        letters = hat(hyper) if name == "keras" else hyper
        steps = getattr(libraries, f"amsgrad_{name}")("0.5", gradients, **letters)
        assert close(steps, walk("0.5", moves, m=m, v=v))


def test_the_three_amsgrads_differ_from_the_paper_and_two_from_each_other() -> None:
    gradients, _ = problem(2)
    paper = moments.amsgrad(0, gradients, **EPS)
    torch = libraries.amsgrad_torch(0, gradients, **EPS)
    keras = libraries.amsgrad_keras(0, gradients, **HAT)
    optax = libraries.amsgrad_optax(0, gradients, **EPS)
    assert close(torch, keras)  # without eps only the maximum counts
    assert not close(torch, paper) and not close(optax, paper) and not close(optax, torch)


def test_adamw_keras_is_adamw_without_eps_and_the_efficient_order_without_decay() -> None:
    gradients, hyper = problem(3, *NAMES, "lam")
    lam = hyper.pop("lam")
    bare = {**hyper, "eps": 0}
    right = moments.adamw("0.5", gradients, **bare, lam=lam)
    assert close(libraries.adamw_keras("0.5", gradients, **hat(bare), lam=lam), right)
    efficient = papers.adam_efficient("0.5", gradients, **hat(hyper))
    assert close(libraries.adamw_keras("0.5", gradients, **hat(hyper), lam=0), efficient)
    mixed = libraries.adamw_keras("0.5", gradients, **hat(hyper), lam=lam)
    keep = 1 - number(hyper["alpha"]) * number(lam)
    before = [mpf("0.5")] + [step.theta for step in mixed]
    moves = [step.theta - keep * old for step, old in zip(mixed, before, strict=False)]
    plain = deltas(efficient, "0.5")
    assert max(abs(a - b) for a, b in zip(moves, plain, strict=True)) < TIGHT


def test_nadams_agree_where_mu_is_constant_and_share_adams_moments() -> None:
    gradients, hyper = problem(4, *NAMES)
    optax = libraries.nadam_optax("0.5", gradients, **hyper)
    assert close(libraries.nadam_torch("0.5", gradients, **hyper, psi="1e5"), optax)
    torch = libraries.nadam_torch("0.5", gradients, **hyper, psi="0.004")
    paper = moments.nadam("0.5", gradients, **hyper, psi="0.004")
    adam = papers.adam("0.5", gradients, **hyper)
    for step, printed, plain in zip(torch, paper, adam, strict=True):
        assert abs(step.state["mu_product"] - printed.state["mu_product"]) < TIGHT
        assert abs(step.state["m"] - plain.state["m"]) < TIGHT
    assert not close(torch, paper)


def test_nadam_on_a_constant_gradient() -> None:
    steps = libraries.nadam_optax(0, [2] * 9, **BETAS, eps=0)
    for t, move in enumerate(deltas(steps, 0), start=1):
        b = number("0.9")
        mhat = b * (1 - b**t) / (1 - b ** (t + 1)) + (1 - b) / (1 - b**t)
        assert abs(move + number("0.01") * mhat) < TIGHT


def test_radams_differ_from_the_paper_only_in_the_threshold_and_in_eps() -> None:
    gradients, hyper = problem(5, *NAMES)
    gradients = [g or 1.0 for g in gradients]
    bare = {**hyper, "beta2": "0.999", "eps": 0}
    paper = deltas(closed_radam(0, gradients, **bare), 0)
    for rule in (libraries.radam_torch, libraries.radam_optax):
        moves = zip(deltas(rule(0, gradients, **bare), 0), paper, strict=True)
        same = [abs(a - b) < TIGHT for a, b in moves]
        assert same == [t != 5 for t in range(1, 41)]  # rho_5 is between 4 and 5
    optax = deltas(libraries.radam_optax(0, gradients, **hyper), 0)
    printed = deltas(moments.radam(0, gradients, **hyper), 0)
    assert max(abs(a - b) for a, b in zip(optax[9:], printed[9:], strict=True)) < TIGHT
    torch = deltas(libraries.radam_torch(0, gradients, **hyper), 0)
    for t in range(10, 40):
        eps_t = number(hyper["eps"]) / sqrt(1 - number(hyper["beta2"]) ** t)
        steps = moments.radam(0, gradients[:t], **{**hyper, "eps": eps_t})
        assert abs(deltas(steps, 0)[-1] - torch[t - 1]) < TIGHT


def test_adamaxes_by_maxima() -> None:
    gradients, hyper = problem(6, *NAMES)
    alpha, beta1, beta2, eps = numbers(*(hyper[name] for name in NAMES))
    g = [abs(x) for x in numbers(*gradients)]
    m, moves = decayed(numbers(*gradients), beta1), {"torch": [], "keras": []}
    for t in range(len(g)):
        rate = -alpha * m[t] / (1 - beta1 ** (t + 1))
        inside = max(beta2 ** (t - i) * (x + eps) for i, x in enumerate(g[: t + 1]))
        outside = max(beta2 ** (t - i) * x for i, x in enumerate(g[: t + 1])) + eps
        moves["torch"].append(rate / inside)
        moves["keras"].append(rate / outside)
    for name, row in moves.items():
        steps = getattr(libraries, f"adamax_{name}")("0.5", gradients, **hyper)
        assert close(steps, walk("0.5", row, m=m))


def test_adagrads_by_sums() -> None:
    gradients, hyper = problem(7, "alpha", "eps", "lr_decay", "start")
    alpha, eps, decay, start = numbers(*hyper.values())
    g, rest = numbers(*gradients), {"alpha": alpha, "eps": eps}
    s = [sum(x**2 for x in g[: t + 1]) for t in range(len(g))]
    rows = list(enumerate(zip(g, s, strict=True)))
    moves = [-alpha * over(x, (1 + t * decay) * (sqrt(y) + eps)) for t, (x, y) in rows]
    torch = libraries.adagrad_torch("0.5", gradients, **rest, lr_decay=decay)
    assert close(torch, walk("0.5", moves, s=s))
    moves = [-alpha * x / sqrt(start + y + eps) for _, (x, y) in rows]
    keras = libraries.adagrad_keras("0.5", gradients, **rest, start=start)
    assert close(keras, walk("0.5", moves, s=[start + x for x in s]))

"""Checks of the oracle of libraries where a buffer holds moves: RMSProp, SGD with momentum."""

from collections.abc import Callable, Sequence

import pytest

from tests.oracles import libraries, others, papers
from tests.oracles.papers import mpf, number, numbers, over, sqrt
from tests.test_oracles import TIGHT, deltas, gap, random_problem
from tests.test_oracles_more import decayed, walk

LETTERS = ("alpha", "rho", "mu", "eps")


def heaped(values: Sequence[mpf], mu: mpf) -> list[mpf]:
    """Return b_t = sum_{i<=t} mu^(t-i) x_i for every t."""
    return [
        sum(mu ** (t - i) * x for i, x in enumerate(values[: t + 1]))
        for t in range(len(values))
    ]


def rescaled(gradients: Sequence, rho: mpf, eps: mpf, *, centred: bool, inside: bool) -> list:
    """Return g over its root, by sums, with eps inside or outside that root."""
    g = numbers(*gradients)
    a = decayed(g, rho) if centred else [mpf(0)] * len(g)
    spread = [y - x * x for x, y in zip(a, decayed([x**2 for x in g], rho), strict=True)]
    roots = [sqrt(x + eps) if inside else sqrt(x) + eps for x in spread]
    return [over(x, root) for x, root in zip(g, roots, strict=True)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("library", ["torch", "keras"])
@pytest.mark.parametrize("form", ["momentum", "centred", "centred_momentum"])
def test_rmsprop_by_sums(library: str, form: str, seed: int) -> None:
    gradients, hyper = random_problem(seed, LETTERS)
    alpha, rho, mu, eps = numbers(*(hyper[name] for name in LETTERS))
    rule = getattr(libraries, f"rmsprop_{form}_{library}")
    letters = {**hyper} if "momentum" in form else {"alpha": alpha, "rho": rho, "eps": eps}
    moving = mu if "momentum" in form else mpf(0)
    ratios = rescaled(gradients, rho, eps, centred="centred" in form, inside=library == "keras")
    g = numbers(*gradients)
    states = {"v": decayed([x**2 for x in g], rho)}
    states |= {"a": decayed(g, rho)} if "centred" in form else {}
    heap = heaped(ratios, moving)
    inside = alpha if library == "keras" else mpf(1)  # where the rate is: in b, or outside
    states |= {"b": [inside * x for x in heap]} if "momentum" in form else {}
    closed = walk("0.5", [-alpha * x for x in heap], **states)
    steps = rule("0.5", gradients, **letters)
    assert steps[0].state.keys() == states.keys()
    assert gap(steps, closed) < TIGHT
    assert gap(rule("0.5", gradients, **{**letters, "rho": rho + mpf("1e-38")}), closed) > TIGHT


@pytest.mark.parametrize(
    ("rule", "plain"),
    [
        (libraries.rmsprop_momentum_torch, papers.rmsprop),
        (libraries.rmsprop_momentum_keras, papers.rmsprop_eps_inside),
        (libraries.rmsprop_centred_momentum_torch, libraries.rmsprop_centred_torch),
        (libraries.rmsprop_centred_momentum_keras, libraries.rmsprop_centred_keras),
    ],
)
def test_rmsprop_without_momentum_is_the_plain_rule(rule: Callable, plain: Callable) -> None:
    gradients, hyper = random_problem(4, ("alpha", "rho", "eps"))
    moves = zip(
        deltas(rule("0.5", gradients, mu=0, **hyper), "0.5"),
        deltas(plain("0.5", gradients, **hyper), "0.5"),
        strict=True,
    )
    assert max(abs(a - b) for a, b in moves) < TIGHT


def test_keras_centred_momentum_is_graves_with_the_other_sign() -> None:
    gradients, hyper = random_problem(5, LETTERS)
    keras = libraries.rmsprop_centred_momentum_keras("0.5", gradients, **hyper)
    graves = others.rmsprop_centred("0.5", gradients, **hyper)
    for left, right in zip(keras, graves, strict=True):
        assert abs(left.theta - right.theta) < TIGHT
        assert abs(left.state["b"] + right.state["d"]) < TIGHT


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (libraries.momentum_inside, papers.momentum),
        (libraries.nesterov_inside, papers.nesterov),
    ],
)
def test_a_rate_inside_the_buffer_is_one_outside_while_it_is_constant(inside, outside) -> None:
    gradients, hyper = random_problem(6, ("alpha", "mu"))
    alpha = number(hyper["alpha"])
    left, right = inside("0.5", gradients, **hyper), outside("0.5", gradients, **hyper)
    scaled = [step._replace(state={"b": alpha * step.state["b"]}) for step in right]
    assert gap(left, scaled) < TIGHT
    assert gap(left, right) > TIGHT


def test_momentum_inside_by_hand() -> None:
    letters = {"alpha": "0.5", "mu": "0.5"}
    plain = libraries.momentum_inside(1, [1, -2, 0], **letters)
    ahead = libraries.nesterov_inside(1, [1, -2, 0], **letters)
    assert [step.state["b"] for step in plain] == [mpf("0.5"), mpf("-0.75"), mpf("-0.375")]
    assert [step.theta for step in plain] == [mpf("0.5"), mpf("1.25"), mpf("1.625")]
    assert [step.theta for step in ahead] == [mpf("0.25"), mpf("1.625"), mpf("1.8125")]

"""Update rules as the papers print them, at 60 digits: one plain function a rule.

Every rule starts from zero state, walks a list of scalar gradients and returns one Step
per gradient. Vectors are element-wise, so a scalar oracle covers them.
0/0 means no move. A non-zero number over 0 raises ZeroDivisionError.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mpmath import MPContext

# A context of its own: neither the caller's precision nor a test's can change the oracle.
MP = MPContext()
MP.dps = 60
mpf = MP.mpf
sqrt = MP.sqrt

Number = str | int | float | mpf


class Step(NamedTuple):
    """Parameter and state after one update, the state under the paper's letters."""

    theta: mpf
    state: dict[str, mpf]


def number(x: Number) -> mpf:
    """Return float and int as the exact binary value, str as the decimal it spells."""
    return MP.convert(x)


def numbers(*xs: Number) -> list[mpf]:
    """Return every x as ``number`` does."""
    return [number(x) for x in xs]


def over(n: mpf, d: mpf) -> mpf:
    """Return n / d, where 0/0 is 0: no gradient seen yet, so no move."""
    return n if n == 0 and d == 0 else n / d


def adam(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """Adam: theta <- theta - alpha * mhat / (sqrt(vhat) + eps); 0/0 is no move.

    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), Algorithm 1.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        mhat = m / (1 - beta1**t)
        vhat = v / (1 - beta2**t)
        theta = theta - alpha * over(mhat, sqrt(vhat) + eps)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def adam_efficient(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps_hat: Number,
) -> list[Step]:
    """Adam reordered: theta <- theta - alpha_t * m / (sqrt(v) + eps_hat); 0/0 is no move.

    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), end of section 2.
    """
    theta, alpha, beta1, beta2, eps_hat = numbers(theta, alpha, beta1, beta2, eps_hat)
    m, v, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        alpha_t = alpha * sqrt(1 - beta2**t) / (1 - beta1**t)
        theta = theta - alpha_t * over(m, sqrt(v) + eps_hat)
        steps.append(Step(theta, {"m": m, "v": v}))
    return steps


def adamax(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
) -> list[Step]:
    """AdaMax: theta <- theta - (alpha / (1 - beta1^t)) * m / u; 0/0 is no move.

    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), Algorithm 2.
    """
    theta, alpha, beta1, beta2 = numbers(theta, alpha, beta1, beta2)
    m, u, steps = mpf(0), mpf(0), []
    for t, g in enumerate(numbers(*gradients), start=1):
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g))
        theta = theta - (alpha / (1 - beta1**t)) * over(m, u)
        steps.append(Step(theta, {"m": m, "u": u}))
    return steps


def adagrad(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    eps: Number,
) -> list[Step]:
    """Adagrad: theta <- theta - alpha * g / (sqrt(sum g^2) + eps); 0/0 is no move.

    The paper's form is eps = 0.
    Source: Duchi et al. 2011, diagonal form; Kingma & Ba 2015, section 5.
    """
    theta, alpha, eps = numbers(theta, alpha, eps)
    s, steps = mpf(0), []
    for g in numbers(*gradients):
        s = s + g**2
        theta = theta - alpha * over(g, sqrt(s) + eps)
        steps.append(Step(theta, {"s": s}))
    return steps


def rmsprop(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: theta <- theta - alpha * g / (sqrt(v) + eps); 0/0 is no move.

    Source: Tieleman & Hinton 2012, lecture 6.5 (there eps = 0, rho = 0.9).
    """
    theta, alpha, rho, eps = numbers(theta, alpha, rho, eps)
    v, steps = mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        theta = theta - alpha * over(g, sqrt(v) + eps)
        steps.append(Step(theta, {"v": v}))
    return steps


def rmsprop_eps_inside(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    rho: Number,
    eps: Number,
) -> list[Step]:
    """RMSProp: theta <- theta - alpha * g / sqrt(v + eps); 0/0 is no move.

    Source: Tieleman & Hinton 2012, lecture 6.5; eps under the root as in Graves 2013.
    """
    theta, alpha, rho, eps = numbers(theta, alpha, rho, eps)
    v, steps = mpf(0), []
    for g in numbers(*gradients):
        v = rho * v + (1 - rho) * g**2
        theta = theta - alpha * over(g, sqrt(v + eps))
        steps.append(Step(theta, {"v": v}))
    return steps


def sgd(theta: Number, gradients: Sequence[Number], *, alpha: Number) -> list[Step]:
    """SGD: theta <- theta - alpha * g. Source: Robbins & Monro 1951."""
    theta, alpha = numbers(theta, alpha)
    steps = []
    for g in numbers(*gradients):
        theta = theta - alpha * g
        steps.append(Step(theta, {}))
    return steps


def momentum(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    mu: Number,
) -> list[Step]:
    """Classical momentum: b <- mu * b + g; theta <- theta - alpha * b.

    Source: Sutskever et al. 2013, eqs. 1-2, with v = -alpha * b (constant alpha).
    """
    theta, alpha, mu = numbers(theta, alpha, mu)
    b, steps = mpf(0), []
    for g in numbers(*gradients):
        b = mu * b + g
        theta = theta - alpha * b
        steps.append(Step(theta, {"b": b}))
    return steps


def nesterov(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    mu: Number,
) -> list[Step]:
    """Nesterov: b <- mu * b + g; theta <- theta - alpha * (g + mu * b).

    Source: Sutskever et al. 2013, eqs. 3-4, in the look-ahead point theta + mu * v.
    """
    theta, alpha, mu = numbers(theta, alpha, mu)
    b, steps = mpf(0), []
    for g in numbers(*gradients):
        b = mu * b + g
        theta = theta - alpha * (g + mu * b)
        steps.append(Step(theta, {"b": b}))
    return steps

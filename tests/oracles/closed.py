"""The same rules without recursion: states as weighted sums and maxima, a second derivation."""

from collections.abc import Sequence

from .papers import Number, Step, numbers, over, sqrt


def closed_adam(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
    eps: Number,
) -> list[Step]:
    """Adam by sums: m_t = (1-beta1) sum_i beta1^(t-i) g_i, mhat_t the weighted mean.

    v_t and vhat_t: the same with beta2 and g_i^2; 0/0 is no move.
    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), eq. 1.
    """
    theta, alpha, beta1, beta2, eps = numbers(theta, alpha, beta1, beta2, eps)
    g, steps = numbers(*gradients), []
    for t in range(1, len(g) + 1):
        weights1 = [beta1 ** (t - i) for i in range(1, t + 1)]
        weights2 = [beta2 ** (t - i) for i in range(1, t + 1)]
        sum1 = sum(w * x for w, x in zip(weights1, g[:t], strict=True))
        sum2 = sum(w * x**2 for w, x in zip(weights2, g[:t], strict=True))
        ratio = over(sum1 / sum(weights1), sqrt(sum2 / sum(weights2)) + eps)
        theta = theta - alpha * ratio
        steps.append(Step(theta, {"m": (1 - beta1) * sum1, "v": (1 - beta2) * sum2}))
    return steps


def closed_adamax(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    beta1: Number,
    beta2: Number,
) -> list[Step]:
    """AdaMax by u_t = max_i beta2^(t-i) |g_i| and m_t as a sum; 0/0 is no move.

    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), section 7.1, eqs. 8-11.
    """
    theta, alpha, beta1, beta2 = numbers(theta, alpha, beta1, beta2)
    g, steps = numbers(*gradients), []
    for t in range(1, len(g) + 1):
        m = (1 - beta1) * sum(beta1 ** (t - i) * g[i - 1] for i in range(1, t + 1))
        u = max(beta2 ** (t - i) * abs(g[i - 1]) for i in range(1, t + 1))
        theta = theta - alpha / (1 - beta1**t) * over(m, u)
        steps.append(Step(theta, {"m": m, "u": u}))
    return steps


def closed_adagrad(
    theta: Number,
    gradients: Sequence[Number],
    *,
    alpha: Number,
    eps: Number,
) -> list[Step]:
    """Adagrad by s_t = sum_{i<=t} g_i^2, taken afresh at every t; 0/0 is no move.

    Source: Kingma & Ba 2015 (arXiv:1412.6980v9), section 5.
    """
    theta, alpha, eps = numbers(theta, alpha, eps)
    g, steps = numbers(*gradients), []
    for t in range(1, len(g) + 1):
        s = sum(x**2 for x in g[:t])
        theta = theta - alpha * over(g[t - 1], sqrt(s) + eps)
        steps.append(Step(theta, {"s": s}))
    return steps

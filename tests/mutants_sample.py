"""One-line mistakes in the rules, each with the claim that has to notice it."""

from __future__ import annotations

import inspect
import re
import sys
from typing import Any, NamedTuple

from fusegrad.optim import Optimizer
from fusegrad.verify import SUITE, Suite


class Mutant(NamedTuple):
    """In a rule, one text in place of another; the row of `fusegrad verify` that catches it."""

    rule: str
    old: str
    new: str
    row: str


M, V = "m = beta1 * m + (1 - beta1) * g", "v = beta2 * v + (1 - beta2) * g * g"
STEP = "ratio(alpha * m_hat, sqrt(v_hat) + eps)"
MUTANTS = [
    Mutant("adam", "m_hat = m / (1 - beta1**t)", "m_hat = m", "first-step"),
    Mutant("adam", "v_hat = v / (1 - beta2**t)", "v_hat = v", "constant-gradient"),
    Mutant("adam", f"theta - {STEP}", f"theta + {STEP}", "algorithm-1"),
    Mutant("adam", "sqrt(v_hat) + eps", "sqrt(v_hat + eps)", "algorithm-1"),
    Mutant("adam", "sqrt(v_hat) + eps", "sqrt(v_hat) - eps", "algorithm-1"),
    Mutant("adam", "sqrt(v_hat) + eps", "sqrt(v_hat)", "eps-breaks-invariance"),
    Mutant("adam", M, "m = beta1 * m + beta1 * g", "moving-averages"),
    Mutant("adam", M, "m = beta2 * m + (1 - beta2) * g", "moving-averages"),
    Mutant("adam", M, "m = beta1 * m + g", "moving-averages"),
    Mutant("adam", V, "v = beta2 * v + (1 - beta2) * abs(g)", "scale-invariance"),
    Mutant("adam", V, "v = beta1 * v + (1 - beta1) * g * g", "moving-averages"),
    Mutant("adam", V, "v = v + (1 - beta2) * g * g", "bias-of-v"),
    Mutant("adam", V, "v = beta2 * v + (1 - beta2) * m * m", "step-bound-exact"),
    Mutant("adam", "1 - beta2**t", "1 - beta2 ** (t + 1)", "step-bound-exact"),
    Mutant("adam", "1 - beta1**t", "1 - beta1 ** (t - 1)", "theorem-4.1"),
    Mutant("adam", "alpha * m_hat, sqrt(v_hat)", "alpha * m_hat, v_hat", "diagonal-rescaling"),
    Mutant("adam", "alpha * m_hat", "alpha * g", "two-cycle"),
    Mutant("adam", "v_hat = v / (1 - beta2**t)", "v_hat = v / (1 - beta1**t)", "algorithm-1"),
    Mutant("adam_eps_hat", "sqrt(1 - beta2**t)", "(1 - beta2**t)", "efficient-ordering"),
    Mutant("adam_eps_hat", "/ (1 - beta1**t)", "* (1 - beta1**t)", "efficient-ordering"),
    Mutant("adamax", "maximum(beta2 * u, abs(g))", "maximum(u, abs(g))", "adamax-closed-form"),
    Mutant("adamax", "maximum(beta2 * u, abs(g))", "maximum(beta2 * u, g)", "adamax-bound"),
    Mutant("adamax", "abs(g)", "abs(m)", "adamax-is-the-limit"),
    Mutant("adamax", "alpha / (1 - beta1**t)", "alpha", "adamax-needs-no-correction"),
    Mutant("adagrad", "s = s + g * g", "s = g * g", "adagrad-closed-form"),
    Mutant("adagrad", "s = s + g * g", "s = 0.99 * s + g * g", "adagrad-closed-form"),
    Mutant("adagrad", "sqrt(s) + eps", "s + eps", "adagrad-is-a-limit-of-adam"),
    Mutant("rmsprop", "(1 - rho) * g * g", "g * g", "rmsprop-first-step"),
    Mutant("rmsprop", "rho * v", "v", "rmsprop-is-adam-without-correction"),
    Mutant("rmsprop_centred", "maximum(n - g_bar * g_bar, 0)", "n - g_bar * g_bar",
           "rmsprop-centred-is-finite"),
    Mutant("rmsprop_centred", "n - g_bar * g_bar", "n", "rmsprop-centred-closed-form"),
    Mutant("rmsprop_centred", "sqrt(variance + eps)", "sqrt(variance) + eps",
           "rmsprop-centred-closed-form"),
    Mutant("rmsprop_centred", "d = mu * d", "d = d", "rmsprop-centred-closed-form"),
    Mutant("sgd", "theta - alpha * g", "theta + alpha * g", "momentum-closed-form"),
    Mutant("momentum", "b = mu * b + g", "b = mu * b + (1 - mu) * g", "momentum-closed-form"),
    Mutant("nesterov", "g + mu * b", "g + b", "nesterov-looks-ahead"),
    Mutant("nesterov", "alpha * (g + mu * b)", "alpha * b", "nesterov-looks-ahead"),
    Mutant("amsgrad", "maximum(v_hat, v)", "v + 0 * v_hat", "amsgrad-repairs-it"),
    Mutant("amsgrad", "maximum(v_hat, v)", "v_hat + v", "amsgrad-never-grows"),
    Mutant("amsgrad_corrected", "v_max / (1 - beta2**t)", "v_max", "constant-gradient"),
    Mutant("amsgrad_corrected", "maximum(v_max, v)", "v_max + v", "amsgrad-corrected"),
    Mutant("adamw", "+ lam * theta)", ")", "adamw-in-libraries"),
    Mutant("adamw", "lam * theta", "lam * g", "adamw-in-libraries"),
    Mutant("adamw_decoupled", "eta * (", "alpha * (", "adamw-decoupled"),
    Mutant("nadam", "mu_product * mu_next", "mu_product", "nadam-closed-form"),
    Mutant("nadam", "mu_product = mu_product * mu_t", "mu_product = mu_t", "nadam-closed-form"),
    Mutant("radam", "rho_t > 4", "rho_t > 5", "radam-rectifier"),
    Mutant("radam", "r_t = sqrt(num / den)", "r_t = num / den", "radam-rectifier"),
    Mutant("adadelta", "d = rho * d + (1 - rho) * step * step", "d = rho * d + step * step",
           "adadelta-units"),
    Mutant("adadelta", "sqrt(d + eps)", "sqrt(d) + eps", "adadelta-units"),
    Mutant("adam_nc", "beta2_t = 1 - 1 / t", "beta2_t = 1 - 1 / (t + 1)", "adamnc-mean"),
    Mutant("adam_convex", "/ (1 - beta1_product)", "/ (1 - beta1**t)",
           "correction-of-a-fading-beta1"),
    Mutant("adabound", "eta / sqrt(t)", "eta", "adabound-closes-in"),
    Mutant("adabound", "maximum(minimum(ratio(alpha, sqrt(v)), upper), lower)", "upper",
           "adabound-closes-in"),
    Mutant("lion", "c = beta1 * m + (1 - beta1) * g", "c = beta2 * m + (1 - beta2) * g",
           "lion-steps-are-signs"),
    Mutant("lion", "lam * theta", "lam", "lion-steps-are-signs"),
    Mutant("natural_gradient", "alpha * g, v_hat + eps", "alpha * g, v + eps",
           "natural-gradient-covaries"),
]  # fmt: skip


def mutated(mutant: Mutant) -> Suite:
    """The suite with one rule spoilt."""
    made: type[Optimizer] = SUITE[mutant.rule]
    text = inspect.getsource(made.rule)
    assert text.count(mutant.old) == 1, f"{mutant.old!r} stands {text.count(mutant.old)} times"
    spoilt: dict[str, Any] = dict(vars(sys.modules[made.__module__]))
    exec(text.replace(mutant.old, mutant.new), spoilt)
    body = {"rule": staticmethod(spoilt[mutant.rule]), "__module__": made.__module__}
    return {**SUITE, mutant.rule: type(made.__name__, (made,), body)}


def label(mutant: Mutant) -> str:
    """A name for pytest."""
    return re.sub(r"\W+", "_", f"{mutant.rule}-{mutant.old}-{mutant.new}")[:60]

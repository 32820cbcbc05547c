"""Scalars that a rule renews on the host, and rules around rules."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import RuleError, Update
from fusegrad.kernels.words import where
from fusegrad.optim.adam import adam


def with_product(theta: Any, g: Any, *, product: Any, beta: Any) -> Any:
    product = product * beta
    theta = theta - g / (1 - product)
    return theta, product


@pytest.mark.parametrize("reader", ["numpy", "numba"])
def test_outputs_of_scalars_alone_are_returned(reader: str) -> None:
    theta, g, product = np.array([1.0, 2.0]), np.array([0.5, 0.25]), 1.0
    update = Update(with_product, reader=reader)
    for _ in range(3):
        product = update([(theta, g)], product=product, beta=0.5)["product"]
    assert product == 0.125 and update.renewed == ("theta",)
    expected = np.array([1.0, 2.0]) - g / 0.5 - g / 0.75 - g / 0.875
    assert np.array_equal(theta, expected)


def test_a_rule_around_a_rule_keeps_its_names() -> None:
    def decayed(theta: Any, g: Any, *states: Any, lam: Any, **scalars: Any) -> Any:
        g_lam = g + lam * theta
        return adam(theta, g_lam, *states, **scalars)

    parameters = list(inspect.signature(adam).parameters.values())
    lam = inspect.Parameter("lam", inspect.Parameter.KEYWORD_ONLY)
    decayed.__signature__ = inspect.Signature([*parameters, lam])
    decayed.__wrapped__ = adam
    program = Update(decayed).program
    assert program.output_names == ("theta", "m", "v")
    assert "g_lam" in program.names.values()


def test_a_scalar_is_renewed_under_its_own_name() -> None:
    def wrong(theta: Any, g: Any, *, product: Any) -> Any:
        other = product * product
        theta = theta - g
        return theta, other

    text = r"rule wrong: expected outputs named as its inputs, got \['other'\]; return the ren"
    with pytest.raises(RuleError, match=text):
        Update(wrong)


def test_an_alias_does_not_take_the_name_of_an_output() -> None:
    def aliased(theta: Any, g: Any, m: Any) -> Any:
        m = m + g
        m_hat = m
        theta = theta - m_hat
        return theta, m

    assert Update(aliased).program.output_names == ("theta", "m")


@pytest.mark.parametrize("reader", ["numpy", "numba"])
def test_an_input_that_goes_out_as_another_is_read_before_it_is_written(reader: str) -> None:
    def shifted(theta: Any, g: Any, m1: Any, m2: Any, *, alpha: Any) -> Any:
        m2 = m1
        m1 = alpha * m1 + g
        theta = theta - m1
        return theta, m1, m2

    update = Update(shifted, reader=reader)
    assert update.renewed == ("theta", "m1", "m2")
    theta, g, m1, m2 = (np.full(3, x) for x in (1.0, 2.0, 4.0, 8.0))
    update([(theta, g, m1, m2)], alpha=0.5)
    assert (theta[0], m1[0], m2[0]) == (-3.0, 4.0, 4.0)


def test_a_state_that_becomes_the_gradient_keeps_its_name() -> None:
    def optimistic(theta: Any, g: Any, last: Any, *, alpha: Any) -> Any:
        theta = theta - alpha * (2 * g - last)
        last = g
        return theta, last

    update = Update(optimistic)
    theta, g, last = (np.full(2, x) for x in (1.0, 2.0, 3.0))
    update([(theta, g, last)], alpha=0.5)
    assert (theta[0], g[0], last[0]) == (0.5, 2.0, 2.0)


def test_what_the_host_knew_is_computed_again_where_a_scalar_changed() -> None:
    def rule(theta: Any, g: Any, *, t: Any, beta: Any, alpha: Any) -> Any:
        theta = theta - alpha / (1 - beta**t) * (g * where(True, 1 / t, alpha))
        return (theta,)

    known, fresh = Update(rule).program, lambda: Update(rule).program
    steps = [(1, 0.9, 0.1), (2, 0.9, 0.1), (2, 0.5, 0.1), (3, 0.5, 2.0), (1, 0.9, 0.1)]
    for t, beta, alpha in [*steps, *steps]:
        scalars = {"t": t, "beta": beta, "alpha": alpha}
        assert known.host_values(scalars) == fresh().host_values(scalars)
        wanted = alpha / (1 - beta**t)
        assert min(abs(x - wanted) for x in known.host_values(scalars)) <= 1e-14 * wanted

"""Scalars that a rule renews on the host, and rules around rules."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from fusegrad.kernels import RuleError, Update
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

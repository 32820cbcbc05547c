"""The record of a step: numbers by hand, formulas, denominators, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from tests.ops_sample import refused
from tests.optim_sample import leaf
from tests.test_explain import check


def near(x: float) -> Any:
    """Within the rounding of a correction 1 - beta^t and of what follows from it."""
    return pytest.approx(x, rel=4 * np.finfo(np.float64).eps, abs=0)


def test_the_numbers_of_adam_by_hand() -> None:
    p = leaf(1.0, (2, 1))
    optimizer = optim.Adam([p], lr=0.5, betas=(0.5, 0.75), eps=1.0)
    p.grad = fg.Tensor([[8.0], [4.0]])
    optimizer.step()
    p.grad = fg.Tensor([[0.0], [0.0]])
    told = optimizer.explain(p, (1, 0))
    m, v = 2.0 / 2, 0.75 * 4.0  # m_1 = 4 / 2 and v_1 = 16 / 4
    m_hat, v_hat = m / (1 - 0.5**2), v / (1 - 0.75**2)
    assert (told.t, told.g, told.theta) == (2, 0.0, 1 - 0.5 * 4 / (4 + 1))
    assert told.before == {"m": 2.0, "v": 4.0} and told.after == {"m": m, "v": v}
    assert told.scalars == {"t": 2, "alpha": 0.5, "beta1": 0.5, "beta2": 0.75, "eps": 1.0}
    assert told.denominator == near(math.sqrt(v_hat) + 1.0)
    assert told.step == near(0.5 * m_hat / (math.sqrt(v_hat) + 1.0))
    assert [line.name for line in told.lines] == ["m", "v", "m_hat", "v_hat", "theta"]
    assert told.values == {
        "m": m, "v": v, "m_hat": near(m_hat), "v_hat": near(v_hat), "theta": told.theta_after
    }  # fmt: skip


def test_the_record_prints_symbols_and_numbers() -> None:
    p = leaf(1.0)
    p.grad = fg.Tensor([4.0])
    told = optim.Adam([p], lr=0.5, betas=(0.5, 0.75), eps=1.0).explain(p)
    rows = told.latex.split(" \\\\\n")
    assert rows[0] == (
        r"m_{t} &= \beta_{1} \, m_{t-1} + \left(1 - \beta_{1}\right) \, g_{t} "
        r"= 0.5 \cdot 0 + \left(1 - 0.5\right) \cdot 4 = 2"
    )
    assert [row.partition(" &= ")[0] for row in rows] == [line.symbol for line in told.lines]
    for row, value in zip(rows, (2, 4, 4, 16), strict=False):
        assert row.endswith(f"= {value}")
    assert r"\frac{0.5 \cdot 4}{\sqrt{16} + 1}" in rows[4] and rows[4].endswith("= 0.6")
    assert [(line.name, line.value) for line in told.lines][:2] == [("m", 2.0), ("v", 4.0)]
    text = str(told)
    assert text.startswith("adam, t = 1: theta = 1, g = 4, alpha = 0.5, beta1 = 0.5, ")
    assert text.endswith(f"step = {told.step!r}") and "  m_hat = 4.0\n" in text


# optimizer -> what its step is divided by, from its states after the step
BELOW: dict[str, tuple[Any, dict[str, Any], Any]] = {
    "adagrad": (optim.Adagrad, {"eps": 0.5}, lambda s: math.sqrt(s["s"]) + 0.5),
    "rmsprop": (optim.RMSProp, {"eps": 0.5}, lambda s: math.sqrt(s["v"]) + 0.5),
    "adamax": (optim.AdaMax, {}, lambda s: s["u"]),
    "adadelta": (optim.AdaDelta, {"eps": 0.5}, lambda s: math.sqrt(s["v"] + 0.5)),
    "amsgrad": (optim.AMSGrad, {"eps": 0.5}, lambda s: math.sqrt(s["v_hat"]) + 0.5),
    "sgd": (optim.SGD, {}, lambda s: None),
    "lion": (optim.Lion, {}, lambda s: None),
    "radam waiting": (optim.RAdam, {}, lambda s: None),
}


@pytest.mark.parametrize("name", BELOW)
def test_denominators(name: str) -> None:
    make, settings, below = BELOW[name]
    p = leaf(1.0)
    optimizer = make([p], **settings)
    p.grad = fg.Tensor([3.0])
    told = check(optimizer, p, 0)
    assert told.denominator == below(told.after)


def test_radam_divides_once_it_has_waited() -> None:
    p = leaf(1.0)
    optimizer = optim.RAdam([p], eps=0.5)
    for _ in range(7):
        p.grad = fg.Tensor([3.0])
        told = check(optimizer, p, 0)
        assert (told.denominator is None) == (told.values["rho_t"] <= 4)
    assert told.denominator == pytest.approx(3.5)


MOVES = "an index of one element that moves, got "
REFUSED = [
    ((5,), "an index into (2, 3), got (5,): index 5 is out of bounds for axis 0 with size 2"),
    ((), MOVES + "(), which picks 6"),
    (1, MOVES + "1, which picks 3"),
    ([], MOVES + "[], which picks 0"),
]


@pytest.mark.parametrize(("index", "text"), REFUSED, ids=str)
def test_what_is_no_one_element_is_refused(index: Any, text: str) -> None:
    p = leaf(1.0, (2, 3))
    p.grad = fg.Tensor(np.ones((2, 3)))
    with refused(fg.OptionError, f"explain: expected {text}; write (row, column)"):
        optim.Adam([p]).explain(p, index)


def test_what_makes_no_step_is_refused() -> None:
    p, frozen, stranger = leaf(1.0), leaf(1.0), leaf(1.0)
    optimizer = optim.Adam([p, frozen])
    frozen.grad, stranger.grad = fg.Tensor([1.0]), fg.Tensor([1.0])
    frozen.requires_grad_(False)
    for parameter in (p, frozen, stranger):
        with refused(
            fg.OptionError,
            "Adam.explain: expected a parameter with a gradient, got theta that has none, is "
            "frozen or is not trained here; call it before step",
        ):
            optimizer.explain(parameter)

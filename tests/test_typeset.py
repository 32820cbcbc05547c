"""How a rule is typeset, in LaTeX and in MathML."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest

from fusegrad.kernels import WORDS, latex, mathml, trace
from fusegrad.kernels.words import (
    ceil,
    exp,
    floor,
    floor_divide,
    log_2,
    log_10,
    logical_and,
    logical_or,
    logical_xor,
    maximum,
    pi,
    ratio,
    sqrt,
    where,
)
from fusegrad.optim.adam import adam
from tests.readers_sample import RULES

ADAM = r"""
m_{t} &= \beta_{1} \, m_{t-1} + \left(1 - \beta_{1}\right) \, g_{t} \\
v_{t} &= \beta_{2} \, v_{t-1} + \left(1 - \beta_{2}\right) \, g_{t}^{2} \\
\hat{m}_{t} &= \frac{m_{t}}{1 - \beta_{1}^{t}} \\
\hat{v}_{t} &= \frac{v_{t}}{1 - \beta_{2}^{t}} \\
\theta_{t} &= \theta_{t-1} - \frac{\alpha \, \hat{m}_{t}}{\sqrt{\hat{v}_{t}} + \epsilon}
"""
LATEX: dict[str, tuple[Callable[..., Any], str]] = {
    "product": (lambda a, b: a * (b - 1) * -2, r"a \, \left(b - 1\right) \, \left(-2\right)"),
    "minus": (lambda a, b, c: a - (b - c), r"a - \left(b - c\right)"),
    "negative": (lambda a, b: -(a + b) * b, r"\left(-\left(a + b\right)\right) \, b"),
    "negative base": (lambda x: (-2) ** x, r"\left(-2\right)^{x}"),
    "negative exponent": (lambda x: x**-0.5, r"x^{-0.5}"),
    "fraction": (lambda a, b: (a / b) ** 3, r"\left(\frac{a}{b}\right)^{3}"),
    "root": (lambda x: sqrt(x + 1) / pi, r"\frac{\sqrt{x + 1}}{\pi}"),
    "exp": (lambda x: exp(-abs(x)), r"e^{-\lvert x \rvert}"),
    "calls": (lambda x: maximum(x, 0), r"\operatorname{max}\left(x, 0\right)"),
    "not": (lambda x: WORDS["logical_not"](x > 0), r"\operatorname{not}\left(x > 0\right)"),
    "whole": (lambda x: floor(x) + ceil(x), r"\lfloor x \rfloor + \lceil x \rceil"),
    "quotient": (
        lambda a, b: floor_divide(a, b + 1),
        r"\lfloor a / \left(b + 1\right) \rfloor",
    ),
    "logic": (
        lambda x: logical_or(logical_and(x > 0, x < 1), x == 2),
        r"x > 0 \land x < 1 \lor x = 2",
    ),
    "grouped logic": (
        lambda x: logical_and(logical_or(x > 0, x < 1), logical_xor(x > 2, x > 3)),
        r"\left(x > 0 \lor x < 1\right) \land x > 2 \oplus x > 3",
    ),
    "constants": (lambda x: x / log_2 + log_10, r"\frac{x}{\log 2} + \log 10"),
    "cases": (
        lambda x: where(x >= 0, x, 0),
        r"\begin{cases} x & x \ge 0 \\ 0 & \text{otherwise} \end{cases}",
    ),
    "letters": (
        lambda lam, x_hat, long: ratio(lam * x_hat, long),
        r"\frac{\lambda \, \hat{x}}{\mathrm{long}}",
    ),
}


def test_adam_is_typeset_as_in_its_paper() -> None:
    assert latex(trace(adam)) == ADAM.strip()


@pytest.mark.parametrize("case", LATEX)
def test_latex_says_what_the_rule_computes(case: str) -> None:
    rule, text = LATEX[case]
    assert latex(trace(rule)) == f"y &= {text}"


@pytest.mark.parametrize("name", RULES)
def test_mathml_is_well_formed_and_says_every_statement(name: str) -> None:
    program = RULES[name].program
    math_element = ElementTree.fromstring(mathml(program))
    assert math_element.tag == "math"
    rows = math_element.findall("./mtable/mtr")
    assert len(rows) == len(latex(program).split("&=")) - 1 >= len(program.outputs)
    for row in rows:
        left, equals, right = row.findall("mtd")
        assert equals.findtext("mo") == "="
        assert "".join(left.itertext()) and "".join(right.itertext())


@pytest.mark.parametrize("name", RULES)
def test_an_index_in_latex_is_in_braces(name: str) -> None:
    assert "_" not in latex(RULES[name].program).replace("_{", "")

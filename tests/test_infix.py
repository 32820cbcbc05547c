"""Lines with numbers in them evaluate to what the kernel computed, to the last bit."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels.infix import FORMS, form, number, substituted
from fusegrad.kernels.node import Node, in_order
from fusegrad.kernels.vocabulary import WORDS
from fusegrad.microscope import trace
from fusegrad.microscope.columns import columns
from tests.optim_sample import CASES
from tests.test_wide import nearest

MP = mpmath.mp.clone()
MP.dps = 120
ELEMENTS, STEPS = 8, 3  # of each optimizer: over all of them more than 1,000 rows


def over(a: Any, b: Any) -> Any:
    """In rules a step over a denominator of 0 is no move."""
    return np.where(b == 0, b * 0, a / np.where(b == 0, 1, b))[()]


NAMES: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "abs": abs,
    "max": np.maximum,
    "min": np.minimum,
    "sign": np.sign,
    "where": lambda truth, a, b: a if truth else b,
    "logical_and": np.logical_and,
    "logical_or": np.logical_or,
    "logical_not": np.logical_not,
}
OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: over,
    ast.Pow: lambda a, b: a**b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


class Evaluated:
    """All that a line may mean: every operation in one precision; with `wide`, also what is
    computed of scalars as the host has them, in float64, rounded once."""

    def __init__(self, kind: Any, wide: bool = False, words: Any = NAMES) -> None:
        self.kind, self.wide, self.words = kind, wide, words

    def of(self, text: str) -> list[Any]:
        self.text = text
        with np.errstate(all="ignore"):
            return self.node(ast.parse(text, mode="eval").body)

    def node(self, x: Any) -> list[Any]:
        if isinstance(x, ast.Constant):
            is_truth = isinstance(x.value, bool)
            return [x.value if is_truth else self.kind(ast.get_source_segment(self.text, x))]
        if isinstance(x, ast.Name):
            return [self.kind(x.id)]  # nan, inf
        if isinstance(x, ast.UnaryOp):
            return [-a for a in self.node(x.operand)]
        word, ends = self.word(x)
        found = [self.rounded(word(*a)) for a in product(*map(self.node, ends))]
        if self.wide and isinstance(x, ast.BinOp):
            left, right = (self.as_float64(end) for end in ends)
            rights = [right, *map(np.float64, self.node(ends[1]))]
            found += [self.kind(word(left, right)) for right in rights]
        return found

    def word(self, x: Any) -> tuple[Callable[..., Any], list[Any]]:
        if isinstance(x, ast.Call):
            return self.words[x.func.id], x.args  # type: ignore[attr-defined]
        if isinstance(x, ast.Compare):
            return OPERATORS[type(x.ops[0])], [x.left, x.comparators[0]]
        return OPERATORS[type(x.op)], [x.left, x.right]

    def as_float64(self, x: Any) -> Any:
        (found,) = Evaluated(np.float64, words=self.words).of(
            ast.get_source_segment(self.text, x) or ""
        )
        return found

    def rounded(self, x: Any) -> Any:
        return x if isinstance(x, (bool, np.bool_)) else self.kind(x)


def bits(x: Any) -> Any:
    """A number as its bits; one for all nan."""
    x = np.asarray(x).reshape(())[()]
    return "nan" if x != x else (x.dtype.name, x.tobytes())


def recorded(name: str, dtype: Any) -> Any:
    """Steps of an optimizer on drawn numbers."""
    case, rng = CASES[name], np.random.default_rng(sum(map(ord, name)))
    p = fg.Tensor(rng.standard_normal(ELEMENTS), dtype=dtype, requires_grad=True, name="w")
    optimizer = case.make([p], **case.settings)
    with trace(elements=ELEMENTS) as seen:
        for _ in range(STEPS):
            g = rng.standard_normal(ELEMENTS) * 10.0 ** rng.integers(-12, 9, ELEMENTS)
            p.grad = fg.Tensor(np.where(rng.random(ELEMENTS) < 0.1, 0.0, g), dtype=dtype)
            optimizer.step()
    return seen.parameter("w")


def host(text: str) -> float:
    """What a line of scalars is, in 120 digits, then rounded once."""
    words = {"sqrt": root, "abs": abs, "max": max, "min": min, "where": NAMES["where"]}
    kind = lambda x: x if isinstance(x, MP.mpf) else MP.mpf(float(x))  # noqa: E731
    (found,) = Evaluated(kind, words=words).of(text)
    return nearest(found) if MP.isfinite(found) else float(found)


def root(x: Any) -> Any:
    return MP.sqrt(x) if x >= 0 else MP.nan


def is_right(node: Node, text: str, x: Any, named: set[Node]) -> bool:
    if not node.elementwise:  # which the host computes exactly, and rounds once
        return math.isnan(host(text)) if np.isnan(x) else host(text) == x
    inner = [n for n in in_order((node,)) if n is node or n not in named]
    wide = any(n.name == "scale" or not (n.elementwise or n.is_leaf) for n in inner)
    wide = wide and x.dtype != np.float64
    return bits(x) in map(bits, Evaluated(x.dtype.type, wide).of(text))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", CASES)
def test_the_text_of_every_column_evaluates_to_its_value(name: str, dtype: Any) -> None:
    log = recorded(name, dtype)
    shown = columns(log.program)
    named = {column.node for column in shown}
    for t, place in product(range(STEPS), range(ELEMENTS)):
        values = {
            n: x[place : place + 1] if isinstance(x, np.ndarray) and x.size > 1 else x
            for n, x in log.values(t).items()
        }
        for column in shown:
            x = np.asarray(values[column.node]).reshape(-1)[0]
            x = x if column.node.elementwise else np.float64(x)
            text = substituted(column.node, named, values)
            assert is_right(column.node, text, x, named), (column.key, text, x)


def test_more_than_a_thousand_rows_are_evaluated() -> None:
    assert len(CASES) * ELEMENTS * STEPS >= 1000


EXACTLY = [0.1, -0.0, 1e22, 1.5e-310, 123456.789, 1e16, -2.5, np.pi, 5e-324, 1.7e308]


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("x", EXACTLY)
def test_a_number_reads_back_as_it_was_in_its_precision(kind: Any, x: float) -> None:
    with np.errstate(all="ignore"):
        given = kind(x)
    assert bits(kind(number(given))) == bits(given)
    assert len(number(given)) <= 25


def test_what_is_no_number_has_a_word() -> None:
    assert [number(x) for x in (np.nan, np.inf, -np.inf)] == ["nan", "inf", "-inf"]
    assert number(np.bool_(True)) == "True" and number(0.25) == "0.25" and number(3) == "3"


A, B = np.float64(0.1), np.float64(-0.3)
LINES: list[tuple[Callable[..., Any], str]] = [
    (lambda a, b: a - (b - a), "0.1 - (-0.3 - 0.1)"),
    (lambda a, b: a * (b * a), "0.1 * (-0.3 * 0.1)"),
    (lambda a, b: (a - b) * -a, "(0.1 - (-0.3)) * -0.1"),
    (lambda a, b: a / (b * b), "0.1 / (-0.3 * (-0.3))"),
    (lambda a, b: abs(b) + a, "abs(-0.3) + 0.1"),
    (lambda a, b: np.maximum(a + b, b), "max(0.1 + (-0.3), -0.3)"),
    (lambda a, b: np.sqrt(a * a), "sqrt(0.1 * 0.1)"),
]


@pytest.mark.parametrize(("rule", "text"), LINES)
def test_brackets_keep_the_order_of_operations(rule: Any, text: str) -> None:
    program, given = fg.lift(rule, "line").program, {"a": A, "b": B}
    leaf = lambda node: given[node.value]  # noqa: E731
    values = program.values(program.outputs, leaf, np.float64, lambda word: word.numpy)
    got = substituted(program.outputs[0], set(), values)
    assert got == text
    (found,) = Evaluated(np.float64).of(got)
    assert bits(found) == bits(rule(A, B))


def test_every_word_is_written_with_its_arguments() -> None:
    for name, word in WORDS.items():
        layout = form(name, len(word.takes))
        assert layout.text.count("{}") == len(layout.needs) == len(word.takes), name
    assert set(FORMS) <= set(WORDS)
    assert math.isclose(Evaluated(float).of("2 ** 3 - (1 - 2)")[0], 9.0)

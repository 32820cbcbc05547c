"""One step of one element as a record of every number, as the kernel computes them.

The rule's program is walked word by word in the precision of the states, with scalars as the
host computes them, and with denormals as the kernel of this launch takes them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError
from ..kernels.node import Node
from ..kernels.notation import LATEX
from ..kernels.program import Program
from ..kernels.typeset import Substituted, Writer
from .coming import Coming, coming
from .memory import Work
from .walk import walked

if TYPE_CHECKING:
    from .optimizer import Optimizer


class Line(NamedTuple):
    """A value that the author of the rule named: its symbol, its formula, and with numbers."""

    name: str
    symbol: str
    formula: str
    substituted: str
    value: float


@dataclass(frozen=True)
class Explanation:
    """A step: `theta_after == theta - step`, to the last bit, in the precision of the states.

    `before` and `after` hold the states, `scalars` what the host hands to the rule, `values`
    every quantity that the rule names, `denominator` what the step is divided by (None where
    the rule does not divide).
    """

    rule: str
    t: int
    theta: float
    g: float
    scalars: Mapping[str, float]
    before: Mapping[str, float]
    after: Mapping[str, float]
    values: Mapping[str, float]
    denominator: float | None
    step: float
    theta_after: float
    lines: tuple[Line, ...] = field(repr=False)

    @property
    def latex(self) -> str:
        """Each line of the rule as a formula, and with its numbers."""
        rows = (
            rf"{x.symbol} &= {x.formula} = {x.substituted} = {LATEX.number(x.value)}"
            for x in self.lines
        )
        return " \\\\\n".join(rows)

    def _repr_latex_(self) -> str:
        return rf"$$\begin{{aligned}} {self.latex} \end{{aligned}}$$"

    def __str__(self) -> str:
        shown = {"theta": self.theta, "g": self.g, **self.scalars}
        shown.pop("t", None)
        head = ", ".join(f"{name} = {value:.9g}" for name, value in shown.items())
        rows = [f"  {line.name:>12} = {line.value!r}" for line in self.lines]
        return "\n".join(
            [f"{self.rule}, t = {self.t}: {head}", *rows, f"  {'step':>12} = {self.step!r}"]
        )


def explain(optimizer: Optimizer, p: Tensor, index: Any) -> Explanation:
    """See `Optimizer.explain`.

    Raises: OptionError where p has no gradient here, or index does not pick one element.
    """
    now = _coming(optimizer, p)
    point = now.elements(_picked(now.work, index))
    return explanation(now.program, now.t, now.scalars, now.flushes, point)


def explanation(
    program: Program,
    t: int,
    scalars: Mapping[str, float],
    flushes: bool,
    point: Mapping[str, np.ndarray],
) -> Explanation:
    """The record of a step from what its kernel reads. Shapes: (1,) each in `point`."""
    walk = walked(program, point, scalars, flushes)
    numbers = {n: float(np.asarray(x).item()) for n, x in walk.items()}
    before = {name: float(x[0]) for name, x in point.items()}
    after = {n: numbers[x] for n, x in zip(program.output_names, program.outputs)}
    taken, denominator = _step(program, numbers)
    theta, theta_after = before.pop("theta"), after.pop("theta")
    return Explanation(
        rule=program.name,
        t=t,
        theta=theta,
        g=before.pop("g"),
        scalars=scalars,
        before=before | {name: scalars[name] for name in program.host_names},
        theta_after=theta_after,
        after=after,
        values={name: numbers[node] for node, name in program.named.items()},
        denominator=denominator,
        step=_between(*map(point["theta"].dtype.type, (theta, taken, theta_after))),
        lines=tuple(_lines(program, numbers)),
    )


def _coming(optimizer: Optimizer, p: Tensor) -> Coming:
    for now in coming(optimizer):
        if now.p is p:
            return now
    got = f"{p.name or 'one'} that has none, is frozen or is not trained here"
    where = f"{type(optimizer).__name__}.explain"
    raise OptionError(where, "a parameter with a gradient", got, "call it before step")


def _picked(work: Work, index: Any) -> np.ndarray:
    """The chosen element as a mask of those that move."""
    where = "explain"
    picked = np.zeros(work.p.shape, bool)
    try:
        picked[index] = True
    except IndexError as error:
        got, repair = f"{index!r}: {error}", "write (row, column)"
        raise OptionError(where, f"an index into {work.p.shape}", got, repair) from None
    if work.rows is not None:
        picked = picked[work.rows]
    if picked.sum() != 1:
        got = f"{index!r}, which picks {picked.sum()}"
        raise OptionError(
            where, "an index of one element that moves", got, "write (row, column)"
        )
    return picked


def _step(program: Program, numbers: Mapping[Node, float]) -> tuple[float, float | None]:
    """What is taken from theta (nan where the rule does not say it so), and what it was
    divided by."""
    end = dict(zip(program.output_names, program.outputs))["theta"]
    first, taken = (*end.args, end, end)[:2]
    ratios = (n for n in _under(taken, numbers) if n.name == "ratio")
    below = next((numbers[n.args[1]] for n in ratios), None)
    if first.value == "theta" and end.name in ("subtract", "add"):
        return (numbers[taken] if end.name == "subtract" else -numbers[taken]), below
    return math.nan, below


def _between(theta: Any, taken: Any, new: Any) -> float:
    """What the rule takes from theta; the difference where that is not all that happens, as
    where denormals are flushed."""
    with np.errstate(all="ignore"):
        return float(taken if theta - taken == new else theta - new)


def _under(node: Node, numbers: Mapping[Node, float]) -> Iterator[Node]:
    """A node and what it was computed from: of `where`, the side that was chosen."""
    yield node
    args = node.args
    if node.name == "where":
        args = args[1:2] if numbers[args[0]] else args[2:]
    for arg in args:
        yield from _under(arg, numbers)


def _lines(program: Program, numbers: Mapping[Node, float]) -> Iterator[Line]:
    formulas = Writer(program, LATEX).statements()
    filled = Substituted(program, LATEX, numbers).statements()
    for (node, name), (symbol, formula), (_, text) in zip(
        program.named.items(), formulas, filled, strict=True
    ):
        yield Line(name, symbol, formula, text, numbers[node])

"""One step of one element as a record of every number, as the kernel computes them.

The rule's program is walked word by word in the precision of the states, with what the host
computes in float64, and with denormals as the kernel of this launch takes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError, Word
from ..kernels.notation import LATEX
from ..kernels.program import Node, Program, plain
from ..kernels.typeset import Substituted, Writer
from .launch import Launch, launches
from .memory import Work

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

    def __str__(self) -> str:
        shown = {"theta": self.theta, "g": self.g, **self.scalars}
        head = ", ".join(f"{name} = {value:.9g}" for name, value in shown.items())
        rows = [f"  {line.name:>12} = {line.value!r}" for line in self.lines]
        return "\n".join(
            [f"{self.rule}, t = {self.t}: {head}", *rows, f"  {'step':>12} = {self.step!r}"]
        )


def explain(optimizer: Optimizer, p: Tensor, index: Any) -> Explanation:
    """See `Optimizer.explain`.

    Raises: OptionError where p has no gradient here, or index does not pick one element.
    """
    launch, work = _launch_of(optimizer, p)
    program, update = launch.update.program, launch.update
    point = _elements(work, program, index)
    tensors = [w.inputs(program.inputs, update.renewed) for w in launch.works]
    values = _walked(program, point, launch.scalars, update.flushes(tensors))
    before = {name: float(x[0]) for name, x in point.items()}
    before |= {name: work.state[name] for name in optimizer.host_names}
    return _record(launch, before, {n: np.asarray(x).item() for n, x in values.items()})


def _record(
    launch: Launch, before: dict[str, float], numbers: dict[Node, float]
) -> Explanation:
    program = launch.update.program
    outputs = zip(program.output_names, program.outputs, strict=True)
    after = {name: numbers[node] for name, node in outputs}
    step, denominator = _step(program, numbers, after)
    return Explanation(
        rule=program.name,
        t=launch.t,
        theta=before.pop("theta"),
        g=before.pop("g"),
        scalars=launch.scalars,
        before=before,
        theta_after=after.pop("theta"),
        after=after,
        values={name: numbers[node] for node, name in program.named.items()},
        denominator=denominator,
        step=step,
        lines=tuple(_lines(program, numbers)),
    )


def _launch_of(optimizer: Optimizer, p: Tensor) -> tuple[Launch, Work]:
    for launch in launches(optimizer):
        for work in launch.works:
            if work.p is p:
                return launch, work
    got = f"{p.name or 'one'} that has none, is frozen or is not trained here"
    where = f"{type(optimizer).__name__}.explain"
    raise OptionError(where, "a parameter with a gradient", got, "call it before step")


def _elements(work: Work, program: Program, index: Any) -> dict[str, np.ndarray]:
    """The chosen element of every input. Shapes: (1,) each."""
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
    arrays = dict(zip(program.inputs, work.inputs(program.inputs, ()), strict=True))
    return {name: np.asarray(_on_host(a))[picked] for name, a in arrays.items()}


def _on_host(array: Any) -> Any:
    return array.get() if hasattr(array, "get") else array


def _walked(
    program: Program, point: Mapping[str, Any], scalars: Mapping[str, float], flushes: bool
) -> dict[Node, Any]:
    """Every node's value; those that the host computes are Python floats."""
    dtype = point["theta"].dtype

    def meaning(word: Word) -> Callable[..., Any]:
        def compute(*args: Any) -> Any:
            if all(isinstance(a, float) for a in args):
                return float(word.numpy(*args))
            value = np.asarray(word.numpy(*args))
            return _flushed(value if value.dtype == bool else value.astype(dtype), flushes)

        return compute

    def leaf(node: Node) -> Any:
        if node.name == "scalar":
            return float(scalars[node.value])
        return _flushed(point[node.value], flushes)

    with np.errstate(all="ignore"):
        return program.values(program.outputs, leaf, plain, meaning)


def _flushed(value: np.ndarray, flushes: bool) -> np.ndarray:
    if not flushes or value.dtype == bool:
        return value
    tiny = np.finfo(value.dtype).smallest_normal
    return np.where(abs(value) < tiny, np.copysign(value.dtype.type(0), value), value)


def _step(
    program: Program, numbers: Mapping[Node, float], after: Mapping[str, float]
) -> tuple[float, float | None]:
    """What is taken from theta, and what it was divided by."""
    end = dict(zip(program.output_names, program.outputs))["theta"]
    first, taken = (*end.args, end, end)[:2]
    below = next((numbers[n.args[1]] for n in _under(taken) if n.name == "ratio"), None)
    if first.value == "theta" and end.name in ("subtract", "add"):
        return (numbers[taken] if end.name == "subtract" else -numbers[taken]), below
    theta = next(value for node, value in numbers.items() if node.value == "theta")
    return theta - after["theta"], below


def _under(node: Node) -> Iterator[Node]:
    yield node
    for arg in node.args:
        yield from _under(arg)


def _lines(program: Program, numbers: Mapping[Node, float]) -> Iterator[Line]:
    formulas = Writer(program, LATEX).statements()
    filled = Substituted(program, LATEX, numbers).statements()
    for (node, name), (symbol, formula), (_, text) in zip(
        program.named.items(), formulas, filled, strict=True
    ):
        yield Line(name, symbol, formula, text, numbers[node])

"""A recording as plain values that a page computes with: what is given, and no more.

A page walks the rule again from the gradients and from where parameter and states began; a
print of what each step left shows that it came out the same, bit for bit.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..kernels import wide
from ..kernels.infix import form
from ..kernels.node import Node, plain
from ..kernels.program import Program
from .columns import columns, denominator, step, theta_after
from .course import Course
from .kin import kin

# The words that a page computes to the last bit; kept beside `lens/js/words.js` by a test.
EXACT = frozenset(
    """add subtract multiply scale divide ratio negative absolute sign sqrt maximum minimum
    greater greater_equal less less_equal equal not_equal logical_and logical_or logical_not
    where""".split()  # noqa: SIM905 (as a table of words, not a column)
)


def numbers(values: Any) -> str:
    """Floats as text: base64 of their bytes, little end first, nan and inf included."""
    return b64encode(np.ascontiguousarray(values, "<f8").tobytes()).decode()


def program_book(program: Program) -> dict[str, Any]:
    """A rule: its nodes, which of them the host computes, its columns and outputs."""
    at = {node: k for k, node in enumerate(program.nodes)}
    end, taken, divisor = theta_after(program), step(program), denominator(program)
    return {
        "name": program.name,
        "nodes": [_node(node, at) for node in program.nodes],
        "host": [at[n] for n in program.nodes if not n.elementwise],
        "elements": [at[n] for n in program.nodes if n.elementwise],
        "outputs": [[x, at[n]] for x, n in zip(program.output_names, program.outputs)],
        "names": {str(at[n]): name for n, name in program.names.items() if not n.is_leaf},
        "columns": [[c.key, at[c.node], c.symbol, c.formula] for c in columns(program)],
        "end": at[end],
        "step": None if taken is None else at[taken],
        "denominator": None if divisor is None else at[divisor],
        "exact": is_exact(program),
    }


def _node(node: Node, at: dict[Node, int]) -> list[Any]:
    if node.name == "constant":
        return ["constant", plain(node.value)]
    if node.is_leaf:
        return [node.name, node.value]
    return [node.name, *(at[a] for a in node.args)]


def is_exact(program: Program) -> bool:
    """Whether a page can compute all of it to the last bit, for settings of any kind."""
    words = [n for n in program.nodes if not n.is_leaf]
    return all(n.name in (EXACT if n.elementwise else wide.WORDS) for n in words)


def forms(programs: Iterable[Program]) -> dict[str, list[Any]]:
    """How each word of some rules is written on a line; see `kernels/infix.py`."""
    words = {n.name: len(n.args) for p in programs for n in p.nodes if not n.is_leaf}
    return {word: list(form(word, count)) for word, count in sorted(words.items())}


def steps_book(courses: Sequence[Course]) -> dict[str, Any]:
    """All that was recorded of optimizers: rules, each once, what else goes by their names, and
    runs."""
    kinds = dict.fromkeys(type(course.log.optimizer) for course in courses)
    relatives = {kind.__name__: kin(kind) for kind in kinds}
    own = [course.log.program for course in courses]
    every = [*own, *(one.program for kins in relatives.values() for one in kins)]
    programs = list(dict.fromkeys(every))
    at = {program: k for k, program in enumerate(programs)}
    return {
        "programs": [program_book(program) for program in programs],
        "forms": forms(programs),
        "kin": {
            name: [{**one._asdict(), "program": at[one.program]} for one in kins]
            for name, kins in relatives.items()
        },
        "followed": [run_book(course, at[course.log.program]) for course in courses],
    }


def run_book(course: Course, program: int) -> dict[str, Any]:
    """What was recorded of the followed elements of one parameter."""
    log = course.log
    varying = [n for n in log.scalars[0] if n != "t" and len({s[n] for s in log.scalars}) > 1]
    is_one = len(set(log.flushed)) == 1
    return {
        "name": log.name,
        "shape": list(log.shape),
        "optimizer": type(log.optimizer).__name__,
        "program": program,
        "dtype": log.before[0]["theta"].dtype.name,
        "flushes": log.flushed[0] if is_one else log.flushed,
        "t": log.t,
        "scalars": {n: float(x) for n, x in log.scalars[0].items() if n != "t"},
        "varying": {n: numbers([s[n] for s in log.scalars]) for n in varying},
        "elements": [_element_book(course, k, i) for k, i in enumerate(log.indices)],
    }


def _element_book(course: Course, k: int, index: Sequence[int]) -> dict[str, Any]:
    log = course.log
    given = [n for n in log.program.inputs if n not in log.renewed]
    rows = {} if is_exact(log.program) else {"rows": _rows(course, k)}
    return {
        **rows,
        "index": list(index),
        "given": {n: numbers(course.before[n][:, k]) for n in given},
        "start": {n: numbers(course.before[n][:1, k]) for n in log.renewed},
        "jumps": _jumps(course, k),
        "prints": course.prints[:, k].tolist(),
    }


def _rows(course: Course, k: int) -> list[str]:
    """Every value of a rule that a page cannot compute, by node."""
    return [numbers(course.element(node, k)) for node in course.log.program.nodes]


def _jumps(course: Course, k: int) -> dict[str, dict[str, str]]:
    """What something else set between two steps, by step; states of the host too."""
    found: dict[str, dict[str, str]] = {}
    for name in course.log.renewed:
        for row in np.flatnonzero(course.moved(name)[:, k]):
            moved = found.setdefault(str(row), {})
            moved[name] = numbers(course.before[name][row, k])
    for name in course.log.program.host_names:
        for row in np.flatnonzero(course.host_moved(name)):
            moved = found.setdefault(str(row), {})
            moved[name] = numbers(course.log.scalars[row][name])
    return found

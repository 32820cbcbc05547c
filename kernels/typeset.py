"""The typesetting reader: a rule as a person writes it, in LaTeX and in MathML.

The author's local names become symbols: `m_hat` is m with a hat, `beta1` is beta with index 1.
When a rule renews one of its inputs (`m = beta1 * m + ...`), it describes one step of a
recursion: the old value is then written with index t-1, the new one with index t.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import RuleError
from .node import Node, plain
from .notation import LATEX, LAYOUTS, MATHML, SHORT, Notation
from .program import Program


class Writer:
    """Writes one program in one notation."""

    def __init__(self, program: Program, notation: Notation) -> None:
        self.program, self.notation = program, notation
        states = {*program.inputs, *program.host_names}
        renewed = set(program.names.values()) & states
        self.renewed = {
            n
            for n in renewed
            if any(name == n and not node.is_leaf for node, name in program.names.items())
        }

    def statements(self) -> list[tuple[str, str]]:
        """(left side, right side) of every value the author named, and of every output."""
        named = self.program.named
        return [(self.named(n, name), self.formula(n)) for n, name in named.items()]

    def named(self, node: Node, name: str) -> str:
        """The symbol of a value: of this step, where it is one of a recursion that an element
        or a state takes part in."""
        steps = self.renewed and (node.elementwise or name in self.renewed)
        return self.notation.symbol(name, "t" if steps and not name.endswith("_t") else "")

    def leaf(self, node: Node) -> str:
        if node.word == "constant":
            return self.notation.constant(node.value)
        if node.value in self.renewed:
            return self.notation.symbol(node.value, "t-1")
        given = node.word == "element" and self.renewed
        return self.notation.symbol(node.value, "t" if given else "")

    def _argument(self, node: Node, at_least: int) -> str:
        is_negative = node.word == "constant" and plain(node.value) < 0
        if node.is_leaf and not is_negative:
            return self.leaf(node)
        if node in self.program.names:
            return self.named(node, self.program.names[node])
        layout = "negative" if is_negative else node.function.layout
        strength = LAYOUTS[layout].binds if layout in LAYOUTS else 4
        text = self.leaf(node) if is_negative else self.formula(node)
        brackets = self.notation.brackets if strength < at_least else "{}"
        return self.notation.group.format(brackets.format(text))

    def formula(self, node: Node) -> str:
        layout, args = node.function.layout, node.args
        if layout == "call":
            comma = ", " if self.notation is LATEX else "<mo>,</mo>"
            listed = comma.join(self._argument(a, -2) for a in args)
            return self.notation.function.format(SHORT.get(node.name, node.name), listed)
        if layout == "times" and (squared := self._squared(*args)):
            return squared
        if layout == "times" and self._is_reciprocal(args[1]):
            layout, args = "fraction", (args[0], args[1].args[1])
        needs = LAYOUTS[layout].needs
        return self._set(layout, *(self._argument(a, k) for a, k in zip(args, needs)))

    def _is_reciprocal(self, node: Node) -> bool:
        """Whether this is a host's 1 / h, as the tracer writes it where a rule divides by h."""
        is_one = node.name == "divide" and node.args[0].value == 1
        return is_one and not node.elementwise and node not in self.program.names

    def _set(self, layout: str, *texts: str) -> str:
        if layout == "times" and re.match(r"(<mrow>|<msup>|<mn>)*\d", texts[1]):
            layout = "product"  # two numbers side by side would be one
        template: str = getattr(LAYOUTS[layout], self.notation.language)
        if texts[0].startswith("<msub>") and "<msup>{}{}</msup>" in template:
            # An index and a power of one symbol stand above each other.
            inner = texts[0].removeprefix("<msub>").removesuffix("</msub>")
            return template.replace("msup", "msubsup").format(inner, *texts[1:])
        return template.format(*texts)

    def _squared(self, left: Node, right: Node) -> str:
        """x * x and a * x * x with a square, as papers write them; else nothing."""
        square = self._set("power", self._argument(right, 4), self.notation.constant(2))
        if left is right:
            return square
        is_product = not left.is_leaf and left.function.layout == "times"
        if not is_product or left in self.program.names or left.args[1] is not right:
            return ""
        return self._set("times", self._argument(left.args[0], 2), square)


class Substituted(Writer):
    """Writes one program with numbers in place of symbols."""

    def __init__(
        self, program: Program, notation: Notation, values: Mapping[Node, float]
    ) -> None:
        super().__init__(program, notation)
        self.values = values

    def _argument(self, node: Node, at_least: int) -> str:
        if not (node.is_leaf or node in self.program.names):
            return super()._argument(node, at_least)
        value = self.values[node]
        text = self.notation.number(value)
        return self.notation.brackets.format(text) if value < 0 and at_least > 0 else text

    def _set(self, layout: str, *texts: str) -> str:
        return super()._set("product" if layout == "times" else layout, *texts)


def _program_of(rule: Any) -> Program:
    """The program of a formula, of an optimizer or of its update."""
    rule = getattr(rule, "update", rule)
    program = getattr(rule, "program", rule)
    if not isinstance(program, Program):
        got = f"{type(rule).__name__} {getattr(rule, '__name__', rule)!s}"
        raise RuleError("latex", "a lifted rule or an optimizer", got, "lift it with fg.lift")
    return program


def latex(rule: Any) -> str:
    r"""A rule as an aligned block of LaTeX, a line for each value that the author named.

    `rule` is a program, a lifted formula, or an optimizer.
    Raises: RuleError for anything else.

    >>> from fusegrad.kernels.tracer import trace
    >>> print(latex(trace(lambda g, v, *, rho: rho * v + (1 - rho) * g * g)))
    y &= \rho \, v + \left(1 - \rho\right) \, g^{2}
    """
    lines = Writer(_program_of(rule), LATEX).statements()
    return " \\\\\n".join(f"{left} &= {right}" for left, right in lines)


def mathml(rule: Any) -> str:
    """A rule as one `<math>` element, which browsers draw with no library; see `latex`."""
    rows = "".join(
        f"<mtr><mtd style='text-align:right'>{left}</mtd><mtd><mo>=</mo></mtd>"
        f"<mtd style='text-align:left'>{right}</mtd></mtr>"
        for left, right in Writer(_program_of(rule), MATHML).statements()
    )
    return f'<math display="block"><mtable displaystyle="true">{rows}</mtable></math>'

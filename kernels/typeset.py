"""The typesetting reader: a rule as a person writes it, in LaTeX and in MathML.

The author's local names become symbols: `m_hat` is m with a hat, `beta1` is beta with index 1.
When a rule renews one of its inputs (`m = beta1 * m + ...`), it describes one step of a
recursion: the old value is then written with index t-1, the new one with index t.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from .errors import RuleError
from .program import Node, Program, plain
from .vocabulary import Constant

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε",
    "theta": "θ", "lam": "λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "eta": "η", "pi": "π", "kappa": "κ", "lambd": "λ",
}  # fmt: skip
SHORT = {"maximum": "max", "minimum": "min", "sign": "sgn", "logical_not": "not"}
LATEX_NAME = {"lam": "lambda", "lambd": "lambda", "eps": "epsilon"}

CONSTANT_NAMES = {
    "pi": (r"\pi", "<mi>π</mi>"),
    "log_2": (r"\log 2", "<mi>log</mi><mn>2</mn>"),
    "log_10": (r"\log 10", "<mi>log</mi><mn>10</mn>"),
    "sqrt_2": (r"\sqrt{2}", "<msqrt><mn>2</mn></msqrt>"),
    "sqrt_pi": (r"\sqrt{\pi}", "<msqrt><mi>π</mi></msqrt>"),
    "sqrt_2pi": (r"\sqrt{2 \pi}", "<msqrt><mn>2</mn><mi>π</mi></msqrt>"),
}


class Layout(NamedTuple):
    """How a word looks: how strongly it binds, how strongly its arguments must, and texts."""

    binds: int
    needs: tuple[int, ...]
    latex: str
    mathml: str


LAYOUTS = {
    "plus": Layout(1, (1, 1), "{} + {}", "{}<mo>+</mo>{}"),
    "minus": Layout(1, (1, 2), "{} - {}", "{}<mo>−</mo>{}"),
    "complement": Layout(1, (4, 0), "1 - {}^{{{}}}", "<mn>1</mn><mo>−</mo><msup>{}{}</msup>"),
    "negative": Layout(1, (2,), "-{}", "<mo>−</mo>{}"),
    "times": Layout(2, (2, 2), r"{} \, {}", "{}<mspace width='0.17em'/>{}"),
    "fraction": Layout(3, (0, 0), r"\frac{{{}}}{{{}}}", "<mfrac>{}{}</mfrac>"),
    "power": Layout(3, (4, 0), "{}^{{{}}}", "<msup>{}{}</msup>"),
    "root": Layout(4, (0,), r"\sqrt{{{}}}", "<msqrt>{}</msqrt>"),
    "exp": Layout(3, (0,), "e^{{{}}}", "<msup><mi>e</mi>{}</msup>"),
    "bars": Layout(4, (0,), r"\lvert {} \rvert", "<mo>|</mo>{}<mo>|</mo>"),
    "floor": Layout(4, (0,), r"\lfloor {} \rfloor", "<mo>⌊</mo>{}<mo>⌋</mo>"),
    "ceil": Layout(4, (0,), r"\lceil {} \rceil", "<mo>⌈</mo>{}<mo>⌉</mo>"),
    "quotient": Layout(
        4, (1, 3), r"\lfloor {} / {} \rfloor", "<mo>⌊</mo>{}<mo>/</mo>{}<mo>⌋</mo>"
    ),
    "or": Layout(-2, (-2, -2), r"{} \lor {}", "{}<mo>∨</mo>{}"),
    "and": Layout(-1, (-1, -1), r"{} \land {}", "{}<mo>∧</mo>{}"),
    "xor": Layout(-1, (0, 0), r"{} \oplus {}", "{}<mo>⊕</mo>{}"),
    "greater": Layout(0, (1, 1), "{} > {}", "{}<mo>&gt;</mo>{}"),
    "atleast": Layout(0, (1, 1), r"{} \ge {}", "{}<mo>≥</mo>{}"),
    "less": Layout(0, (1, 1), "{} < {}", "{}<mo>&lt;</mo>{}"),
    "atmost": Layout(0, (1, 1), r"{} \le {}", "{}<mo>≤</mo>{}"),
    "equals": Layout(0, (1, 1), "{} = {}", "{}<mo>=</mo>{}"),
    "differs": Layout(0, (1, 1), r"{} \ne {}", "{}<mo>≠</mo>{}"),
    "cases": Layout(
        3,
        (-2, 0, 0),
        r"\begin{{cases}} {1} & {0} \\ {2} & \text{{otherwise}} \end{{cases}}",
        "<mrow><mo>{{</mo><mtable columnalign='left'><mtr><mtd>{1}</mtd><mtd>{0}</mtd>"
        "</mtr><mtr><mtd>{2}</mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable>"
        "</mrow>",
    ),
}


@dataclass(frozen=True)
class Notation:
    """What differs between the two languages: symbols, brackets and where a group starts."""

    language: str
    group: str
    brackets: str
    function: str

    def symbol(self, name: str, index: str = "") -> str:
        base, hat, own = _parts(name)
        index = ", ".join(filter(None, (own, index)))
        return (
            _latex(base, hat, index) if self.language == "latex" else _mathml(base, hat, index)
        )

    def constant(self, value: float | Constant) -> str:
        if isinstance(value, Constant):
            return CONSTANT_NAMES[value.name][self.language == "mathml"]
        text = f"{value:g}" if float(f"{value:g}") == value else repr(value)
        return text if self.language == "latex" else f"<mn>{text}</mn>"


LATEX = Notation("latex", "{}", r"\left({}\right)", r"\operatorname{{{}}}\left({}\right)")
MATHML = Notation(
    "mathml",
    "<mrow>{}</mrow>",
    "<mo>(</mo>{}<mo>)</mo>",
    "<mi mathvariant='normal'>{}</mi><mo>(</mo>{}<mo>)</mo>",
)


def _parts(name: str) -> tuple[str, bool, str]:
    """`m_hat` -> (m, hat, ''); `beta1` -> (beta, no hat, '1'); `a_t` -> (a, .., 't')."""
    base, *rest = name.split("_")
    if match := re.fullmatch(r"([a-z]+?)(\d+)", base):
        base, rest = match[1], [match[2], *rest]
    return base, "hat" in rest, " ".join(r for r in rest if r != "hat")


def _latex(base: str, hat: bool, index: str) -> str:
    text = "\\" + LATEX_NAME.get(base, base) if base in GREEK else base
    text = base if len(base) == 1 else text if base in GREEK else rf"\mathrm{{{base}}}"
    text = rf"\hat{{{text}}}" if hat else text
    return f"{text}_{{{index}}}" if index else text


def _mathml(base: str, hat: bool, index: str) -> str:
    text = f"<mi>{escape(GREEK.get(base, base))}</mi>"
    text = f"<mover accent='true'>{text}<mo>^</mo></mover>" if hat else text
    return f"<msub>{text}<mrow>{_index(index)}</mrow></msub>" if index else text


def _index(index: str) -> str:
    tokens = re.findall(r"\d+|[a-z]+|[^\w\s]", index)
    tags = ("mn" if t.isdigit() else "mi" if t.isalpha() else "mo" for t in tokens)
    return "".join(f"<{tag}>{escape(t)}</{tag}>" for tag, t in zip(tags, tokens, strict=True))


class Writer:
    """Writes one program in one notation."""

    def __init__(self, program: Program, notation: Notation) -> None:
        self.program, self.notation = program, notation
        renewed = set(program.names.values()) & set(program.inputs)
        self.renewed = {
            n
            for n in renewed
            if any(name == n and not node.is_leaf for node, name in program.names.items())
        }

    def statements(self) -> list[tuple[str, str]]:
        """(left side, right side) of every value the author named, and of every output."""
        outputs = dict(zip(self.program.outputs, self.program.output_names, strict=True))
        names = {**outputs, **self.program.names}
        return [
            (self._named(names[n]), self._formula(n))
            for n in self.program.nodes
            if n in names and not n.is_leaf
        ]

    def _named(self, name: str) -> str:
        has_index = name.endswith("_t")
        return self.notation.symbol(name, "t" if self.renewed and not has_index else "")

    def _leaf(self, node: Node) -> str:
        if node.word == "constant":
            return self.notation.constant(node.value)
        if node.word == "scalar" or not self.renewed:
            return self.notation.symbol(node.value)
        index = "t-1" if node.value in self.renewed else "t"
        return self.notation.symbol(node.value, index)

    def _argument(self, node: Node, at_least: int) -> str:
        is_negative = node.word == "constant" and plain(node.value) < 0
        if node.is_leaf and not is_negative:
            return self._leaf(node)
        if node in self.program.names:
            return self._named(self.program.names[node])
        layout = "negative" if is_negative else node.function.layout
        strength = LAYOUTS[layout].binds if layout in LAYOUTS else 4
        text = self._leaf(node) if is_negative else self._formula(node)
        brackets = self.notation.brackets if strength < at_least else "{}"
        return self.notation.group.format(brackets.format(text))

    def _formula(self, node: Node) -> str:
        layout = node.function.layout
        if layout == "call":
            comma = ", " if self.notation is LATEX else "<mo>,</mo>"
            args = comma.join(self._argument(a, -2) for a in node.args)
            return self.notation.function.format(SHORT.get(node.name, node.name), args)
        if layout == "times" and (squared := self._squared(*node.args)):
            return squared
        needs = LAYOUTS[layout].needs
        return self._set(layout, *(self._argument(a, k) for a, k in zip(node.args, needs)))

    def _set(self, layout: str, *texts: str) -> str:
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
        if left.name != "multiply" or left in self.program.names or left.args[1] is not right:
            return ""
        return self._set("times", self._argument(left.args[0], 2), square)


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

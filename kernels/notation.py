"""Symbols, numbers and layouts of formulas, in LaTeX and in MathML."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from .vocabulary import Constant

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "eps": "ε", "epsilon": "ε",
    "theta": "θ", "lam": "λ", "mu": "μ", "nu": "ν", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "eta": "η", "psi": "ψ", "pi": "π", "kappa": "κ", "lambd": "λ",
}  # fmt: skip
ACCENTS = {"hat": "^", "bar": "¯"}
SHORT = {"maximum": "max", "minimum": "min", "sign": "sgn", "logical_not": "not"}
LATEX_NAME = {"lam": "lambda", "lambd": "lambda", "eps": "epsilon"}

CONSTANT_NAMES = {
    "pi": (r"\pi", "<mi>π</mi>"),
    "log_2": (r"\log 2", "<mi>log</mi><mn>2</mn>"),
    "log_10": (r"\log 10", "<mi>log</mi><mn>10</mn>"),
    "sqrt_2": (r"\sqrt{2}", "<msqrt><mn>2</mn></msqrt>"),
    "sqrt_half": (r"\sqrt{1/2}", "<msqrt><mn>1/2</mn></msqrt>"),
    "bell": (
        r"\frac{1}{\sqrt{2 \pi}}",
        "<mfrac><mn>1</mn><msqrt><mn>2</mn><mi>π</mi></msqrt></mfrac>",
    ),
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
    "product": Layout(2, (2, 2), r"{} \cdot {}", "{}<mo>·</mo>{}"),
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
        base, accent, own = _parts(name)
        index = ", ".join(filter(None, (own, index)))
        return (
            _latex(base, accent, index)
            if self.language == "latex"
            else _mathml(base, accent, index)
        )

    def constant(self, value: float | Constant) -> str:
        if isinstance(value, Constant):
            return CONSTANT_NAMES[value.name][self.language == "mathml"]
        text = f"{value:g}" if float(f"{value:g}") == value else repr(value)
        return text if self.language == "latex" else f"<mn>{text}</mn>"

    def number(self, value: float) -> str:
        """A number to six digits, with a power of ten where it needs one."""
        digits, _, power = f"{value:.6g}".partition("e")
        if not math.isfinite(value):
            digits = r"\mathrm{" + digits + "}" if self.language == "latex" else digits
        if self.language == "latex":
            return digits + (rf" \cdot 10^{{{int(power)}}}" if power else "")
        times = f"<mo>·</mo><msup><mn>10</mn><mn>{int(power)}</mn></msup>" if power else ""
        return f"<mrow><mn>{digits}</mn>{times}</mrow>"


LATEX = Notation("latex", "{}", r"\left({}\right)", r"\operatorname{{{}}}\left({}\right)")
MATHML = Notation(
    "mathml",
    "<mrow>{}</mrow>",
    "<mo>(</mo>{}<mo>)</mo>",
    "<mi mathvariant='normal'>{}</mi><mo>(</mo>{}<mo>)</mo>",
)


def _parts(name: str) -> tuple[str, str, str]:
    """`m_hat` -> (m, hat, ''); `beta1` -> (beta, no accent, '1'); `a_t` -> (a, .., 't')."""
    base, *rest = name.split("_")
    if match := re.fullmatch(r"([a-z]+?)(\d+)", base):
        base, rest = match[1], [match[2], *rest]
    accent = next((r for r in rest if r in ACCENTS), "")
    return base, accent, " ".join(r for r in rest if r not in ACCENTS)


def _latex(base: str, accent: str, index: str) -> str:
    text = "\\" + LATEX_NAME.get(base, base) if base in GREEK else base
    text = base if len(base) == 1 else text if base in GREEK else rf"\mathrm{{{base}}}"
    text = rf"\{accent}{{{text}}}" if accent else text
    index = re.sub(r"\binf\b", r"\\infty", index)
    return f"{text}_{{{index}}}" if index else text


def _mathml(base: str, accent: str, index: str) -> str:
    text = f"<mi>{escape(GREEK.get(base, base))}</mi>"
    if accent:
        text = f"<mover accent='true'>{text}<mo>{ACCENTS[accent]}</mo></mover>"
    return f"<msub>{text}<mrow>{_index(index)}</mrow></msub>" if index else text


def _index(index: str) -> str:
    tokens = re.findall(r"\d+|[a-z]+|[^\w\s]", index)
    tokens = ["∞" if t == "inf" else t for t in tokens]
    tags = ("mn" if t.isdigit() else "mi" if t.isalpha() else "mo" for t in tokens)
    return "".join(f"<{tag}>{escape(t)}</{tag}>" for tag, t in zip(tags, tokens, strict=True))

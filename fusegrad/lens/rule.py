"""The optimizers' update rules, as computed."""

from html.parser import HTMLParser

from .markup import Html, join, tag
from .record import Formula, Result

LEAVES = {"mi", "mn", "mo", "ms", "mtext", "mspace", "none", "mprescripts", "annotation"}
SCRIPTS = {"msup", "msub", "msubsup", "munder", "mover", "munderover", "mmultiscripts"}
LAYOUT = {"math", "mrow", "mfrac", "msqrt", "mroot", "mstyle", "mpadded", "semantics"}
TABLES = {"mtable", "mtr", "mtd", "mphantom", "menclose"}
ALLOWED = LEAVES | SCRIPTS | LAYOUT | TABLES


class _Reader(HTMLParser):
    """Collects what would not be plain MathML: other elements, handlers, links."""

    def __init__(self) -> None:
        super().__init__()
        self.first = ""
        self.foreign: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.first = self.first or tag
        risky = [key for key, _ in attrs if key.startswith("on") or "href" in key]
        self.foreign += risky if tag in ALLOWED else [tag]


def is_mathml(text: str) -> bool:
    """Whether the text is one <math> element of MathML and nothing else."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    closed = text.strip().startswith("<math") and text.strip().endswith("</math>")
    return closed and reader.first == "math" and not reader.foreign


def rules(result: Result) -> Html:
    """One block per optimizer."""
    return join((_rule(formula) for formula in result.formulas), "\n")


def _rule(formula: Formula) -> Html:
    source = tag("pre", tag("code", formula.latex), tabindex=0)
    copy = tag("button", "Copy LaTeX", type="button", class_="copy", hidden="")
    more = tag("details", tag("summary", "LaTeX source"), copy, source)
    where = tag("p", formula.where, class_="where")
    return tag("article", tag("h3", formula.name), *_shown(formula), where, more)


def _shown(formula: Formula) -> list[Html]:
    """The formula itself; left to its LaTeX source when it is not clean MathML."""
    if not is_mathml(formula.mathml):
        return []
    return [tag("div", Html(formula.mathml), class_="math scroll", tabindex=0)]

"""What papers claim of their optimizers, checked on the rules that run.

claim.py  suite.py  drive.py                what a row is, whom it is about, how they are driven
algorithm.py  invariance.py  bounds.py  infinity.py          Adam's and AdaMax's own sections
relations.py  decay.py  relatives.py        RMSProp, Adagrad, averages; AdamW; other papers
proof.py  counterexamples.py  regret.py     Theorem 4.1, where it holds and where it does not
"""

from . import (  # noqa: F401 (each enters its claims in the table)
    algorithm,
    bounds,
    counterexamples,
    decay,
    infinity,
    invariance,
    proof,
    regret,
    relations,
    relatives,
)
from .claim import CLAIMS, Claim, Finding, Row, Suite, checked
from .suite import SUITE

CHAPTERS = (
    "algorithm",
    "invariance",
    "bounds",
    "infinity",
    "relations",
    "proof",
    "regret",
    "counterexamples",
    "decay",
    "relatives",
)
CLAIMS = dict(sorted(CLAIMS.items(), key=lambda item: CHAPTERS.index(item[1].chapter)))

__all__ = ["CLAIMS", "SUITE", "Claim", "Finding", "Row", "Suite", "checked"]

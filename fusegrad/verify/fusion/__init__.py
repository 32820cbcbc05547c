"""How every fusion and objective splits the error, proved: `fusegrad verify fusion`.

case.py  proof.py     a row of the table, and how it is proved
meetings.py           fusions and decisions, from their own tables
"""

from .case import Case
from .meetings import MEETINGS
from .proof import Proof, proved

CASES: dict[str, Case] = {case.name: case for case in MEETINGS}

__all__ = ["CASES", "Case", "Proof", "proved"]

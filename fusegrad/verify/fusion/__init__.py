"""How every fusion and objective splits the error, proved: `fusegrad verify fusion`.

case.py  proof.py     a row of the table, and how it is proved
meetings.py           fusions and decisions, from their own tables
between.py            objectives between modalities
beside.py             objectives beside a task's own: generating.py and regularising.py
parts.py              small parts that these are built from
"""

from .beside import BESIDE
from .between import BETWEEN
from .case import Case
from .meetings import MEETINGS
from .proof import Proof, proved

CASES: dict[str, Case] = {case.name: case for case in [*MEETINGS, *BETWEEN, *BESIDE]}

__all__ = ["CASES", "Case", "Proof", "proved"]

"""Feature level: branch features become one vector F.

fusion.py  catalogue.py     the base, and the table of all of them
concat.py  sums.py          side by side; sums
gate.py                     gates
"""

from .catalogue import FUSIONS, Row
from .concat import Concat
from .fusion import Fusion
from .gate import Gate
from .sums import Sum

__all__ = ["FUSIONS", "Concat", "Fusion", "Gate", "Row", "Sum"]

"""Decision level: every modality votes, and the votes become one row of logits.

decision.py  catalogue.py    the base, and the table of all of them
mean.py                      means of logits and of probabilities
"""

from .catalogue import DECISIONS, Row
from .decision import Decision
from .mean import MeanLogits

__all__ = ["DECISIONS", "Decision", "MeanLogits", "Row"]

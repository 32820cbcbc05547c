"""Decision level: every modality votes, and the votes become one row of logits.

decision.py  catalogue.py    the base, and the table of all of them
mean.py  sum.py              means of logits and of probabilities; the sum of logits
weighted.py  stacking.py     weights that are learned; a learner on top
"""

from .catalogue import DECISIONS, Row
from .decision import Decision
from .mean import MeanLogits, MeanProbabilities
from .stacking import Stacking
from .sum import SumLogits
from .weighted import AverageLogits, WeightedLogits

__all__ = [
    "DECISIONS",
    "AverageLogits",
    "Decision",
    "MeanLogits",
    "MeanProbabilities",
    "Row",
    "Stacking",
    "SumLogits",
    "WeightedLogits",
]

"""How good predictions are, in numbers that people compare: counts, shares and ranks.

Every function takes what was predicted, then what is true, as arrays or Tensors:

    predicted   classes (...) as integers, or scores (..., C), of which the largest counts,
                the first of equals
    labels      the true classes (...) as integers from 0

counting.py  shares.py  ranking.py    what is right, of each class, in order
mean.py  given.py                     over batches; what is refused
Source: definitions as in scikit-learn, whose order of arguments is the other way round.
"""

from .counting import accuracy, confusion_matrix, top_k_accuracy
from .mean import Mean
from .ranking import roc_auc
from .shares import f1, precision, recall

__all__ = [
    "Mean",
    "accuracy",
    "confusion_matrix",
    "f1",
    "precision",
    "recall",
    "roc_auc",
    "top_k_accuracy",
]

"""Differentiation; knows no layer.

op.py  tape.py  backward.py       what an op is, the graph it leaves, the walk back
row.py  elementwise.py            THE table: one row an elementwise op
shaping.py  indexing.py  broadcast.py  reductions.py  linear.py  softmax.py     the others
tensor.py  operators.py           what a user holds
grad.py  check.py                 functions of functions; gradients held against values
"""

from .check import Difference, GradientError, gradcheck
from .grad import grad, value_and_grad
from .lifted import Formula, lift
from .op import OPS, Op
from .row import ROWS, Row, on_tensors
from .tape import is_recording, no_grad
from .tensor import Tensor

__all__ = [
    "OPS",
    "ROWS",
    "Difference",
    "Formula",
    "GradientError",
    "Op",
    "Row",
    "Tensor",
    "grad",
    "gradcheck",
    "is_recording",
    "lift",
    "no_grad",
    "on_tensors",
    "value_and_grad",
]

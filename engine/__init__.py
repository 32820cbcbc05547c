"""Differentiation; knows no layer.

op.py  value.py  tape.py  backward.py  hooks.py  mode.py     an op, its graph, the walk back
row.py  elementwise.py            THE table: one row an elementwise op
shaping.py  indexing.py  broadcast.py  reductions.py  linear.py  softmax.py     the others
tensor.py  operators.py           what a user holds
pytree.py  grad.py  forward.py  batched.py  jacobian.py       functions of functions
check.py  anomaly.py  place.py    gradients held against values; trouble, and where it began
"""

from .anomaly import NonFiniteError, detect_anomaly
from .check import Difference, GradientError, gradcheck
from .grad import grad, value_and_grad, vjp
from .jacobian import hessian, hvp, jacobian, jvp
from .lifted import Formula, lift
from .mode import is_recording, no_grad
from .op import OPS, Op
from .pytree import tree_map
from .row import ROWS, Row, on_tensors
from .tensor import Tensor

__all__ = [
    "OPS",
    "ROWS",
    "Difference",
    "Formula",
    "GradientError",
    "NonFiniteError",
    "Op",
    "Row",
    "Tensor",
    "detect_anomaly",
    "grad",
    "gradcheck",
    "hessian",
    "hvp",
    "is_recording",
    "jacobian",
    "jvp",
    "lift",
    "no_grad",
    "on_tensors",
    "tree_map",
    "value_and_grad",
    "vjp",
]

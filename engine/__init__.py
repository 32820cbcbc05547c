"""Differentiation; knows no layer.

op.py  row.py  lifted.py                      what an op is; a row of the table of ops
ops/                                          the ops, a family a file
value.py  operand.py  tape.py  graph.py  backward.py  batched.py    values, graphs, the way back
mode.py  hooks.py  place.py                   what holds for a block; who sees a gradient; lines
pytree.py  variables.py  grad.py  forward.py  jacobian.py           functions of functions
checkpoint.py  fingerprint.py                 less memory for one more forward
tensor.py  operators.py  methods.py  interop.py  display.py               what a user holds
custom.py  sparse.py  csr.py                  ops of one's own; gradients of some rows; matrices
check.py  differences.py  complex_step.py           gradients held against values
blame.py  anomaly.py                              trouble, and whose it is
"""

from .anomaly import NonFiniteError, detect_anomaly
from .check import Difference, GradientError, KinkError, gradcheck, gradgradcheck
from .checkpoint import checkpoint
from .csr import CSR
from .custom import define_op, primitive
from .grad import grad, value_and_grad, vjp
from .graph import saved_bytes
from .interop import from_dlpack, from_numpy
from .jacobian import hessian, hvp, jacobian, jvp
from .lifted import Formula, lift
from .mode import is_recording, no_grad
from .op import OPS, Op
from .ops import (  # noqa: F401 (each enters its ops in the table)
    activations,
    conv,
    create,
    decompositions,
    dense,
    einsum,
    linalg,
    losses,
    normalise,
    norms,
    padding,
    picking,
    pool,
    random,
    scans,
    softmax,
    sorting,
    sparse_products,
    special,
    spectral,
    tables,
    updating,
)
from .pytree import tree_map
from .row import ROWS, Row, on_tensors
from .tensor import Tensor

__all__ = [
    "CSR",
    "OPS",
    "ROWS",
    "Difference",
    "Formula",
    "GradientError",
    "KinkError",
    "NonFiniteError",
    "Op",
    "Row",
    "Tensor",
    "checkpoint",
    "define_op",
    "detect_anomaly",
    "from_dlpack",
    "from_numpy",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "hessian",
    "hvp",
    "is_recording",
    "jacobian",
    "jvp",
    "lift",
    "no_grad",
    "on_tensors",
    "primitive",
    "saved_bytes",
    "tree_map",
    "value_and_grad",
    "vjp",
]

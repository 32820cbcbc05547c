"""The microscope: every number of the way back and of every step, recorded and shown.

tracing.py  choosing.py  names.py     `trace`, which elements it follows, what things are called
watcher.py  passes.py  local.py       a pass: graph, values, vector-Jacobian products
steps.py                              what optimizers did, as their kernels computed it
badge.py  judge.py  alone.py          each vjp of a pass, held against the values of its op
record.py                             `Trace`, what a block recorded
"""

from .record import Trace
from .tracing import trace

__all__ = ["Trace", "trace"]

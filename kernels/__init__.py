"""How a rule runs, and the kernels that are no rules. Knows no op by name.

program.py  vocabulary.py  constants.py  numpy_words.py  tracer.py    what a rule is
on_numpy.py  on_numba.py  on_cuda.py  on_exact.py  typeset.py  notation.py    who reads it
lift.py  one_word.py  update.py               a rule as a callable; as an update in place
kernel.py                                     the single entry point
reduce.py  scan.py  sorting.py  gather.py  shape.py  create.py  random.py  matmul.py  linalg.py
conv.py  pooling.py  windows.py  finite.py  advance.py            kernels that are no rules
loops/  compiled.py  low_level.py             what Numba compiles beside rules
vector_math.py  vector/                       functions that LLVM makes vector code of
locking.py  draws.py  pool.py  layout.py      arrays nobody may write to; draws; memory kept
philox.py  blas.py                            words for masks; threads of products
device.py  threads.py  cache.py  text.py      machines, generated source
"""

from .errors import (
    BackendError,
    DTypeError,
    FusegradError,
    GraphError,
    OptionError,
    RuleError,
    ShapeError,
)
from .kernel import Kernel, kernel, observe
from .lift import Lifted, lift
from .tracer import trace
from .typeset import latex, mathml
from .update import Update
from .vocabulary import CONSTANTS, WORDS, Constant, Word

__all__ = [
    "CONSTANTS",
    "WORDS",
    "BackendError",
    "Constant",
    "DTypeError",
    "FusegradError",
    "GraphError",
    "Kernel",
    "Lifted",
    "OptionError",
    "RuleError",
    "ShapeError",
    "Update",
    "Word",
    "kernel",
    "latex",
    "lift",
    "mathml",
    "observe",
    "trace",
]

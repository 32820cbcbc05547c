"""A stricter world than users': one BLAS thread."""

import os

# Read when NumPy is imported. A second BLAS thread waits busily, which slows small work.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

"""The command line: `fusegrad train | verify | experiment | bench | warmup | info | data`."""

import os

# The matrices of the jobs are small: a second BLAS thread gains nothing, and its busy waiting
# makes a step ten times slower as soon as another program wants the core. Read once, when NumPy
# is imported; a value set by the user stands.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

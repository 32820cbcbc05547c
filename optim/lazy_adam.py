"""Adam that leaves alone the rows without a gradient."""

from __future__ import annotations

from .adam import Adam


class LazyAdam(Adam):
    """Adam on the rows of a `SparseRows` gradient only; a dense gradient is a step of `Adam`.

    Differs: from Adam, whose m and v fade at every step, so that every row moves. Here a row
    keeps its averages until it is seen again, and is corrected as if it had been seen t times;
    the two agree only where every row has a gradient at every step. PyTorch's SparseAdam is
    this in the efficient ordering: its eps is an eps_hat.
    """

    row_by_row = True

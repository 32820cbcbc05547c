"""Where one fused Numba loop begins to beat NumPy's pass a word, for rules and for updates.

python -m benchmarks.crossover

Both readers' results are compared before they are timed. The sizes at which `lift.py` and
`update.py` change reader lie above the crossing, since Numba also costs a second to start.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from functools import partial

import numpy as np

from fusegrad.kernels import Update, lift
from fusegrad.optim.adam import adam

from .timing import alternate

SIZES = [2**k for k in range(8, 23, 2)]
ADAM = {"t": 3, "alpha": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


def rule_times(size: int) -> dict[str, float]:
    """A rule of four words on float32, by both readers."""
    x, g = np.random.default_rng(0).standard_normal((2, size)).astype(np.float32)
    readers = {
        r: lift(lambda g, y: g * (1 - y * y) + y, "four", reader=r) for r in ("numpy", "numba")
    }
    assert np.array_equal(readers["numpy"](g, x), readers["numba"](g, x))
    return alternate({name: partial(f, g, x) for name, f in readers.items()})


def update_times(size: int) -> dict[str, float]:
    """Adam on ten float32 tensors of `size` elements in all, by both readers."""
    rng = np.random.default_rng(0)
    tensors = [
        tuple(rng.random(size // 10 + 1, np.float32) for _ in range(4)) for _ in range(10)
    ]
    readers = {r: Update(adam, reader=r) for r in ("numpy", "numba")}
    copies = [[tuple(a.copy() for a in t) for t in tensors] for _ in readers]
    for update, own in zip(readers.values(), copies):
        update(own, **ADAM)
    assert all(np.array_equal(a, b) for s, t in zip(*copies) for a, b in zip(s, t))
    return alternate({n: partial(u, tensors, **ADAM) for n, u in readers.items()})


def main() -> None:
    """Print microseconds by size."""
    for title, measure in (("rule of 4 words", rule_times), ("Adam, 10 tensors", update_times)):
        print(f"{title}: elements, NumPy us, Numba us, Numba / NumPy")
        for size in SIZES:
            times = measure(size)
            numpy, numba = 1e6 * times["numpy"], 1e6 * times["numba"]
            print(
                f"  {size:9,d}  {numpy:10.1f}  {numba:10.1f}  {numba / numpy:.2f}", flush=True
            )


if __name__ == "__main__":
    main()

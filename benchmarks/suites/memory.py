"""How much memory one step takes beyond what stands before it, by the system's own count.

Each figure is of a fresh process: it first works on something small, so that all is loaded and
compiled, builds the real thing, and then takes one step, with which an optimizer makes its
state. What is counted is the largest resident size during that step, less the size before it:
whoever keeps memory for later, pools it, or takes it outside of Python is counted alike.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..case import Arrays, Case, Work
from . import dense, differentiate, images, tape, train
from .fresh import output, own_folder

SIZES = (100_000, 1_000_000, 10_000_000)
OPS = 2 * tape.OPS_A_ROUND  # of a chain
CHAIN = ("fusegrad", "torch", "jax jit", "autograd", "mygrad", "numpy")
STEPS = ("fusegrad", "torch fused", "jax jit")
SMALL = 80_000  # elements; smaller arrays are left to NumPy, and nothing is compiled
SMALL_NET, SMALL_ROWS = (784, 300, 300, 10), 256  # more activations than are left to NumPy
SMALL_IMAGES, FEW = images.Net(side=16), 8
BATCH = 128


class Piece(NamedTuple):
    """The same work, small and in its full size; either is built by the contender's name."""

    small: Callable[[str], Work]
    full: Callable[[str], Work]
    names: Sequence[str]
    truth: Callable[[], Arrays]  # of the small one


def _chain(elements: int, contender: str) -> Work:
    return differentiate.WAYS[contender](tape.chain(OPS, elements))


def _train(task: train.Task, contender: str) -> Work:
    return train.WAYS[contender](task)


def _piece(small: train.Task, full: train.Task) -> Piece:
    return Piece(partial(_train, small), partial(_train, full), STEPS, small.truth)


def pieces(sizes: Sequence[int] = SIZES, batch: int = BATCH) -> dict[str, Piece]:
    """What is measured, by name."""
    small = SMALL
    truth = tape.chain(OPS, small).truth
    found = {
        f"peak: chain of {OPS} ops on {n:,}": Piece(
            partial(_chain, small), partial(_chain, n), CHAIN, truth
        )
        for n in sizes
    }
    found[f"peak: MLP {'-'.join(map(str, dense.NETWORK))}, batch {batch}"] = _piece(
        dense.task(SMALL_NET, SMALL_ROWS), dense.task(dense.NETWORK, batch)
    )
    found[f"peak: CNN c64-c64-c128-1000, batch {batch}"] = _piece(
        images.task(SMALL_IMAGES, FEW, 2), images.task(images.Net(), batch)
    )
    return found


def peak(name: str, contender: str, folder: str) -> float:
    """Bytes, by a process of its own; compiled functions of jax lie in a folder."""
    root = str(Path(__file__).resolve().parents[2])
    variables = {
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
        "MALLOC_MMAP_THRESHOLD_": "131072",  # what is freed goes back at once, in every run
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    return float(output(contender, ["-m", f"{__package__}.peak", name, contender], variables))


def _work(name: str, piece: Piece, contender: str) -> Work:
    folder = own_folder()
    if contender == "jax jit":
        peak(name, contender, folder)  # so that what it compiles lies in the folder
    return Work(lambda: peak(name, contender, folder), lambda: piece.small(contender).result())


def cases() -> list[Case]:
    """Chains by size, and steps of two networks. What is checked is the small work."""
    sizes = dict(zip(pieces(), SIZES))
    return [
        Case(
            name,
            {c: partial(_work, name, piece, c) for c in piece.names},
            piece.truth,
            unit="bytes",
            family="peak of a chain" if name in sizes else "",
            size=sizes.get(name, 0),
        )
        for name, piece in pieces().items()
    ]

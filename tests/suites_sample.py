"""Every case of the suites in a size that takes milliseconds, by the name of its full one."""

from __future__ import annotations

from benchmarks.case import Case
from benchmarks.suites import (
    autoencoder,
    calls,
    dense,
    elementwise,
    fusion,
    images,
    optim,
    products,
    reductions,
    row_wise,
    tape,
    words,
)

COMPILE, JIT = "torch compile", "jax jit"  # take seconds, whatever the size


def small() -> list[Case]:
    return [
        *calls.cases(),
        *elementwise.cases((100,)),
        *reductions.cases(((20, 30),)),
        products.matmul(8, 9, 10),
        products.conv(8, 3, 4, 2),
        products.conv(8, 4, 4, 2),
        *(products.pool(side, 4, 2) for side in (7, 8)),
        *row_wise.cases(16, 32),
        *tape.cases((20,)),
        *optim.cases(20_000, 5),
        *trained(),
        *fusions(),
    ]


def trained() -> list[Case]:
    return [
        dense.case("logistic regression", (20, 5), {}, 16),
        dense.case("MLP with dropout", (20, 30, 25, 5), {}, 16),
        images.case(images.Net(16, (3, 4, 4, 6), 20, 5), 3),
        autoencoder.case((12, 9, 4), 6),
        words.case(300, 7),
    ]


def fusions() -> list[Case]:
    return [
        *(fusion.case("fusion", name, 8, 3, 5) for name in fusion.FUSIONS),
        *(fusion.case("decision", name, 8, 3, 5) for name in fusion.DECISIONS),
    ]


def pairs(slow: bool) -> list[tuple[Case, str]]:
    """Every case with every contender: those that are slow to compile, or all others."""
    networks = {case.name for case in trained()}
    return [
        (case, name)
        for case in small()
        for name in case.contenders
        if slow == (name == COMPILE or (name == JIT and case.name in networks))
    ]

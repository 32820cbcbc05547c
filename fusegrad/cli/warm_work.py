"""What large work would wait for, as small jobs: each runs what it names once, on arrays that
are just large enough, so that all compiled code it calls is in the cache folder afterwards."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from typing import Any

import numpy as np

from .. import CSR, Tensor, cross_entropy, csr_matmul, linear_recurrence, nn, optim
from ..engine.row import ROWS
from ..kernels import advance, compiled, threads

Work = Callable[[Any], object]
SHAPE = (256, 600)  # more elements than two threads need to share the work
LONG = (19_200, 8)  # as many, in more steps than Python takes one by one
PARAMETERS = 20_000  # of an optimizer, in one tensor
WORDS = 10_000  # of a vocabulary


def run(name: str, dtype: str, count: int) -> dict[str, Any]:
    """Do a job with one thread and with `count`; gives the entries that it compiled and found
    ready, and what went wrong. To be called in a process of its own."""
    os.environ |= {"FUSEGRAD_THREADS": str(count), "OMP_NUM_THREADS": str(count)}
    numba, error = threads.numba(), ""
    compiled.COMPILED.clear()
    compiled.READY.clear()
    try:
        for used in sorted({1, numba.get_num_threads()}):
            numba.set_num_threads(used)
            jobs()[name](np.dtype(dtype).type)
    except Exception as problem:  # of one job: the others are still of use
        error = f"{type(problem).__name__}: {problem}"
    return {"compiled": [*compiled.COMPILED], "ready": [*compiled.READY], "error": error}


def jobs() -> dict[str, Work]:
    """Every job by its name."""
    found: dict[str, Work] = {f"op {name}": partial(_row, name) for name in ROWS}
    found |= {f"op {name}": partial(_passes, make) for name, make in OPS.items()}
    found |= {f"layer {name}": partial(_layer, *row) for name, row in LAYERS.items()}
    found |= {f"optimizer {name}": partial(_optimizer, name) for name in _optimizers()}
    return {**found, "op csr_matmul": _bags, "advance": _advance}


def _drawn(shape: tuple[int, ...], T: Any, low: float = -1.0, high: float = 1.0) -> Any:
    return np.random.default_rng(0).uniform(low, high, shape).astype(T)


def _tensor(x: Any) -> Any:
    return Tensor(x, requires_grad=True)


def _back(y: Any) -> None:
    """The gradient of something whose own gradient is an array, not one number spread out."""
    if getattr(y, "requires_grad", False):
        y.backward(Tensor(np.ones(y.shape, y.dtype)))


# ---- the elementwise table -------------------------------------------------------------------
def _row(name: str, T: Any) -> None:
    """Arrays alone, then some of them with numbers in the other places."""
    row = ROWS[name]
    values = [_drawn(SHAPE, T, *_bounds(domain)) for domain in row.domains]
    if name == "where":
        values[0] = values[0] > 0
    for arrays in _layouts(len(values)):
        args = [_given(x) if k in arrays else x[0, 0].item() for k, x in enumerate(values)]
        y = row.function(*args)
        if y.dtype == T:
            _back(y)


def _layouts(count: int) -> list[set[int]]:
    """Which places hold arrays: all; one of two; the first, or the first two, of more."""
    every = set(range(count))
    return [every, *{1: [], 2: [{0}, {1}]}.get(count, [{0}, {0, 1}])]


def _given(x: Any) -> Any:
    return _tensor(x) if x.dtype.kind == "f" else x


def _bounds(domain: tuple[float, float]) -> tuple[float, float]:
    low, high = domain
    return max(low, -8.0), min(high, 8.0)


# ---- other ops, layers, optimizers -----------------------------------------------------------
def _passes(make: Callable[[Any], Any], T: Any) -> None:
    """Forward and back."""
    _back(make(_tensor(_drawn(SHAPE, T))))


OPS: dict[str, Callable[[Any], Any]] = {
    "cross_entropy": lambda x: cross_entropy(x, np.arange(len(x)) % x.shape[1]),
    "linear_recurrence": lambda x: linear_recurrence(x.reshape(LONG), x.reshape(LONG), axis=0),
    **{name: methodcaller(name, axis=-1) for name in ("softmax", "log_softmax")},
    **{
        f"{name}, axis={axis}": methodcaller(name, axis=axis)
        for name in ("sum", "mean", "max", "min", "var", "std", "logsumexp")
        for axis in (None, 0, 1)
    },
}


def _layer(make: Callable[..., Any], shape: tuple[int, ...], T: Any) -> None:
    """A layer in training and in evaluation."""
    layer = make(np.random.default_rng(0)).to(T)
    for mode in (layer.train, layer.eval):
        mode()
        _back(layer(_tensor(_drawn(shape, T))))


PICTURES = (16, 16, 32, 32)
LAYERS: dict[str, tuple[Callable[..., Any], tuple[int, ...]]] = {
    "Linear": (lambda rng: nn.Linear(600, 400, rng=rng), SHAPE),
    "Linear, ReLU": (lambda r: nn.Sequential(nn.Linear(600, 400, rng=r), nn.ReLU()), SHAPE),
    "LayerNorm": (lambda rng: nn.LayerNorm(600), SHAPE),
    "RMSNorm": (lambda rng: nn.RMSNorm(600), SHAPE),
    "BatchNorm1d": (lambda rng: nn.BatchNorm1d(600), SHAPE),
    "BatchNorm2d": (lambda rng: nn.BatchNorm2d(16), PICTURES),
    "GroupNorm": (lambda rng: nn.GroupNorm(4, 16), PICTURES),
    "Dropout": (lambda rng: nn.Dropout(0.5, rng=rng), SHAPE),
    "Dropout, larger": (lambda rng: nn.Dropout(0.5, rng=rng), (512, 600)),
    "Dropout2d": (lambda rng: nn.Dropout2d(0.5, rng=rng), PICTURES),
    "Conv1d": (lambda rng: nn.Conv1d(16, 32, 3, rng=rng), (32, 16, 400)),
    "Conv2d": (lambda rng: nn.Conv2d(16, 32, 3, padding=1, rng=rng), PICTURES),
    "Conv2d, strided": (lambda rng: nn.Conv2d(16, 32, 3, stride=2, rng=rng), PICTURES),
    "Conv2d, grouped": (lambda rng: nn.Conv2d(16, 32, 3, groups=4, rng=rng), PICTURES),
    "Conv2d, depthwise": (lambda r: nn.Conv2d(16, 16, 3, groups=16, rng=r), PICTURES),
    "Conv3d": (lambda rng: nn.Conv3d(8, 8, 3, rng=rng), (4, 8, 16, 16, 16)),
    "ConvTranspose2d": (lambda rng: nn.ConvTranspose2d(16, 8, 3, rng=rng), PICTURES),
    "MaxPool1d": (lambda rng: nn.MaxPool1d(2), (32, 16, 400)),
    "MaxPool2d": (lambda rng: nn.MaxPool2d(3, stride=2, padding=1), PICTURES),
    "AvgPool2d": (lambda rng: nn.AvgPool2d(2), PICTURES),
}


def _bags(T: Any) -> None:
    """Mails of 150 words each, to few features and to many."""
    rng = np.random.default_rng(0)
    mails = CSR.of_words(list(rng.integers(WORDS, size=(128, 150))), words=WORDS)
    for width in (2, 64):
        _back(csr_matmul(mails, _tensor(_drawn((WORDS, width), T))))
        _back(nn.Linear(WORDS, width, rng=rng).to(T)(mails))


def _optimizers() -> dict[str, type[optim.Optimizer]]:
    made = {name: getattr(optim, name) for name in optim.__all__}
    return {
        name: cls
        for name, cls in made.items()
        if isinstance(cls, type) and issubclass(cls, optim.Optimizer) and hasattr(cls, "update")
    }


def _optimizer(name: str, T: Any) -> None:
    """Its update, alone and with weight decay added to the gradient."""
    from ..optim.decay import decayed

    update = _optimizers()[name].update
    own = "lam" in update.program.scalars
    for one in [update] if own else [update, decayed(update)]:
        one.prepare([tuple(np.ones(PARAMETERS, T) for _ in one.program.inputs)])


def _advance(T: Any) -> None:
    advance.advance(np.ones(SHAPE, T), np.ones(SHAPE, T))

"""Refusals of optimizers, averages, clipping and sparse gradients: what is done, the error and
its text in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import optim
from fusegrad.engine.sparse import SparseRows
from fusegrad.kernels import DTypeError, OptionError, RuleError, ShapeError
from tests.optim_sample import leaf

P = leaf(1.0)
FUNCTIONAL = optim.Functional(optim.Adam)
AVERAGED = optim.Averaged(optim.SGD([leaf(1.0)]))


def stripped() -> None:
    """A step of a group that somebody took a setting out of."""
    p = leaf(1.0)
    p.grad = leaf(1.0)
    optimizer = optim.Adam([p])
    del optimizer.param_groups[0]["eps"]
    optimizer.step()


def forgetful(theta: Any, g: Any, m: Any, *, alpha: Any) -> Any:
    theta = theta - alpha * (g + m)
    return (theta,)


def inside() -> None:
    """A step where the averages stand in place of the parameters."""
    with AVERAGED.applied():
        AVERAGED.step()


REST: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: optim.VSGD([P], rng=np.random.default_rng(0)).step(), OptionError,
     "VSGD.step: expected a closure, got none; pass a function that computes the loss"),
    (lambda: optim.VSGD([P], rng=np.random.default_rng(0)).measured(P), OptionError,
     "VSGD: expected a curvature measured by step, got a gradient alone; call step(closure) "
     "first"),
    (lambda: optim.Adam([P], state_dtype=np.float16), OptionError,
     "Adam: expected state_dtype float32 or float64, got <class 'numpy.float16'>; leave it "
     "out for the parameters' own"),
    (lambda: optim.Adam([P], state_dtype="foo"), OptionError,
     "Adam: expected state_dtype float32 or float64, got 'foo'; leave it out for the "
     "parameters' own"),
    (lambda: optim.Adam([P], skip_non_finite="yes"), OptionError,
     "Adam: expected skip_non_finite True or False, got skip_non_finite='yes'; say True to "
     "leave steps out"),
    (lambda: optim.Adam([P], weight_deacy=0.1), OptionError,
     "Adam: expected settings among lr, betas, eps, weight_decay, got weight_deacy; remove or "
     "rename it"),
    (lambda: optim.Adam([P], lr=True), OptionError,
     "Adam: expected 0 <= lr < inf, got lr=True; give a value in the range"),
    (stripped, OptionError,
     "Adam: expected all settings in a group, got no eps; set group['eps']"),
    (lambda: type("Own", (optim.Optimizer,), {"rule": staticmethod(forgetful),
                                              "state_names": ("m",)}), RuleError,
     "Own: expected a rule that returns theta, m, got theta; return theta and every state, "
     "each from a name of its own"),
    (lambda: optim.VSGD([P], rng=np.random.default_rng(0)).step(lambda: 1.0), DTypeError,
     "VSGD.step: expected a closure that returns a Tensor, got float; return the loss, and "
     "leave backward to step"),
    (lambda: optim.Functional("adam"), OptionError,
     "Functional: expected an optimizer's class or dialect, got 'adam'; pass it with its "
     "settings"),
    (lambda: FUNCTIONAL.update(P, P, FUNCTIONAL.init(P), betas=0.9), OptionError,
     "update: expected two numbers, 0 <= beta < 1, got betas=0.9; give a value in the range"),
    (lambda: optim.Averaged(optim.SGD), OptionError,
     "Averaged: expected an optimizer, got type; build it first"),
    (inside, OptionError,
     "Averaged.step: expected parameters in training, got averages in their place; leave "
     "applied() first"),
    (lambda: SparseRows([0], [1.0], ()), ShapeError,
     "SparseRows: expected a shape with rows, got (); a number has no rows"),
    (lambda: optim.SGD([P], nesterov=True), OptionError,
     "SGD: expected momentum > 0 for Nesterov's form, got momentum=0.0; set momentum, for "
     "example 0.9"),
    (lambda: optim.clip_grad_norm_(P, -1), OptionError,
     "clip_grad_norm_: expected max_norm >= 0, got max_norm=-1; give a positive bound"),
    (lambda: optim.Averaged(optim.SGD([P]), "median"), OptionError,
     "Averaged: expected mean in exponential, polyak, got 'median'; choose one of these"),
    (lambda: optim.Averaged(optim.SGD([P]), beta2=1), OptionError,
     "Averaged: expected 0 <= beta2 < 1, got beta2=1; give a value in the range"),
    (lambda: AVERAGED.load_state_dict({}), OptionError,
     "Averaged: expected a state of the mean 'exponential', got none; load what state_dict of "
     "the same gave"),
    (lambda: AVERAGED.load_state_dict({**AVERAGED.state_dict(), "averages": {7: np.ones(1)}}),
     ShapeError,
     "Averaged: expected the averages of these parameters, got 7: (1,); load the same "
     "network's"),
    (lambda: SparseRows([0.5], [1.0], (1,)), DTypeError,
     "SparseRows: expected whole numbers as indices, got float64; count rows from 0"),
    (lambda: SparseRows([0], [[1.0]], (1,)), ShapeError,
     "SparseRows: expected indices (K,) and values (K, ), got (1,) and (1, 1); give one row "
     "for each index"),
    (lambda: SparseRows([1], [1.0], (1,)), ShapeError,
     "SparseRows: expected rows 0 to 0, got 1 to 1; take indices of this table"),
]  # fmt: skip

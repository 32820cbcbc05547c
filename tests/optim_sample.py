"""One table of all optimizers: each with its oracle, and the settings in the words of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad import optim
from fusegrad.optim.dialects import DIALECTS
from fusegrad.optim.dialects import variants as named
from fusegrad.optim.settings import letters
from tests.oracles import libraries, moments, others, papers, variants


@dataclass(frozen=True)
class Case:
    """An optimizer, its oracle, and settings that show every term."""

    make: Callable[..., Any]
    oracle: Callable[..., list[papers.Step]]
    settings: dict[str, Any]
    renamed: tuple[tuple[str, str], ...] = ()

    @property
    def letters(self) -> dict[str, Any]:
        """The same settings as the oracle's arguments."""
        named = dict(self.renamed)
        known = {k: v for k, v in self.settings.items() if k != "nesterov"}
        return {named.get(k, k): v for k, v in letters(known).items()}


ADAM = {"lr": 0.01, "betas": (0.8, 0.95)}
EPS = {**ADAM, "eps": 1e-3}
HAT = {**ADAM, "eps_hat": 1e-3}
RMS = {"lr": 0.01, "alpha": 0.9, "eps": 1e-3}
MU = {"lr": 0.1, "momentum": 0.9}
START = {"lr": 0.1, "eps": 1e-3, "initial_accumulator_value": 0.1}
PAPERS = {
    "sgd": Case(optim.SGD, papers.sgd, {"lr": 0.1}),
    "momentum": Case(optim.Momentum, papers.momentum, MU),
    "nesterov": Case(optim.Nesterov, papers.nesterov, MU),
    "sgd_momentum": Case(optim.SGD, papers.momentum, MU),
    "sgd_nesterov": Case(optim.SGD, papers.nesterov, {**MU, "nesterov": True}),
    "adagrad": Case(optim.Adagrad, papers.adagrad, {"lr": 0.1, "eps": 1e-3}),
    "rmsprop": Case(optim.RMSProp, papers.rmsprop, RMS),
    "rmsprop_centred": Case(
        optim.RMSPropCentred, others.rmsprop_centred, {**RMS, "momentum": 0.9}
    ),
    "adadelta": Case(optim.AdaDelta, others.adadelta, {"lr": 0.5, "rho": 0.9, "eps": 1e-3}),
    "natural_gradient": Case(
        optim.NaturalGradient, others.natural, {"lr": 0.01, "beta2": 0.9, "eps": 0.1}
    ),
    "adam": Case(optim.Adam, papers.adam, EPS),
    "lazy_adam": Case(optim.LazyAdam, papers.adam, EPS),
    "adam_eps_hat": Case(optim.AdamEpsHat, papers.adam_efficient, HAT),
    "adamax": Case(optim.AdaMax, papers.adamax, ADAM),
    "adamw": Case(optim.AdamW, moments.adamw, {**EPS, "weight_decay": 0.1}),
    "adamw_decoupled": Case(
        optim.AdamWDecoupled,
        moments.adamw_decoupled,
        {**EPS, "weight_decay": 0.01, "eta": 0.5},
    ),
    "amsgrad": Case(optim.AMSGrad, moments.amsgrad, EPS),
    "amsgrad_corrected": Case(optim.AMSGradCorrected, libraries.amsgrad_torch, EPS),
    "nadam": Case(optim.NAdam, moments.nadam, {**EPS, "momentum_decay": 0.004}),
    "radam": Case(optim.RAdam, moments.radam, EPS),
    "adam_nc": Case(
        optim.AdamNC,
        moments.adam_nc,
        {"lr": 0.01, "beta1": 0.8, "beta1_decay": 0.99, "eps": 1e-3},
    ),
    "adam_convex": Case(optim.AdamConvex, moments.adam_convex, {**EPS, "beta1_decay": 0.99}),
    "adabound": Case(optim.AdaBound, others.adabound, {**ADAM, "final_lr": 0.1}),
    "lion": Case(optim.Lion, others.lion, {**ADAM, "weight_decay": 0.1}),
}
KERAS_START = (("initial_accumulator_value", "start"),)


def _of(algorithm: str, library: str) -> Any:
    return DIALECTS[algorithm, library]


LIBRARY = {
    "adam_inside": Case(named.AdamInside, variants.adam_inside, EPS),
    "adam_uncorrected": Case(named.AdamUncorrected, variants.adam_uncorrected, EPS),
    "adamax_torch": Case(_of("adamax", "torch"), libraries.adamax_torch, EPS),
    "nadam_torch": Case(
        _of("nadam", "torch"), libraries.nadam_torch, {**EPS, "momentum_decay": 0.004}
    ),
    "radam_torch": Case(_of("radam", "torch"), libraries.radam_torch, EPS),
    "rmsprop_momentum_torch": Case(
        _of("rmsprop_momentum", "torch"),
        libraries.rmsprop_momentum_torch,
        {**RMS, "momentum": 0.9},
    ),
    "rmsprop_centred_torch": Case(
        _of("rmsprop_centred", "torch"), libraries.rmsprop_centred_torch, RMS
    ),
    "rmsprop_centred_momentum_torch": Case(
        _of("rmsprop_centred_momentum", "torch"),
        libraries.rmsprop_centred_momentum_torch,
        {**RMS, "momentum": 0.9},
    ),
    "amsgrad_keras": Case(_of("amsgrad", "keras"), libraries.amsgrad_keras, HAT),
    "adamw_keras": Case(
        _of("adamw", "keras"), libraries.adamw_keras, {**HAT, "weight_decay": 0.1}
    ),
    "adamax_keras": Case(_of("adamax", "keras"), libraries.adamax_keras, EPS),
    "momentum_inside": Case(_of("momentum", "keras"), libraries.momentum_inside, MU),
    "nesterov_inside": Case(_of("nesterov", "keras"), libraries.nesterov_inside, MU),
    "adagrad_inside": Case(
        _of("adagrad", "keras"), libraries.adagrad_keras, START, KERAS_START
    ),
    "rmsprop_inside": Case(_of("rmsprop", "keras"), papers.rmsprop_eps_inside, RMS),
    "rmsprop_momentum_inside": Case(
        _of("rmsprop_momentum", "keras"),
        libraries.rmsprop_momentum_keras,
        {**RMS, "momentum": 0.9},
    ),
    "rmsprop_centred_inside": Case(
        _of("rmsprop_centred", "keras"), libraries.rmsprop_centred_keras, RMS
    ),
    "rmsprop_centred_momentum_inside": Case(
        _of("rmsprop_centred_momentum", "keras"),
        libraries.rmsprop_centred_momentum_keras,
        {**RMS, "momentum": 0.9},
    ),
    "amsgrad_optax": Case(_of("amsgrad", "optax"), libraries.amsgrad_optax, EPS),
    "nadam_optax": Case(_of("nadam", "optax"), libraries.nadam_optax, EPS),
    "radam_optax": Case(_of("radam", "optax"), libraries.radam_optax, EPS),
}
CASES = {**PAPERS, **LIBRARY}
STREAM = (1.0, -2.0, 0.5, 0.0, 3.0, 1e-8, -1e8)


def run(optimizer: Any, p: fg.Tensor, stream: Sequence[float]) -> list[np.ndarray]:
    """Parameters after every step, all elements receiving the same gradient."""
    path = []
    for g in stream:
        p.grad = fg.Tensor(np.full(p.shape, g), dtype=p.dtype)
        optimizer.step()
        path.append(p.numpy().copy())
    return path


def leaf(value: float, shape: tuple[int, ...] = (1,), dtype: Any = np.float64) -> fg.Tensor:
    """A parameter with one number everywhere."""
    return fg.Tensor(np.full(shape, value, dtype), requires_grad=True, name="theta")


def relative(got: Any, exact: Any) -> float:
    """The relative distance of a float from an exact number."""
    return abs(float(papers.MP.mpf(float(got)) - exact)) / max(abs(float(exact)), 1e-300)

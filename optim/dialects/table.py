"""Algorithm by library: the rule that each computes, its defaults, and what is different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...kernels import OptionError, Update
from ..adadelta import AdaDelta
from ..adagrad import Adagrad
from ..adam import Adam
from ..adam_eps_hat import AdamEpsHat
from ..adamax import AdaMax
from ..adamw import AdamW
from ..adamw_decoupled import AdamWDecoupled
from ..amsgrad import AMSGrad
from ..amsgrad_corrected import AMSGradCorrected
from ..lion import Lion
from ..momentum import Momentum
from ..nadam import NAdam
from ..nesterov import Nesterov
from ..optimizer import Optimizer
from ..parameters import Params
from ..radam import RAdam
from ..rmsprop import RMSProp
from ..rmsprop_centred import RMSPropCentred
from ..sgd import SGD
from . import inside, keras, optax, torch

LIBRARIES = ("paper", "torch", "keras", "optax")
MOMENTS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
EPS_HAT = {"lr": 1e-3, "betas": (0.9, 0.999), "eps_hat": 1e-7}
KERAS = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-7}
TORCH_RMS = {"lr": 1e-2, "alpha": 0.99, "eps": 1e-8}
KERAS_RMS = {"lr": 1e-3, "alpha": 0.9, "eps": 1e-7}
OPTAX_RMS = {"lr": 1e-3, "alpha": 0.9, "eps": 1e-8}
MU = {"momentum": 0.9}


@dataclass(frozen=True)
class Dialect:
    """An optimizer as one library computes it: call it as the optimizer's class. Settings not
    given are that library's (optax has no default step size: 0.001 here, as Adam's)."""

    optimizer: type[Optimizer]
    settings: Mapping[str, Any]
    says: str

    def __call__(self, params: Params, **settings: Any) -> Optimizer:
        return self.optimizer(params, **{**self.settings, **settings})

    @property
    def update(self) -> Update:
        """The rule, for `fg.latex`."""
        return self.optimizer.update


_ADAM = "Algorithm 1: eps beside the corrected root"
_HAT = "the efficient ordering: eps beside the raw root"
_OUTSIDE = "sqrt(v) + eps"
_INSIDE = "sqrt(v + eps)"
_USED = "lr multiplies the buffer when it is used"
_ENTERS = "lr multiplies what enters the buffer"

DIALECTS: dict[tuple[str, str], Dialect] = {
    ("sgd", "paper"): Dialect(SGD, {"lr": 1e-2}, "theta - lr g"),
    ("sgd", "torch"): Dialect(SGD, {"lr": 1e-3}, "theta - lr g"),
    ("sgd", "keras"): Dialect(SGD, {"lr": 1e-2}, "theta - lr g"),
    ("sgd", "optax"): Dialect(SGD, {"lr": 1e-3}, "theta - lr g"),
    ("momentum", "paper"): Dialect(keras.MomentumInside, {"lr": 1e-2, **MU}, _ENTERS),
    ("momentum", "torch"): Dialect(Momentum, {"lr": 1e-3, **MU}, _USED),
    ("momentum", "keras"): Dialect(keras.MomentumInside, {"lr": 1e-2, **MU}, _ENTERS),
    ("momentum", "optax"): Dialect(Momentum, {"lr": 1e-3, **MU}, _USED),
    ("nesterov", "paper"): Dialect(keras.NesterovInside, {"lr": 1e-2, **MU}, _ENTERS),
    ("nesterov", "torch"): Dialect(Nesterov, {"lr": 1e-3, **MU}, _USED),
    ("nesterov", "keras"): Dialect(keras.NesterovInside, {"lr": 1e-2, **MU}, _ENTERS),
    ("nesterov", "optax"): Dialect(Nesterov, {"lr": 1e-3, **MU}, _USED),
    ("adam", "paper"): Dialect(Adam, MOMENTS, _ADAM),
    ("adam", "torch"): Dialect(Adam, MOMENTS, _ADAM),
    ("adam", "keras"): Dialect(AdamEpsHat, EPS_HAT, _HAT),
    ("adam", "optax"): Dialect(Adam, MOMENTS, _ADAM),
    ("amsgrad", "paper"): Dialect(AMSGrad, {**MOMENTS, "eps": 0.0}, "largest v, no correction"),
    ("amsgrad", "torch"): Dialect(AMSGradCorrected, MOMENTS, "largest raw v, then corrected"),
    ("amsgrad", "keras"): Dialect(keras.AMSGradKeras, EPS_HAT, f"largest raw v; {_HAT}"),
    ("amsgrad", "optax"): Dialect(optax.AMSGradOptax, MOMENTS, "largest corrected v"),
    ("adamw", "paper"): Dialect(
        AdamWDecoupled, {**MOMENTS, "weight_decay": 1e-5}, "decay free of lr, times eta"
    ),
    ("adamw", "torch"): Dialect(AdamW, {**MOMENTS, "weight_decay": 1e-2}, "decay times lr"),
    ("adamw", "keras"): Dialect(
        keras.AdamWKeras, {**EPS_HAT, "weight_decay": 4e-3}, f"decay times lr; {_HAT}"
    ),
    ("adamw", "optax"): Dialect(AdamW, {**MOMENTS, "weight_decay": 1e-4}, "decay times lr"),
    ("adamax", "paper"): Dialect(
        AdaMax, {"lr": 2e-3, "betas": (0.9, 0.999)}, "max(beta2 u, |g|), no eps"
    ),
    ("adamax", "torch"): Dialect(
        torch.AdamaxTorch, {**MOMENTS, "lr": 2e-3}, "max(beta2 u, |g| + eps)"
    ),
    ("adamax", "keras"): Dialect(keras.AdamaxKeras, KERAS, "over u + eps"),
    ("adamax", "optax"): Dialect(torch.AdamaxTorch, MOMENTS, "max(beta2 u, |g| + eps)"),
    ("nadam", "paper"): Dialect(
        NAdam, {**MOMENTS, "lr": 2e-3, "momentum_decay": 4e-3}, "m averages with mu_t"
    ),
    ("nadam", "torch"): Dialect(
        torch.NAdamTorch,
        {**MOMENTS, "lr": 2e-3, "momentum_decay": 4e-3},
        "m averages with beta1, 0.96^(0.004 t)",
    ),
    ("nadam", "keras"): Dialect(
        torch.NAdamTorch, {**KERAS, "momentum_decay": 1.0}, "m averages with beta1, 0.96^t"
    ),
    ("nadam", "optax"): Dialect(optax.NAdamOptax, MOMENTS, "mu is beta1 throughout"),
    ("radam", "paper"): Dialect(RAdam, {**MOMENTS, "eps": 0.0}, "rectified from rho_t > 4"),
    ("radam", "torch"): Dialect(
        torch.RAdamTorch, MOMENTS, "rectified from rho_t > 5; eps beside the raw root"
    ),
    ("radam", "optax"): Dialect(optax.RAdamOptax, MOMENTS, "rectified from rho_t >= 5"),
    ("adagrad", "paper"): Dialect(Adagrad, {"lr": 1e-2, "eps": 0.0}, "no eps, s starts at 0"),
    ("adagrad", "torch"): Dialect(Adagrad, {"lr": 1e-2, "eps": 1e-10}, "sqrt(s) + eps"),
    ("adagrad", "keras"): Dialect(
        inside.AdagradInside,
        {"lr": 1e-3, "eps": 1e-7, "initial_accumulator_value": 0.1},
        "sqrt(s + eps), s starts at 0.1",
    ),
    ("adagrad", "optax"): Dialect(
        inside.AdagradInside,
        {"lr": 1e-3, "eps": 1e-7, "initial_accumulator_value": 0.1},
        "sqrt(s + eps), s starts at 0.1",
    ),
    ("adadelta", "paper"): Dialect(AdaDelta, {"lr": 1.0, "rho": 0.95, "eps": 1e-6}, "no lr"),
    ("adadelta", "torch"): Dialect(AdaDelta, {"lr": 1.0, "rho": 0.9, "eps": 1e-6}, "lr 1"),
    ("adadelta", "keras"): Dialect(
        AdaDelta, {"lr": 1e-3, "rho": 0.95, "eps": 1e-7}, "lr 0.001"
    ),
    ("adadelta", "optax"): Dialect(AdaDelta, {"lr": 1e-3, "rho": 0.9, "eps": 1e-6}, "lr given"),
    ("rmsprop", "paper"): Dialect(RMSProp, {"lr": 1e-2, "alpha": 0.9, "eps": 0.0}, "no eps"),
    ("rmsprop", "torch"): Dialect(RMSProp, TORCH_RMS, _OUTSIDE),
    ("rmsprop", "keras"): Dialect(inside.RMSPropInside, KERAS_RMS, _INSIDE),
    ("rmsprop", "optax"): Dialect(inside.RMSPropInside, OPTAX_RMS, _INSIDE),
    ("rmsprop_momentum", "torch"): Dialect(
        torch.RMSPropMomentumTorch, {**TORCH_RMS, **MU}, f"{_OUTSIDE}; {_USED}"
    ),
    ("rmsprop_momentum", "keras"): Dialect(
        inside.RMSPropMomentumInside, {**KERAS_RMS, **MU}, f"{_INSIDE}; {_ENTERS}"
    ),
    ("rmsprop_momentum", "optax"): Dialect(
        inside.RMSPropMomentumInside, {**OPTAX_RMS, **MU}, f"{_INSIDE}; {_ENTERS}"
    ),
    ("rmsprop_centred", "torch"): Dialect(
        torch.RMSPropCentredTorch, TORCH_RMS, "sqrt(v - a^2) + eps"
    ),
    ("rmsprop_centred", "keras"): Dialect(
        inside.RMSPropCentredInside, KERAS_RMS, "sqrt(v - a^2 + eps)"
    ),
    ("rmsprop_centred", "optax"): Dialect(
        inside.RMSPropCentredInside, OPTAX_RMS, "sqrt(v - a^2 + eps)"
    ),
    ("rmsprop_centred_momentum", "paper"): Dialect(
        RMSPropCentred,
        {"lr": 1e-4, "alpha": 0.95, "momentum": 0.9, "eps": 1e-4},
        f"Graves: sqrt(n - gbar^2 + eps); {_ENTERS}",
    ),
    ("rmsprop_centred_momentum", "torch"): Dialect(
        torch.RMSPropCentredMomentumTorch,
        {**TORCH_RMS, **MU},
        f"sqrt(v - a^2) + eps; {_USED}",
    ),
    ("rmsprop_centred_momentum", "keras"): Dialect(
        inside.RMSPropCentredMomentumInside,
        {**KERAS_RMS, **MU},
        f"sqrt(v - a^2 + eps); {_ENTERS}",
    ),
    ("rmsprop_centred_momentum", "optax"): Dialect(
        inside.RMSPropCentredMomentumInside,
        {**OPTAX_RMS, **MU},
        f"sqrt(v - a^2 + eps); {_ENTERS}",
    ),
    ("lion", "paper"): Dialect(Lion, {"lr": 1e-4, "betas": (0.9, 0.99)}, "decay times lr"),
    ("lion", "keras"): Dialect(Lion, {"lr": 1e-3, "betas": (0.9, 0.99)}, "decay times lr"),
    ("lion", "optax"): Dialect(
        Lion, {"lr": 1e-3, "betas": (0.9, 0.99), "weight_decay": 1e-3}, "decay times lr"
    ),
}


def dialect(algorithm: str, library: str) -> Dialect:
    """The rule that a library computes under a name; "paper" is whoever published it.

    Raises: OptionError for an algorithm or a library that is not in the table.

    >>> dialect("adam", "keras").optimizer.__name__
    'AdamEpsHat'
    >>> dialect("adam", "keras").says
    'the efficient ordering: eps beside the raw root'
    """
    if (algorithm, library) not in DIALECTS:
        known = sorted({a for a, where in DIALECTS if where == library})
        expected = f"one of {', '.join(known)}" if known else f"one of {', '.join(LIBRARIES)}"
        got, repair = f"{algorithm!r}, {library!r}", "see optim.dialects.DIALECTS"
        raise OptionError("dialect", expected, got, repair)
    return DIALECTS[algorithm, library]

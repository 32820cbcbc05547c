"""One paper a file; each file is a rule that reads as the paper.

sgd.py  momentum.py  nesterov.py                                   the gradient itself
adagrad.py  rmsprop.py  rmsprop_centred.py  adadelta.py  vsgd.py  natural_gradient.py    scaled
adam.py  adam_eps_hat.py  adamax.py  nadam.py  radam.py  adamw.py  adamw_decoupled.py    moments
amsgrad.py  amsgrad_corrected.py  adam_nc.py  adam_convex.py  adabound.py  lion.py       bounds
lazy_adam.py                                                       rows that have a gradient
dialects/                                                          what each library computes
averaging.py  clipping.py  schedules.py  decay.py                  around any of them
explain.py  functional.py                                          a step seen; differentiated
optimizer.py  parameters.py  settings.py  rules.py
memory.py  blocks.py  launch.py  state.py  torch_names.py          the machinery
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import schedules
from .adabound import AdaBound
from .adadelta import AdaDelta
from .adagrad import Adagrad
from .adam import Adam
from .adam_convex import AdamConvex
from .adam_eps_hat import AdamEpsHat
from .adam_nc import AdamNC
from .adamax import AdaMax
from .adamw import AdamW
from .adamw_decoupled import AdamWDecoupled
from .amsgrad import AMSGrad
from .amsgrad_corrected import AMSGradCorrected
from .averaging import Averaged
from .clipping import clip_grad_norm_, clip_grad_value_
from .explain import Explanation
from .functional import Functional
from .lazy_adam import LazyAdam
from .lion import Lion
from .momentum import Momentum
from .nadam import NAdam
from .natural_gradient import NaturalGradient
from .nesterov import Nesterov
from .optimizer import Optimizer
from .radam import RAdam
from .rmsprop import RMSProp
from .rmsprop_centred import RMSPropCentred
from .sgd import SGD
from .torch_names import to_torch
from .vsgd import VSGD

if TYPE_CHECKING:
    from .dialects import DIALECTS, dialect

__all__ = [
    "DIALECTS",
    "SGD",
    "VSGD",
    "AMSGrad",
    "AMSGradCorrected",
    "AdaBound",
    "AdaDelta",
    "AdaMax",
    "Adagrad",
    "Adam",
    "AdamConvex",
    "AdamEpsHat",
    "AdamNC",
    "AdamW",
    "AdamWDecoupled",
    "Averaged",
    "Explanation",
    "Functional",
    "LazyAdam",
    "Lion",
    "Momentum",
    "NAdam",
    "NaturalGradient",
    "Nesterov",
    "Optimizer",
    "RAdam",
    "RMSProp",
    "RMSPropCentred",
    "clip_grad_norm_",
    "clip_grad_value_",
    "dialect",
    "schedules",
    "to_torch",
]


def __getattr__(name: str) -> Any:
    """What each library computes: rules that are read on first use, since few programs do."""
    if name not in ("DIALECTS", "dialect", "dialects"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    dialects = importlib.import_module(".dialects", __name__)
    return dialects if name == "dialects" else getattr(dialects, name)

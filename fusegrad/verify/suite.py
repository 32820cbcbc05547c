"""The optimizers that are verified, by the names of their rules."""

from __future__ import annotations

from .. import optim
from .claim import Suite

CLASSES = (
    optim.SGD,
    optim.Momentum,
    optim.Nesterov,
    optim.Adagrad,
    optim.RMSProp,
    optim.RMSPropCentred,
    optim.AdaDelta,
    optim.NaturalGradient,
    optim.Adam,
    optim.AdamEpsHat,
    optim.AdaMax,
    optim.AdamW,
    optim.AdamWDecoupled,
    optim.AMSGrad,
    optim.AMSGradCorrected,
    optim.NAdam,
    optim.RAdam,
    optim.AdamNC,
    optim.AdamConvex,
    optim.AdaBound,
    optim.Lion,
)
SUITE: Suite = {c.rule.__name__: c for c in CLASSES}

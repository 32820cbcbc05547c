"""Losses as layers: what the network said and what was true, to one number or to many.

base.py  checks.py                  what they share: the reduction; what they refuse
labels.py  classification.py        labels of classes
binary.py                           two classes by one logit
regression.py  likelihood.py        real numbers; distributions and their parameters
margin.py  distance.py              scores that should differ; vectors near or far
ctc.py  sequences.py                labels in order, without their places in time
"""

from .base import Loss
from .binary import BCEWithLogitsLoss, BinaryFocalLoss
from .classification import CrossEntropyLoss, FocalLoss, NLLLoss
from .ctc import CTCLoss
from .distance import CosineEmbeddingLoss, TripletMarginLoss
from .labels import LabelLoss
from .likelihood import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from .margin import (
    HingeEmbeddingLoss,
    HingeLoss,
    MarginRankingLoss,
    MultiMarginLoss,
    SoftMarginLoss,
)
from .regression import HuberLoss, L1Loss, MSELoss, SmoothL1Loss

__all__ = [
    "BCEWithLogitsLoss",
    "BinaryFocalLoss",
    "CTCLoss",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "FocalLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LabelLoss",
    "Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
]

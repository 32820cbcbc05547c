"""Layers as formulas: a record of typed fields, and `forward`.

B batch, C classes; weights are (out, in) as in PyTorch; every draw takes an explicit rng.
module.py  container.py  checkpoint.py       what a layer is; layers in a row; on disk
linear.py  embedding.py  activation.py  loss.py  init.py
"""

from . import init
from .activation import GELU, Dropout, ReLU, Sigmoid, SiLU, Softplus, Tanh
from .checkpoint import load, save
from .container import Sequential
from .embedding import EmbeddingBag
from .linear import Linear
from .loss import CrossEntropyLoss, MSELoss
from .module import Module, Parameter

__all__ = [
    "GELU",
    "CrossEntropyLoss",
    "Dropout",
    "EmbeddingBag",
    "Linear",
    "MSELoss",
    "Module",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "init",
    "load",
    "save",
]

"""Layers as formulas: a record of typed fields, and `forward`.

B batch, C channels or classes, L length, T time, H W height and width, D width of a model;
weights are (out, in) as in PyTorch; every draw takes an explicit rng.
module.py  parameter.py  container.py         what a layer is, what it holds, layers together
tree.py  state.py  moving.py  hooks.py  stateless.py  checkpoint.py    what is done with modules
linear.py  embedding.py  activation.py  loss.py  init.py
"""

from . import init
from .activation import GELU, Dropout, ReLU, Sigmoid, SiLU, Softplus, Tanh
from .checkpoint import load, save
from .container import ModuleDict, ModuleList, ParameterList, Residual, Sequential
from .embedding import EmbeddingBag
from .linear import Linear
from .loss import CrossEntropyLoss, MSELoss
from .module import Module
from .parameter import Buffer, Parameter
from .stateless import functional_call

__all__ = [
    "GELU",
    "Buffer",
    "CrossEntropyLoss",
    "Dropout",
    "EmbeddingBag",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterList",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "functional_call",
    "init",
    "load",
    "save",
]

"""First values of parameters, drawn from an explicit generator: on the host, in float64, and
then rounded, so that a seed means the same numbers on every device.

scale.py     gain, fans: what the size of weights goes by
given.py     zeros, ones, constant, dirac
draws.py     uniform, normal, truncated_normal; xavier, kaiming and lecun of each kind
matrices.py  orthogonal, sparse

Every function gives an array, which a parameter takes as its values:

>>> import numpy as np
>>> from fusegrad import nn
>>> rng = np.random.default_rng(0)
>>> layer = nn.Linear(2, 3, rng=rng)
>>> layer.weight.assign_(nn.init.orthogonal(rng, layer.weight.shape))
>>> layer.bias.assign_(nn.init.constant(layer.bias.shape, 0.5))
>>> layer.bias.numpy()
array([0.5, 0.5, 0.5], dtype=float32)
"""

from .draws import (
    kaiming_normal,
    kaiming_uniform,
    lecun_normal,
    lecun_uniform,
    normal,
    truncated_normal,
    uniform,
    xavier_normal,
    xavier_uniform,
)
from .given import DTYPE, constant, dirac, ones, zeros
from .matrices import orthogonal, sparse
from .scale import fans, gain

__all__ = [
    "DTYPE",
    "constant",
    "dirac",
    "fans",
    "gain",
    "kaiming_normal",
    "kaiming_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "sparse",
    "truncated_normal",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
    "zeros",
]

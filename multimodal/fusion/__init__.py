"""Feature level: branch features become one vector F.

fusion.py  catalogue.py     the base, and the table of all of them
concat.py  sums.py          side by side; sums, weighted sums, averages
gate.py  gmu.py  film.py    what lets through, and how much of it
joint.py  graph.py  experts.py    one hidden layer; nodes; beliefs
tensor.py  low_rank.py  multiplicative.py    products with a way past them
bilinear.py  cores.py  sketch.py  products alone: MLB; Tucker, MUTAN, BLOCK; MCB
attention.py  mult.py  bottleneck.py  perceiver.py    tokens that attend to one another
token_fusion.py             what those share
mmtm.py                     squeeze and excitation
shares.py                   shares of what is there, and 1 for what is not
"""

from .attention import CrossAttention, SelfAttention
from .bilinear import MLB
from .bottleneck import Bottleneck
from .catalogue import FUSIONS, Row
from .concat import Concat
from .cores import BLOCK, MUTAN, Tucker
from .experts import ProductOfExperts
from .film import FiLM
from .fusion import Fusion
from .gate import Gate
from .gmu import GMU
from .graph import GraphFusion
from .joint import JointHidden
from .low_rank import LowRank
from .mmtm import MMTM
from .mult import MulT
from .multiplicative import Multiplicative
from .perceiver import Perceiver
from .sketch import MCB
from .sums import ScoredAverage, Sum, WeightedAverage, WeightedSum
from .tensor import TensorFusion
from .token_fusion import CrossBlock, TokenFusion

__all__ = [
    "BLOCK",
    "FUSIONS",
    "GMU",
    "MCB",
    "MLB",
    "MMTM",
    "MUTAN",
    "Bottleneck",
    "Concat",
    "CrossAttention",
    "CrossBlock",
    "FiLM",
    "Fusion",
    "Gate",
    "GraphFusion",
    "JointHidden",
    "LowRank",
    "MulT",
    "Multiplicative",
    "Perceiver",
    "ProductOfExperts",
    "Row",
    "ScoredAverage",
    "SelfAttention",
    "Sum",
    "TensorFusion",
    "TokenFusion",
    "Tucker",
    "WeightedAverage",
    "WeightedSum",
]

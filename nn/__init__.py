"""Layers as formulas: a record of typed fields, and `forward`.

B batch, C channels or classes, L length, T time, H W height and width, D width of a model;
weights are (out, in) as in PyTorch; every draw takes an explicit rng.
module.py  parameter.py  container.py         what a layer is, what it holds, layers together
tree.py  state.py  moving.py  hooks.py  stateless.py  checkpoint.py  summary.py
                                              what is done with modules
linear.py  conv.py  pool.py  reshape.py       sums, and windows over images
activation.py  softmax.py  applied.py         ops as layers
norm.py  batchnorm.py  dropout.py             what keeps values in bounds, and noise
attention.py  multihead.py  transformer.py  transformer_stack.py    who reads whom
position.py  graph.py                         where in a sequence, between which nodes
cell.py  recurrent.py  packing.py             step by step, over sequences of any lengths
embedding.py  embedding_bag.py                rows of tables
init/                                         first values
loss/                                         what the network said, and what was true
"""

from . import init
from .activation import (
    CELU,
    ELU,
    GELU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softplus,
    Softshrink,
    Softsign,
    Tanh,
    Tanhshrink,
)
from .attention import scaled_dot_product_attention
from .batchnorm import BatchNorm1d, BatchNorm2d, ChannelNorm, InstanceNorm1d, InstanceNorm2d
from .cell import GRUCell, LSTMCell, RNNCell
from .checkpoint import load, save
from .container import ModuleDict, ModuleList, ParameterList, Residual, Sequential
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d
from .dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d
from .embedding import Embedding
from .embedding_bag import EmbeddingBag
from .graph import GraphConv
from .linear import Bilinear, Linear
from .loss import (
    BCEWithLogitsLoss,
    BinaryFocalLoss,
    CosineEmbeddingLoss,
    CrossEntropyLoss,
    CTCLoss,
    FocalLoss,
    GaussianNLLLoss,
    HingeEmbeddingLoss,
    HingeLoss,
    HuberLoss,
    KLDivLoss,
    L1Loss,
    LabelLoss,
    Loss,
    MarginRankingLoss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    PoissonNLLLoss,
    SmoothL1Loss,
    SoftMarginLoss,
    TripletMarginLoss,
)
from .module import Module
from .multihead import MultiheadAttention
from .norm import GroupNorm, LayerNorm, RMSNorm
from .packing import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
)
from .parameter import Buffer, Parameter
from .pool import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AvgPool1d,
    AvgPool2d,
    MaxPool1d,
    MaxPool2d,
)
from .position import LearnedPositions, RotaryPositions, SinusoidalPositions, alibi_mask
from .recurrent import GRU, LSTM, RNN, Recurrent
from .reshape import Flatten, Fold, Unflatten, Unfold, Upsample
from .softmax import LogSoftmax, Softmax
from .stateless import functional_call
from .transformer import TransformerDecoderLayer, TransformerEncoderLayer, causal_mask
from .transformer_stack import TransformerDecoder, TransformerEncoder

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "SELU",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AlphaDropout",
    "AvgPool1d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Bilinear",
    "BinaryFocalLoss",
    "Buffer",
    "CTCLoss",
    "ChannelNorm",
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CosineEmbeddingLoss",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Embedding",
    "EmbeddingBag",
    "Flatten",
    "FocalLoss",
    "Fold",
    "GRUCell",
    "GaussianNLLLoss",
    "GraphConv",
    "GroupNorm",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "Identity",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "KLDivLoss",
    "L1Loss",
    "LSTMCell",
    "LabelLoss",
    "LayerNorm",
    "LeakyReLU",
    "LearnedPositions",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "Loss",
    "MSELoss",
    "MarginRankingLoss",
    "MaxPool1d",
    "MaxPool2d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiMarginLoss",
    "MultiheadAttention",
    "NLLLoss",
    "PReLU",
    "PackedSequence",
    "Parameter",
    "ParameterList",
    "PoissonNLLLoss",
    "RMSNorm",
    "RNNCell",
    "ReLU",
    "ReLU6",
    "Recurrent",
    "Residual",
    "RotaryPositions",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SinusoidalPositions",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "Softmax",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
    "TripletMarginLoss",
    "Unflatten",
    "Unfold",
    "Upsample",
    "alibi_mask",
    "causal_mask",
    "functional_call",
    "init",
    "load",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "save",
    "scaled_dot_product_attention",
]

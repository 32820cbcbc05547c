"""Branches named by modality, how they meet, what holds them together, and who is taught.

presence.py  meeting.py            masks; base of whatever takes a Tensor of every modality
experts.py                         what several Gaussians say together
network.py  feature_net.py  decision_net.py     networks of branches, by where they meet
experts.py                         what several Gaussians say together
fusion/  decision/                 feature level; decision level
encoder/                           from pictures, words, sounds and tables to features
objective/                         losses between modalities, and beside the task's
balance/                           how a step's gradients are made, so that no branch starves
analysis/                          gradient flow, audit, ablation, robustness
augment/                           training data, varied
"""

from . import analysis, augment, balance, decision, encoder, fusion, objective
from .analysis import BranchFlow, FlowRecord
from .decision import (
    DECISIONS,
    AverageLogits,
    Decision,
    MeanLogits,
    MeanProbabilities,
    Stacking,
    SumLogits,
    WeightedLogits,
)
from .decision_net import DecisionFusionNet, HybridFusionNet
from .experts import product_of_experts
from .feature_net import EarlyFusionNet, FeatureFusionNet
from .fusion import (
    BLOCK,
    FUSIONS,
    GMU,
    MCB,
    MLB,
    MMTM,
    MUTAN,
    Bottleneck,
    Concat,
    CrossAttention,
    FiLM,
    Fusion,
    Gate,
    GraphFusion,
    JointHidden,
    LowRank,
    MulT,
    Multiplicative,
    Perceiver,
    ProductOfExperts,
    ScoredAverage,
    SelfAttention,
    Sum,
    TensorFusion,
    Tucker,
    WeightedAverage,
    WeightedSum,
)
from .meeting import Meeting, mean_of_tokens
from .network import Multimodal, Outputs
from .presence import Presence, Tokens

__all__ = [
    "BLOCK",
    "DECISIONS",
    "FUSIONS",
    "GMU",
    "MCB",
    "MLB",
    "MMTM",
    "MUTAN",
    "AverageLogits",
    "Bottleneck",
    "BranchFlow",
    "Concat",
    "CrossAttention",
    "Decision",
    "DecisionFusionNet",
    "EarlyFusionNet",
    "FeatureFusionNet",
    "FiLM",
    "FlowRecord",
    "Fusion",
    "Gate",
    "GraphFusion",
    "HybridFusionNet",
    "JointHidden",
    "LowRank",
    "MeanLogits",
    "MeanProbabilities",
    "Meeting",
    "MulT",
    "Multimodal",
    "Multiplicative",
    "Outputs",
    "Perceiver",
    "Presence",
    "ProductOfExperts",
    "ScoredAverage",
    "SelfAttention",
    "Stacking",
    "Sum",
    "SumLogits",
    "TensorFusion",
    "Tokens",
    "Tucker",
    "WeightedAverage",
    "WeightedLogits",
    "WeightedSum",
    "analysis",
    "augment",
    "balance",
    "decision",
    "encoder",
    "fusion",
    "mean_of_tokens",
    "objective",
    "product_of_experts",
]

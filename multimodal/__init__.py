"""Branches named by modality, how they meet, what holds them together, and who is taught.

presence.py  meeting.py            masks; base of whatever takes a Tensor of every modality
network.py  feature_net.py  decision_net.py     networks of branches, by where they meet
fusion/  decision/                 feature level; decision level
encoder/                           from pictures, words, sounds and tables to features
objective/                         losses between modalities, and beside the task's
balance/                           how a step's gradients are made, so that no branch starves
analysis/                          gradient flow, audit, ablation, robustness
augment/                           training data, varied
"""

from . import analysis, augment, balance, decision, encoder, fusion, objective
from .analysis import BranchFlow, FlowRecord
from .decision import DECISIONS, Decision, MeanLogits
from .decision_net import DecisionFusionNet, HybridFusionNet
from .feature_net import EarlyFusionNet, FeatureFusionNet
from .fusion import FUSIONS, Concat, Fusion, Gate, Sum
from .meeting import Meeting, mean_of_tokens
from .network import Multimodal, Outputs
from .presence import Presence, Tokens

__all__ = [
    "DECISIONS",
    "FUSIONS",
    "BranchFlow",
    "Concat",
    "Decision",
    "DecisionFusionNet",
    "EarlyFusionNet",
    "FeatureFusionNet",
    "FlowRecord",
    "Fusion",
    "Gate",
    "HybridFusionNet",
    "MeanLogits",
    "Meeting",
    "Multimodal",
    "Outputs",
    "Presence",
    "Sum",
    "Tokens",
    "analysis",
    "augment",
    "balance",
    "decision",
    "encoder",
    "fusion",
    "mean_of_tokens",
    "objective",
]

"""Branches named by modality, how they meet, and what flows back to each.

fusion.py        feature level: Concat, Sum, Gate
network.py       networks of branches; decision level: the mean of logits
flow.py          the gradient that reaches each branch
"""

from .flow import FlowRecord, GradientFlow
from .fusion import Concat, Fusion, Gate, Sum
from .network import DecisionFusionNet, FeatureFusionNet, Multimodal, Outputs, mean_logits

__all__ = [
    "Concat",
    "DecisionFusionNet",
    "FeatureFusionNet",
    "FlowRecord",
    "Fusion",
    "Gate",
    "GradientFlow",
    "Multimodal",
    "Outputs",
    "Sum",
    "mean_logits",
]

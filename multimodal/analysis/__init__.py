"""What a multimodal network does: who is taught, who is heard, what is wired wrong.

branch_flow.py   the gradient that reaches each branch, step by step
audit.py         what trains, what is reached, what leaks between samples
ablation.py  shapley.py  live_ablation.py   every set of modalities, and what each is worth
emap.py          how much of a network is additive
corruption.py  robustness.py  missing.py    spoilt and missing inputs, by level
complexity.py    parameters, time and memory
correlation.py  canonical.py    how much modalities go together, beside chance
"""

from .ablation import Ablation, ablate, ablate_all
from .attribution import Attribution, attribute
from .audit import Audit, audit
from .branch_flow import BranchFlow
from .canonical import Correlations, correlations, null_correlation
from .complexity import Cost, cost, cost_table
from .correlation import (
    ModalityCorrelation,
    Null,
    modality_correlation,
    pearson,
    ranks,
    spearman,
)
from .corruption import (
    Corruption,
    DeleteWords,
    DropFrames,
    Erase,
    GaussianNoise,
    PermuteRows,
)
from .emap import Emap, emap
from .flow_record import FlowRecord
from .level_curve import Curve
from .live_ablation import Live, LiveAblation
from .missing import missing_curve, missing_curves, missing_table
from .robustness import Robustness, curve, robustness
from .shapley import shapley, subsets

__all__ = [
    "Ablation",
    "Attribution",
    "Audit",
    "BranchFlow",
    "Correlations",
    "Corruption",
    "Cost",
    "Curve",
    "DeleteWords",
    "DropFrames",
    "Emap",
    "Erase",
    "FlowRecord",
    "GaussianNoise",
    "Live",
    "LiveAblation",
    "ModalityCorrelation",
    "Null",
    "PermuteRows",
    "Robustness",
    "ablate",
    "ablate_all",
    "attribute",
    "audit",
    "correlations",
    "cost",
    "cost_table",
    "curve",
    "emap",
    "missing_curve",
    "missing_curves",
    "missing_table",
    "modality_correlation",
    "null_correlation",
    "pearson",
    "ranks",
    "robustness",
    "shapley",
    "spearman",
    "subsets",
]

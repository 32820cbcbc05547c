"""Objectives beside the task's own loss.

pairwise.py      base of what holds the features of two modalities against each other
similarity.py    cosines
contrast.py  ranking.py                         partners before others: contrast, by a margin
cca.py                                          canonical correlation: three objectives
consistency.py  vicreg.py                       the same said by each; low redundancy
autoencoder.py  vae.py  likelihood.py           every modality rebuilt from others
gan.py  adversary.py                            two sides, one against the other
decoder.py  sentences.py                        words told from another modality
distillation.py                                 what a teacher knows
multitask.py  penalty.py  imbalance.py          several tasks; weights; rare classes
complementarity.py                              not to say the same, and to be heard
batch.py                                        what they ask of a batch
"""

from .adversary import ModalityAdversary, reversal_strength, reverse_gradient
from .autoencoder import CrossModalAutoencoder
from .cca import EY, SumOfCorrelations, SumOfSquaredCorrelations
from .complementarity import Decorrelation, FunctionalEntropy
from .consistency import ConsistencyKL, ConsistencyMSE
from .contrast import InfoNCE, SigLIP
from .decoder import SequenceDecoder
from .distillation import FeatureMatching, SoftLabels, UnimodalTeachers
from .gan import CrossModalGAN
from .imbalance import class_balanced_weights, inverse_frequency_weights
from .multitask import MultiTaskHeads, UncertaintyWeighted, project_conflicting
from .pairwise import Pairwise
from .penalty import L2Penalty
from .ranking import Ranking, Structure
from .vae import GaussianHead, MultimodalVAE, kl_to_standard_normal
from .vicreg import BarlowTwins, VICReg

__all__ = [
    "EY",
    "BarlowTwins",
    "ConsistencyKL",
    "ConsistencyMSE",
    "CrossModalAutoencoder",
    "CrossModalGAN",
    "Decorrelation",
    "FeatureMatching",
    "FunctionalEntropy",
    "GaussianHead",
    "InfoNCE",
    "L2Penalty",
    "ModalityAdversary",
    "MultiTaskHeads",
    "MultimodalVAE",
    "Pairwise",
    "Ranking",
    "SequenceDecoder",
    "SigLIP",
    "SoftLabels",
    "Structure",
    "SumOfCorrelations",
    "SumOfSquaredCorrelations",
    "UncertaintyWeighted",
    "UnimodalTeachers",
    "VICReg",
    "class_balanced_weights",
    "inverse_frequency_weights",
    "kl_to_standard_normal",
    "project_conflicting",
    "reversal_strength",
    "reverse_gradient",
]

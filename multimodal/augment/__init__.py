"""Training data, varied: pictures, words, sounds, and all modalities of a sample together.

Arrays of the host in, new arrays of the same form out; every draw is from the generator given.
augmentation.py                      which rows are picked, and how batches look
picture.py  words.py  sound.py       one modality
together.py                          one after the other, by name, and mixed with others
"""

from .augmentation import Augmentation
from .picture import ColourJitter, HorizontalFlip, RandomCrop, RandomErasing
from .sound import AddNoise, SpecAugment, TimeShift
from .together import ByModality, Chain, Mix, Mixed, Mixup, mix_features, mixed_loss
from .words import DeleteWords, ReplaceSynonyms, SwapWords, WordAugmentation

__all__ = [
    "AddNoise",
    "Augmentation",
    "ByModality",
    "Chain",
    "ColourJitter",
    "DeleteWords",
    "HorizontalFlip",
    "Mix",
    "Mixed",
    "Mixup",
    "RandomCrop",
    "RandomErasing",
    "ReplaceSynonyms",
    "SpecAugment",
    "SwapWords",
    "TimeShift",
    "WordAugmentation",
    "mix_features",
    "mixed_loss",
]

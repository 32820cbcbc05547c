"""Branches: from what a modality is to features (B, d), or to tokens.

windows.py  spectrum.py  mel.py  mfcc.py    sounds to frames to bands, differentiable
mel_image.py                                the fixed picture of a sound that data sets hold
sound.py  picture.py                        convolutions over frames and pictures; patches
sentences.py  words.py  counts.py           sentences of any lengths; words to features
table.py                                    columns of numbers
"""

from .counts import CountWords
from .mel import LogMel, hz_to_mel, mel_filters, mel_to_hz
from .mel_image import log_mel_image
from .mfcc import MFCC, dct_matrix
from .picture import PatchTokens, PictureEncoder
from .sentences import Sentences, read_sentences
from .sound import SoundEncoder
from .spectrum import Spectrogram, dft_tables
from .table import Standardise, TableEncoder
from .windows import frames, hamming, hann, pre_emphasis
from .words import AttentionWords, BagOfWords, RecurrentWords

__all__ = [
    "MFCC",
    "AttentionWords",
    "BagOfWords",
    "CountWords",
    "LogMel",
    "PatchTokens",
    "PictureEncoder",
    "RecurrentWords",
    "Sentences",
    "SoundEncoder",
    "Spectrogram",
    "Standardise",
    "TableEncoder",
    "dct_matrix",
    "dft_tables",
    "frames",
    "hamming",
    "hann",
    "hz_to_mel",
    "log_mel_image",
    "mel_filters",
    "mel_to_hz",
    "pre_emphasis",
    "read_sentences",
]

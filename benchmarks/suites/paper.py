"""One step of training of the models of Adam's paper, and of a sparse one, at batch 128."""

from __future__ import annotations

from ..case import Case
from . import autoencoder, dense, images, words


def cases() -> list[Case]:
    """All of them."""
    return [*dense.cases(), images.case(), autoencoder.case(), words.case()]

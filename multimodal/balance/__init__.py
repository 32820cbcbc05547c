"""How a step's gradients are made, so that no modality starves: one method a file.

method.py  voices.py  own.py                  the base; who says what alone; whose gradients
unimodal_losses.py  blending.py  pmr.py       losses beside the fused one
ogm.py  agm.py  cggm.py  mmpareto.py          gradients, changed after backward
modality_dropout.py                           samples that do without
"""

from collections.abc import Callable
from typing import Any

from .agm import AGM, shapley
from .blending import GradientBlending, weights_from
from .cggm import CGGM
from .method import Joint, Method, Passes, Step
from .mmpareto import MMPareto
from .modality_dropout import ModalityDropout
from .ogm import OGM
from .own import own_parameters
from .pmr import PMR
from .unimodal_losses import UnimodalLosses
from .voices import Voiced


def _ogm_ge(**options: Any) -> Method:
    return OGM(noise=True, **options)


# A method by name, with its defaults; options are those of its class. "ogm-ge" needs an rng.
METHODS: dict[str, Callable[..., Method]] = {
    "joint": Joint,
    "unimodal": UnimodalLosses,
    "ogm": OGM,
    "ogm-ge": _ogm_ge,
    "agm": AGM,
    "pmr": PMR,
    "mmpareto": MMPareto,
    "cggm": CGGM,
    "blending": GradientBlending,
}

__all__ = [
    "AGM",
    "CGGM",
    "METHODS",
    "OGM",
    "PMR",
    "GradientBlending",
    "Joint",
    "MMPareto",
    "Method",
    "ModalityDropout",
    "Passes",
    "Step",
    "UnimodalLosses",
    "Voiced",
    "own_parameters",
    "shapley",
    "weights_from",
]

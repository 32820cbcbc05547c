"""Adversarial learning of features that do not tell which modality they came from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.custom import primitive
from ...engine.ops.elementwise import multiply
from ...engine.ops.shaping import concat
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Module
from ..presence import Present
from .batch import read_batch, rows_of, tensor, zero


@primitive(vjp=lambda g, lam: multiply(g, -lam), jvp=lambda t, lam: multiply(t, -lam))
def _reversed(x: Any, *, lam: float) -> Any:
    return x


def reverse_gradient(x: Any, lam: float = 1.0) -> Tensor:
    """x as it is; on the way back the gradient times -lam.

    Forward mode takes tangents times -lam too, so that it stays the transpose of reverse mode;
    the rule is linear, and its own derivative is -lam again. Neither is the derivative of the
    value, which is 1: that is the purpose.
    Raises: OptionError for a lam that is no finite number.
    Source: Ganin et al. 2016.
    """
    if not math.isfinite(lam):
        raise OptionError("reverse_gradient", "a finite lam", f"{lam}", "give a number")
    turned: Tensor = _reversed(x, lam=float(lam))
    return turned


def reversal_strength(progress: float) -> float:
    """lam = 2 / (1 + exp(-10 p)) - 1, from 0 at p = 0 to nearly 1 at p = 1.

    `progress` p is the share of training that is done. Raises: OptionError outside [0, 1].
    Source: Ganin et al. 2016, section 5.2.2.
    """
    if not 0 <= progress <= 1:
        repair = "give steps done over all steps"
        raise OptionError("reversal_strength", "progress in [0, 1]", f"{progress}", repair)
    return math.tanh(5 * progress)


class ModalityAdversary(Module):
    """L_adv = mean CE(classifier(f_m), m) over every feature of every sample that has it.

    The classifier learns to name the modality; the features, behind a gradient reversal, to
    hide it. Add L_adv to the task's loss: one optimizer then trains both sides.
    Backward: the classifier gets dL_adv; g_m += -lam dL_adv / df_m. With one modality, or lam
    0, features get nothing.
    Shapes: features (B, d), one d for all; classifier (N, d) -> (N, M). Units: nats.
    `lam` is an attribute: set it to `reversal_strength(progress)` as training goes on.
    Raises: DTypeError, OptionError, ShapeError for features or a classifier that do not fit.
    Source: Ganin et al. 2016; Wang et al. 2017 (ACMR).
    """

    def __init__(self, classifier: Module, names: Sequence[str], lam: float = 1.0) -> None:
        self.classifier, self.names, self.lam = classifier, list(names), lam

    def forward(self, features: Mapping[str, Any], present: Present | None = None) -> Tensor:
        logits, labels = self.logits(features, present)
        if logits is None:
            return zero(tensor(next(iter(features.values()))))
        loss: Tensor = cross_entropy(logits, to_device(labels, logits.device))
        return loss

    def logits(
        self, features: Mapping[str, Any], present: Present | None = None
    ) -> tuple[Tensor | None, np.ndarray]:
        """What the classifier says of all features that are there, and their true modalities,
        as numbers in the order of the names. Shapes: (N, M), (N,); None where there is none.
        """
        where = type(self).__name__
        values, here = read_batch(where, self.names, features, present)
        if len({x.shape[1:] for x in values.values()}) != 1:
            got = str({n: x.shape for n, x in values.items()})
            raise ShapeError(where, "features of one width", got, "project them to one space")
        kept = {n: here.together(n) for n in values}
        parts = [rows_of(values[n], rows) for n, rows in kept.items() if len(rows)]
        labels = [np.full(len(rows), self.names.index(n)) for n, rows in kept.items()]
        if not parts:
            return None, np.concatenate(labels)
        logits: Tensor = self.classifier(reverse_gradient(concat(parts), self.lam))
        if logits.shape[-1] != len(self.names):
            expected, repair = f"{len(self.names)} logits", "end it in one a modality"
            raise ShapeError(f"{where}, classifier", expected, str(logits.shape), repair)
        return logits, np.concatenate(labels)

    def extra_repr(self) -> str:
        return f"{', '.join(self.names)}; lam={self.lam}"

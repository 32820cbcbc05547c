"""Stacking: a learner decides from what all modalities say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...engine import Tensor
from ...engine.ops import random, shaping
from ...engine.ops.softmax import log_softmax
from ...kernels import OptionError
from ...nn import Linear, Module
from ..presence import Presence, masked
from .decision import Decision

READS = ("log-probabilities", "logits")


class Stacking(Decision):
    """z = learner([u_1 .. u_M, r_1 .. r_M]), u_m = log softmax(z_m), r_m = 1 where m is there.

    A missing u_m is 0, which r_m tells from a vote. reads="logits" takes u_m = z_m. The learner
    is one Linear, drawn from rng, where none is given.

    Backward: u_m gets its slice of what the learner passes back. With `detach`, nothing: the
    modalities are trained by losses of their own, and the learner alone by this one, which is
    stacking as first proposed.
    Shapes: z_m (B, C) -> (B, C); a learner takes (B, M (C + 1)).
    Raises: OptionError for another `reads`, DTypeError where there is neither learner nor rng.
    Differs: the first proposal trains the learner on held-out predictions; that is for the
    training loop to do.
    Source: Wolpert 1992.
    """

    learner: Module

    def __init__(
        self,
        names: Sequence[str],
        classes: int,
        learner: Module | None = None,
        *,
        reads: str = "log-probabilities",
        detach: bool = False,
        rng: np.random.Generator | None = None,
    ) -> None:
        super().__init__(names)
        if reads not in READS:
            rule = f"reads in {', '.join(READS)}"
            raise OptionError("Stacking", rule, repr(reads), "choose one of these")
        self.widths = dict.fromkeys(self.widths, classes)
        self.reads, self.detach = reads, detach
        if learner is None:
            size = len(self.widths) * (classes + 1)
            learner = Linear(size, classes, rng=random.generator(rng))
        self.learner = learner

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        said = [masked(self._read(z), here[name]) for name, z in features.items()]
        there = Tensor(here.table(said[0]))
        z: Tensor = self.learner(shaping.concat([*said, there], axis=-1))
        return z

    def _read(self, z: Tensor) -> Tensor:
        z = z.detach() if self.detach else z
        read: Tensor = log_softmax(z) if self.reads == READS[0] else z
        return read

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, reads={self.reads!r}, detach={self.detach}"

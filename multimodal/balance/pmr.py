"""PMR: the slow modality is pulled towards prototypes of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ...engine import Tensor
from ...engine.ops import norms
from ...engine.ops.elementwise import exp
from ...engine.ops.reductions import mean
from ...engine.ops.shaping import data_of, reshape
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn.loss.checks import at_least, within
from ..meeting import mean_of_tokens
from ..network import Inputs, Multimodal, Outputs
from ..presence import Present, Tokens
from .method import Criterion, Method, Step, added
from .voices import in_batch, ratios, values_of


class Pull(NamedTuple):
    """The prototype loss of a modality, and how well its prototypes know the batch."""

    loss: Tensor
    score: float


class PMR(Method):
    """L + alpha sum over slow m of CE(sim_m), with sim_m[i, c] = -||f_m[i] - proto_m[c]||.

    s_m = the mean of softmax(sim_m)[i, y_i]; m is slow where rho_m = s_m / mean of s_j over
    j != m is below 1. proto_m[c] is the mean feature of class c; after the first step, and
    then every `every` steps, proto <- momentum proto + (1 - momentum) mean of the features of
    the steps since, class by class.
    Backward: f_m of a slow modality gets alpha (softmax(sim_m) - y) / N through the unit
    vectors from prototype to feature; prototypes, fusion and head get nothing from it.
    One forward and one backward: the features are those of the step, before its update.
    A class that no step has had has no prototype yet: it is no column of sim, and its rows are
    left out. The first step, without prototypes, is joint training. Tokens are averaged.
    Differs: the paper's entropy term for the leader in the first epochs is not there; the
    coefficient is alpha, as in the authors' code, not alpha clip(1 / rho - 1, 0, 1); their
    temperature of .1 enters no formula of theirs. They make prototypes anew each epoch from a
    tenth of the set, in a pass of its own. Two modalities give the paper's ratio.
    Raises: OptionError for alpha < 0, a momentum outside [0, 1], an `every` below 1, and for
    targets that are no class labels.
    Source: Fan et al. 2023.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        momentum: float = 0.2,
        every: int = 50,
        criterion: Criterion = cross_entropy,
    ) -> None:
        super().__init__(criterion)
        self.alpha = at_least("PMR", "alpha", alpha, 0)
        self.momentum = within("PMR", "momentum", momentum, 0, 1)
        self.every = int(at_least("PMR", "every", every, 1))

    def gradients(
        self, network: Multimodal, inputs: Inputs, target: Any, present: Present | None
    ) -> Step:
        features, out = self.parted_pass(network, inputs, present)
        loss = self.criterion(out.logits, target)
        labels = _labels(target, out.logits.shape[-1])
        vectors = {n: _vector(n, features[n], out) for n in in_batch(features, out)}
        pulls = {n: pull for n, f in vectors.items() if (pull := self.pull(n, f, out, labels))}
        rho = ratios({n: pull.score for n, pull in pulls.items()})
        slow = {n: pulls[n].loss for n, ratio in rho.items() if ratio < 1}
        weight = {n: self.alpha if n in slow else 0.0 for n in network.branches}
        self.backward_pass(added([loss, *(self.alpha * x for x in slow.values())]))
        self._note(vectors, out, labels)
        return Step(loss, out, {n: pull.loss for n, pull in pulls.items()}, weight)

    def prototypes(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The prototypes of a modality, and for which classes there is one.

        Shapes: (C, d), (C,); (0, 0) and (0,) before the first step.
        """
        return self.recall(f"prototype.{name}", np.zeros((0, 0))), self.recall(
            f"known.{name}", np.zeros(0, bool)
        )

    def pull(self, name: str, f: Tensor, out: Outputs, labels: np.ndarray) -> Pull | None:
        """CE(sim_m) on the rows that have m and a class with a prototype; None without any."""
        table, known = self.prototypes(name)
        classes = np.flatnonzero(known)
        rows = np.flatnonzero(out.here[name] & np.isin(labels, classes))
        if not len(rows):
            return None
        near = to_device(table[classes].astype(f.dtype), f.device)
        apart = reshape(f[to_device(rows, f.device)], (len(rows), 1, -1)) - near
        losses = cross_entropy(
            -norms.norm(apart, axis=-1), np.searchsorted(classes, labels[rows]), "none"
        )
        return Pull(mean(losses), float(mean(exp(-losses.detach()))))

    def _note(self, vectors: Mapping[str, Tensor], out: Outputs, labels: np.ndarray) -> None:
        """Add the features of a step to the sums; make prototypes of them when it is time."""
        step, classes = int(self.recall("step", 0)) + 1, out.logits.shape[-1]
        kept: dict[str, np.ndarray] = {}
        for name, f in vectors.items():
            rows = np.flatnonzero(out.here[name])
            sums = self.recall(f"sum.{name}", np.zeros((classes, f.shape[-1])))
            counts = self.recall(f"count.{name}", np.zeros(classes, np.int64))
            np.add.at(sums, labels[rows], f.numpy()[rows])
            np.add.at(counts, labels[rows], 1)
            kept |= {f"sum.{name}": sums, f"count.{name}": counts}
        self.remember({"step": step, **kept})
        if step == 1 or step % self.every == 0:
            self._refresh()

    def _refresh(self) -> None:
        for name in [n.removeprefix("sum.") for n in self.memory if n.startswith("sum.")]:
            sums, counts = (self.recall(f"{kind}.{name}", 0) for kind in ("sum", "count"))
            table, known = self.prototypes(name)
            if not len(known):
                table, known = np.zeros_like(sums), np.zeros(len(counts), bool)
            seen = counts > 0
            new = sums[seen] / counts[seen][:, None]
            keep = np.where(known[seen], self.momentum, 0.0)[:, None]
            table[seen] = keep * table[seen] + (1 - keep) * new
            fresh = {"prototype": table, "known": known | seen}
            fresh |= {"sum": np.zeros_like(sums), "count": np.zeros_like(counts)}
            self.remember({f"{kind}.{name}": x for kind, x in fresh.items()})


def _labels(target: Any, classes: int) -> np.ndarray:
    """Raises: OptionError for targets that are no class labels."""
    labels = np.asarray(to_device(data_of(target), "cpu"))
    fits = labels.ndim == 1 and labels.dtype.kind in "iu"
    if not fits or not np.isin(labels, np.arange(classes)).all():
        got = f"{labels.dtype} of shape {labels.shape}"
        rule = f"class labels (B,) in [0, {classes})"
        raise OptionError("PMR", rule, got, "prototypes are of classes")
    return labels


def _vector(name: str, feature: Any, out: Outputs) -> Tensor:
    """A feature (B, d), or the mean of the tokens that are there."""
    values = values_of(feature)
    if len(values.shape) != 3:
        return values
    return mean_of_tokens(Tokens(values, out.here.tokens(name, values.shape[1])))

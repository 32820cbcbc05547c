"""Distillation: a branch learns what a teacher of another, or of its own, modality knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine import Tensor
from ...engine.mode import recording
from ...engine.ops.elementwise import exp, square
from ...engine.ops.shaping import data_of
from ...engine.ops.softmax import cross_entropy, log_softmax
from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from ...nn import Module
from ...nn.loss.checks import above, at_least, within
from ..presence import Presence, Present
from .batch import added, each_row, modules, read_batch, rows_of, tensor


class SoftLabels(Module):
    """L = alpha CE(z_s, y) + (1 - alpha) T^2 KL(p_t^T || p_s^T), with p^T = softmax(z / T).

    Means over samples. T^2 keeps both terms of one size as T changes. Students may be a dict by
    modality: L is then the mean over those that a sample of the batch has, each over the rows
    that have it, and the teacher one for all, or a dict with one for each.
    Backward: dz_s = alpha (p_s - y) / B + (1 - alpha) T (p_s^T - p_t^T) / B; the teacher gets
    nothing.
    Shapes: logits (B, C), labels (B,) integers -> (). With alpha 0 labels may be None.
    Units: nats. Raises: OptionError, ShapeError, DTypeError for settings or arrays that do not
    fit.
    Source: Hinton et al. 2015; between modalities Gupta et al. 2016.
    """

    def __init__(self, temperature: float = 4.0, alpha: float = 0.5) -> None:
        where = type(self).__name__
        self.temperature = above(where, "temperature", temperature)
        self.alpha = within(where, "alpha", alpha, 0, 1)

    def forward(
        self, student: Any, teacher: Any, labels: Any = None, present: Present | None = None
    ) -> Tensor:
        if not isinstance(student, Mapping):
            student = {"student": student}
        values, here = read_batch(type(self).__name__, list(student), student, present)
        terms = []
        for name, z in values.items():
            rows = here.together(name)
            told = _constant(teacher[name] if isinstance(teacher, Mapping) else teacher, z)
            if told.shape != z.shape:
                expected, repair = f"a teacher's logits {z.shape}", "use the same classes"
                raise ShapeError(type(self).__name__, expected, str(told.shape), repair)
            if len(rows):
                true = None if labels is None else rows_of(tensor(labels), rows)
                terms.append(self._one(rows_of(z, rows), rows_of(told, rows), true))
        return added(terms, next(iter(values.values()))) / max(len(terms), 1)

    def _one(self, z: Tensor, told: Tensor, labels: Any) -> Tensor:
        t, share = self.temperature, 1 - self.alpha
        log_p, log_q = log_softmax(told / t), log_softmax(z / t)
        soft: Tensor = (exp(log_p) * (log_p - log_q)).sum() * (share * t * t / len(z))
        if not self.alpha:
            return soft
        if labels is None:
            where, repair = type(self).__name__, "give labels, or alpha=0"
            raise OptionError(where, "labels where alpha > 0", "None", repair)
        return soft + cross_entropy(z, labels) * self.alpha

    def extra_repr(self) -> str:
        return f"temperature={self.temperature}, alpha={self.alpha}"


class FeatureMatching(Module):
    """L = mean over modalities of mean_b (1 / d) ||P_m(f_m) - t_m||^2: a mean of squares.

    P_m is a projection where one is given, for teachers of another width; else the feature
    itself. Each mean is over the samples that have the modality.
    Backward: df_m = 2 (P_m(f_m) - t_m) P_m' / (M N_m d); targets get nothing.
    Shapes: features and targets (B, d_m) by modality -> ().
    Raises: DTypeError, OptionError, ShapeError for arrays that do not fit.
    Source: Romero et al. 2015 (FitNets); Gupta et al. 2016.
    """

    def __init__(self, projections: Mapping[str, Module] | None = None) -> None:
        where = type(self).__name__
        given = modules(where, "projections", projections) if projections else {}
        self.projections = given

    def forward(
        self,
        features: Mapping[str, Any],
        targets: Mapping[str, Any],
        present: Present | None = None,
    ) -> Tensor:
        where = type(self).__name__
        values, here = read_batch(where, list(features), features, present)
        if missing := [n for n in values if n not in targets]:
            expected, repair = f"targets for {list(values)}", "match those that are there"
            raise OptionError(where, expected, f"none for {missing}", repair)
        terms = [
            self._one(name, x, _constant(targets[name], x), here)
            for name, x in values.items()
            if here[name].any()
        ]
        return added(terms, next(iter(values.values()))) / max(len(terms), 1)

    def _one(self, name: str, x: Tensor, target: Tensor, here: Presence) -> Tensor:
        rows = here.together(name)
        f = rows_of(x, rows)
        f = self.projections[name](f) if name in self.projections else f
        t = rows_of(target, rows)
        if f.shape != t.shape:
            where, repair = f"{type(self).__name__}, {name}", "give it a projection"
            raise ShapeError(where, f"a feature {t.shape}", str(f.shape), repair)
        return each_row(square(f - t)).mean() / (f.size / len(f))


class UnimodalTeachers(Module):
    """L = weight * FeatureMatching(f_m, teacher_m(x_m)): each branch of a joint network keeps
    what an encoder trained on its modality alone had found.

    `teachers` are frozen: their parameters no longer require gradients, they run in evaluation
    mode whatever the mode around them, and nothing is recorded of them.
    Backward: as `FeatureMatching`; the weak branch is pulled by its own teacher even where the
    joint loss no longer needs it.
    Shapes: features (B, d_m), inputs what teacher m takes -> ().
    Raises: OptionError, ShapeError, DTypeError for what does not fit.
    Source: Du et al. 2023 (UMT), whose weight is 10.
    """

    def __init__(
        self,
        teachers: Mapping[str, Module],
        weight: float = 10.0,
        projections: Mapping[str, Module] | None = None,
    ) -> None:
        where = type(self).__name__
        self.teachers = modules(where, "teachers", teachers)
        self.weight = at_least(where, "weight", weight, 0)
        self.matching = FeatureMatching(projections)
        for teacher in self.teachers.values():
            teacher.requires_grad_(False)

    def forward(
        self,
        features: Mapping[str, Any],
        inputs: Mapping[str, Any],
        present: Present | None = None,
    ) -> Tensor:
        wanted = [n for n in self.teachers if n in features]
        if not wanted or any(n not in inputs for n in wanted):
            expected = f"features and inputs of {list(self.teachers)}"
            got, repair = f"{list(features)} and {list(inputs)}", "name both by modality"
            raise OptionError(type(self).__name__, expected, got, repair)
        with recording(False):
            told = {n: self.teachers[n].eval()(inputs[n]) for n in wanted}
        kept = {n: m for n, m in (present or {}).items() if n in wanted}
        return self.matching({n: features[n] for n in wanted}, told, kept) * self.weight

    def extra_repr(self) -> str:
        return f"weight={self.weight:g}"


def _constant(given: Any, like: Tensor) -> Tensor:
    """What a teacher said: no gradient goes there, and it is where the student is."""
    return Tensor(to_device(data_of(tensor(given)), like.device))

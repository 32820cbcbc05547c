"""Cases of objectives that distil, weigh tasks, and keep modalities apart and heard.

Noise is drawn by a generator made anew in every call, so that differences see one function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import nn
from ...engine import Tensor
from ...engine.ops.softmax import cross_entropy
from ...multimodal import Concat, Gate, Sum, objective
from .case import WIDTHS, Case, Names, Present, equal_vectors
from .parts import Fixed, Held, labels

Build = Callable[[Names, np.random.Generator], nn.Module]
Given = Mapping[str, Any]
CLASSES = 3


# ---- teachers -------------------------------------------------------------------------------
def _labelled(alpha: float) -> Build:
    return lambda names, rng: objective.SoftLabels(alpha=alpha)


def _taught(m: Any, x: Given, here: Present) -> Tensor:
    teacher = np.random.default_rng(23).standard_normal(x["a"].shape)
    loss: Tensor = m(x, teacher, labels(len(teacher), CLASSES), here)
    return loss


def _matching(names: Names, rng: np.random.Generator) -> objective.FeatureMatching:
    return objective.FeatureMatching({n: nn.Linear(WIDTHS[n], 2, rng=rng) for n in names})


def _matched(m: Any, x: Given, here: Present) -> Tensor:
    rng = np.random.default_rng(24)
    loss: Tensor = m(x, {n: rng.standard_normal((len(f), 2)) for n, f in x.items()}, here)
    return loss


def _teachers(names: Names, rng: np.random.Generator) -> nn.Module:
    made = {n: Fixed(WIDTHS[n], 2, rng) for n in names}
    return objective.UnimodalTeachers(made, 1.5, _matching(names, rng).projections)


def _as_taught(m: Any, x: Given, here: Present) -> Tensor:
    rng = np.random.default_rng(25)
    inputs = {n: rng.standard_normal((len(f), WIDTHS[n])) for n, f in x.items()}
    loss: Tensor = m(x, inputs, here)
    return loss


# ---- tasks ----------------------------------------------------------------------------------
def _uncertain(m: Any, x: Given, here: Present) -> Tensor:
    """A loss for every modality: the mean square of its rows."""
    rows = {n: np.flatnonzero((here or {}).get(n, np.ones(len(f), bool))) for n, f in x.items()}
    losses = {n: (f[rows[n]] ** 2).mean() for n, f in x.items() if len(rows[n])}
    return m(losses) if losses else Tensor(0.0)


def _tasks(names: Names, rng: np.random.Generator) -> nn.Module:
    heads = {n: nn.Linear(3, CLASSES, rng=rng) for n in ("first", "second")}
    parts = Sum(dict.fromkeys(names, 3)), objective.MultiTaskHeads(heads)
    return Held(*parts, objective.UncertaintyWeighted(list(heads)))


def _of_tasks(m: Any, x: Given, here: Present) -> Tensor:
    fusion, heads, weigh = m.parts
    fused = fusion(x, here)
    targets = dict.fromkeys(heads.heads, labels(len(fused), CLASSES))
    losses = heads.losses(fused, targets, dict.fromkeys(targets, cross_entropy))
    loss: Tensor = weigh(losses)
    return loss


# ---- penalties ------------------------------------------------------------------------------
def _decorrelation(centred: bool) -> Build:
    return lambda names, rng: objective.Decorrelation(centred)


def _entropy(names: Names, rng: np.random.Generator) -> nn.Module:
    fusion = Concat({n: WIDTHS[n] for n in names})
    first, last = nn.Linear(fusion.width, 2, rng=rng), nn.Linear(2, CLASSES, rng=rng)
    loss = nn.CrossEntropyLoss(reduction="none")
    penalty = objective.FunctionalEntropy(loss, weight=1.0, samples=2, std=0.5, rng=rng)
    return Held(fusion, nn.Sequential(first, nn.Tanh(), last), penalty)


def _heard(m: Any, x: Given, here: Present) -> Tensor:
    fusion, head, penalty = m.parts
    penalty.rng = np.random.default_rng(26)
    target = labels(len(x["a"]), CLASSES)
    loss: Tensor = penalty(lambda z, p: head(fusion(z, p)), x, target, here)
    return loss


def _penalised(names: Names, rng: np.random.Generator) -> nn.Module:
    fusion = Gate({n: WIDTHS[n] for n in names}, rng=rng)
    return Held(fusion, objective.L2Penalty(fusion, 0.3))


def _with_penalty(m: Any, x: Given, here: Present) -> Tensor:
    fusion, penalty = m.parts
    loss: Tensor = (fusion(x, here) ** 2).mean() + penalty()
    return loss


def _balanced(names: Names, rng: np.random.Generator) -> nn.Module:
    weights = objective.class_balanced_weights([900, 90, 9])
    return Held(Sum(dict.fromkeys(names, 3)), nn.FocalLoss(weights))


def _focal(m: Any, x: Given, here: Present) -> Tensor:
    fusion, loss = m.parts
    logits = fusion(x, here)
    value: Tensor = loss(logits, labels(len(logits), CLASSES))
    return value


def _case(name: str, what: str, build: Build, source: str, **settings: Any) -> Case:
    return Case(name, "objective", what, build, source=source, **settings)


EQUAL: dict[str, Any] = {"inputs": equal_vectors}
HINTON, KENDALL = "Hinton et al. 2015", "Kendall et al. 2018"
NGIAM = "Ngiam et al. 2011"

REGULARISING = [
    _case(
        "soft labels",
        "alpha CE(z, y) + (1 - alpha) T^2 KL(p_t || p_s)",
        _labelled(0.5),
        HINTON,
        call=_taught,
        **EQUAL,
    ),
    _case(
        "soft labels alone", "T^2 KL(p_t || p_s)", _labelled(0.0), HINTON, call=_taught, **EQUAL
    ),
    _case(
        "feature matching",
        "mean (P_m(f_m) - t_m)^2",
        _matching,
        "Gupta et al. 2016",
        call=_matched,
    ),
    _case(
        "unimodal teachers",
        "w mean (P_m(f_m) - teacher_m(x_m))^2",
        _teachers,
        "Du et al. 2023",
        call=_as_taught,
    ),
    _case(
        "uncertainty weights",
        "sum_k L_k / (2 sigma_k^2) + log sigma_k",
        lambda names, rng: objective.UncertaintyWeighted(names),
        KENDALL,
        call=_uncertain,
    ),
    _case("multi-task heads", "heads on one F", _tasks, KENDALL, call=_of_tasks, **EQUAL),
    _case("decorrelation", "||v_m^T v_n||^2 / N^2, centred", _decorrelation(True), NGIAM),
    _case("decorrelation, raw", "||v_m^T v_n||^2 / N^2", _decorrelation(False), NGIAM),
    _case(
        "functional entropy",
        "||1 / score||, score_m = mean ||dL/dx_m||^2 / L",
        _entropy,
        "Gat et al. 2020",
        call=_heard,
    ),
    _case(
        "L2 penalty",
        "L + (lambda / 2) sum ||W||^2",
        _penalised,
        "Krogh & Hertz 1992",
        call=_with_penalty,
    ),
    _case(
        "class-balanced focal loss",
        "-w_y (1 - p)^gamma log p on summed logits",
        _balanced,
        "Cui et al. 2019",
        call=_focal,
        **EQUAL,
    ),
]

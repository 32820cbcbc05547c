"""Kernels over rows as rules: what is folded over a row, then what its elements become.

The functions of a rule are formulas in the vocabulary, as those of `lift`. They name what they
read: an array of the rule, an earlier fold, or a scalar. `row_text.py` writes a CUDA
kernel from each; the names and arguments are those of the compiled loops of the CPU
(`loops/rows.py`, `loops/norms.py`), so that one call serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .words import exp, log, maximum, minimum, sqrt, where

Formula = Callable[..., Any]
# What an array holds: a number for each element of a row; one for each row; a row that every
# row reads, or several that rows read in turn; the place of one element in each row, which
# formulas see as a truth value of each element.
EACH, ONE, TURNS, PLACE = "each", "one", "turns", "place"


class Fold(NamedTuple):
    """A number of a row: the `sum`, `mean` or `max` of a formula of its elements, or what that
    is of the `first` one; then, with `after`, a formula of that number."""

    how: str
    element: Formula
    after: Formula | None = None


@dataclass(frozen=True)
class RowRule:
    """Arrays and scalars that are given, and outputs, for each element or one a row: by name,
    in the order of the call. Folds are in the order in which they read each other. `columns`
    are sums over all rows, a number for each column, of formulas that may read folds."""

    arrays: Mapping[str, str]
    folds: Mapping[str, Fold]
    outputs: Mapping[str, tuple[str, Formula]]
    scalars: tuple[str, ...] = ()
    columns: Mapping[str, Formula] = field(default_factory=dict)


def _clamped(top: Any, limit: Any) -> Any:
    """The float next to an infinite one: inf - inf is then no nan."""
    return minimum(maximum(top, -limit), limit)


def _scaled(square: Any, eps: Any) -> Any:
    return 1 / sqrt(square + eps)


def _rest(x: Any, first: Any, mean: Any) -> Any:
    """x without its mean. Less one of its elements first: equal elements become exactly 0, and
    a large offset costs no digits."""
    return x - first - mean


def _square(x: Any) -> Any:
    return x * x


TOP = {"top": Fold("max", lambda x: x, _clamped)}
TOTAL = {**TOP, "total": Fold("sum", lambda x, top: exp(x - top))}
SIZE = {**TOP, "size": Fold("sum", lambda x, top: exp(x - top), lambda total: log(total))}
MEAN = {
    "first": Fold("first", lambda x: x),
    "mean": Fold("mean", lambda x, first: x - first),
    "scale": Fold("mean", lambda x, first, mean: _square(_rest(x, first, mean)), _scaled),
}


def _normed(x: Any, w: Any, b: Any, first: Any, mean: Any, scale: Any) -> Any:
    return _rest(x, first, mean) * scale * w + b


RMS = {"scale": Fold("mean", lambda x: x * x, _scaled)}

RULES: dict[str, RowRule] = {
    # ---- softmax and its kin ---------------------------------------------------------------
    "logsumexp": RowRule({"x": EACH}, SIZE, {"y": (ONE, lambda size, top: size + top)}),
    "softmax": RowRule(
        {"x": EACH}, TOTAL, {"y": (EACH, lambda x, top, total: exp(x - top) / total)}
    ),
    "log_softmax": RowRule(
        {"x": EACH}, SIZE, {"y": (EACH, lambda x, top, size: x - top - size)}
    ),
    "cross_entropy": RowRule(
        {"x": EACH, "label": PLACE},
        {**SIZE, "picked": Fold("sum", lambda x, label, top: where(label, x - top, 0))},
        {"y": (ONE, lambda size, picked: size - picked)},
    ),
    "logsumexp_vjp": RowRule(
        {"g": ONE, "x": EACH, "y": ONE},
        {},
        {"dx": (EACH, lambda g, x, y, limit: g * exp(x - where(y >= -limit, y, 0)))},
    ),
    "softmax_vjp": RowRule(
        {"g": EACH, "y": EACH},
        {"mean": Fold("sum", lambda g, y: g * y)},
        {"dx": (EACH, lambda g, y, mean: y * (g - mean))},
    ),
    "log_softmax_vjp": RowRule(
        {"g": EACH, "y": EACH},
        {"total": Fold("sum", lambda g: g)},
        {"dx": (EACH, lambda g, y, total: g - exp(y) * total)},
    ),
    "cross_entropy_vjp": RowRule(
        {"g": ONE, "x": EACH, "label": PLACE},
        TOTAL,
        {
            "dx": (
                EACH,
                lambda g, x, label, top, total: (exp(x - top) / total - where(label, 1, 0)) * g,
            )
        },
    ),
    # ---- weights along a row: layer norm, and RMS norm, which takes no mean off --------------
    "layer_norm centred": RowRule(
        {"x": EACH, "w": TURNS, "b": TURNS},
        MEAN,
        {"y": (EACH, _normed)},
        ("eps",),
    ),
    "layer_norm plain": RowRule(
        {"x": EACH, "w": TURNS, "b": TURNS},
        RMS,
        {"y": (EACH, lambda x, w, b, scale: x * scale * w + b)},
        ("eps",),
    ),
    "layer_norm_vjp centred": RowRule(
        {"g": EACH, "x": EACH, "w": TURNS},
        {
            **MEAN,
            "base": Fold("first", lambda g, w: g * w),
            "level": Fold("mean", lambda g, w, base: g * w - base),
            "slope": Fold(
                "mean",
                lambda g, x, w, first, mean, scale: g * w * _rest(x, first, mean) * scale,
            ),
        },
        {
            "dx": (
                EACH,
                lambda g, x, w, first, mean, scale, base, level, slope: (
                    (g * w - base - level - slope * _rest(x, first, mean) * scale) * scale
                ),
            )
        },
        ("eps",),
        {
            "dw": lambda g, x, first, mean, scale: g * (_rest(x, first, mean) * scale),
            "db": lambda g: g,
        },
    ),
    "layer_norm_vjp plain": RowRule(
        {"g": EACH, "x": EACH, "w": TURNS},
        {**RMS, "slope": Fold("mean", lambda g, x, w, scale: g * w * x * scale)},
        {"dx": (EACH, lambda g, x, w, scale, slope: (g * w - slope * x * scale) * scale)},
        ("eps",),
        {"dw": lambda g, x, scale: g * (x * scale), "db": lambda g: g},
    ),
    # ---- a weight for each row, which is a channel: batch norm, norms without weights --------
    "channel_norm": RowRule(
        {"x": EACH, "w": ONE, "b": ONE},
        MEAN,
        {"y": (EACH, _normed)},
        ("eps",),
    ),
    "channel_norm_vjp": RowRule(
        {"g": EACH, "x": EACH, "w": ONE},
        {
            **MEAN,
            "base": Fold("first", lambda g: g),
            "level": Fold("mean", lambda g, base: g - base),
            "slope": Fold(
                "mean", lambda g, x, first, mean, scale: g * _rest(x, first, mean) * scale
            ),
        },
        {
            "dx": (
                EACH,
                lambda g, x, w, first, mean, scale, base, level, slope: (
                    (g - base - level - slope * _rest(x, first, mean) * scale) * scale * w
                ),
            ),
            "dw": (ONE, lambda slope, n: slope * n),
            "db": (ONE, lambda base, level, n: (base + level) * n),
        },
        ("eps",),
    ),
}

"""softmax, its logarithm, and cross-entropy fused with it."""

from __future__ import annotations

import operator
from typing import Any

from ...kernels import DTypeError, OptionError, ShapeError, gather, rows
from ..fused import Fused
from ..op import SYMMETRIC, structural
from ..tape import apply
from ..value import Value
from .broadcast import normal_axes, sum_
from .elementwise import exp, multiply, subtract
from .reductions import mean, over
from .shaping import as_array, data_of, reshape

REDUCTIONS = ("mean", "sum", "none")


def _softmax_vjp(g: Any, y: Any, axis: int) -> Any:
    # The Jacobian is diag(y) - y y^T, symmetric, so the vjp is y * (g - <g, y>).
    return multiply(y, subtract(g, sum_(multiply(g, y), axis, keepdims=True)))


def _log_softmax_vjp(g: Any, y: Any, axis: int) -> Any:
    return subtract(g, multiply(exp(y), sum_(g, axis, keepdims=True)))


def _log_softmax_jvp(t: Any, y: Any, axis: int) -> Any:
    return subtract(t, sum_(multiply(exp(y), t), axis, keepdims=True))


def _cross_entropy_vjp(g: Any, logits: Any, labels: Any, reduction: str) -> Any:
    share = over(g, len(labels) or 1) if reduction == "mean" else g
    each = reshape(share, (-1, 1)) if reduction == "none" else share
    return multiply(_excess(logits, labels), each)


def _cross_entropy_jvp(t: Any, logits: Any, labels: Any, reduction: str) -> Any:
    return _reduced(sum_(multiply(_excess(logits, labels), t), -1), reduction)


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return mean(losses) if reduction == "mean" else sum_(losses)


def _excess(logits: Any, labels: Any) -> Any:
    """softmax(logits) - onehot(labels), row by row: the slope of each row's loss."""
    truth = gather.one_hot(labels, like=logits.data if isinstance(logits, Value) else logits)
    return subtract(softmax(logits), truth)


SOFTMAX = structural(
    "softmax", rows.softmax, ["x"], Fused(rows.softmax_vjp, _softmax_vjp), jvp=SYMMETRIC
)
LOG_SOFTMAX = structural(
    "log_softmax",
    rows.log_softmax,
    ["x"],
    Fused(rows.log_softmax_vjp, _log_softmax_vjp),
    jvp=[_log_softmax_jvp],
)
CROSS_ENTROPY = structural(
    "cross_entropy",
    rows.cross_entropy,
    ["logits", "labels"],
    Fused(rows.cross_entropy_vjp, _cross_entropy_vjp),
    None,
    jvp=[_cross_entropy_jvp, None],
    rigid=True,
)


def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) along an axis; sums to 1 along it."""
    x = as_array(x)
    return apply(SOFTMAX, x, axis=normal_axes("softmax", x, operator.index(axis))[0])


def log_softmax(x: Any, axis: int = -1) -> Any:
    """x - log(sum(exp(x))) along an axis. Units: nats."""
    x = as_array(x)
    return apply(LOG_SOFTMAX, x, axis=normal_axes("log_softmax", x, operator.index(axis))[0])


def cross_entropy(logits: Any, labels: Any, reduction: str = "mean") -> Any:
    """-log softmax(logits)[label], averaged, summed, or one a row.

    Shapes: (N, C), (N,) integers -> () or, with reduction "none", (N,). Units: nats.
    Raises: ShapeError, DTypeError, OptionError for a shape, label or reduction that is not so.
    """
    logits, labels = as_array(logits), data_of(as_array(labels))
    _check(logits, labels, reduction)
    return apply(CROSS_ENTROPY, logits, labels, reduction=reduction)


def _check(logits: Any, labels: Any, reduction: str) -> None:
    where = "cross_entropy"
    if len(logits.shape) != 2 or labels.shape != logits.shape[:1]:
        got = f"{logits.shape} and {labels.shape}"
        raise ShapeError(where, "logits (N, C) and labels (N,)", got, "reshape one of them")
    if labels.dtype.kind not in "iu":
        got, repair = str(labels.dtype), "convert with labels.astype(int)"
        raise DTypeError(where, "integer labels", got, repair)
    if reduction not in REDUCTIONS:
        rule = f"reduction in {', '.join(REDUCTIONS)}"
        raise OptionError(where, rule, repr(reduction), "choose one of these")
    classes = logits.shape[1]
    if not rows.are_labels(labels, classes):
        got = f"{labels.min()} to {labels.max()}"
        raise OptionError(where, f"labels in [0, {classes})", got, "number classes from 0")

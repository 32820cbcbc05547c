"""Targets of several lengths, as CTC is given them: checked, and laid side by side."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...kernels import OptionError, ShapeError
from ...kernels.device import to_device
from .checks import in_range, same_shape, whole


class Sequences(NamedTuple):
    """Labels (N, S), filled up with blanks, how many of each row are labels (N,), and of how
    many steps each input is (N,): plain arrays on the host."""

    labels: np.ndarray
    lengths: np.ndarray
    steps: np.ndarray


def sequences(
    where: str,
    shape: tuple[int, ...],
    blank: int,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
) -> Sequences:
    """What belongs to log-probabilities of a shape (T, N, C), or (T, C) of one sequence.

    Raises: ShapeError, DTypeError, OptionError for labels and lengths that do not.
    """
    many, lengths = len(shape) == 3, []
    given = {"input_lengths": input_lengths, "target_lengths": target_lengths}
    for name, x in given.items():
        x = to_device(whole(where, name, x), "cpu")
        same_shape(where, name, x, shape[1:-1])
        lengths.append(x.reshape(-1))
    in_range(where, "input_lengths", lengths[0], 1, shape[0] + 1, "count the steps of each")
    targets = to_device(whole(where, "targets", targets), "cpu")
    rows = targets if many else targets.reshape(1, -1)
    labels = side_by_side(where, rows, lengths[1], blank)
    counted = labels[np.arange(labels.shape[1]) < lengths[1][:, None]]
    in_range(where, "targets", counted, 0, shape[-1], "number classes from 0")
    if (counted == blank).any():
        repair = "number the labels around it"
        raise OptionError(where, "targets without the blank", f"{blank} among them", repair)
    return Sequences(labels, lengths[1], lengths[0])


def side_by_side(where: str, targets: np.ndarray, lengths: np.ndarray, blank: int) -> Any:
    """Targets one below the other, or one after the other, as rows filled up with blanks.

    Shapes: (N, S) or (sum of lengths,), lengths (N,) -> (N, longest).
    Raises: ShapeError for other shapes, OptionError for lengths below 0.
    """
    longest, total = int(lengths.max(initial=0)), int(lengths.sum())
    in_range(where, "target_lengths", lengths, 0, longest + 1, "count the labels of each")
    is_row = targets.ndim == 1 and len(targets) == total
    if not is_row and (targets.shape[:-1] != lengths.shape or targets.shape[-1] < longest):
        n = len(lengths)
        rule = f"targets of shape ({n}, {longest}) or more, or ({total},)"
        raise ShapeError(where, rule, str(targets.shape), "see target_lengths")
    is_label = np.arange(longest) < lengths[:, None]
    labels = np.full(is_label.shape, blank)
    labels[is_label] = targets if is_row else targets[:, :longest][is_label]
    return labels

"""How a Tensor looks: one line, all rows, a table in a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .tensor import Tensor

ROWS, COLUMNS = 8, 8  # of a table; what is more is left out, and its place marked


def line(t: Tensor) -> str:
    """One line, so that an error message can hold it; `print` shows all rows."""
    edge = 3 if t.ndim < 2 else 1
    values = np.array2string(t.numpy(), separator=", ", threshold=8, edgeitems=edge)
    shape = f", shape={t.shape}" if t.size > 8 else ""
    return f"Tensor({' '.join(values.split())}{shape}{facts(t)})"


def whole(t: Tensor) -> str:
    """All values as NumPy prints them."""
    values = np.array2string(t.numpy(), separator=", ", prefix="Tensor(")
    return f"Tensor({values}{facts(t)})"


def facts(t: Tensor) -> str:
    """What sets a Tensor apart: its dtype if not float64, its name, where it is from."""
    said = "" if t.dtype == np.float64 else f", dtype={t.dtype}"
    said += f", name={t.name!r}" if t.name else ""
    if t.node:
        return f"{said}, op={t.node.op.name}"
    return f"{said}, requires_grad=True" if t.requires_grad else said


def table(t: Tensor) -> str:
    """A small HTML table: what it is, and the first values; of more than two axes the first
    matrix. Nothing in it loads anything."""
    said = f"Tensor of shape {t.shape}, {t.dtype}, on {t.device}"
    origin = f", from {t.node.op.name}" if t.node else ", a leaf" if t.requires_grad else ""
    name = f"{t.name}: " if t.name else ""
    caption = escape(f"{name}{said}{origin}{_gradient(t)}")
    values = t.numpy()
    while values.ndim > 2:
        values = values[:1].reshape(values.shape[1:]) if len(values) else np.zeros((0, 0))
    rows = np.atleast_2d(values)
    cells = "".join(_row(r) for r in rows[:ROWS])
    more = "<tr><td>&#8942;</td></tr>" if len(rows) > ROWS else ""
    style = "text-align:left;caption-side:top"
    return f'<table><caption style="{style}">{caption}</caption>{cells}{more}</table>'


def _gradient(t: Tensor) -> str:
    """The gradient that a leaf has, where it has one."""
    if t.node or t.grad is None or not hasattr(t.grad, "numpy"):
        return ""
    if t.size == 1:
        return f", grad {t.grad.numpy().item():.6g}"
    return f", grad of norm {float(np.sqrt(np.square(t.grad.numpy(), dtype=float).sum())):.6g}"


def _row(values: np.ndarray) -> str:
    shown = [f"<td>{escape(format(v, '.6g'))}</td>" for v in values[:COLUMNS].tolist()]
    return f"<tr>{''.join(shown)}{'<td>&#8230;</td>' if len(values) > COLUMNS else ''}</tr>"

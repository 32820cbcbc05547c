"""How a module looks in a notebook: the modules it holds, their parameters and gradients."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .module import Module
    from .parameter import Parameter

HEAD = ("module", "parameter", "shape", "norm", "norm of its gradient")
ROWS = 40  # of a table; what is more is left out, and counted
LARGE = 1_000_000  # elements of a parameter whose norms are not worth waiting for


def table(module: Module) -> str:
    """A small HTML table, a row a parameter. Nothing in it loads anything."""
    rows = list(_rows(module))
    size = module.count_parameters()
    caption = f"{type(module).__name__}: {size:,} numbers that learn"
    if len(rows) > ROWS:
        caption += f"; {len(rows) - ROWS:,} more parameters are not shown"
    head = "".join(f"<th>{text}</th>" for text in HEAD)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows[:ROWS])
    style = "text-align:left;caption-side:top"
    return (
        f'<table><caption style="{style}">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _cells(row: tuple[str, ...]) -> str:
    return "".join(f'<td style="text-align:left">{escape(text)}</td>' for text in row)


def _rows(module: Module) -> Iterator[tuple[str, ...]]:
    kinds = {name: type(m).__name__ for name, m in module.named_modules()}
    for name, p in module.named_parameters():
        holder, _, own = name.rpartition(".")
        kind = kinds.get(holder, "")
        shape = " × ".join(map(str, p.shape)) or "a number"
        frozen = "" if p.requires_grad else " (frozen)"
        yield f"{holder} ({kind})" if holder else kind, own + frozen, shape, *_norms(p)


def _norms(p: Parameter) -> tuple[str, str]:
    if p.size > LARGE:
        return "not computed", "not computed"
    g: Any = p.grad
    return _norm(p.numpy()), "none" if g is None else _norm(g.detach().numpy())


def _norm(x: np.ndarray) -> str:
    return f"{float(np.sqrt(np.square(x, dtype=float).sum())):.4g}"

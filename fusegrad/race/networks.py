"""The network that races where none is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import data, nn
from ..engine import Tensor
from ..engine.ops.softmax import cross_entropy

Loss = Callable[[], Tensor]
Build = Callable[[np.random.Generator], tuple[nn.Module, Loss]]
ROWS, HIDDEN = 256, 8


def spam_table(rng: np.random.Generator) -> tuple[nn.Module, Loss]:
    """A network of one hidden layer that tells spam by the 14 numbers of a mail, and its loss
    on the first 256 training mails, all at once: no batch is drawn, so that the loss of a point
    is one number."""
    mails = data.load("spam")
    rows = mails.split["train"][:ROWS]
    table = mails.table[rows].astype(float)
    links = mails.columns.index("links")
    table[:, links] = np.log1p(table[:, links])  # one mail has 3,131 of them
    table = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-6)
    labels, count = mails.label[rows].astype(np.int64), len(mails.classes)
    network = nn.Sequential(
        nn.Linear(table.shape[1], HIDDEN, rng=rng), nn.Tanh(), nn.Linear(HIDDEN, count, rng=rng)
    )
    network.to(np.float64)
    return network, lambda: cross_entropy(network(table), labels)

"""Batches of a data set, in order or shuffled, made ahead by a thread where asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..engine.ops.random import generator
from ..kernels import OptionError
from .dataset import check_dataset, takes_rows
from .stacking import collate as stacked

END = object()


class DataLoader:
    """Goes through a data set in batches, as often as it is asked to.

    batch_size    samples a batch; the last one is smaller, or left out with `drop_last`
    shuffle       a new order each time, drawn from `rng` by one permutation
    collate       makes a batch of a list of samples; by default `data.collate`, or, of a data
                  set that `takes_rows`, one indexing for the whole batch
    prefetch      batches that a thread prepares while you work on one; order and draws of the
                  loader are the same. What the data set draws itself it must then draw from a
                  generator of its own.

    Rows of several lengths want a collate of your own, which pads them or lists them:

        def padded(samples):
            words, labels = zip(*samples)
            return nn.pad_sequence(words, batch_first=True), np.array(labels)

    Raises: OptionError for counts below 1 (0 for prefetch); DTypeError for what is no data set,
    and for a shuffle without a generator. An error of the data set or the collate comes out
    here, also from the thread.
    Differs: PyTorch shuffles from a hidden seed, and prepares ahead in processes.

    >>> from .dataset import TensorDataset
    >>> loader = DataLoader(TensorDataset(np.arange(5) * 10.0, np.arange(5)), batch_size=2)
    >>> len(loader), [y.tolist() for x, y in loader]
    (3, [[0, 1], [2, 3], [4]])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        rng: np.random.Generator | None = None,
        drop_last: bool = False,
        collate: Callable[[list[Any]], Any] | None = None,
        prefetch: int = 0,
    ) -> None:
        check_dataset("DataLoader", dataset)
        _check_count("batch_size", batch_size, 1)
        _check_count("prefetch", prefetch, 0)
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.rng = generator(rng) if shuffle or rng is not None else None
        self.drop_last, self.collate, self.prefetch = drop_last, collate, prefetch

    def __len__(self) -> int:
        """Batches in one pass."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        n = len(self.dataset)
        order = self.rng.permutation(n) if self.shuffle and self.rng else np.arange(n)
        starts = range(0, len(self) * self.batch_size, self.batch_size)
        batches = (self._batch(order[k : k + self.batch_size]) for k in starts)
        return ahead(batches, self.prefetch) if self.prefetch else batches

    def _batch(self, rows: np.ndarray) -> Any:
        if self.collate is None and takes_rows(self.dataset):
            return self.dataset[rows]
        samples = [self.dataset[int(row)] for row in rows]
        return (self.collate or stacked)(samples)

    def __repr__(self) -> str:
        order = "shuffled" if self.shuffle else "in order"
        return f"DataLoader({len(self)} batches of {self.batch_size}, {order})"


def ahead(items: Iterator[Any], depth: int) -> Iterator[Any]:
    """The same items, up to `depth` of them prepared by a thread while one is in use. The
    thread ends with the loop over them, wherever that is left.

    >>> list(ahead(iter("abc"), depth=2))
    ['a', 'b', 'c']
    """
    pool = ThreadPoolExecutor(1, "fusegrad-ahead")
    try:
        waiting = deque(pool.submit(next, items, END) for _ in range(depth))
        while (item := waiting.popleft().result()) is not END:
            waiting.append(pool.submit(next, items, END))
            yield item
    finally:
        pool.shutdown(cancel_futures=True)


def _check_count(name: str, value: Any, least: int) -> None:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        rule = f"{name}, a number from {least} up"
        raise OptionError("DataLoader", rule, f"{name}={value!r}", "count batches or samples")

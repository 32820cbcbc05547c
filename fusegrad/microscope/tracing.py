"""`trace`: record what a program does to its gradients and parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from ..engine.mode import MODE, watching
from ..kernels import OptionError
from ..nn.hooks import watching_modules
from ..optim.watchers import watching_steps
from .choosing import WHERE, Choice
from .names import Names
from .record import Trace
from .steps import StepLog
from .watcher import Watcher


@contextmanager
def trace(
    follow: Mapping[str, Iterable[Any]] | None = None,
    *,
    elements: int = 64,
    graphs: int | Collection[int] = 1,
    title: str = "",
) -> Iterator[Trace]:
    """Record a block: every number of the steps of all optimizers, and of some passes the graph
    with its values and every vector-Jacobian product.

    `follow` says which elements of which parameters, by name; without it, `elements` are spread
    over all of them. `graphs` is how many passes, or which, counted from 0.

    Nothing is watched outside the block. Inside, a step costs a copy of what is followed; ops
    cost more only until the last of the passes asked for.

    Raises: OptionError for an index that picks no one element, an unknown name, or a budget
    below 0; at the end of the block for a name that never stepped.

    >>> from fusegrad import Tensor, optim
    >>> w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    >>> adam = optim.Adam([w], lr=0.1)
    >>> with trace() as seen:
    ...     for _ in range(3):
    ...         adam.zero_grad()
    ...         (w * w).sum().backward()
    ...         adam.step()
    >>> seen
    Trace(1 parameter, 2 elements, 3 steps of Adam; 1 pass of 2 ops)
    >>> print(seen.at("w", 0, t=2))  # doctest: +ELLIPSIS
    adam, t = 2: theta = 0.9, g = 1.8, alpha = 0.1, beta1 = 0.9, beta2 = 0.999, eps = 1e-08
    ...
    """
    wanted = _wanted(graphs)
    names = Names()
    steps = StepLog(names, _choice(follow, elements))
    watcher = Watcher(names, wanted)
    found = Trace(title, watcher.passes, steps, names)
    with ExitStack() as stack:
        stack.enter_context(watching_steps(_Ends(watcher, steps)))
        stack.enter_context(watching_modules(watcher))
        if wanted:
            stack.enter_context(watching(watcher))
        yield found
    watcher.finish()
    found.check_names(follow or {})


def _wanted(graphs: int | Collection[int]) -> frozenset[int]:
    every = range(graphs) if isinstance(graphs, int) else graphs
    if (isinstance(graphs, int) and graphs < 0) or any(k < 0 for k in every):
        expected, repair = "how many passes, or numbers of passes", "count from 0"
        raise OptionError(WHERE, expected, repr(graphs), repair)
    return frozenset(every)


def _choice(follow: Mapping[str, Iterable[Any]] | None, elements: int) -> Choice:
    if elements < 0:
        expected, repair = "elements of at least 0", "leave it out for 64"
        raise OptionError(WHERE, expected, repr(elements), repair)
    return Choice({k: tuple(v) for k, v in (follow or {}).items()}, elements)


class _Ends:
    """A step of an optimizer ends a pass."""

    def __init__(self, watcher: Watcher, steps: StepLog) -> None:
        self.watcher, self.steps = watcher, steps

    def before_step(self, optimizer: Any) -> None:
        self.watcher.finish()
        if MODE.watcher is self.watcher and self.watcher.is_done:
            MODE.set("watcher", None)
        self.steps.before_step(optimizer)

    def after_step(self, optimizer: Any) -> None:
        self.steps.after_step(optimizer)

"""`trace`: record what a program does to its gradients and parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from ..nn.hooks import watching_modules
from ..optim.watchers import watching_steps
from .choosing import choice
from .choosing import wanted as numbers_of
from .flow import Flows
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
    over all parameters of each optimizer. `graphs` is how many passes, or which, counted from
    0: a way back is a pass, with the ops that it goes through.

    Nothing is watched outside the block. Inside, a step costs a copy of what is followed; ops
    cost more only until the last of the passes asked for. Passes are those of the thread of the
    block, steps those of all.

    Raises: OptionError for an index that picks no one element, for options of another form, and
    where `detect_anomaly` is entered inside and would see ops instead; at the end of the block
    for a name that never stepped.

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
    wanted, names = numbers_of(graphs), Names()
    steps, watcher = StepLog(names, choice(follow, elements)), Watcher(names, wanted)
    flows = Flows()
    found = Trace(title, watcher.passes, steps, names, flows)
    with ExitStack() as stack:
        stack.enter_context(watching_steps(_Ends(watcher, steps, flows)))
        stack.enter_context(watching_modules(watcher))
        stack.enter_context(watching_modules(flows))
        stack.callback(watcher.close)
        stack.callback(flows.close)
        if wanted:
            watcher.enter()
        yield found
    found.check_names(steps.choice.asked)


class _Ends:
    """A step of an optimizer ends a pass."""

    def __init__(self, watcher: Watcher, steps: StepLog, flows: Flows) -> None:
        self.watcher, self.steps, self.flows = watcher, steps, flows

    def before_step(self, optimizer: Any) -> None:
        self.watcher.check()
        self.watcher.finish()
        self.steps.before_step(optimizer)

    def after_step(self, optimizer: Any) -> None:
        self.steps.after_step(optimizer)
        self.flows.stepped(optimizer)

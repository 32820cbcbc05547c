"""What each layer takes, gives, holds and costs, seen by running it once."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.graph import collect, held_by
from ..engine.mode import MODE, recording, watching
from ..engine.pytree import leaves
from ..engine.tape import latest
from ..engine.value import Value
from ..kernels.draws import noted
from ..kernels.locking import memory_of
from .parameter import Parameter
from .summary_table import Row, Summary
from .tree import held, walk

if TYPE_CHECKING:
    from .module import Module

# Multiply-adds of one run of an op, from its arguments and its output. Element by element work
# is not counted, as is the custom.
MULTIPLY_ADDS: dict[str, Callable[[Sequence[Any], Any], int]] = {
    "linear": lambda args, y: y.size * args[0].shape[-1],
    "matmul": lambda args, y: y.size * args[0].shape[-1],
    "conv": lambda args, y: y.size * math.prod(args[1].shape[1:]),
    "conv_biased": lambda args, y: y.size * math.prod(args[1].shape[1:]),
    "conv_input": lambda args, y: args[0].size * math.prod(args[1].shape[1:]),
}


def summary(module: Module, *inputs: Any, **named: Any) -> Summary:
    """See `Module.summary`."""
    recorder = _Recorder(module)
    with ExitStack() as stack:
        unseen: tuple[AbstractContextManager[Any], ...] = (
            _kept_draws(),
            _kept_values(module),
            recording(True),
        )
        for block in (*unseen, watching(recorder), recorder.hooked()):
            stack.enter_context(block)
        y = module(*[_as_input(module, x) for x in inputs], **named)
        recorder.attribute(y)
    return Summary(list(recorder.rows.values()), _trainable(module))


@contextmanager
def _kept_draws() -> Iterator[None]:
    with noted() as states:
        try:
            yield
        finally:
            for rng, state in states.values():
                rng.bit_generator.state = state


def _as_input(module: Module, x: Any) -> Any:
    if not (isinstance(x, tuple) and x and all(isinstance(n, int) for n in x)):
        return x
    dtype = next((p.dtype for p in module.parameters()), np.dtype(np.float32))
    return np.zeros(x, dtype)


def _trainable(module: Module) -> int:
    return sum(p.size for p in module.parameters() if p.requires_grad)


@contextmanager
def _kept_values(module: Module) -> Iterator[None]:
    """Buffers stay as they are, and parameters, which max_norm would change."""
    held = (*module.buffers(), *module.parameters())
    before = [(x, x.numpy().copy(), x.version) for x in held]
    try:
        yield
    finally:
        for x, values, version in before:
            if x.version != version:
                x.assign_(values)


class _Recorder:
    """Sees modules begin and end, and what ops run between."""

    def __init__(self, root: Module) -> None:
        self.rows: dict[int, Row] = {}
        self.open: list[int] = []
        self.turns: list[tuple[int, int]] = []  # from which node number on, and whose
        self.outer = MODE.watcher
        seen: set[int] = set()
        for name, module in walk(root, ""):
            own = {id(p): p.size for _, p in held(module, Parameter) if id(p) not in seen}
            seen |= own.keys()
            kind = type(module).__name__
            runs = type(module).forward.__qualname__ != "Module.forward"
            self.rows[id(module)] = Row(name, kind, sum(own.values()), runs=runs)
        self.modules = [m for _, m in walk(root, "")]

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Let every module say when it begins and ends."""
        with ExitStack() as stack:
            for module in self.modules:
                stack.callback(module.register_forward_pre_hook(self.begin))
                stack.callback(module.register_forward_hook(self.end))
            yield

    def begin(self, module: Module, args: tuple[Any, ...]) -> None:
        row = self.rows[id(module)]
        row.calls += 1
        row.input = row.input if row.calls > 1 else _shapes(args)
        self.open.append(id(module))
        self.turns.append((latest(), id(module)))

    def end(self, module: Module, args: Any, output: Any) -> None:
        row = self.rows[id(module)]
        row.output = row.output if row.calls > 1 else _shapes(output)
        self.open.pop()
        self.turns.append((latest(), self.open[-1] if self.open else id(self.modules[0])))

    def after_forward(self, op: Any, args: Any, params: Any, y: Any, node: Any) -> None:
        """Count what an op multiplies, for the module that runs now."""
        if self.open and op.name in MULTIPLY_ADDS:
            self.rows[self.open[-1]].multiply_adds += MULTIPLY_ADDS[op.name](args, y)
        if self.outer is not None:
            self.outer.after_forward(op, args, params, y, node)

    def attribute(self, output: Any) -> None:
        """Give each array that the graph holds to the module that first saved it."""
        roots = [v.node for v in leaves(output) if isinstance(v, Value) and v.node is not None]
        nodes, ends = collect(roots)
        known = {id(memory_of(x.data)) for x in ends if isinstance(x, Value)}
        for node in reversed(nodes):
            owner = self.turns[bisect(self.turns, (node.number,)) - 1][1]  # before all: root
            for memory in held_by(node):
                if id(memory) not in known:
                    known.add(id(memory))
                    self.rows[owner].saved_bytes += int(memory.nbytes)


def _shapes(values: Any) -> str:
    """The shapes of the arrays in a tree: (2, 3), or several with blanks between."""
    found = [str(tuple(x.shape)) for x in leaves(values) if hasattr(x, "shape")]
    return " ".join(dict.fromkeys(found))

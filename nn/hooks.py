"""Functions that see what goes into a module and out of it, forward and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from ..engine import Tensor
from ..engine.ops.shaping import IDENTITY
from ..engine.tape import apply

if TYPE_CHECKING:
    from .module import Module

Hook = Callable[..., Any]


class ModuleWatcher(Protocol):
    """Sees every module of a block when it begins and when it has ended, raised or not."""

    def begins(self, module: Module) -> None: ...

    def ended(self, module: Module) -> None: ...


WATCHERS: list[ModuleWatcher] = []


@contextmanager
def watching_modules(watcher: ModuleWatcher) -> Iterator[None]:
    """Let a watcher see every call of a module in this block."""
    WATCHERS.append(watcher)
    try:
        yield
    finally:
        WATCHERS.remove(watcher)


@contextmanager
def seen(module: Module) -> Iterator[None]:
    """Show a call of a module to all watchers; each that saw it begin sees it end."""
    with ExitStack() as ends:
        for watcher in tuple(WATCHERS):
            watcher.begins(module)
            ends.callback(watcher.ended, module)
        yield


class Hooks:
    """The hooks of one module, each kind in the order in which they were registered."""

    def __init__(self) -> None:
        self.before: list[Hook] = []
        self.after: list[Hook] = []
        self.backward: list[Hook] = []

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run a module between its hooks."""
        for hook in tuple(self.before):
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        watches = [_Watch(module, hook) for hook in tuple(self.backward)]
        for watch in watches:
            args = watch.inputs(args)
        output = module.forward(*args, **kwargs)
        for watch in watches:
            watch.output(output)
        for hook in tuple(self.after):
            changed = hook(module, args, output)
            output = output if changed is None else changed
        return output


class _Watch:
    """Waits, on one way back, for the gradients of a module's output and of all its inputs."""

    def __init__(self, module: Module, hook: Hook) -> None:
        self.module, self.hook = module, hook
        self.grad_output: Tensor | None = None
        self.grad_inputs: list[Tensor | None] = []
        self.missing = 0

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, each seen through an identity, which gets the share of the module."""
        self.grad_inputs = [None] * len(args)
        return tuple(self._watched(i, x) for i, x in enumerate(args))

    def _watched(self, i: int, x: Any) -> Any:
        if not (isinstance(x, Tensor) and x.requires_grad):
            return x
        self.missing += 1
        seen: Tensor = apply(IDENTITY, x)
        seen.register_hook(lambda g: self._arrived(i, g))
        return seen

    def output(self, y: Any) -> None:
        """Wait for the gradient of the output, a Tensor."""
        if isinstance(y, Tensor) and y.requires_grad:
            y.register_hook(self._began)

    def _began(self, g: Tensor) -> None:
        self.grad_output = g
        if not self.missing:
            self.hook(self.module, tuple(self.grad_inputs), g)

    def _arrived(self, i: int, g: Tensor) -> None:
        self.grad_inputs[i] = g
        self.missing -= 1
        if not self.missing:
            self.hook(self.module, tuple(self.grad_inputs), self.grad_output)

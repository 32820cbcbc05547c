"""Module: a record of parameters and modules with a formula, `forward`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..engine import Tensor
from ..kernels import OptionError, ShapeError, device
from .hooks import Hook, Hooks


class Parameter(Tensor):
    """A leaf that optimizers change and that `Module.parameters` finds."""

    __slots__ = ()

    def __init__(self, data: Any, name: str = "", dtype: Any = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype, name=name)


class Module:
    """Base of layers and networks.

    Parameters and modules are found in the attributes of an instance, and in lists, tuples and
    dicts held by them, so that none goes missing by where it was put. A parameter held twice
    counts once.
    """

    training: bool = True
    hooks: Hooks | None = None

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise OptionError(type(self).__name__, "a forward method", "none", "define one")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.hooks is not None:
            return self.hooks.call(self, args, kwargs)
        return self.forward(*args, **kwargs)

    # ---- hooks ----------------------------------------------------------------------------
    def register_forward_pre_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(module, args)` before forward; what it returns, if anything, stands for
        the arguments. Gives a function that removes it."""
        return self._hooked("before", hook)

    def register_forward_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(module, args, output)` after forward; what it returns, if anything, stands
        for the output. Gives a function that removes it."""
        return self._hooked("after", hook)

    def register_full_backward_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(module, grad_inputs, grad_output)` when a gradient has passed through: the
        gradients of the arguments (None for what needs none) and that of the output, a Tensor.
        Gives a function that removes it. Differs: it looks, and changes nothing."""
        return self._hooked("backward", hook)

    def _hooked(self, kind: str, hook: Hook) -> Callable[[], None]:
        if self.hooks is None:
            self.hooks = Hooks()
        hooks: list[Hook] = getattr(self.hooks, kind)
        hooks.append(hook)
        return lambda: hooks.remove(hook)

    # ---- what it holds --------------------------------------------------------------------
    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules held directly, with the names they are held by."""
        for name, value in vars(self).items():
            yield from ((n, v) for n, v in _flat(name, value) if isinstance(v, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with dotted names."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield name, module
            children = [(f"{name}.{n}".lstrip("."), m) for n, m in module.named_children()]
            stack.extend(reversed(children))

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter once, with its dotted name."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, value in vars(module).items():
                for n, p in _flat(name, value):
                    if isinstance(p, Parameter) and id(p) not in seen:
                        seen.add(id(p))
                        yield f"{prefix}.{n}".lstrip("."), p

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def count_parameters(self) -> int:
        """How many numbers training may change."""
        return sum(p.size for p in self.parameters())

    # ---- modes ----------------------------------------------------------------------------
    def train(self, mode: bool = True) -> Module:
        """Training mode here and below (dropout drops)."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Evaluation mode here and below."""
        return self.train(False)

    def to(self, where: str) -> Module:
        """Move every parameter, and its gradient, to a device, `cpu` or `cuda`."""
        for parameter in self.parameters():
            parameter.data = device.to_device(parameter.data, where)
            if parameter.grad is not None:
                parameter.grad = Tensor(device.to_device(parameter.grad.data, where))
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    # ---- state ----------------------------------------------------------------------------
    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of every parameter on the host, by name."""
        return {name: p.numpy().copy() for name, p in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take every parameter from a state of the same names and shapes.

        Raises: OptionError listing missing and unexpected names, ShapeError listing shapes that
        differ; nothing is changed then.
        """
        mine = dict(self.named_parameters())
        _check_state(mine, state)
        for name, parameter in mine.items():
            parameter.assign_(device.to_device(np.asarray(state[name]), parameter.device))

    # ---- how it looks ---------------------------------------------------------------------
    def extra_repr(self) -> str:
        """The settings of this layer, for `repr`."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"({name}): " + repr(child).replace("\n", "\n  ")
            for name, child in self.named_children()
        ]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"


def _check_state(mine: Mapping[str, Parameter], state: Mapping[str, Any]) -> None:
    where = "load_state_dict"
    missing, unexpected = sorted(mine.keys() - state), sorted(state.keys() - mine)
    if missing or unexpected:
        got = f"missing {missing}, unexpected {unexpected}"
        repair = "load the state of the same architecture"
        raise OptionError(where, "the names of this module", got, repair)
    wrong = [
        f"{name}: {np.shape(state[name])} for {p.shape}"
        for name, p in mine.items()
        if np.shape(state[name]) != p.shape
    ]
    if wrong:
        repair = "load the state of the same sizes"
        raise ShapeError(where, "the shapes of this module", ", ".join(wrong), repair)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value, or the items of a list, tuple or dict, with dotted names."""
    if isinstance(value, Mapping):
        items: Any = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        yield name, value
        return
    for key, item in items:
        yield from _flat(f"{name}.{key}", item)

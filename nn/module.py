"""Module: a record of parameters and modules with a formula, `forward`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import numpy as np

from ..kernels import DTypeError, OptionError
from . import display, moving, state, summary
from .hooks import WATCHERS, Hook, Hooks, seen
from .parameter import Buffer, Parameter
from .summary_table import Summary
from .tree import held, leaves, walk


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
        if WATCHERS or self.hooks is not None:
            with seen(self):
                hooks = self.hooks or Hooks()
                return hooks.call(self, args, kwargs)
        return self.forward(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; in the place of a parameter or buffer stands another, or None.

        Raises: DTypeError for values, which no optimizer would find there, and no state.
        """
        held = vars(self).get(name)
        if isinstance(held, (Parameter, Buffer)) and not (
            value is None or isinstance(value, (Parameter, Buffer))
        ):
            where, kind = f"{type(self).__name__}.{name}", type(held).__name__
            repair = f"write {name}.assign_(values), or nn.{kind}(values)"
            raise DTypeError(where, f"a {kind} or None", type(value).__name__, repair)
        object.__setattr__(self, name, value)

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
        return held(self, Module)

    def children(self) -> Iterator[Module]:
        """The modules held directly."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with dotted names."""
        return walk(self, prefix)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in walk(self, ""))

    def named_parameters(
        self, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted name; one that is held twice comes once, unless
        duplicates are asked for."""
        return leaves(self, Parameter, prefix, remove_duplicate)

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Buffer]]:
        """Every buffer once, with its dotted name."""
        return leaves(self, Buffer, prefix, True)

    def buffers(self) -> Iterator[Buffer]:
        """Every buffer once."""
        return (buffer for _, buffer in self.named_buffers())

    def count_parameters(self) -> int:
        """How many numbers training may change."""
        return sum(p.size for p in self.parameters() if p.requires_grad)

    # ---- modes ----------------------------------------------------------------------------
    def train(self, mode: bool = True) -> Self:
        """Training mode here and below: dropout drops, batch norms look at the batch."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Evaluation mode here and below."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for gradients of all parameters, or, for a part that is not to learn, of none."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self, *targets: Any) -> Self:
        """Move parameters, their gradients and buffers to a device (`cpu`, `cuda`), a float
        dtype, or both. Whole numbers keep their dtype.

        Raises: OptionError, DTypeError for what is neither; nothing is changed then.
        """
        moving.move([*self.parameters(), *self.buffers()], targets)
        return self

    def apply(self, visit: Callable[[Module], Any]) -> Self:
        """Call `visit(module)` for every module below, children first, and for this one."""
        for child in self.children():
            child.apply(visit)
        visit(self)
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    # ---- state ----------------------------------------------------------------------------
    def state_dict(self) -> dict[str, np.ndarray]:
        """A copy of every parameter and persistent buffer on the host, by the names that
        PyTorch gives them, in its order."""
        return state.state_of(self)

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> state.Keys:
        """Take every entry from a state of the same names and shapes; also from PyTorch's.

        With strict=False, names that only one side has are let be. Gives both kinds of them.
        Raises: OptionError listing missing and unexpected names, ShapeError listing shapes that
        differ, DTypeError for what is no state of numbers; nothing is changed then.
        """
        return state.load_into(self, state_dict, strict)

    # ---- how it looks ---------------------------------------------------------------------
    def extra_repr(self) -> str:
        """The settings of this layer, for `repr`."""
        return ""

    def summary(self, *inputs: Any, **named: Any) -> Summary:
        """A table of this module and all below it, from one forward pass on these inputs, in
        the present mode; a tuple of numbers stands for zeros of that shape.

        Each row says what a module adds beyond those below it, so that columns add up: shapes
        of its first call, parameters (shared ones where they stand first), multiply-adds of
        products and convolutions, and bytes held between forward and backward, as
        `fg.saved_bytes` counts them. Values and random generators are left as they were.
        Differs: torchinfo counts every output's bytes; here only what is held.

        >>> import numpy as np
        >>> from fusegrad import nn
        >>> print(nn.Linear(3, 2, rng=np.random.default_rng(0)).summary((4, 3)))
        layer   input   output  parameters  multiply-adds  saved bytes
        Linear  (4, 3)  (4, 2)           8             24           48
        <BLANKLINE>
        8 parameters, all trainable; 24 multiply-adds; 48 bytes held for the way back
        """
        return summary.summary(self, *inputs, **named)

    def _repr_html_(self) -> str:
        return display.table(self)

    def __repr__(self) -> str:
        lines = [
            f"({name}): " + repr(child).replace("\n", "\n  ")
            for name, child in self.named_children()
        ]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"

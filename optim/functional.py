"""The same rules without memory, on Tensors: a step that can be differentiated.

`Functional(Adam)` gives `init` and `update` on trees of parameters. Every word of the rule is
an op then, so a gradient reaches through the step to parameters, gradients, states and
settings: a learning rate can be learnt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine import Tensor
from ..engine.ops.create import full_like
from ..engine.ops.elementwise import equal, sqrt, where
from ..engine.ops.shaping import as_array
from ..engine.pytree import leaves, matching, rebuilt
from ..engine.row import on_tensors
from ..engine.value import Value
from ..kernels import OptionError
from ..kernels.host import Host
from ..kernels.program import Program
from .optimizer import Optimizer
from .schedules import at
from .settings import check_ranges, letters, letters_of

if TYPE_CHECKING:
    from .dialects import Dialect


def root(x: Any) -> Any:
    """sqrt, with slope 0 at 0: what never had a gradient has v = 0, and m = 0 over it."""
    if not isinstance(x, Value):
        with np.errstate(all="ignore"):  # as in a kernel
            return np.sqrt(Host(x))
    still = equal(x, 0)
    return where(still, 0.0, sqrt(where(still, 1.0, x)))


WORDS = {"sqrt": root}


class State(NamedTuple):
    """Steps taken; a tree like the parameters for each state; what the host keeps."""

    t: int
    arrays: Mapping[str, Any]
    host: Mapping[str, Any]


class Functional:
    """An optimizer's rule as a function from parameters, gradients and state to new ones.

    Settings are those of the optimizer, and may be Tensors; `update` may be given others.

    >>> from fusegrad import grad
    >>> from .sgd import SGD
    >>> sgd = Functional(SGD)
    >>> def loss_after_a_step(lr):  # from 2 down the slope of x^2
    ...     x, _ = sgd.update(Tensor(2.0), Tensor(4.0), sgd.init(Tensor(2.0)), lr=lr)
    ...     return x * x
    >>> grad(loss_after_a_step)(0.1)  # 2 (2 - 4 lr) (-4)
    Tensor(-12.8)
    """

    def __init__(self, optimizer: type[Optimizer] | Dialect, **settings: Any) -> None:
        if not isinstance(optimizer, type) and not hasattr(optimizer, "optimizer"):
            expected, repair = "an optimizer's class or dialect", "pass it with its settings"
            raise OptionError("Functional", expected, repr(optimizer), repair)
        plain = {word: _plain(setting) for word, setting in settings.items()}
        self.optimizer = optimizer([Tensor(0.0, requires_grad=True)], **plain)
        self.settings = {**self.optimizer.defaults, **settings}
        if extra := sorted(settings.keys() - self.optimizer.defaults.keys()):
            expected, repair = "settings of the rule", "leave out what guards its memory"
            raise OptionError("Functional", expected, ", ".join(extra), repair)
        group = self.optimizer.param_groups[0]
        decays = isinstance(settings.get("weight_decay"), Value) or group["weight_decay"]
        self.program = self.optimizer.update_of({**group, "weight_decay": decays}).program

    def init(self, params: Any) -> State:
        """The state before the first step."""
        values = [as_array(p) for p in leaves(params)]
        starts = {n: self._start(n) for n in self.optimizer.state_names}
        arrays = {
            name: rebuilt(params, [full_like(v, start) for v in values])
            for name, start in starts.items()
        }
        host = {name: self._start(name) for name in self.optimizer.host_names}
        return State(0, arrays, host)

    def _start(self, name: str) -> Any:
        start = self.optimizer.starts.get(name, 0.0)
        return at(self.settings[start], 1) if isinstance(start, str) else start

    def update(self, params: Any, grads: Any, state: State, **settings: Any) -> Any:
        """(parameters, state) after one step.

        Shapes: grads and each state have the form of params. Raises: OptionError for a setting
        that the optimizer does not have.
        """
        t, program = state.t + 1, self.program
        _check(program, self.settings, settings, t)
        known = {**self.settings, **settings}
        given = {**letters(known, t), **state.host, "t": t}
        scalars = {name: given[name] for name in program.scalars}
        trees = {"theta": params, "g": grads, **state.arrays}
        columns = [matching("update", params, trees[name]) for name in program.inputs]
        rows = [
            on_tensors(program, tuple(map(_tensor, row)), scalars, WORDS)
            for row in zip(*columns)
        ]
        if not rows:
            return params, State(t, state.arrays, state.host)
        new = dict(zip(program.output_names, zip(*rows), strict=True))
        arrays = {name: rebuilt(params, new[name]) for name in state.arrays}
        host = {name: new[name][0] for name in state.host}
        return rebuilt(params, new["theta"]), State(t, arrays, host)


def _check(
    program: Program, known: Mapping[str, Any], given: Mapping[str, Any], t: int
) -> None:
    """Refuse settings that the rule does not read, as a decay that it was not built with, and
    numbers out of range. What a Tensor holds is its own affair."""
    read = [w for w in known if any(letter in program.scalars for letter in letters_of(w))]
    if unknown := sorted(given.keys() - set(read)):
        expected, repair = f"settings among {', '.join(read)}", "give the others to Functional"
        raise OptionError("update", expected, ", ".join(unknown), repair)
    check_ranges("update", {word: _stand_in(setting) for word, setting in given.items()}, t)


def _stand_in(setting: Any) -> Any:
    """A setting with a number that is in every range for each Tensor."""
    if isinstance(setting, (tuple, list)):
        return tuple(map(_stand_in, setting))
    if isinstance(setting, np.ndarray) and not setting.ndim:
        return setting.item()
    return 0.5 if isinstance(setting, Value) else setting


def _plain(setting: Any) -> Any:
    """A setting as numbers, for the checks of the optimizer."""
    if isinstance(setting, (tuple, list)):
        return tuple(map(_plain, setting))
    return float(setting) if isinstance(setting, Tensor) else setting


def _tensor(x: Any) -> Any:
    return x if isinstance(x, Value) else Tensor(x)

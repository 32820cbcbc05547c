"""The loop, the groups, the hooks and the checks of every optimizer.

An optimizer is a rule and the names of its state. The base runs the rule on a whole group as
one launch, and maps PyTorch's words in public signatures to the papers' letters in rules:

    lr -> alpha    betas -> beta1, beta2    eps -> eps    momentum -> mu    alpha -> rho
    weight_decay -> lam

In every rule a step over a denominator of 0 is no move (`ratio`), so that eps may be 0. Any
setting may be a function of t (`schedules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from ..engine import Tensor
from ..kernels import OptionError, Update
from ..kernels.shape import astype, zeros_like
from . import explain as explanation
from .blocks import Blocks
from .decay import decayed
from .launch import check_gradients, take_step, tensors_of
from .memory import State, check_precision, follow, new_state, precision
from .parameters import Params, as_groups, check_parameters, parameters_of
from .rules import check_outputs, check_scalars, check_states
from .settings import check_settings, has_schedule, letters
from .state import load_state_dict, state_dict
from .watchers import WATCHERS

Hook = Callable[["Optimizer"], None]


class Optimizer:
    """Base of all optimizers. `t` counts the steps of each parameter, in Python integers.

    One of your own is a rule, and the names of its states if it has any; they start at zero:

    >>> from fusegrad.kernels.words import sign
    >>> def sign_momentum(theta, g, m, *, alpha, mu):
    ...     m = mu * m + g
    ...     theta = theta - alpha * sign(m)
    ...     return theta, m
    >>> class SignMomentum(Optimizer):
    ...     rule = staticmethod(sign_momentum)
    ...     state_names = ("m",)
    >>> p = Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = SignMomentum([p], lr=0.5, momentum=0.9)
    >>> p.grad = Tensor([4.0, -4.0])
    >>> optimizer.step()
    >>> p.numpy()
    array([0.5, 2.5])
    """

    rule: ClassVar[Callable[..., Any]]
    update: Update
    state_names: tuple[str, ...] = ()
    # What a state starts at, where that is not 0: a number, or the setting that holds it.
    starts: ClassVar[Mapping[str, Any]] = {}
    # Inputs of the rule that are neither parameter, gradient nor state: see `measured`.
    measures: ClassVar[tuple[str, ...]] = ()
    # Whether a row without a gradient stays as it is, states and all: sparse then equals dense.
    row_by_row: bool = False
    # Settings of a class without an `__init__` of its own.
    presets: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "rule" in vars(cls):
            cls.update = Update(cls.rule)
        if hasattr(cls, "update"):
            check_states(cls.__name__, cls.update, (*cls.state_names, *cls.measures))
            check_outputs(cls.__name__, cls.update, cls.state_names)

    def __init__(
        self,
        params: Params,
        *,
        skip_non_finite: bool = False,
        state_dtype: Any = None,
        **settings: Any,
    ) -> None:
        where = type(self).__name__
        if not isinstance(skip_non_finite, bool):
            got, repair = f"skip_non_finite={skip_non_finite!r}", "say True to leave steps out"
            raise OptionError(where, "skip_non_finite True or False", got, repair)
        self.skip_non_finite, self.skipped = skip_non_finite, 0
        self.state_dtype = check_precision(where, state_dtype)
        self.defaults = {**self.presets, **settings}
        self.defaults.setdefault("weight_decay", 0.0)
        check_scalars(where, getattr(self, "update", None), self.defaults, self.starts)
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, State] = {}
        self.blocks = Blocks()
        self._known: dict[int, tuple[dict[str, Any], dict[str, float]]] = {}
        self._pre_hooks: list[Hook] = []
        self._post_hooks: list[Hook] = []
        for group in as_groups(where, params):
            self.add_param_group(group)

    def add_param_group(self, group: Mapping[str, Any]) -> None:
        """Add parameters with settings of their own; settings not named take the defaults.

        Raises: OptionError for a setting outside its range, an unknown one, or a parameter that
        is in a group already; DTypeError for what is no leaf that requires a gradient.
        """
        where = type(self).__name__
        parameters = parameters_of(where, group)
        given = {**self.defaults, **group, "params": parameters}
        check_settings(where, given, self.defaults)
        check_parameters(where, parameters, set(map(id, tensors_of(self.param_groups))))
        self.param_groups.append(given)

    @property
    def host_names(self) -> tuple[str, ...]:
        """States that are one number for a whole parameter, which the host keeps."""
        return self.update.program.host_names

    def letters_at(self, group: Mapping[str, Any], t: int) -> dict[str, float]:
        """The settings of a group in the letters of the rule, at step t; checked again where
        somebody changed them or they follow t.

        Raises: OptionError for one outside its range, or missing.
        """
        settings = {word: group[word] for word in self.defaults if word in group}
        if (known := self._known.get(id(group))) is not None and known[0] == settings:
            return known[1]
        where = type(self).__name__
        if missing := sorted(self.defaults.keys() - settings.keys()):
            repair = f"set group[{missing[0]!r}]"
            raise OptionError(where, "all settings in a group", f"no {missing[0]}", repair)
        check_settings(where, settings, self.defaults, t)
        found = letters(settings, t)
        if not has_schedule(settings):
            self._known[id(group)] = settings, found
        return found

    def update_of(self, group: Mapping[str, Any]) -> Update:
        """The rule of a group: with coupled weight decay where it has some, unless the rule
        knows of decay itself."""
        own = not group["weight_decay"] or "lam" in self.update.program.scalars
        return self.update if own else decayed(self.update)

    def state_of(self, p: Tensor, group: Mapping[str, Any]) -> State:
        """The state of a parameter, made at its first step."""
        if p not in self.state:
            self.state[p] = new_state(self, p, group)
        return follow(p, self.state[p])

    def measured(self, p: Tensor) -> Mapping[str, Any]:
        """Arrays for the inputs that `measures` names."""
        return {}

    # ---- one step -------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place; one launch a group.

        `closure`, if given, computes the loss and its gradients first; its result is returned.
        """
        loss = closure() if closure is not None else None
        for hook in tuple(self._pre_hooks):
            hook(self)
        check_gradients(self)  # a hook may have replaced them
        for watcher in tuple(WATCHERS):
            watcher.before_step(self)
        take_step(self)
        for watcher in tuple(WATCHERS):
            watcher.after_step(self)
        for hook in tuple(self._post_hooks):
            hook(self)
        return loss

    def prepare(self) -> None:
        """Compile now what the first step would wait for, so that steps can be timed."""
        for group in self.param_groups:
            update = self.update_of(group)
            alike: dict[Any, list[Any]] = {}
            for p in group["params"]:
                x = astype(p.data, dtype=precision(p, self.state_dtype))
                item = (x,) * len(update.program.inputs)
                alike.setdefault((x.dtype, p.device), []).append(item)
            for tensors in alike.values():
                update.prepare(tensors)

    def explain(self, parameter: Tensor, index: Any = ()) -> explanation.Explanation:
        """The step that `step` would make now, for one element, as a record of every number;
        see `explain.py`."""
        return explanation.explain(self, parameter, index)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                keep = p.grad is not None and not set_to_none
                p.grad = Tensor(zeros_like(p.data)) if keep else None

    # ---- state ----------------------------------------------------------------------------
    def state_dict(self) -> dict[str, Any]:
        """Groups and state, with parameters by number: what `load_state_dict` takes back."""
        return state_dict(self)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state; see `state.py` for what is refused."""
        load_state_dict(self, state)

    # ---- hooks ----------------------------------------------------------------------------
    def register_step_pre_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(optimizer)` before every update; returns a function that removes it."""
        self._pre_hooks.append(hook)
        return lambda: self._pre_hooks.remove(hook)

    def register_step_post_hook(self, hook: Hook) -> Callable[[], None]:
        """Call `hook(optimizer)` after every update; returns a function that removes it."""
        self._post_hooks.append(hook)
        return lambda: self._post_hooks.remove(hook)

    def __repr__(self) -> str:
        only = self.param_groups[0] if len(self.param_groups) == 1 else {}
        now = {name: only.get(name, value) for name, value in self.defaults.items()}
        shown = {
            **{k: v for k, v in now.items() if k != "weight_decay" or v},
            "t": max((s["step"] for s in self.state.values()), default=0),
            "parameters": sum(p.size for p in tensors_of(self.param_groups)),
        }
        shown |= {"groups": len(self.param_groups)} if len(self.param_groups) > 1 else {}
        shown |= {"skipped": self.skipped} if self.skipped else {}
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in shown.items())})"

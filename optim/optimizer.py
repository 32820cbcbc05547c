"""The loop, the state, the groups, the hooks and the checks of every optimizer.

An optimizer is a rule and the names of its state. The base runs the rule on a whole group as
one launch, and maps PyTorch's words in public signatures to the papers' letters in rules:

    lr -> alpha    betas -> beta1, beta2    eps -> eps    momentum -> mu    alpha -> rho

In every rule a step over a denominator of 0 is no move (`ratio`), so that eps may be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from ..engine import Tensor
from ..kernels import DTypeError, OptionError, ShapeError, Update, device, shape
from ..kernels.locking import opened
from .rules import check_scalars, check_states
from .settings import as_groups, check_settings, letters, parameters_of
from .state import load_state_dict, state_dict

Params = Iterable[Tensor] | Iterable[Mapping[str, Any]] | Iterable[tuple[str, Tensor]]
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
    state_names: tuple[str, ...] = ()
    update: Update

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "rule" in vars(cls):
            cls.update = Update(cls.rule)
        if hasattr(cls, "update"):
            check_states(cls.__name__, cls.update, cls.state_names)

    def __init__(self, params: Params, **defaults: Any) -> None:
        check_scalars(type(self).__name__, getattr(self, "update", None), defaults)
        self.defaults = defaults
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        self._pre_hooks: list[Hook] = []
        self._post_hooks: list[Hook] = []
        for group in as_groups(type(self).__name__, params):
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
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for p in parameters:
            if not (isinstance(p, Tensor) and p.requires_grad and p.may_change):
                raise DTypeError(
                    where, "leaves that require a gradient", repr(p), "pass module.parameters()"
                )
            if id(p) in known:
                raise OptionError(
                    where,
                    "each parameter once",
                    f"{p.name or 'one'} twice",
                    "remove one of them",
                )
            known.add(id(p))
        self.param_groups.append(given)

    # ---- one step -------------------------------------------------------------------------
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient, in place; one launch a group.

        `closure`, if given, computes the loss and its gradients first; its result is returned.
        """
        loss = closure() if closure is not None else None
        for p in (p for group in self.param_groups for p in group["params"]):
            self._check_gradient(p)
        for hook in tuple(self._pre_hooks):
            hook(self)
        for group in self.param_groups:
            self._step_group(group)
        for hook in tuple(self._post_hooks):
            hook(self)
        return loss

    def prepare(self) -> None:
        """Compile now what the first step would wait for, so that steps can be timed."""
        for group in self.param_groups:
            inputs = range(len(self.update.program.inputs))
            self.update.prepare([tuple(p.data for _ in inputs) for p in group["params"]])

    def _step_group(self, group: dict[str, Any]) -> None:
        """Tensors of one age, dtype and device share a launch: as a rule, the whole group."""
        launches: dict[tuple[Any, ...], list[Tensor]] = {}
        for p in group["params"]:
            if p.grad is not None:
                age = self._state_of(p)["step"] + 1
                launches.setdefault((age, p.dtype, p.device), []).append(p)
        for (t, *_), parameters in launches.items():
            with opened([p.data for p in parameters]):  # locked against everybody else
                self.update(
                    [self._tensors(p) for p in parameters], **self._scalars(letters(group), t)
                )
            for p in parameters:
                self.state[p]["step"] = t
                p.changed()

    def _scalars(self, named: Mapping[str, Any], t: int) -> dict[str, float]:
        known = {**named, "t": t}
        return {name: known[name] for name in self.update.program.scalars}

    def _state_of(self, p: Tensor) -> dict[str, Any]:
        if p not in self.state:
            self.state[p] = {
                "step": 0,
                **{n: shape.zeros_like(p.data) for n in self.state_names},
            }
        held = self.state[p]
        for name in self.state_names:  # p may have moved since the last step
            if device.device_of(held[name]) != p.device:
                held[name] = device.to_device(held[name], p.device)
        return held

    def _check_gradient(self, p: Tensor) -> None:
        if p.grad is not None and p.grad.shape != p.shape:
            raise ShapeError(
                type(self).__name__,
                f"a gradient of shape {p.shape}",
                str(p.grad.shape),
                "let backward fill grad",
            )

    def _tensors(self, p: Tensor) -> tuple[Any, ...]:
        held = {"theta": p.data, "g": p.grad.data, **self.state[p]}
        return tuple(held[name] for name in self.update.program.inputs)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients, or set them to zero."""
        for group in self.param_groups:
            for p in group["params"]:
                keep = p.grad is not None and not set_to_none
                p.grad = Tensor(shape.zeros_like(p.grad.data)) if keep else None

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
        shown = {
            **self.defaults,
            "t": max((s["step"] for s in self.state.values()), default=0),
            "parameters": sum(p.size for g in self.param_groups for p in g["params"]),
        }
        if len(self.param_groups) > 1:
            shown["groups"] = len(self.param_groups)
        return f"{type(self).__name__}({', '.join(f'{k}={v}' for k, v in shown.items())})"

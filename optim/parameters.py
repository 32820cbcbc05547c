"""What an optimizer may be given to train: parameters, pairs with their names, groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..engine import Tensor
from ..kernels import DTypeError, OptionError

Params = Tensor | Iterable[Tensor] | Iterable[Mapping[str, Any]] | Iterable[tuple[str, Tensor]]


def as_groups(where: str, params: Any) -> list[dict[str, Any]]:
    """Parameters, (name, parameter) pairs or dicts of them, as a list of groups.

    Raises: OptionError where there is nothing to train, DTypeError for what is no parameters.
    """
    items = listed(where, params)
    if not items:
        raise OptionError(where, "at least one parameter", "none", "pass module.parameters()")
    if isinstance(items[0], Mapping):
        return items
    return [{"params": items}]


def parameters_of(where: str, group: Any) -> list[Any]:
    """The parameters of a group, without their names."""
    if not isinstance(group, Mapping) or "params" not in group:
        repair = "write {'params': net.parameters(), ...}"
        raise OptionError(where, "a group, a dict with params", repr(group), repair)
    return [p[1] if _is_pair(p) else p for p in listed(where, group["params"])]


def check_parameters(where: str, parameters: Sequence[Any], known: set[int]) -> None:
    """Refuse what cannot be trained, and what is trained already.

    Raises: DTypeError for what is no leaf that requires a gradient; OptionError for a second
    time, in one group or in two.
    """
    for p in parameters:
        if not (isinstance(p, Tensor) and p.requires_grad and p.may_change):
            expected, repair = "leaves that require a gradient", "pass module.parameters()"
            raise DTypeError(where, expected, repr(p), repair)
        if id(p) in known:
            got = f"{p.name or 'one'} twice"
            raise OptionError(where, "each parameter once", got, "remove one of them")
        known.add(id(p))


def _is_pair(p: Any) -> bool:
    return isinstance(p, tuple) and len(p) == 2


def listed(where: str, params: Any) -> list[Any]:
    """One parameter or several, or groups, as a list. Raises: DTypeError for what is none."""
    if isinstance(params, Tensor):
        return [params]
    is_module = hasattr(params, "parameters")
    if is_module or not isinstance(params, Iterable) or isinstance(params, (str, Mapping)):
        got = type(params).__name__ if is_module else repr(params)
        raise DTypeError(where, "parameters", got, "pass net.parameters()")
    return list(params)

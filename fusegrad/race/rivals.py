"""Who races: optimizers that have a learning rate to tune."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .. import optim
from ..kernels import OptionError
from ..optim import Optimizer
from ..optim.settings import letters_of

Rival = type[Optimizer]
RIVALS: tuple[Rival, ...] = (
    optim.SGD,
    optim.Momentum,
    optim.Nesterov,
    optim.Adagrad,
    optim.RMSProp,
    optim.Adam,
    optim.AdaMax,
    optim.AMSGrad,
)
ALWAYS: tuple[Rival, ...] = (optim.SGD, optim.Adam)  # a picture without a baseline shows little


def rivals(optimizers: Iterable[str | Rival] | None) -> list[Rival]:
    """The classes that race: those asked for, by name or class, with SGD and Adam at all times.

    Raises: OptionError for an unknown name, one named twice, or one without a learning rate.
    """
    if isinstance(optimizers, str):
        got, repair = repr(optimizers), f"write [{optimizers!r}]"
        raise OptionError("race", "a list of optimizers", got, repair)
    found = list(RIVALS) if optimizers is None else [_class(o) for o in optimizers]
    found += [kind for kind in ALWAYS if kind not in found]
    names = [kind.__name__ for kind in found]
    for name in names:
        if names.count(name) > 1:
            raise OptionError("race", "every optimizer once", f"{name} twice", "leave one out")
    return found


def _class(wanted: str | Rival) -> Rival:
    known = {n.lower(): k for n, k in vars(optim).items() if _is_rival(k)}
    kind = known.get(wanted.lower()) if isinstance(wanted, str) else wanted
    if kind is None or not _is_rival(kind):
        got = wanted if isinstance(wanted, str) else getattr(wanted, "__name__", repr(wanted))
        expected = "the name or the class of an optimizer with a learning rate"
        repair = f"choose among {', '.join(sorted(known))}, or pass a class"
        raise OptionError("race", expected, str(got), repair)
    return kind


def _is_rival(kind: Any) -> bool:
    """A class whose rule reads alpha, which is what a race tunes."""
    is_one = isinstance(kind, type) and issubclass(kind, Optimizer)
    return is_one and hasattr(kind, "update") and "alpha" in kind.update.program.scalars


def taken(kind: Rival, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings among these that an optimizer has."""
    scalars = set(kind.update.program.scalars)
    return {word: v for word, v in settings.items() if scalars.issuperset(letters_of(word))}

"""A module as a function of its parameters, so that `fg.grad` and its kin can go through it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..engine import Tensor
from ..kernels import OptionError
from .module import Module
from .state import entries


def functional_call(
    module: Module, values: Mapping[str, Any], *args: Any, **kwargs: Any
) -> Any:
    """module(*args, **kwargs) with these values in the place of its entries of those names.

    The values may be Tensors of any graph: gradients reach what they were computed from. The
    module itself is as before when it returns. Raises: OptionError for a name it lacks.

    >>> import numpy as np
    >>> from fusegrad import grad, nn
    >>> layer = nn.Linear(2, 1, bias=False, rng=np.random.default_rng(0))
    >>> x = np.array([[3.0, 4.0]])
    >>> grad(lambda w: functional_call(layer, {"weight": w}, x).sum())([[1.0, 1.0]])
    Tensor([[3., 4.]])
    """
    with _swapped(module, values):
        return module(*args, **kwargs)


@contextmanager
def _swapped(module: Module, values: Mapping[str, Any]) -> Iterator[None]:
    mine = entries(module)
    unknown = sorted(values.keys() - mine)
    if unknown:
        known = ", ".join(mine)
        raise OptionError("functional_call", f"names among {known}", str(unknown), "see these")
    new = {id(mine[n]): v if isinstance(v, Tensor) else Tensor(v) for n, v in values.items()}
    places = [p for part in module.modules() for p in _places(vars(part), new)]
    old = [holder[key] for holder, key in places]
    try:
        for (holder, key), value in zip(places, old):
            holder[key] = new[id(value)]
        yield
    finally:
        for (holder, key), value in zip(places, old):
            holder[key] = value


def _places(holder: Any, wanted: Mapping[int, Any]) -> Iterator[tuple[Any, Any]]:
    """Where in a dict or list, or in those inside it, something wanted is held."""
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    for key in keys:
        value = holder[key]
        if id(value) in wanted:
            yield holder, key
        elif isinstance(value, (dict, list)):
            yield from _places(value, wanted)

"""One way to build and to call a layer, written once for this library and for PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusegrad import engine, nn
from fusegrad.engine import Tensor

Inputs = Callable[[np.random.Generator], tuple[Any, ...]]


def called(layer: Any, *inputs: Any) -> Any:
    return layer(*inputs)


@dataclass(frozen=True)
class Case:
    """A row of the table of layers.

    `build(nn, **rng)` makes the layer from either library's `nn`; PyTorch gets no rng. `inputs`
    draws float64 arrays, which are differentiated, and arrays of integers or truths, which are
    not; None stays None. `call(layer, *inputs)` gives a Tensor, or a tuple of them. Where
    PyTorch is built or called otherwise, `torch_build(torch)` and `torch_call` say how; where
    `peer` is False it has no such layer. In a mode where draws decide, nothing is compared.
    `order` derivatives are held against differences; 0 where these are not what it should give.
    """

    name: str
    build: Callable[..., Any]
    inputs: Inputs
    call: Callable[..., Any] = called
    torch_build: Callable[..., Any] | None = None
    torch_call: Callable[..., Any] | None = None
    peer: bool = True
    modes: tuple[str, ...] = ("train", "eval")
    order: int = 2
    same_names: bool = True

    def __str__(self) -> str:
        return self.name.replace(" ", "_")

    def layer(self, mode: str = "train", dtype: Any = np.float64) -> Any:
        """The layer of this library, with parameters and buffers off their first values."""
        made = self.build(nn, rng=np.random.default_rng(7)).to(dtype)
        rng = np.random.default_rng(8)
        kept = [b for b in made.buffers() if b.persistent and b.dtype.kind == "f"]
        for p in [*made.parameters(), *kept]:  # ones and zeros would hide mistakes
            p.assign_(p.numpy() + 0.1 * rng.standard_normal(p.shape))
        return made.train(mode == "train")

    def draw(self) -> tuple[Any, ...]:
        return self.inputs(np.random.default_rng(9))


def is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def outputs(y: Any, kind: type = Tensor) -> list[Any]:
    """The tensors of floats in a result, a tuple of tuples as a rule, in order."""
    if isinstance(y, (kind, np.ndarray)):  # an array is what arrays and no parameters give
        return [y] if "float" in str(y.dtype) else []
    return [t for part in y for t in outputs(part, kind)] if isinstance(y, Iterable) else []


def as_function(case: Case, mode: str) -> tuple[Callable[..., Any], list[np.ndarray]]:
    """The layer as a function of its float inputs and its parameters, in one vector; and where
    to differentiate it."""
    layer, given = case.layer(mode), case.draw()
    names = [name for name, _ in layer.named_parameters()]
    places = [i for i, x in enumerate(given) if is_float(x)]

    def function(*values: Any) -> Any:
        inputs = list(given)
        for i, value in zip(places, values):
            inputs[i] = value
        swapped = dict(zip(names, values[len(places) :], strict=True))
        caller = _Caller(layer, case.call)
        y = nn.functional_call(caller, {f"layer.{n}": v for n, v in swapped.items()}, *inputs)
        flat = [t.reshape(-1) for t in outputs(y)]
        return flat[0] if len(flat) == 1 else engine.ops.shaping.concat(flat)

    function.__name__ = case.name
    arrays = [given[i] for i in places] + [p.numpy() for p in layer.parameters()]
    return function, arrays


class _Caller(nn.Module):
    """A layer called in the way of its case."""

    def __init__(self, layer: nn.Module, call: Callable[..., Any]) -> None:
        self.layer, self.call = layer, call

    def forward(self, *inputs: Any) -> Any:
        return self.call(self.layer, *inputs)

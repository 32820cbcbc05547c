"""What a row of the elementwise table becomes: kernel, vjps, derivatives of any order, docs."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..kernels import Lifted, Word, lift
from ..kernels import words as w
from ..kernels.program import Program, plain
from ..kernels.tracer import Symbol
from .op import Op, register
from .tape import Value, apply

Formula = Callable[..., Any]
Domain = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """One elementwise op: formula, the slope of each argument, and where tests draw from."""

    op: Op
    formula: Lifted
    slopes: tuple[Formula | None, ...]
    domains: tuple[Domain, ...]
    function: Callable[..., Any]


ROWS: dict[str, Row] = {}


def row(
    name: str,
    formula: Formula,
    *slopes: Formula | None,
    domain: Any = (-3.0, 3.0),
) -> Callable[..., Any]:
    """Enter a row in the table; gives the op as a function of arrays or Tensors.

    `domain` is one interval for all arguments, or one for each.
    """
    kernel = lift(formula, name)
    inputs = kernel.program.inputs
    vjps = tuple(
        slope and SlopeVjp(f"{name}_vjp_{x}", slope)
        for slope, x in zip(slopes, inputs, strict=True)
    )
    op = register(Op(name, kernel, inputs, vjps))

    def function(*args: Any) -> Any:
        return apply(op, *args)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = _docstring(kernel.program)
    function.__signature__ = inspect.signature(formula)  # type: ignore[attr-defined]
    domains = domain if isinstance(domain[0], tuple) else (domain,) * len(inputs)
    ROWS[name] = Row(op, kernel, slopes, domains, function)
    return function


class SlopeVjp:
    """The gradient times the slope, as one fused rule on arrays, or word by word on Tensors.

    A slope that is a truth value passes the gradient where it holds, and stops it, nan and inf
    included, where it does not.
    """

    def __init__(self, name: str, slope: Formula) -> None:
        names = tuple(inspect.signature(slope).parameters)

        def gradient_times_slope(g: Any, *values: Any) -> Any:
            s = slope(*values)
            is_truth = isinstance(s, Symbol) and s.node.gives == "t"
            return w.where(s, g, 0) if is_truth else g * s

        self.kernel = lift(gradient_times_slope, name, elements=("g", *names))
        self.is_identity = self.kernel.program.outputs[0].value == "g"
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in ("g", *names)]
        )

    def __call__(self, *args: Any) -> Any:
        if self.is_identity:
            return args[0]
        if any(isinstance(a, Value) for a in args):
            return on_tensors(self.kernel.program, args)[0]
        return self.kernel(*args)


def on_tensors(
    program: Program, elements: tuple[Any, ...], scalars: dict[str, Any] | None = None
) -> list[Any]:
    """The Tensor reader: a rule with every word an op, so that all of it is differentiable."""
    values = dict(zip(program.inputs, elements, strict=True))
    return program.interpret(values, scalars or {}, plain, _meaning)


def _meaning(word: Word) -> Callable[..., Any]:
    def compute(*args: Any) -> Any:
        if all(isinstance(a, (int, float)) for a in args):
            return float(word.numpy(*args))  # stays a Python number, which widens no dtype
        return ROWS[word.name].function(*args)

    return compute


def _docstring(program: Program) -> str:
    args = ", ".join(program.inputs)
    words = " ".join(dict.fromkeys(n.name for n in program.words))
    return f"{program.name}({args}), elementwise, by {words}.\n\nShapes: arguments broadcast."

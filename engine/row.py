"""What a row of the elementwise table becomes: kernel, vjps, derivatives of any order, docs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from ..kernels import DTypeError, Lifted, OptionError, Word, latex, lift
from ..kernels import words as w
from ..kernels.host import Host
from ..kernels.kernel import OBSERVERS, QUIET
from ..kernels.node import plain
from ..kernels.program import Program
from ..kernels.tracer import Symbol
from .op import SYMMETRIC, Op, TwoReadings, register
from .tape import run
from .value import Value

Formula = Callable[..., Any]
Domain = tuple[float, float]
NUMBERS = (bool, int, float)
OF_HOST = (*NUMBERS, Host)


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
    quick: Formula | None = None,
) -> Callable[..., Any]:
    """Enter a row in the table; gives the op as a function of arrays or Tensors.

    `domain` is one interval for all arguments, or one for each. Arguments with a default in
    the formula may be left out, and all may be named; each has a slope like any other.
    `quick` says the first slope again, for arrays alone: of the result too, but not to be
    differentiated.
    """
    made = ROWS[name] = make_row(name, formula, slopes, domain, quick)
    register(made.op)
    return made.function


def make_row(
    name: str,
    formula: Formula,
    slopes: Sequence[Formula | None],
    domain: Any,
    quick: Formula | None = None,
) -> Row:
    """A row that stands in no table yet."""
    kernel = lift(formula, name)
    inputs = kernel.program.inputs
    _check_slopes(name, inputs, slopes)
    vjps = tuple(
        slope and SlopeVjp(f"{name}_vjp_{x}", slope, quick if slope is slopes[0] else None)
        for slope, x in zip(slopes, inputs, strict=True)
    )
    op = Op(name, kernel, inputs, vjps, SYMMETRIC)
    count, signature = len(inputs), inspect.signature(formula)

    def function(*args: Any, **named: Any) -> Any:
        if named or len(args) != count:
            args = _completed(op, signature, args, named)
        return run(op, args)

    function.__name__ = function.__qualname__ = name
    function.__module__ = formula.__module__
    function.__doc__ = _docstring(kernel.program, formula)
    function.__signature__ = signature  # type: ignore[attr-defined]
    domains = domain if isinstance(domain[0], tuple) else (domain,) * len(inputs)
    return Row(op, kernel, tuple(slopes), domains, function)


def _check_slopes(name: str, inputs: tuple[str, ...], slopes: Sequence[Any]) -> None:
    if len(slopes) != len(inputs) or {"g", "t", "y"} & set(inputs):
        rule = f"a slope for each of {', '.join(inputs)}, none of them named g, t or y"
        got, repair = f"{len(slopes)} slopes", "None is the slope of what has none"
        raise OptionError(f"op {name}", rule, got, repair)


def _completed(
    op: Op, signature: inspect.Signature, args: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...]:
    """All arguments of a row, in their order. NumPy would take one too many as the place for
    the result.

    Raises: DTypeError for arguments that the signature does not have, or that are missing.
    """
    defaults = [p.default for p in signature.parameters.values()]
    left_out = defaults[len(args) :]
    if left_out and not named and inspect.Parameter.empty not in left_out:
        return (*args, *left_out)  # the common case; `bind` takes longer than many an op
    try:
        given = signature.bind(*args, **named)
    except TypeError:
        most, least = len(defaults), defaults.count(inspect.Parameter.empty)
        count = f"{most}" if least == most else f"{least} to {most}"
        got = " and ".join([f"{len(args)}", *(f"{n}=" for n in named)])
        rule = f"{count} arguments {_shown(signature)}"
        raise DTypeError(op.name, rule, got, "see its signature") from None
    given.apply_defaults()
    return given.args


def _shown(signature: inspect.Signature) -> str:
    """(x, alpha=1.0): the signature without annotations."""
    shown = (str(p.replace(annotation=p.empty)) for p in signature.parameters.values())
    return f"({', '.join(shown)})"


class SlopeVjp(TwoReadings):
    """The gradient times the slope, as one fused rule on arrays, or word by word on Tensors.

    A slope that is a truth value passes the gradient where it holds, and stops it, nan and inf
    included, where it does not. With `quick`, arrays are read by that, Tensors by the slope.
    """

    def __init__(self, name: str, slope: Formula, quick: Formula | None = None) -> None:
        self.name, self.slope, self.quick = name, slope, quick
        self.names = ("g", *inspect.signature(quick or slope).parameters)

    @cached_property
    def kernel(self) -> Lifted:
        """The rule, read when first needed: most programs use few of the ops there are."""
        return _times(self.name, self.quick or self.slope)

    @cached_property
    def _on_tensors(self) -> Program:
        return (_times(self.name, self.slope) if self.quick else self.kernel).program

    @cached_property
    def is_identity(self) -> bool:
        return bool(self.kernel.program.outputs[0].value == "g")

    def __call__(self, *args: Any) -> Any:
        if self.is_identity:
            return args[0]
        if any(isinstance(a, Value) for a in args):
            given, program = dict(zip(self.names, args, strict=True)), self._on_tensors
            return on_tensors(program, tuple(given[n] for n in program.inputs))[0]
        return self.on_arrays(*args)

    @cached_property
    def on_arrays(self) -> Callable[..., Any]:
        """The same, of arrays and numbers alone."""
        if self.is_identity:
            return _first
        return self._of_one if len(self.names) == 2 else self._of_several

    def _of_several(self, *args: Any) -> Any:
        g = args[0]  # a number takes its dtype, as it did in the op
        return self.kernel(*[g.dtype.type(a) if isinstance(a, NUMBERS) else a for a in args])

    def _of_one(self, g: Any, a: Any) -> Any:
        """The same, for the walk back: written out to spare calls, as the tape is."""
        if isinstance(a, NUMBERS):
            a = g.dtype.type(a)
        result = QUIET.run(self.kernel.compute, g, a)
        if result.__class__ is np.ndarray and not OBSERVERS:
            return result
        return self.kernel.settle(result, (g, a), {})


def _times(name: str, slope: Formula) -> Lifted:
    """The rule of a gradient times a slope."""

    def gradient_times_slope(g: Any, *values: Any) -> Any:
        s = slope(*values)
        is_truth = isinstance(s, Symbol) and s.node.gives == "t"
        return w.where(s, g, 0) if is_truth else g * s

    names = ("g", *inspect.signature(slope).parameters)
    return lift(gradient_times_slope, name, elements=names)


def _first(g: Any, *values: Any) -> Any:
    return g


def on_tensors(
    program: Program,
    elements: tuple[Any, ...],
    scalars: dict[str, Any] | None = None,
    words: Mapping[str, Callable[..., Any]] = MappingProxyType({}),
) -> list[Any]:
    """The Tensor reader: a rule with every word an op, so that all of it is differentiable.
    `words` gives some of them another meaning."""
    values = dict(zip(program.inputs, elements, strict=True))
    T = np.result_type(0.0, *(e.dtype for e in elements if not isinstance(e, NUMBERS))).type
    meaning = lambda word: words.get(word.name) or _meaning(word, T)  # noqa: E731
    found = program.interpret(values, scalars or {}, plain, meaning)
    return [float(x) if isinstance(x, Host) else x for x in found]


def _meaning(word: Word, T: Any) -> Callable[..., Any]:
    """A word on Tensors; numbers alone stay a number of the host, which widens no dtype."""

    def compute(*args: Any) -> Any:
        if all(isinstance(a, OF_HOST) for a in args):
            with np.errstate(all="ignore"):  # as in a kernel
                return Host(word.numpy(*map(Host, args)))
        args = tuple(float(a) if isinstance(a, Host) else a for a in args)
        if word.name == "where" and all(isinstance(a, NUMBERS) for a in args[1:]):
            args = (args[0], T(args[1]), args[2])  # else NumPy would make it float64
        if word.name == "one_minus_power":  # of Tensors, in words that have slopes
            return 1 - args[0] ** args[1]
        return ROWS["multiply" if word.name == "scale" else word.name].function(*args)

    return compute


def _docstring(program: Program, formula: Formula) -> str:
    """What the author says of a formula, or else the formula itself."""
    args = ", ".join(program.inputs)
    said = formula.__doc__ or latex(program).removeprefix("y &= ")
    return (
        f"{program.name}({args}), element by element: {said.rstrip('.')}. Arguments broadcast."
    )

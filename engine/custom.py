"""Ops of one's own: a row of elementwise formulas, or any function of arrays with its rules."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels import DTypeError, OptionError
from ..kernels.kernel import Foreign
from ..kernels.locking import lock
from ..kernels.shape import zeros_like
from .check import gradcheck
from .op import Op, Rule, names_of
from .ops.broadcast import sum_
from .ops.elementwise import multiply
from .ops.shaping import as_array, data_of
from .row import Domain, Formula, make_row
from .tape import apply
from .tensor import Tensor
from .variables import gradients_of

Rules = Rule | Sequence[Rule | None]
ALWAYS = ("y", "input_shape", "input_index")
RESERVED = {"g", "t", *ALWAYS}  # what rules are told besides the arguments


def define_op(
    name: str,
    formula: Formula,
    *slopes: Formula | None,
    domain: Domain | Sequence[Domain] = (-3.0, 3.0),
    check: bool = True,
) -> Callable[..., Any]:
    """An elementwise op from its formula and the slope of each argument.

    Formula and slopes are rules: plain functions of scalars in the vocabulary of
    `fusegrad.kernels.words`. A slope names what it reads, arguments or `y`, the value. The op
    then runs on every reader (NumPy, one Numba loop, CUDA, 50 digits, LaTeX), differentiates to
    any order, forward and reverse, and unless `check=False` its first and second derivatives
    have been held against differences at random points of `domain`, one interval for all
    arguments or one for each.

    >>> from fusegrad.kernels.words import exp
    >>> from .grad import grad
    >>> bump = define_op("bump", lambda x: exp(-x * x), lambda x, y: -2 * x * y)
    >>> bump(1.0), grad(grad(bump))(0.0)
    (array(0.36787944), Tensor(-2.))

    Raises: GradientError, at once, for a slope that is wrong; RuleError for what no rule says.
    """
    row = make_row(name, formula, slopes, domain)
    if check:
        rng = np.random.default_rng(0)
        points = [rng.uniform(*d, 3) for d in row.domains]
        sloped = [i for i, slope in enumerate(slopes) if slope is not None]

        def moved(*values: Any) -> Any:
            given = list(points)
            for i, v in zip(sloped, values):
                given[i] = v
            return row.function(*given)

        moved.__name__ = name
        gradcheck(moved, *(points[i] for i in sloped), order=2)
    return row.function


def primitive(vjp: Rules, jvp: Rules | None = None) -> Callable[..., Any]:
    """Make a function of arrays an op, with your rules for its derivatives.

    The function takes arrays by position, settings by keyword, and may compute them by any
    means. `vjp` has one rule for each array (a tuple for several, None where no gradient
    passes); a rule names what it needs: g, the gradient of the value; the arrays, by their
    names; y, the value; settings. `jvp` alike, with t, a tangent, in place of g; left out, it
    is found by transposing the vjp once more. Written with fusegrad's ops, rules are
    differentiated like everything else, to any order.

    >>> from .grad import grad
    >>> @primitive(vjp=lambda g, x: g * 3.0 * x * x)
    ... def cube(x):
    ...     return x**3
    >>> grad(cube)(2.0), grad(grad(cube))(2.0)
    (Tensor(12.), Tensor(12.))

    Raises: OptionError for a rule that names what the function does not have.
    """

    def decorate(f: Callable[..., Any]) -> Callable[..., Any]:
        op = _op_of(f, *map(_each, (vjp, jvp)))
        signature = inspect.signature(f)

        @functools.wraps(f)
        def call(*args: Any, **settings: Any) -> Any:
            try:
                given = signature.bind(*args, **settings)
            except TypeError as error:
                rule = f"{len(op.inputs)} arrays ({', '.join(op.inputs)}) by position"
                got, repair = f"{len(args)} and {sorted(settings)}", "settings go by keyword"
                raise DTypeError(op.name, rule, got, repair) from error
            given.apply_defaults()
            return apply(op, *map(as_array, given.args), **copy.deepcopy(given.kwargs))

        return call

    return decorate


def _each(rules: Rules | None) -> tuple[Rule | None, ...] | None:
    if rules is None:
        return None
    return tuple(map(_guarded, (rules,) if callable(rules) else rules))


def _op_of(f: Callable[..., Any], vjps: Any, jvps: Any) -> Op:
    parameters = inspect.signature(f).parameters.values()
    settings = tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
    inputs = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
    name = f.__name__
    for word, rules in (("g", vjps), ("t", jvps)):
        if rules is not None:
            _check_rules(name, word, rules, inputs, settings)
    jvps = jvps or tuple(vjp and _Transposed(vjp) for vjp in vjps)
    return Op(name, Foreign(name, _as_arrays(f)), inputs, vjps, jvps, rigid=True)


def _as_arrays(f: Callable[..., Any]) -> Callable[..., Any]:
    """f with an array of its own for a result, whatever f keeps of it."""

    def compute(*args: Any, **settings: Any) -> Any:
        y = f(*args, **settings)
        own = y.copy() if hasattr(y, "base") else np.array(y)
        if own.dtype.kind not in "fiub":
            got = type(y).__name__
            raise DTypeError(f.__name__, "an array of numbers", got, "return one")
        return own

    return compute


def _guarded(rule: Rule | None) -> Rule | None:
    """A rule that is shown arrays it cannot write to: others need them as they are."""
    if rule is None:
        return None

    @functools.wraps(rule)
    def read_only(*args: Any) -> Any:
        given = rule(*map(_locked, args))
        if given is None:
            got, repair = "None", "give None in place of the rule if nothing passes"
            raise OptionError(f"rule {names_of(rule)}", "a gradient", got, repair)
        return as_array(given)

    return read_only


def _locked(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = x.view()
        lock(x)
    return x


def _check_rules(
    name: str, word: str, rules: Any, inputs: tuple[str, ...], settings: tuple[str, ...]
) -> None:
    kind = {"g": "vjp", "t": "jvp"}[word]
    if len(rules) != len(inputs):
        rule = f"one {kind} for each of {', '.join(inputs)}"
        raise OptionError(f"primitive {name}", rule, str(len(rules)), "None passes nothing")
    if taken := RESERVED & {*inputs, *settings}:
        rule, got = "other names than g, t, y and input_*", ", ".join(sorted(taken))
        raise OptionError(f"primitive {name}", rule, got, "rename the argument")
    known = {word, *ALWAYS, *inputs, *settings}
    for rule in filter(None, rules):
        extra = [n for n in names_of(rule) if n not in known]
        if extra:
            wanted, repair = f"a {kind} of {', '.join(sorted(known))}", "name what it reads"
            raise OptionError(f"primitive {name}", wanted, ", ".join(extra), repair)


class _Transposed:
    """The jvp that a vjp implies: a vjp is linear in g, and the transpose of that map takes a
    tangent on."""

    def __init__(self, vjp: Rule) -> None:
        self.vjp, self.asked = vjp, names_of(vjp)
        self.names = ("t", "y", *(n for n in self.asked if n not in ("g", "y")))

    def __call__(self, t: Any, y: Any, *others: Any) -> Any:
        g = Tensor(zeros_like(data_of(y)), requires_grad=True)
        rest = iter(others)
        given = {"g": g, "y": y}
        values = [given[n] if n in given else next(rest) for n in self.asked]
        back = sum_(multiply(self.vjp(*values), t))
        return gradients_of(back, [g])[0]

"""gradcheck: the gradients of a function held against differences of its values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

import numpy as np

from ..kernels import DTypeError, FusegradError, OptionError
from .blame import culprit
from .differences import ROUNDING, SMALLEST, STEP, Slopes, slopes
from .jacobian import jacobian, jvp
from .ops.shaping import concat
from .tensor import Tensor
from .variables import gradients_of

TOLERANCE = 1e-7
SMALLER = (STEP / 32, STEP / 1024)  # tried where a function is too curved for a large step
MODES = ("elements", "full", "random")
Arrays = list[np.ndarray]


class GradientError(FusegradError, AssertionError):
    """A gradient that differs from what the values say."""


class KinkError(GradientError):
    """A point where the function has no derivative that differences could confirm."""


@dataclass(frozen=True)
class Difference:
    """The worst disagreement found: which input, where in it, and both numbers. In mode full,
    `index` goes on with the index of the output."""

    argument: int
    index: tuple[int, ...]
    gradient: float
    difference: float
    error: float

    def __str__(self) -> str:
        return (
            f"argument {self.argument}, index {self.index}: gradient {self.gradient!r}, "
            f"difference {self.difference!r}, relative error {self.error:.1e}"
        )


def gradcheck(
    f: Callable[..., Any],
    *args: Any,
    order: int = 1,
    mode: str = "elements",
    tolerance: float = TOLERANCE,
    rng: np.random.Generator | None = None,
) -> Difference:
    """Compare the gradients of f with central differences of its values.

    f takes Tensors and returns a Tensor of any shape. In mode "elements" its result is
    projected on a random direction, so that one number stands for all, and every element of
    every argument is moved; "random" moves all arguments along one random direction, which
    costs a dozen evaluations whatever their size; "full" holds every element of the Jacobian
    against its difference. With `order=2` the gradient itself is checked as well, by the same
    means. Arguments are float64. Errors are relative to the largest difference in the argument,
    or to what rounding leaves of the differences, if that is more. Forward mode is held against
    reverse along the way. Returns the worst.

    Raises: GradientError, which names argument, index, both numbers, and the op at fault if one
    of f's ops fails alone; KinkError where f has no derivative; DTypeError for other
    precisions; OptionError for another order or mode.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    arrays = _arrays(args, order, mode)
    if not tolerance > 0:
        got = f"tolerance={tolerance}"
        raise OptionError("gradcheck", "a tolerance above 0", got, "1e-7 is the default")
    direction = rng.standard_normal(_value(f, arrays).shape)

    def terms(*tensors: Tensor) -> Tensor:
        return f(*tensors) * direction

    checked = _Check(_name(f), f, tolerance, mode, rng)
    worst = checked.compare(f if mode == "full" else terms, arrays)
    checked.forward(arrays, direction)
    if order < 2:
        return worst
    directions = [rng.standard_normal(a.shape) for a in arrays]
    checked.name = f"the gradient of {_name(f)}"
    second = checked.compare(_slope_along(terms, directions), arrays)
    return max(worst, second, key=_badness)


def gradgradcheck(f: Callable[..., Any], *args: Any, **options: Any) -> Difference:
    """`gradcheck` of f and of its gradient: second derivatives held against differences of
    first ones. The options are those of gradcheck."""
    return gradcheck(f, *args, order=2, **options)


def _arrays(args: Sequence[Any], order: int, mode: str) -> Arrays:
    if order not in (1, 2):
        repair = "nest fg.grad for more"
        raise OptionError("gradcheck", "order 1 or 2", f"order={order}", repair)
    if mode not in MODES:
        rule = f"mode in {', '.join(MODES)}"
        raise OptionError("gradcheck", rule, repr(mode), "choose one of these")
    return [_float64(i, a) for i, a in enumerate(args)]


def _float64(i: int, a: Any) -> np.ndarray:
    array = np.array(a)
    if array.dtype != np.float64:
        repair = "convert it: differences in less precision prove little"
        raise DTypeError("gradcheck", f"float64 in argument {i}", str(array.dtype), repair)
    return array


def _name(f: Any) -> str:
    return getattr(f, "__name__", repr(f))


def _value(f: Callable[..., Any], arrays: Arrays) -> np.ndarray:
    return f(*map(Tensor, arrays)).data


def _slope_along(f: Callable[..., Any], directions: Sequence[np.ndarray]) -> Callable[..., Any]:
    """The terms of the derivative of f along fixed directions, to be differentiated again."""

    def slopes(*tensors: Any) -> Any:
        outer = [t if t.requires_grad else Tensor(t, requires_grad=True) for t in tensors]
        inner = [t * 1.0 for t in outer]
        gradients = gradients_of(f(*inner).sum(), inner)
        parts = [(g * d).reshape(-1) for g, d in zip(gradients, directions, strict=True)]
        return concat(parts)

    return slopes


class _Check:
    """What one check holds on to: whose gradients, how, and how exactly."""

    def __init__(self, name: str, f: Any, tolerance: float, mode: str, rng: Any) -> None:
        self.name, self.f, self.tolerance, self.mode, self.rng = name, f, tolerance, mode, rng

    def compare(self, terms: Callable[..., Any], arrays: Arrays) -> Difference:
        """The worst disagreement; raised if it exceeds the tolerance at every step."""
        worst = self._worst_of(terms, arrays, STEP)
        if not worst.error <= self.tolerance:
            for step in SMALLER:
                closer = self._worst_of(terms, arrays, step)
                if closer.error <= self.tolerance:
                    return closer
            where, at = f"gradcheck of {self.name}", culprit(self.f, arrays)
            rule = f"relative error <= {self.tolerance:g}"
            repair = f"look at the vjp or slope of {at or 'this argument'}"
            raise GradientError(where, rule, str(worst), repair)
        return worst

    def _worst_of(self, terms: Any, arrays: Arrays, step: float) -> Difference:
        self.step = step
        total = float(np.abs(_value(terms, arrays)).sum())
        floor = ROUNDING * STEP / step / self.tolerance * total
        pairs = {"elements": self._elements, "full": self._full, "random": self._random}
        found = [
            self._worst(i, g, s, floor)
            for i, (g, s) in enumerate(pairs[self.mode](terms, arrays))
        ]
        return max(found, key=_badness, default=Difference(0, (), 0.0, 0.0, 0.0))

    def forward(self, arrays: Arrays, u: np.ndarray) -> None:
        """Hold forward mode against reverse: <u, J v> and <J^T u, v> for a random v."""
        v = [self.rng.standard_normal(a.shape) for a in arrays]
        _, jv = jvp(self.f, arrays, v)
        back = _gradients(lambda *x: self.f(*x) * u, arrays)
        terms = [u * jv.data, *(g * t for g, t in zip(back, v))]
        ahead, other = (
            float(np.sum([t.sum() for t in some])) for some in (terms[:1], terms[1:])
        )
        size = sum(float(np.abs(t).sum()) for t in terms)
        if not abs(ahead - other) <= self.tolerance * max(size, SMALLEST):
            rule = "forward mode to be the transpose of reverse mode"
            got = f"<u, J v> = {ahead!r} and <J^T u, v> = {other!r}"
            raise GradientError(f"gradcheck of {self.name}", rule, got, "look at the jvp rules")

    def _elements(self, terms: Any, arrays: Arrays) -> list[tuple[np.ndarray, Slopes]]:
        def total(moved: Arrays) -> np.ndarray:
            return np.asarray(_value(terms, moved).sum())

        here, gradients = total(arrays), _gradients(terms, arrays)
        return [(g, slopes(total, arrays, i, self.step, here)) for i, g in enumerate(gradients)]

    def _full(self, terms: Any, arrays: Arrays) -> list[tuple[np.ndarray, Slopes]]:
        J = [j.numpy() for j in jacobian(terms, range(len(arrays)))(*arrays)]
        turned = [np.moveaxis(j, range(-a.ndim, 0), range(a.ndim)) for j, a in zip(J, arrays)]
        here = _value(terms, arrays)
        by_values = [
            slopes(lambda x: _value(terms, x), arrays, i, self.step, here)
            for i in range(len(arrays))
        ]
        return list(zip(turned, by_values))

    def _random(self, terms: Any, arrays: Arrays) -> list[tuple[np.ndarray, Slopes]]:
        ways = [self.rng.standard_normal(a.shape) for a in arrays]

        def along(step: Arrays) -> np.ndarray:
            moved = [a + step[0] * v for a, v in zip(arrays, ways)]
            return np.asarray(_value(terms, moved).sum())

        g = sum(np.sum(g * v) for g, v in zip(_gradients(terms, arrays), ways))
        return [(np.asarray(g), slopes(along, [np.zeros(())], 0, self.step))]

    def _worst(
        self, argument: int, gradient: np.ndarray, by_values: Slopes, floor: float
    ) -> Difference:
        """The element where the gradient of one argument is furthest from its difference."""
        self._refuse_kinks(argument, by_values)
        scale = max(floor, float(np.abs(by_values.central).max(initial=0)), SMALLEST)
        found = [
            Difference(argument, index, float(g), float(d), float(abs(g - d) / scale))
            for (index, g), d in zip(np.ndenumerate(gradient), by_values.central.flat)
        ]
        return max(found, key=_badness, default=Difference(argument, (), 0.0, 0.0, 0.0))

    def _refuse_kinks(self, argument: int, by_values: Slopes) -> None:
        for index in np.argwhere(by_values.kinked):
            at = tuple(map(int, index))
            left, right = float(by_values.left[at]), float(by_values.right[at])
            rule = f"a point where argument {argument} has one slope"
            got = f"{left:.6g} on the left and {right:.6g} on the right of index {at}"
            repair = "move the argument off the kink; at it, a convention is all there is"
            raise KinkError(f"gradcheck of {self.name}", rule, got, repair)


def _gradients(terms: Callable[..., Any], arrays: Arrays) -> Arrays:
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    return [g.data for g in gradients_of(terms(*tensors).sum(), tensors)]


def _badness(difference: Difference) -> float:
    """Its error; a nan is the worst of all."""
    return inf if isnan(difference.error) else difference.error

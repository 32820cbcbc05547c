"""Gradient badges: the vjp of every recorded op, held against its values where they were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..engine.differences import SMALLEST
from ..engine.op import Step
from ..kernels import FusegradError
from .alone import Alone, Moved
from .judge import COMPLEX, DIFFERENCES, Judgement, Method, Verdict, judged
from .passes import Applied, Pass
from .seen import KEPT, Seen

ORDER = ("agrees", "at a kink", "not checked", "differs")
ERRORS = (ArithmeticError, FusegradError, LookupError, TypeError, ValueError)
TOLERANCES: dict[Method, float] = {"complex step": COMPLEX, "differences": DIFFERENCES}


@dataclass(frozen=True)
class Badge:
    """How the vjp of one input of a recorded op compares with slopes of the op's values.

    The output is weighted by fixed random numbers; `error` is the largest difference between
    what the vjp makes of these and the slope of the weighted values, at `index` of the input;
    `scale` is the largest slope, or what rounding leaves of differences if that is more. All of
    it is in float64; `ulps` counts in the precision `dtype` of the pass. `reason` says why
    nothing was checked.
    """

    number: int  # of the pass
    op: int
    name: str  # of the op
    input: int
    input_name: str
    dtype: str
    verdict: Verdict
    method: Method = ""
    error: float = float("nan")
    scale: float = 1.0
    index: tuple[int, ...] = ()
    reason: str = ""

    @property
    def relative(self) -> float:
        """The largest error, of the largest slope."""
        return self.error / self.scale

    @property
    def ulps(self) -> float:
        """The largest error in units of the last place of the largest slope."""
        exponent = int(np.frexp(self.scale)[1]) - 1
        return float(np.ldexp(self.error / float(np.finfo(self.dtype).eps), -exponent))

    @property
    def tolerance(self) -> float:
        """What `relative` was held against: 64 eps of float64 for the complex step, gradcheck's
        1e-7 for differences."""
        return TOLERANCES.get(self.method, 0.0)

    @property
    def text(self) -> str:
        """What was found, as a sentence."""
        if self.verdict == "not checked":
            return f"Not checked: {self.reason}."
        name = f"input {self.input}" if self.input_name.isdecimal() else self.input_name
        at = f"at {name}{list(self.index)}" if self.index else f"in {name}"
        if self.verdict == "at a kink":
            return f"At a kink {at}: the gradient lies between the slopes of either side."
        by, size = "differences", f"{self.relative:.1e} of the largest slope"
        if self.method == "complex step":
            by, size = "the complex step", f"{self.ulps:.2g} ulp"
        how = "differs by at most" if self.verdict == "agrees" else "WRONG by"
        return f"Gradient checked: {how} {size} from {by}, {at}."

    def __repr__(self) -> str:
        return f"Badge({self.name} {self.op + 1}, input {self.input_name}: {self.text})"


def badges(one: Pass) -> list[Badge]:
    """A badge for every input of every op of a pass that a gradient goes through.

    Values that are not kept whole are not checked. An elementwise op costs less than a
    millisecond an input; another runs once for each element of its inputs (10 to 100 us each,
    as large as it is), and 4 to 24 times as often where the complex step is not the last word.
    """
    return [badge for k in range(len(one.ops)) for badge in _of(one, k)]


def worst_of(found: Sequence[Badge]) -> Badge:
    """The one to show of all badges of an op."""
    return max(found, key=lambda badge: (ORDER.index(badge.verdict), badge.relative))


def _of(one: Pass, number: int) -> Iterator[Badge]:
    """The badges of one op."""
    op = one.ops[number]
    why = _obstacle(one, op)
    if why or op.ran is None:
        free = [i for i, source in enumerate(op.inputs) if source.kind != "constant"]
        for i in free or [0]:
            yield _badge(one, number, i, Judgement("not checked", reason=why))
        return
    try:
        alone, why = Alone(op.ran, [_values(one.value(s)) for s in op.inputs]), ""
        why = _changed(alone, _values(op.value))
    except ERRORS as error:
        why = f"it cannot be run again: {error}"
    for step in op.ran.plan.steps:
        found = Judgement("not checked", reason=why) if why else _judged(alone, step)
        yield _badge(one, number, step.at, found)


def _judged(alone: Alone, step: Step) -> Judgement:
    try:
        return judged(Moved(alone, step))
    except ERRORS as error:
        return Judgement("not checked", reason=f"it cannot be run again: {error}")


def _obstacle(one: Pass, op: Applied) -> str:
    """Why an op cannot be checked, if it cannot."""
    every = [op.value, *map(one.value, op.inputs)]
    largest = max(x.size for x in every)
    if largest > KEPT:
        return f"too large: of {largest:,} elements at most {KEPT:,} are kept"
    if op.ran is None or any(x.values is None for x in every):
        return "it was not seen when it ran"
    if any(x.not_finite for x in every if x.dtype.startswith("float")):
        return "it met numbers that are not finite"
    if not op.value.dtype.startswith("float"):
        return f"its value is {op.value.dtype}"
    return ""


def _changed(alone: Alone, before: np.ndarray) -> str:
    """Whether an op gives what it gave: to half of the digits, since the pass may have had
    fewer, of the largest number it met."""
    y = alone.y
    if y.shape == before.shape and y.dtype == np.float64:
        near = float(np.finfo(before.dtype).eps) ** 0.5
        floats = [x for x in (y, *alone.args) if getattr(x, "dtype", None) == np.float64]
        size = max(float(np.abs(x).max(initial=SMALLEST)) for x in floats)
        if np.all(np.abs(y - before) <= near * size):
            return ""
    return "run again it gives another value"


def _values(x: Seen) -> np.ndarray:
    assert x.values is not None
    return x.values


def _badge(one: Pass, number: int, i: int, found: Judgement) -> Badge:
    op = one.ops[number]
    name = op.names[i] if i < len(op.names) else ""
    source = one.value(op.inputs[i]) if i < len(op.inputs) else op.value
    return Badge(one.number, number, op.op, i, name, source.dtype, **vars(found))

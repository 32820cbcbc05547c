"""What an op is: a kernel, and for every input the rules that carry a gradient back to it and
a tangent on from it."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from ..kernels import Kernel

Rule = Callable[..., Any]
OUTPUT = -1

# What the derivative of an op is, where no rule of its own has to say it.
LINEAR = "linear"  # in all inputs together: the op itself, on tangents
MULTILINEAR = (
    "multilinear"  # in each input: the op itself, with a tangent in that input's place
)
SYMMETRIC = "symmetric"  # its Jacobian is its own transpose: the vjp, on a tangent


@dataclass(frozen=True)
class Plan:
    """For one choice of inputs that need a gradient: what to save (input positions, or OUTPUT),
    and for each such input its vjp with where the arguments of that vjp come from: a position
    in the saved values, or a name."""

    save: tuple[int, ...]
    keep: Callable[[Sequence[Any]], tuple[Any, ...]] | None  # takes that from (*inputs, output)
    steps: tuple[Step, ...]


class Step(NamedTuple):
    """How one input of an op gets its gradient."""

    at: int  # which input
    vjp: Rule
    names: tuple[int | str, ...]
    on_arrays: Rule  # the vjp, for arrays alone
    # Takes its arguments from (g, *saved), if it asks for nothing else.
    pick: Callable[[Sequence[Any]], Sequence[Any]] | None


@dataclass(eq=False)
class Op:
    """One differentiable operation.

    `vjps` has one function for each input, None where no gradient passes. It names what it
    needs: `g` the gradient of the output, `y` the output, an input by its name, `input_shape`
    and `input_index` of the input it serves, or a parameter of the op; one called `sparse` asks
    for `SparseRows`, and holds only where these may be given. Only what is named is saved. An
    op with `variadic` takes any number of inputs, all served by its single vjp.

    `jvp` is LINEAR, MULTILINEAR or SYMMETRIC, or again one function for each input, which names
    `t`, the tangent of that input, in place of g; what the inputs contribute is added up.
    A vjp counts axes from the front by its parameters alone, so that one more axis can be put
    before them all; an op where it cannot is `rigid`.
    """

    name: str
    kernel: Kernel
    inputs: tuple[str, ...]
    vjps: tuple[Rule | None, ...]
    jvp: str | tuple[Rule | None, ...]
    variadic: bool = False
    rigid: bool = False
    expects: str = "shapes that broadcast together"
    repair: str = "reshape an operand"
    plans: dict[int, Plan | None] = field(default_factory=dict)

    def plan(self, needed: int) -> Plan | None:
        """The plan for the inputs that need a gradient, whose bits are set (1 is the first);
        None where no gradient passes."""
        try:
            return self.plans[needed]
        except KeyError:
            plan = self.plans[needed] = self._make_plan(needed)
            return plan

    def _make_plan(self, needed: int) -> Plan | None:
        count = needed.bit_length()
        vjps = self.vjps * count if self.variadic else self.vjps
        wanted = [(i, vjps[i]) for i in range(count) if needed >> i & 1]
        steps = [(i, vjp, names_of(vjp)) for i, vjp in wanted if vjp]
        position = {"y": OUTPUT, **{name: i for i, name in enumerate(self.inputs)}}
        if not steps:
            return None
        save = sorted({position[n] for _, _, names in steps for n in names if n in position})
        place = {name: save.index(p) for name, p in position.items() if p in save}
        sources = [tuple(place.get(n, n) for n in names) for _, _, names in steps]
        made = [_step(i, vjp, names) for (i, vjp, _), names in zip(steps, sources)]
        return Plan(tuple(save), taker(save) if save else None, tuple(made))


def _step(at: int, vjp: Rule, names: tuple[int | str, ...]) -> Step:
    picks = [0 if n == "g" else n + 1 if isinstance(n, int) else -1 for n in names]
    on_arrays = vjp.on_arrays if isinstance(vjp, TwoReadings) else vjp
    return Step(at, vjp, names, on_arrays, None if -1 in picks else taker(picks))


def taker(places: Sequence[int]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """A function that takes the elements at some places, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1 or None))


def names_of(rule: Rule) -> tuple[str, ...]:
    """What a vjp or jvp asks for."""
    known: tuple[str, ...] | None = getattr(rule, "names", None)
    return tuple(inspect.signature(rule).parameters) if known is None else known


class TwoReadings(ABC):
    """A vjp that is read in another way where all it is given is arrays and numbers."""

    names: tuple[str, ...]

    @property
    @abstractmethod
    def on_arrays(self) -> Rule:
        """The vjp of arrays and numbers alone."""

    @abstractmethod
    def __call__(self, *args: Any) -> Any:
        """The vjp, of Tensors too."""


OPS: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Enter an op in the table that tests and documentation are made from."""
    assert op.name not in OPS, f"op {op.name} stands twice"
    OPS[op.name] = op
    return op


def structural(
    name: str,
    kernel: Kernel,
    inputs: Sequence[str],
    *vjps: Rule | None,
    jvp: str | Sequence[Rule | None],
    variadic: bool = False,
    rigid: bool = False,
    expects: str = "an argument that fits the shape",
    repair: str = "see the shape",
) -> Op:
    """An op whose gradient is more than a slope."""
    forward = jvp if isinstance(jvp, str) else tuple(jvp)
    return register(
        Op(name, kernel, tuple(inputs), vjps, forward, variadic, rigid, expects, repair)
    )

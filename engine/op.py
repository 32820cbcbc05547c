"""What an op is: a kernel, and for every input the rules that carry a gradient back to it and
a tangent on from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    steps: tuple[tuple[int, Rule, tuple[int | str, ...]], ...]


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
    kernel: Callable[..., Any]
    inputs: tuple[str, ...]
    vjps: tuple[Rule | None, ...]
    jvp: str | tuple[Rule | None, ...]
    variadic: bool = False
    rigid: bool = False
    expects: str = "shapes that broadcast together"
    repair: str = "reshape an operand"
    plans: dict[tuple[bool | None, ...], Plan | None] = field(default_factory=dict)

    def plan(self, needs_grad: tuple[bool | None, ...]) -> Plan | None:
        """The plan for the inputs that need a gradient; None where no gradient passes."""
        try:
            return self.plans[needs_grad]
        except KeyError:
            plan = self.plans[needs_grad] = self._make_plan(needs_grad)
            return plan

    def _make_plan(self, needs_grad: tuple[bool | None, ...]) -> Plan | None:
        vjps = self.vjps * len(needs_grad) if self.variadic else self.vjps
        wanted = [(i, vjps[i]) for i, needed in enumerate(needs_grad) if needed]
        steps = [(i, vjp, names_of(vjp)) for i, vjp in wanted if vjp]
        position = {"y": OUTPUT, **{name: i for i, name in enumerate(self.inputs)}}
        if not steps:
            return None
        save = sorted({position[n] for _, _, names in steps for n in names if n in position})
        place = {name: save.index(p) for name, p in position.items() if p in save}
        return Plan(
            tuple(save),
            tuple((i, vjp, tuple(place.get(n, n) for n in names)) for i, vjp, names in steps),
        )


def names_of(rule: Rule) -> tuple[str, ...]:
    """What a vjp or jvp asks for."""
    known: tuple[str, ...] | None = getattr(rule, "names", None)
    return tuple(inspect.signature(rule).parameters) if known is None else known


OPS: dict[str, Op] = {}


def register(op: Op) -> Op:
    """Enter an op in the table that tests and documentation are made from."""
    assert op.name not in OPS, f"op {op.name} stands twice"
    OPS[op.name] = op
    return op


def structural(
    name: str,
    kernel: Callable[..., Any],
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

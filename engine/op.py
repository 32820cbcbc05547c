"""What an op is: a kernel, and for every input the rule that carries a gradient back to it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Vjp = Callable[..., Any]
OUTPUT = -1


@dataclass(frozen=True)
class Plan:
    """For one choice of inputs that need a gradient: what to save (input positions, or OUTPUT),
    and for each such input its vjp with where the arguments of that vjp come from: a position
    in the saved values, or a name."""

    save: tuple[int, ...]
    steps: tuple[tuple[int, Vjp, tuple[int | str, ...]], ...]


@dataclass(eq=False)
class Op:
    """One differentiable operation.

    `vjps` has one function for each input, None where no gradient passes. It names what it
    needs: `g` the gradient of the output, `y` the output, an input by its name, `input_shape`
    and `input_index` of the input it serves, or a parameter of the op. Only what is named is
    saved. An op with `variadic` takes any number of inputs, all served by its single vjp.
    """

    name: str
    kernel: Callable[..., Any]
    inputs: tuple[str, ...]
    vjps: tuple[Vjp | None, ...]
    variadic: bool = False
    expects: str = "shapes that broadcast together"
    repair: str = "reshape an operand"
    plans: dict[tuple[bool, ...], Plan] = field(default_factory=dict)

    def plan(self, needs_grad: tuple[bool, ...]) -> Plan | None:
        """The plan for the inputs that need a gradient; None where no gradient passes."""
        if needs_grad not in self.plans:
            self.plans[needs_grad] = self._make_plan(needs_grad)
        plan = self.plans[needs_grad]
        return plan if plan.steps else None

    def _make_plan(self, needs_grad: tuple[bool, ...]) -> Plan:
        vjps = self.vjps * len(needs_grad) if self.variadic else self.vjps
        wanted = [(i, vjps[i]) for i, needed in enumerate(needs_grad) if needed]
        steps = [(i, vjp, tuple(inspect.signature(vjp).parameters)) for i, vjp in wanted if vjp]
        position = {"y": OUTPUT, **{name: i for i, name in enumerate(self.inputs)}}
        save = sorted({position[n] for _, _, names in steps for n in names if n in position})
        place = {name: save.index(p) for name, p in position.items() if p in save}
        return Plan(
            tuple(save),
            tuple((i, vjp, tuple(place.get(n, n) for n in names)) for i, vjp, names in steps),
        )


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
    *vjps: Vjp | None,
    variadic: bool = False,
    expects: str = "",
    repair: str = "",
) -> Op:
    """An op whose gradient is more than a slope."""
    return register(
        Op(
            name,
            kernel,
            tuple(inputs),
            vjps,
            variadic,
            expects or "an argument that fits the shape",
            repair or "see the shape",
        )
    )

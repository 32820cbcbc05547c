"""`lift(rule)`: a user's own formula on numbers, arrays and Tensors alike."""

from __future__ import annotations

from typing import Any

from .. import kernels
from ..kernels import OptionError
from ..kernels.program import Program
from ..kernels.tracer import Rule
from .row import on_tensors
from .value import Value


class Formula:
    """A rule as a callable; `program` is what was read from it (see `fg.latex`).

    On arrays it runs as one kernel. On Tensors every word of it is an op, so that it can be
    differentiated, to any order, in its arguments and in its scalars.

    >>> from fusegrad import grad
    >>> square = lift(lambda x, *, a: a * x * x, "square")
    >>> square(3.0, a=2.0), grad(lambda x: square(x, a=2.0))(3.0)
    (array(18.), Tensor(12.))
    """

    def __init__(self, rule: Rule, name: str = "") -> None:
        self._kernel = kernels.lift(rule, name)
        self.program: Program = self._kernel.program

    def __call__(self, *args: Any, **scalars: Any) -> Any:
        self._check(args, scalars)
        if not any(isinstance(v, Value) for v in (*args, *scalars.values())):
            return self._kernel(*args, **scalars)
        outputs = on_tensors(self.program, args, scalars)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _check(self, args: tuple[Any, ...], scalars: dict[str, Any]) -> None:
        inputs, names = self.program.inputs, self.program.scalars
        if len(args) != len(inputs) or scalars.keys() != set(names):
            wanted = ", ".join((*inputs, *(f"{n}=" for n in names)))
            given = ", ".join((*("..." for _ in args), *(f"{n}=" for n in scalars)))
            repair = "arguments go by position, scalars by name"
            where = f"rule {self.program.name}"
            raise OptionError(where, f"the arguments ({wanted})", f"({given})", repair)

    def __repr__(self) -> str:
        return f"<formula {self.program.name}({', '.join(self.program.inputs)})>"


def lift(rule: Rule, name: str = "") -> Formula:
    """A plain function of scalars as a callable on numbers, arrays and Tensors.

    Positional arguments are elements of arrays, keyword-only arguments are scalars.
    Raises: RuleError, at once, where the rule leaves the vocabulary of `kernels.words`.
    """
    return Formula(rule, name)

"""Functions that differentiate functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..kernels import GraphError, OptionError, ShapeError
from ..kernels.shape import view, zeros_like
from .backward import backpropagate, collect
from .op import structural
from .tape import Value, apply, is_recording, recording
from .tensor import Tensor

IDENTITY = structural("identity", view, ["x"], lambda g: g)


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0
) -> Callable[..., Any]:
    """A function that gives f's value and its gradient in the arguments at `argnums`.

    f takes arrays, numbers or Tensors and returns a Tensor of one element. The gradient is a
    Tensor (a tuple of them for several argnums), zero where f does not depend on the argument,
    and can itself be differentiated. Raises: ShapeError, GraphError for another kind of result.

    >>> f = value_and_grad(lambda x: x * x * x)
    >>> f(2.0)
    (Tensor(8.), Tensor(12.))
    """
    wanted = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if max(wanted) >= len(args):
            got, repair = f"{len(args)} arguments", "pass it by position"
            raise OptionError("grad", f"an argument at position {max(wanted)}", got, repair)
        with recording(True):  # even inside no_grad, where the result is then not recorded
            variables = [_variable(args[i]) for i in wanted]
            given = list(args)
            for i, x in zip(wanted, variables, strict=True):
                given[i] = x
            y = f(*given, **kwargs)
        value = y if _outer_leaves(y, variables) and is_recording() else y.detach()
        gradients = gradients_of(y, variables)
        return value, gradients[0] if isinstance(argnums, int) else tuple(gradients)

    return differentiated


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that gives the gradient of f; see `value_and_grad`.

    >>> grad(grad(lambda x: x * x * x))(2.0)
    Tensor(12.)
    """
    both = value_and_grad(f, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def gradients_of(y: Any, variables: Sequence[Tensor]) -> list[Tensor]:
    """dy/dx for each variable, zero where y does not depend on it.

    The result is recorded where it may be differentiated again: where y depends on a Tensor
    that requires a gradient and is none of the variables.
    """
    edges = [x.node or x for x in variables]
    outer = bool(_outer_leaves(y, variables))
    again = outer and is_recording()
    one = Tensor._of(y._seed(None))
    found = (
        backpropagate(
            [y.node or y],
            [one if again else one.data],
            inputs=edges,
            retain_graph=outer,
            create_graph=again,
        )
        if y.requires_grad
        else {}
    )
    return [
        _as_tensor(found[e]) if e in found else Tensor._of(zeros_like(x.data))
        for e, x in zip(edges, variables, strict=True)
    ]


def _outer_leaves(y: Any, variables: Sequence[Tensor]) -> set[Value]:
    roots = [y.node or y] if _check(y).requires_grad else []
    return collect(roots)[1] - {x for x in variables if x.node is None}


def _variable(x: Any) -> Tensor:
    """x as something to differentiate by: a new leaf, or x seen through an identity so that an
    outer derivative still reaches it."""
    if isinstance(x, Value) and x.requires_grad:
        return apply(IDENTITY, x)
    return Tensor(x, requires_grad=True)


def _as_tensor(g: Any) -> Tensor:
    return g if isinstance(g, Tensor) else Tensor._of(g)


def _check(y: Any) -> Tensor:
    if not isinstance(y, Tensor):
        raise GraphError(
            "grad",
            "a function that returns a Tensor",
            type(y).__name__,
            "compute with the ops of fusegrad, not with .numpy()",
        )
    if y.size != 1:
        raise ShapeError(
            "grad",
            "a function that returns one number",
            f"shape {y.shape}",
            "sum or average its result",
        )
    return y

"""Functions that differentiate functions, in reverse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from ..kernels import GraphError, OptionError, ShapeError
from ..kernels.shape import zeros_like
from .backward import backpropagate
from .forward import dual, level_of, primal_of, tangent_of
from .graph import collect
from .mode import is_recording, recording
from .ops.broadcast import sum_
from .ops.elementwise import add, multiply
from .ops.shaping import IDENTITY, as_array
from .pytree import Arguments, leaves, matching, rebuilt
from .tape import Edge, apply
from .tensor import Tensor
from .value import Value


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives f's value and its gradient in the arguments at `argnums`.

    f takes arrays, numbers or Tensors, or dicts, lists and tuples of them, and returns a Tensor
    of one element; with `has_aux` a pair, of that and of anything else. The gradient has the
    form of the argument (a tuple for several argnums), is zero where f does not depend on it,
    and can itself be differentiated. Raises: ShapeError, GraphError for another kind of result.

    >>> f = value_and_grad(lambda x: x * x * x)
    >>> f(2.0)
    (Tensor(8.), Tensor(12.))
    >>> value_and_grad(lambda p: p["w"] * p["x"])({"w": 2.0, "x": 3.0})[1]
    {'w': Tensor(3.), 'x': Tensor(2.)}
    """

    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        given, chosen, variables = differentiable("grad", args, argnums)
        with recording(True):  # even inside no_grad, where the result is then not recorded
            result = f(*given, **kwargs)
        y, *aux = result if has_aux else (result,)
        value = settled(_check(y), variables)
        gradients = gradients_of(y, variables)
        return (value, *aux) if has_aux else value, rebuilt(chosen, gradients)

    return differentiated


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the gradient of f; see `value_and_grad`.

    >>> grad(grad(lambda x: x * x * x))(2.0)
    Tensor(12.)
    """
    both = value_and_grad(f, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, gradients = both(*args, **kwargs)
        return (gradients, *value[1:]) if has_aux else gradients

    return gradient


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """f's value, and the function that pulls a gradient of it back to every argument.

    Arguments and value are Tensors or trees of them; the pullback takes a tree of the value's
    form, gives a tuple with one tree for each argument, and can be called again.

    >>> y, pullback = vjp(lambda x: x * x, [1.0, 2.0])
    >>> pullback([1.0, 10.0])
    (Tensor([ 2., 40.]),)

    Raises: ShapeError where a gradient does not have the form or shape of the value.
    """
    given, chosen, variables = differentiable("vjp", primals, range(len(primals)))
    with recording(True):
        y = f(*given)
    outputs = [tensor("vjp", leaf) for leaf in leaves(y)]

    def pullback(g: Any) -> tuple[Any, ...]:
        seeds = [as_array(seed) for seed in matching("pullback", y, g)]
        with recording(True):
            terms = [_along(*pair) for pair in zip(outputs, seeds)]
            total = terms[0]
            for term in terms[1:]:
                total = add(total, term)
        return rebuilt(chosen, gradients_of(total, variables, retain=True))

    return rebuilt(y, [settled(out, variables) for out in outputs]), pullback


def _along(y: Tensor, seed: Any) -> Any:
    if seed.shape != y.shape:
        repair = "give one number for each element"
        raise ShapeError("pullback", f"a gradient of shape {y.shape}", str(seed.shape), repair)
    return sum_(multiply(y, seed))


# ---- arguments ------------------------------------------------------------------------------
def differentiable(
    where: str, args: Sequence[Any], argnums: int | Sequence[int]
) -> tuple[list[Any], Any, list[Tensor]]:
    """The arguments with Tensors to differentiate by in place of every leaf of the chosen ones;
    the chosen ones, as one tree or a tuple; and those Tensors."""
    chosen = chosen_of(where, args, argnums)
    with recording(True):  # an identity, too, is recorded even inside no_grad
        variables = [variable(x) for x in leaves(chosen)]
    held = rebuilt(chosen, variables)
    given = list(args)
    for i, x in [(argnums, held)] if isinstance(argnums, int) else zip(argnums, held):
        given[i] = x
    return given, chosen, variables


def chosen_of(where: str, args: Sequence[Any], argnums: int | Sequence[int]) -> Any:
    """The argument at a position, or a tuple of those at several."""
    wanted = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if max(wanted, default=-1) >= len(args):
        got, repair = f"{len(args)} arguments", "pass it by position"
        raise OptionError(where, f"an argument at position {max(wanted)}", got, repair)
    return args[argnums] if isinstance(argnums, int) else Arguments(args[i] for i in wanted)


def variable(x: Any) -> Tensor:
    """x as something to differentiate by: a new leaf, or x seen through an identity so that an
    outer derivative still reaches it."""
    if isinstance(x, Value) and x.dual:
        primal, tangent, level = x.dual
        return cast("Tensor", dual(variable(primal), tangent, level))
    if isinstance(x, Value) and x.requires_grad:
        return apply(IDENTITY, x)
    return Tensor(x, requires_grad=True)


def _below(x: Any) -> Any:
    """A variable without the tangents it carries."""
    while x.dual:
        x = x.dual.primal
    return x


# ---- gradients ------------------------------------------------------------------------------
def gradients_of(
    y: Any, variables: Sequence[Tensor], seed: Any = None, retain: bool = False
) -> list[Any]:
    """dy/dx for each variable, zero where y does not depend on it.

    The result is recorded where it may be differentiated again: where y depends on a Tensor
    that requires a gradient and is none of the variables. If y carries a tangent, so does each
    gradient: derivatives commute, so that its tangent is the gradient of the tangent.
    With a `seed` of shape (rows, *y.shape), each row is pulled back on its own.
    """
    if level := level_of(y):
        of_primal = gradients_of(primal_of(y, level), variables, seed, retain=True)
        of_tangent = gradients_of(tangent_of(y, level), variables, seed, retain)
        return [dual(g, t, level) for g, t in zip(of_primal, of_tangent)]
    edges = [x.node or x for x in map(_below, variables)]
    found = _found(y, edges, variables, seed, retain) if y.requires_grad else {}
    lead = () if seed is None else seed.shape[:1]
    return [
        _as_tensor(found[e]) if e in found else Tensor._of(zeros_like(x.data, lead=lead))
        for e, x in zip(edges, variables)
    ]


def _found(
    y: Any, edges: Sequence[Edge], variables: Sequence[Tensor], seed: Any, retain: bool
) -> dict[Edge, Any]:
    outer = bool(_outer_leaves(y, variables))
    again = outer and is_recording()
    one = y._seed(None) if seed is None else seed
    return backpropagate(
        [y.node or y],
        [Tensor._of(one) if again else one],
        inputs=edges,
        retain_graph=outer or retain,
        create_graph=again,
        rows=seed is not None,
    )


def settled(y: Any, variables: Sequence[Tensor]) -> Any:
    """y as a result: in a graph only where it depends on more than the variables."""
    if level := level_of(y):
        primal, tangent = primal_of(y, level), tangent_of(y, level)
        return dual(settled(primal, variables), settled(tangent, variables), level)
    return y if _outer_leaves(y, variables) and is_recording() else y.detach()


def _outer_leaves(y: Any, variables: Sequence[Tensor]) -> set[Value]:
    """The leaves y was computed from that are no variables, seen past variables that are."""
    below = [_below(x) for x in variables]
    roots = [y.node or y] if y.requires_grad else []
    return collect(roots)[1] - {x for x in below if x.node is None}


def _as_tensor(g: Any) -> Tensor:
    return g if isinstance(g, Tensor) else Tensor._of(g)


def tensor(where: str, y: Any) -> Tensor:
    if not isinstance(y, Tensor):
        repair = "compute with the ops of fusegrad, not with .numpy()"
        raise GraphError(where, "a function that returns a Tensor", type(y).__name__, repair)
    return y


def _check(y: Any) -> Tensor:
    if tensor("grad", y).size != 1:
        rule, repair = "a function that returns one number", "sum or average its result"
        raise ShapeError("grad", rule, f"shape {y.shape}", repair)
    return y

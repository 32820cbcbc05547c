"""What to differentiate by, and gradients pulled back to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ..kernels import GraphError, OptionError
from ..kernels.shape import zeros_like
from .backward import backpropagate
from .forward import dual, level_of, primal_of, tangent_of
from .graph import collect
from .mode import is_recording, recording
from .ops.shaping import IDENTITY, data_of
from .pytree import Arguments, leaves, rebuilt
from .tape import Edge, apply, latest
from .tensor import Tensor
from .value import Value, wrap

Argnums = int | Sequence[int]


class Variables:
    """A Tensor of its own for every leaf of the chosen arguments of a call.

    `given` are the arguments with those in place; everything computed from them is newer than
    `start`, and a walk back need not look at what is older.
    """

    def __init__(self, where: str, args: Sequence[Any], argnums: Argnums) -> None:
        self.chosen, self.start = chosen_of(where, args, argnums), latest()
        with recording(True):  # an identity, too, is recorded even inside no_grad
            self.tensors = [variable(x) for x in leaves(self.chosen)]
        held = rebuilt(self.chosen, self.tensors)
        self.given = list(args)
        for i, x in zip(positions(argnums), (held,) if is_one(argnums) else held):
            self.given[i] = x

    def pull(self, ys: Sequence[Any], seeds: Sequence[Any], **how: Any) -> list[Any]:
        """See `pulled`."""
        return pulled(ys, seeds, self.tensors, after=self.start, **how)

    def tree(self, gradients: Sequence[Any]) -> Any:
        """Gradients in the form of the chosen arguments."""
        return rebuilt(self.chosen, gradients)

    def settled(self, y: Any) -> Any:
        """y as a result: in a graph only where it depends on more than the variables."""
        if level := level_of(y):
            primal, tangent = primal_of(y, level), tangent_of(y, level)
            return dual(self.settled(primal), self.settled(tangent), level)
        in_graph = is_recording() and _outer([y], self.tensors, self.start)
        return y if in_graph else y.detach()


def is_one(argnums: Any) -> bool:
    """Whether argnums is one position rather than several."""
    return hasattr(argnums, "__index__")


def positions(argnums: Argnums) -> tuple[int, ...]:
    """argnums as a tuple."""
    given: Any = argnums
    return (given,) if is_one(given) else tuple(given)


def chosen_of(where: str, args: Sequence[Any], argnums: Argnums) -> Any:
    """The argument at a position, or a tuple of those at several.

    Raises: OptionError for a position that was not given.
    """
    wanted, n = positions(argnums), len(args)
    if not all(is_one(i) and -n <= i < n for i in wanted):
        got, repair = f"argnums={argnums} for {n} arguments", "pass it by position"
        raise OptionError(where, "positions of arguments", got, repair)
    return args[wanted[0]] if is_one(argnums) else Arguments(args[i] for i in wanted)


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
def gradients_of(y: Any, variables: Sequence[Tensor]) -> list[Any]:
    """dy/dx for each variable, y being one number; zero where y does not depend on it."""
    return pulled([y], [y._seed(None)], variables)


def pulled(
    ys: Sequence[Any],
    seeds: Sequence[Any],
    variables: Sequence[Tensor],
    *,
    retain: bool = False,
    rows: bool = False,
    after: int = -1,
) -> list[Any]:
    """The sum of the gradients of <y, seed>, for each variable; seeds count as constants.

    The result is recorded where it may be differentiated again: where a y or a seed depends on
    a Tensor that requires a gradient and is none of the variables. Where they carry tangents,
    so does each gradient: derivatives commute, so its tangent is the gradient of the tangent.
    With `rows`, seeds have a leading axis, of which each row is pulled back on its own.
    """
    how = {"retain": retain, "rows": rows, "after": after}
    if level := level_of(*ys, *seeds):
        return _with_tangents(ys, seeds, variables, level, how)
    pairs = [(y, s) for y, s in zip(ys, seeds) if y.requires_grad]
    found = _found(pairs, variables, how) if pairs else {}
    lead = seeds[0].shape[:1] if rows else ()
    edges = [x.node or x for x in map(_below, variables)]
    return [
        _as_tensor(found[e]) if e in found else wrap(zeros_like(x.data, lead=lead), None)
        for e, x in zip(edges, variables)
    ]


def _with_tangents(
    ys: Sequence[Any], seeds: Sequence[Any], variables: Sequence[Tensor], level: int, how: Any
) -> list[Any]:
    y0, s0 = ([primal_of(v, level) for v in values] for values in (ys, seeds))
    y1, s1 = ([tangent_of(v, level) for v in values] for values in (ys, seeds))
    terms = [*zip(y1, s0), *zip(y0, s1)]
    kept = [(y, s) for y, s in terms if y is not None and s is not None]
    of_primal = pulled(y0, s0, variables, **{**how, "retain": True})
    of_tangent = pulled([y for y, _ in kept], [s for _, s in kept], variables, **how)
    return [dual(g, t, level) for g, t in zip(of_primal, of_tangent)]


def _found(
    pairs: Sequence[tuple[Any, Any]], variables: Sequence[Tensor], how: Any
) -> dict[Edge, Any]:
    ys, seeds = zip(*pairs)
    outer = _outer(ys, variables, how["after"])
    by_seeds = any(isinstance(s, Value) and s.requires_grad for s in seeds)
    again = is_recording() and (outer or by_seeds)
    return backpropagate(
        [y.node or y for y in ys],
        [_as_tensor(s) if again else data_of(s) for s in seeds],
        inputs=[x.node or x for x in map(_below, variables)],
        retain_graph=outer or how["retain"],
        create_graph=again,
        rows=how["rows"],
        after=how["after"],
    )


def _outer(ys: Sequence[Any], variables: Sequence[Tensor], after: int) -> bool:
    """Whether ys were computed from anything that requires a gradient but the variables."""
    roots = [y.node or y for y in ys if y.requires_grad]
    ends = collect(roots, after)[1]
    return bool(ends - {x for x in map(_below, variables) if x.node is None})


def _as_tensor(g: Any) -> Tensor:
    return g if isinstance(g, Tensor) else Tensor._of(g)


def tensor(where: str, y: Any) -> Tensor:
    """y, which must be a Tensor.

    Raises: GraphError where it is not.
    """
    if not isinstance(y, Tensor):
        rule = "a function that returns a Tensor"
        repair = "compute with the ops of fusegrad, on Tensors all the way"
        raise GraphError(where, rule, type(y).__name__, repair)
    return y

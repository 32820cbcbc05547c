"""Forward mode, and the matrices of derivatives: jvp, jacobian, hessian, hvp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..kernels import OptionError, ShapeError
from ..kernels.shape import eye_like, zeros_like
from . import forward
from .grad import grad
from .mode import recording
from .ops.shaping import as_array, astype, data_of, reshape, stack
from .pytree import Arguments, leaves, matching, rebuilt
from .value import Value, wrap
from .variables import Argnums, Variables, chosen_of, is_one, positions, tensor

MODES = ("reverse", "forward")


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """f's value at the primals, and its derivative along the tangents: (y, J t), in one pass.

    Primals and tangents are tuples with one tree for each argument of f. Both results have the
    form of f's value. Raises: ShapeError where a tangent does not have the shape of its primal.

    >>> from .ops.elementwise import sin
    >>> jvp(lambda x: sin(x) * x, (0.0,), (1.0,))
    (Tensor(0.), Tensor(0.))
    >>> jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"a": 1.0, "b": 0.0},))
    (Tensor(6.), Tensor(3.))
    """
    primals, tangents = _arguments(primals), _arguments(tangents)
    directions = matching("jvp", primals, tangents)
    with forward.level() as level:
        moved = [_dual(x, t, level) for x, t in zip(leaves(primals), directions)]
        y = f(*rebuilt(primals, moved))
    outputs = [tensor("jvp", leaf) for leaf in leaves(y)]
    values = [forward.primal_of(out, level) for out in outputs]
    slopes = [_slope(out, level) for out in outputs]
    return rebuilt(y, values), rebuilt(y, slopes)


def _arguments(given: Sequence[Any]) -> Arguments:
    if not isinstance(given, (tuple, list)):
        got, repair = type(given).__name__, "write (x,) for one argument"
        raise OptionError("jvp", "a tuple with one item for each argument", got, repair)
    return Arguments(given)


def _dual(x: Any, t: Any, level: int) -> Value:
    x, t = (v if isinstance(v, Value) else wrap(as_array(v), None) for v in (x, t))
    if t.shape != x.shape:
        repair = "give one number for each element"
        raise ShapeError("jvp", f"a tangent of shape {x.shape}", str(t.shape), repair)
    x = x if x.dtype.kind == "f" else astype(x, float)
    return forward.dual(x, t if t.dtype == x.dtype else astype(t, x.dtype), level)


def _slope(y: Value, level: int) -> Any:
    t = forward.tangent_of(y, level)
    return wrap(zeros_like(y.data), None) if t is None else t


def jacobian(
    f: Callable[..., Any], argnums: Argnums = 0, mode: str = "reverse"
) -> Callable[..., Any]:
    """A function that gives all derivatives of f's value in the argument at `argnums`.

    Shapes: f: x -> y gives (*y.shape, *x.shape). Where x or y is a tree, the result is a tree
    of y's form whose leaves are trees of x's form. In reverse mode all rows are pulled back in
    one pass, in forward mode each column is pushed on its own: choose it where y has more
    elements than x.

    >>> jacobian(lambda x: x * x)([1.0, 2.0])
    Tensor([[2., 0.], [0., 4.]])
    """
    if mode not in MODES:
        rule = f"mode in {', '.join(MODES)}"
        raise OptionError("jacobian", rule, repr(mode), "choose one of these")

    def matrix(*args: Any, **kwargs: Any) -> Any:
        if mode == "forward":
            return _by_columns(f, args, kwargs, argnums)
        by = Variables("jacobian", args, argnums)
        with recording(True):
            y = f(*by.given, **kwargs)
        outputs = [tensor("jacobian", leaf) for leaf in leaves(y)]
        return rebuilt(y, [by.tree(_rows(out, by)) for out in outputs])

    return matrix


def _rows(y: Any, by: Variables) -> list[Any]:
    """dy/dx for each variable, all rows in one pass backward."""
    found = by.pull([y], [eye_like(y.data)], retain=True, rows=True)
    return [reshape(g, (*y.shape, *x.shape)) for g, x in zip(found, by.tensors)]


def _by_columns(
    f: Callable[..., Any], args: Sequence[Any], kwargs: Any, argnums: Argnums
) -> Any:
    chosen, wanted = chosen_of("jacobian", args, argnums), positions(argnums)
    held = [x if isinstance(x, Value) else wrap(as_array(x), None) for x in leaves(chosen)]
    chosen = rebuilt(chosen, held)

    def of_chosen(tree: Any) -> Any:
        given = list(args)
        for i, x in zip(wanted, (tree,) if is_one(argnums) else tree):
            given[i] = x
        return f(*given, **kwargs)

    y = of_chosen(chosen)
    columns = [_columns(of_chosen, chosen, held, k) for k in range(len(held))]
    blocks = [
        [_block(leaf, [c[i] for c in columns[k]], x) for k, x in enumerate(held)]
        for i, leaf in enumerate(leaves(y))
    ]
    return rebuilt(y, [rebuilt(chosen, block) for block in blocks])


def _columns(f: Callable[..., Any], tree: Any, held: Sequence[Any], k: int) -> list[list[Any]]:
    """The derivatives of f's leaves along every element of the k-th leaf of its argument."""
    still = [zeros_like(data_of(x)) for x in held]
    moved = [[*still[:k], e, *still[k + 1 :]] for e in eye_like(data_of(held[k]))]
    return [leaves(jvp(f, (tree,), (rebuilt(tree, t),))[1]) for t in moved]


def _block(y: Any, columns: Sequence[Any], x: Any) -> Any:
    shape = (*y.shape, *x.shape)
    if not columns:
        return wrap(zeros_like(data_of(x), lead=y.shape), None)
    return reshape(stack(columns, -1), shape)


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, mode: str = "reverse"
) -> Callable[..., Any]:
    """A function that gives the second derivatives of f's value, one number.

    Shapes: x -> (*x.shape, *x.shape), or trees of trees as in `jacobian`. The gradient is
    differentiated once more in reverse, or forward: `hvp` costs the n-th part of either.

    >>> hessian(lambda x: (x * x * x).sum())([1.0, 2.0])
    Tensor([[ 6., 0.], [ 0., 12.]])
    """
    return jacobian(grad(f, argnums), argnums, mode)


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The Hessian of f at x, times v: forward over reverse, at the cost of a few gradients.

    f takes one argument, an array or a tree, and returns one number; v and the result have the
    form of x.

    >>> hvp(lambda x: (x * x * x).sum(), [1.0, 2.0], [1.0, 1.0])
    Tensor([ 6., 12.])
    """
    return jvp(grad(f), (x,), (v,))[1]

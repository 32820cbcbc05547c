"""Functions that differentiate functions, in reverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..kernels import GraphError, ShapeError
from .mode import recording
from .ops.shaping import as_array, astype
from .pytree import leaves, matching, rebuilt, tree_map
from .tensor import Tensor
from .variables import Argnums, Variables, tensor


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
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
        by = Variables("grad", args, argnums)
        with recording(True):  # even inside no_grad, where the result is then not recorded
            result = f(*by.given, **kwargs)
        y, *aux = _pair(result) if has_aux else (result,)
        value = by.settled(_check(y))
        aux = [
            tree_map(lambda v: by.settled(v) if isinstance(v, Tensor) else v, a) for a in aux
        ]
        held = any(isinstance(v, Tensor) and v.requires_grad for v in leaves(aux))
        gradients = by.pull([y], [y._seed(None)], retain=held)
        return (value, *aux) if has_aux else value, by.tree(gradients)

    return differentiated


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
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
    by = Variables("vjp", primals, range(len(primals)))
    with recording(True):
        y = f(*by.given)
    outputs = [tensor("vjp", leaf) for leaf in leaves(y)]

    def pullback(g: Any) -> tuple[Any, ...]:
        seeds = [_seed(*pair) for pair in zip(outputs, matching("pullback", y, g))]
        return by.tree(by.pull(outputs, seeds, retain=True))

    return rebuilt(y, [by.settled(out) for out in outputs]), pullback


def _seed(y: Tensor, given: Any) -> Any:
    seed = as_array(given)
    if seed.shape != y.shape or seed.dtype.kind not in "fiub":
        got, repair = str(seed.shape or given), "give one number for each element"
        raise ShapeError("pullback", f"a gradient of shape {y.shape}", got, repair)
    return seed if seed.dtype == y.dtype else astype(seed, y.dtype)


def _pair(result: Any) -> tuple[Any, Any]:
    if not (isinstance(result, tuple) and len(result) == 2):
        rule, repair = "a function that returns (value, aux)", "or leave has_aux out"
        raise GraphError("grad with has_aux", rule, type(result).__name__, repair)
    return result


def _check(y: Any) -> Tensor:
    if tensor("grad", y).size != 1:
        rule, repair = "a function that returns one number", "sum or average its result"
        raise ShapeError("grad", rule, f"shape {y.shape}", repair)
    return y

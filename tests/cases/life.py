"""Wrong uses of transforms, hooks and graphs: what each is refused with."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

import fusegrad as fg
from fusegrad.kernels import DTypeError, GraphError, OptionError, ShapeError
from tests.ops_sample import leaf


def hooked(hook: Callable[[Any], Any]) -> None:
    x = leaf(1.0)
    x.register_hook(hook)
    (x * 2.0).backward()


def hooked_on(y: Any) -> Any:
    y.register_hook(lambda g: g)
    return y


@fg.primitive(vjp=lambda g, x: g * 2.0 * x, jvp=lambda t, x: t * 3.0 * x)
def with_wrong_jvp(x: Any) -> Any:
    return x * x


WRONG_JVP = (
    "gradcheck of with_wrong_jvp: expected forward mode to be the transpose of reverse mode, "
    "got <u, J v> = -0.04982872100738365 and <J^T u, v> = -0.03321914733825577; look at the "
    "jvp rules"
)


def not_finite() -> None:
    with fg.detect_anomaly():
        fg.log(leaf(0.0))


def replaced() -> None:
    ops = [fg.cos]
    y = fg.checkpoint(lambda x: ops[0](x))(leaf(1.0))
    ops[0] = fg.sin
    y.backward()


def written() -> None:
    with fg.detect_anomaly():
        x = leaf([1.0])
        y = x * x
        x.data.flags.writeable = True
        x.data[0] = 2.0
        y.backward()


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fg.jvp(fg.exp, 1.0, 1.0), OptionError,
     "jvp: expected a tuple with one item for each argument, got float; write (x,) for one "
     "argument"),
    (lambda: fg.jvp(fg.exp, (1.0,), ([1.0],)), ShapeError,
     "jvp: expected a tangent of shape (), got (1,); give one number for each element"),
    (lambda: fg.jvp(lambda p: p["a"], ({"a": 1.0},), ({"b": 1.0},)), ShapeError,
     "jvp: expected a tree like ({'a': *}), got ({'b': *}); give one value for each leaf"),
    (lambda: fg.vjp(fg.exp, 1.0)[1]([1.0]), ShapeError,
     "pullback: expected a gradient of shape (), got (1,); give one number for each element"),
    (lambda: fg.jacobian(fg.exp, mode="both"), OptionError,
     "jacobian: expected mode in reverse, forward, got 'both'; choose one of these"),
    (lambda: hooked(lambda g: 2.0), ShapeError,
     "a gradient hook: expected None or a Tensor of shape (), got float of shape (); return g, "
     "changed, or nothing"),
    (lambda: fg.from_numpy([1.0]), DTypeError,
     "from_numpy: expected a NumPy array of numbers, got list of no dtype; use Tensor(...)"),
    (lambda: fg.from_dlpack([1.0]), DTypeError,
     "from_dlpack: expected an array that has __dlpack__, got list; use Tensor(...)"),
    (lambda: fg.from_dlpack(np.array([1j])), DTypeError,
     "from_dlpack: expected real numbers, got complex128; convert it there"),
    (lambda: pickle.dumps(leaf(1.0)), DTypeError,
     "pickle: expected a format that runs no code, got a Tensor; use fusegrad.nn.save, or "
     ".numpy()"),
    (lambda: copy.deepcopy(leaf(1.0) * 2.0), GraphError,
     "deepcopy: expected a leaf, got the output of multiply; detach() it first"),
    (lambda: (leaf(1.0) * 2.0).backward(inputs=[]), GraphError,
     "backward: expected inputs, Tensors that require a gradient, got []; leave inputs out to "
     "reach all leaves"),
    (lambda: fg.gradcheck(fg.exp, np.ones(1), mode="fast"), OptionError,
     "gradcheck: expected mode in elements, full, random, got 'fast'; choose one of these"),
    (lambda: fg.gradcheck(fg.relu, [0.0]), fg.KinkError,
     "gradcheck of relu: expected a point where argument 0 has one slope, got 0 on the left "
     "and 0.12573 on the right of index (0,); move the argument off the kink; at it, a "
     "convention is all there is"),
    (lambda: fg.primitive(vjp=())(lambda x: x), OptionError,
     "primitive <lambda>: expected one vjp for each of x, got 0; None passes nothing"),
    (lambda: fg.primitive(vjp=lambda z: z)(lambda x: x), OptionError,
     "primitive <lambda>: expected a vjp of g, input_index, input_shape, x, y, got z; name "
     "what it reads"),
    (lambda: fg.primitive(vjp=lambda g: g)(lambda x: x)(1.0, 2.0), DTypeError,
     "<lambda>: expected 1 arrays (x) by position, got 2 and []; settings go by keyword"),
    (lambda: fg.Tensor([1, 2]) & True, DTypeError,
     "logical and: expected truth values, got int64; compare first, or use fg.logical_*"),
    (lambda: leaf(1.0) * np.ma.array(1.0), DTypeError,
     "multiply: expected plain arrays, got a masked array; fill it, or choose with fg.where"),
    (lambda: leaf(1.0) * [leaf(1.0)], DTypeError,
     "multiply: expected numbers, got a list of Tensors; fg.stack makes one of them"),
    (lambda: leaf(1.0) * "a", DTypeError,
     "multiply: expected numbers, got str 'a'; give Tensors, arrays or numbers"),
    (replaced, GraphError,
     "backward of checkpoint (HERE): expected the computation that ran forward, got sin in "
     "place of cos; change no array, constant or mode between forward and backward"),
    (lambda: fg.primitive(vjp=lambda g, y: g)(lambda y: y), OptionError,
     "primitive <lambda>: expected other names than g, t, y and input_*, got y; rename the "
     "argument"),
    (lambda: fg.grad(fg.primitive(vjp=lambda g: None)(lambda x: x * 1.0))(1.0), OptionError,
     "rule ('g',): expected a gradient, got None; give None in place of the rule if nothing "
     "passes"),
    (lambda: fg.primitive(vjp=lambda g: g)(lambda x: None)(1.0), DTypeError,
     "<lambda>: expected an array of numbers, got NoneType; return one"),
    (lambda: fg.define_op("twice", lambda x: 2 * x), OptionError,
     "op twice: expected a slope for each of x, none of them named g, t or y, got 0 slopes; "
     "None is the slope of what has none"),
    (lambda: fg.grad(lambda x: x, has_aux=True)(1.0), GraphError,
     "grad with has_aux: expected a function that returns (value, aux), got Tensor; or leave "
     "has_aux out"),
    (lambda: fg.gradcheck(fg.exp, [1.0], tolerance=0.0), OptionError,
     "gradcheck: expected a tolerance above 0, got tolerance=0.0; 1e-7 is the default"),
    (lambda: fg.checkpoint(lambda x: (x, 1.0))(leaf(1.0)), DTypeError,
     "checkpoint: expected a function that returns Tensors of one dtype, got float, float64; "
     "return the rest apart"),
    (lambda: fg.jvp(lambda x: hooked_on(x * 2.0), (1.0,), (1.0,)), GraphError,
     "register_hook: expected a value outside every jvp, got a value that carries a tangent; "
     "use fg.hessian, or grad of grad"),
    (lambda: fg.jvp(lambda x: fg.Tensor([x]), (1.0,), (1.0,)), GraphError,
     "Tensor: expected numbers, got what a gradient or a tangent is asked of; use it as it is, "
     "fg.stack a list, or detach() first"),
    (lambda: fg.Tensor(np.ma.array([1.0])), DTypeError,
     "Tensor: expected a plain array, got a masked array; fill it first"),
    (lambda: leaf(1.0).astype(complex), DTypeError,
     "astype: expected a dtype of real numbers or truth values, got complex128; compute both "
     "parts apart"),
    (lambda: fg.gradcheck(with_wrong_jvp, [1.0]), fg.GradientError, WRONG_JVP),
    (not_finite, fg.NonFiniteError,
     "log (HERE): expected a finite result of finite arguments, got -inf at index () of shape "
     "(); look at its arguments"),
    (written, GraphError,
     "backward of multiply (HERE): expected what it saved (a, b) as the forward pass left it, "
     "got an array changed since; write to no array of a Tensor: compute a new one, or assign_ "
     "a leaf"),
]  # fmt: skip

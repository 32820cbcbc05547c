"""Every refusal of the engine: its text in full, and that none is missing here."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import engine
from fusegrad.engine import Tensor
from fusegrad.engine.ops.indexing import segment_sum
from fusegrad.kernels import DTypeError, GraphError, OptionError, ShapeError, device
from tests import fake_cupy
from tests.cases import REFUSALS
from tests.ops_sample import leaf, refused
from tests.optim_refusals_sample import REST as SPARSE

X, ONE = Tensor(np.zeros((2, 3))), Tensor(1.0)
UFUNC = (
    "np.{}: expected an op that fusegrad differentiates, got a Tensor; use the op of fusegrad, "
    "or .numpy() to leave the graph"
)


def twice(y: Tensor) -> None:
    y.backward()
    y.backward()


def updated() -> None:
    w = leaf([1.0, 2.0], name="w")
    y = (w * w).sum()
    w.assign_([0.0, 0.0])
    y.backward()


def written_through_numpy() -> None:
    array = np.ones(2)
    array += leaf([1.0, 2.0])


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: X * np.ones(2), ShapeError,
     "multiply: expected shapes that broadcast together, got (2, 3), (2,); reshape an operand"),
    (lambda: fg.sum(X, 2), ShapeError,
     "sum: expected axes in [-2, 2), got axis=2; x has shape (2, 3)"),
    (lambda: fg.sum(X, (0, -2)), ShapeError,
     "sum: expected an argument that fits the shape, got (2, 3) and axis=(0, 0) and "
     "keepdims=False; see the shape"),
    (lambda: fg.max(Tensor(np.zeros((2, 0))), 1), ShapeError,
     "max: expected at least one element along the axes, got shape (2, 0); an empty maximum is "
     "undefined"),
    (lambda: Tensor([[1.0, 2.0], [3.0]]), ShapeError,
     "an array: expected rows of one length, got lists of several lengths; pad them, see "
     "nn.pad_sequence"),
    (lambda: fg.softmax(Tensor(1.0)), ShapeError,
     "softmax: expected axes in [0, 0), got axis=-1; x has shape ()"),
    (lambda: fg.softmax(X, None), TypeError,
     "'NoneType' object cannot be interpreted as an integer"),
    (lambda: fg.reshape(X, (4, -1)), ShapeError,
     "reshape: expected a shape of as many elements, got (2, 3) and shape=(4, -1); count them"),
    (lambda: fg.transpose(X, (0, 0)), ShapeError,
     "transpose: expected every axis once, got (2, 3) and axes=(0, 0); list 0 .. ndim - 1 in a "
     "new order"),
    (lambda: fg.broadcast_to(X, (2, 2)), ShapeError,
     "broadcast_to: expected a shape that x broadcasts to, got (2, 3) and shape=(2, 2); "
     "reshape x first"),
    (lambda: fg.concat([]), ShapeError,
     "concat: expected one array or more, got none; give a non-empty list"),
    (lambda: fg.concat([X, X], 2), ShapeError,
     "concat: expected an axis in [-2, 2), got axis=2; count its axes"),
    (lambda: fg.concat([X, X[0]], 1), ShapeError,
     "concat: expected arrays alike but along the axis, got (2, 3), (3,) and axis=1 and "
     "bounds=(0, 3, 3); reshape them"),
    (lambda: fg.stack([]), ShapeError,
     "stack: expected one array or more, got none; give a non-empty list"),
    (lambda: fg.stack([X, X], -4), ShapeError,
     "stack: expected an axis in [-3, 3), got axis=-4; count its axes"),
    (lambda: fg.stack([X, X[0]]), ShapeError,
     "stack: expected arrays of one shape, got (2, 3), (3,) and axis=0; reshape or broadcast "
     "them"),
    (lambda: X[2], ShapeError,
     "getitem: expected an index inside the shape, got (2, 3) and index=2; see x.shape"),
    (lambda: segment_sum(X, [0, 2, 1, 2]), ShapeError,
     "segment_sum: expected starts that rise from 0 to 2, got [0 2 1 2]; give K + 1 boundaries "
     "for K segments"),
    (lambda: X @ X, ShapeError,
     "matmul: expected a.shape[-1] == b.shape[-2], got (2, 3) @ (2, 3); transpose one operand"),
    (lambda: X @ 2.0, ShapeError,
     "matmul: expected a.shape[-1] == b.shape[-2], got (2, 3) @ (); transpose one operand"),
    (lambda: Tensor(np.zeros((2, 1, 3))) @ Tensor(np.zeros((3, 3, 1))), ShapeError,
     "matmul: expected batch shapes that broadcast, got (2, 1, 3), (3, 3, 1); reshape the "
     "leading axes"),
    (lambda: fg.cross_entropy(X, [0]), ShapeError,
     "cross_entropy: expected logits (N, C) and labels (N,), got (2, 3) and (1,); reshape one "
     "of them"),
    (lambda: fg.cross_entropy(X, [0.0, 1.0]), DTypeError,
     "cross_entropy: expected integer labels, got float64; convert with labels.astype(int)"),
    (lambda: fg.cross_entropy(X, [0, 1], "max"), OptionError,
     "cross_entropy: expected reduction in mean, sum, none, got 'max'; choose one of these"),
    (lambda: fg.cross_entropy(X, [0, 3]), OptionError,
     "cross_entropy: expected labels in [0, 3), got 0 to 3; number classes from 0"),
    (lambda: Tensor("a"), DTypeError,
     "Tensor: expected numbers, got dtype <U1; give floats, integers or truth values"),
    (lambda: Tensor([1j]), DTypeError,
     "Tensor: expected numbers, got dtype complex128; give floats, integers or truth values"),
    (lambda: leaf([1, 2]), DTypeError,
     "Tensor: expected a float dtype where requires_grad: integers have no small steps, got "
     "int64; convert with dtype=float"),
    (lambda: (leaf(1.0) * 2.0).requires_grad_(False), GraphError,
     "requires_grad_: expected a leaf, got the output of multiply; detach() gives one"),
    (lambda: operator.setitem(X, 0, 1.0), GraphError,
     "Tensor[...] = : expected a value, which never changes, got an assignment to part of one; "
     "build a new Tensor with where, concat or stack, or assign_ a whole leaf"),
    (lambda: bool(X), ShapeError,
     "bool(Tensor): expected one element, got shape (2, 3); reduce it with sum, mean or max"),
    (lambda: float(X), ShapeError,
     "float(Tensor): expected one element, got shape (2, 3); reduce it with sum, mean or max"),
    (lambda: np.cbrt(X), DTypeError, UFUNC.format("cbrt")),
    (lambda: np.add.reduce(X), DTypeError, UFUNC.format("add.reduce")),
    (lambda: np.exp(X, out=np.zeros((2, 3))), DTypeError, UFUNC.format("exp with out=")),
    (written_through_numpy, DTypeError, UFUNC.format("add with out=")),
    (lambda: ONE.backward(), GraphError,
     "backward: expected a Tensor computed from one that requires a gradient, got Tensor(1.); "
     "set requires_grad=True on a leaf"),
    (lambda: leaf([1.0, 2.0]).backward(), ShapeError,
     "backward: expected a single number, or a gradient of its shape, got shape (2,); sum it, "
     "or pass gradient="),
    (lambda: leaf([1.0, 2.0]).backward([1.0]), ShapeError,
     "backward: expected a gradient of shape (2,), got (1,); give one number for each element"),
    (lambda: twice(leaf(1.0) * 2.0), GraphError,
     "backward: expected a graph that still holds its saved arrays, got one freed by an "
     "earlier backward, at multiply (HERE); pass retain_graph=True to the first, or run "
     "forward again"),
    (updated, GraphError,
     "backward of multiply (HERE): expected the value of w (HERE) that the forward pass saw, "
     "got one changed 1 time(s) since; call backward before the update, or run forward again"),
    (lambda: (leaf([1.0]) * 2.0).assign_([1.0]), GraphError,
     "assign_: expected a leaf, got the output of multiply; compute a new Tensor instead"),
    (lambda: (leaf([1.0]) * 2.0).detach().assign_([1.0]), GraphError,
     "assign_: expected a leaf, got the output of multiply; compute a new Tensor instead"),
    (lambda: leaf([1.0], name="w").assign_([1.0, 2.0]), ShapeError,
     "assign_ to w: expected shape (1,), got (2,); reshape it"),
    (lambda: fg.grad(lambda x: x)([1.0, 2.0]), ShapeError,
     "grad: expected a function that returns one number, got shape (2,); sum or average its "
     "result"),
    (lambda: fg.grad(lambda x: x, argnums=3)(1.0), OptionError,
     "grad: expected positions of arguments, got argnums=3 for 1 arguments; pass it by "
     "position"),
    (lambda: fg.gradcheck(fg.exp, np.ones(1), order=3), OptionError,
     "gradcheck: expected order 1 or 2, got order=3; nest fg.grad for more"),
    (lambda: fg.tanh(1.0, 2.0), DTypeError,
     "tanh: expected 1 arguments (x), got 2; see its signature"),
    (lambda: Tensor([leaf(1.0), 2.0]), GraphError,
     "Tensor: expected numbers, got what a gradient or a tangent is asked of; use it as it is, "
     "fg.stack a list, or detach() first"),
    (lambda: fg.lift(lambda x, *, a: a * x, "axpy")(1.0, 2.0), OptionError,
     "rule axpy: expected the arguments (x, a=), got (..., ...); arguments go by position, "
     "scalars by name"),
    (lambda: np.concatenate([leaf([1.0]), X]), DTypeError,
     "np.concatenate: expected plain arrays, got a Tensor that requires a gradient; use the op "
     "of fusegrad, or .numpy() to leave the graph"),
    (lambda: Tensor([1, 2]) ** -1, DTypeError,
     "power: expected floats, got integers; convert one with astype"),
    (lambda: fg.grad(lambda x: x.numpy())(1.0), GraphError,
     "grad: expected a function that returns a Tensor, got ndarray; compute with the ops of "
     "fusegrad, on Tensors all the way"),
    (lambda: fg.gradcheck(fg.exp, np.ones(1, np.float32)), DTypeError,
     "gradcheck: expected float64 in argument 0, got float32; convert it: differences in less "
     "precision prove little"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "kind", "text"), REFUSED + REFUSALS)
def test_refusal_says_what_was_expected_what_came_and_the_cure(
    wrong: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with refused(kind, text):
        wrong()


def places_of(wrong: Callable[[], Any]) -> set[tuple[str, int]]:
    """The lines that the error of a refused call passed through."""
    with pytest.raises(Exception) as caught:
        wrong()
    return {(entry.path.name, entry.lineno + 1) for entry in caught.traceback}


def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """A Tensor that says it is on a GPU, asked for its array."""
    monkeypatch.setattr(device, "device_of", lambda x: "cuda")
    return lambda: np.asarray(X)


def test_a_tensor_on_the_gpu_is_not_taken_for_an_array(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "np.asarray: expected a Tensor on the cpu, got one on cuda; call .numpy(), which"
    with refused(DTypeError, f"{text} copies it to the host"):
        on_a_gpu(monkeypatch)()


def on_two_devices(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """An op on Tensors of two devices; see test_placing.py for its text."""
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    there = fg.tensor([1.0], device="cuda")
    return lambda: fg.where(there, Tensor([1.0]), there)


def test_every_raise_of_the_engine_is_refused_here(monkeypatch: pytest.MonkeyPatch) -> None:
    raises = {
        (path.name, node.lineno)
        for path in Path(engine.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Raise) and node.exc  # a bare raise passes on what came
    }
    wrongs = [wrong for wrong, _, _ in REFUSED + REFUSALS + SPARSE]
    wrongs.append(lambda: fg.gradcheck(fg.log, np.zeros(1)))  # see test_checker.py for its text
    seen = set().union(*map(places_of, wrongs), places_of(on_two_devices(monkeypatch)))
    seen |= places_of(on_a_gpu(monkeypatch))
    assert raises and not raises - seen

"""Tensor: an array that remembers how it was computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from ..kernels import DTypeError, GraphError, ShapeError, device
from ..kernels.locking import lock
from ..kernels.shape import assign
from . import display
from .backward import backpropagate
from .hooks import hooks_of, receive, watch
from .interop import Interop, tensors_in
from .methods import Methods
from .operators import Operators
from .ops import placing, shaping
from .place import here
from .tape import Edge, Node
from .value import Value, output_type, view_of, wrap


class Tensor(Operators, Methods, Interop):
    """An n-dimensional array whose history can be differentiated.

    `Tensor(data)` copies data, so that later changes to it cannot reach a graph. Floats keep
    their dtype; Python floats and lists become float64, or `dtype`. Differs: PyTorch's default
    is float32.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    Tensor([2., 4.])
    """

    __slots__ = ()

    def __init__(
        self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str = ""
    ) -> None:
        if any(t.is_tracked for t in tensors_in(data)):
            got = "what a gradient or a tangent is asked of"
            repair = "use it as it is, fg.stack a list, or detach() first"
            raise GraphError("Tensor", "numbers", got, repair)
        if isinstance(data, np.ma.MaskedArray):
            raise DTypeError("Tensor", "a plain array", "a masked array", "fill it first")
        data = data.data if isinstance(data, Value) else data
        on_cuda = device.is_cuda(data)
        new = shaping.new_array
        array = data.astype(dtype or data.dtype) if on_cuda else new(data, dtype)
        if array.dtype.kind not in "fiub":
            repair = "give floats, integers or truth values"
            raise DTypeError("Tensor", "numbers", f"dtype {array.dtype}", repair)
        _check_float(array, requires_grad)
        if not array.dtype.isnative:  # the bytes of another machine, which sums refuse
            array = array.astype(array.dtype.type)
        lock(array)
        self.data, self.node, self.requires_grad = array, None, requires_grad
        self.version, self.name, self.place = 0, name, here()
        self.grad = self.owner = self.dual = self.hooks = None

    @staticmethod
    def _of(array: Any, node: Node | None = None, kind: type | None = None) -> Tensor:
        """A Tensor around an array of ours, without a copy."""
        return cast("Tensor", wrap(array, node, kind))

    # ---- what it is -----------------------------------------------------------------------
    @property
    def ndim(self) -> int:
        return len(self.data.shape)

    @property
    def size(self) -> int:
        return int(self.data.size)

    @property
    def is_leaf(self) -> bool:
        return self.node is None

    def detach(self) -> Tensor:
        """The same values, outside every graph."""
        return cast("Tensor", view_of(Tensor._of(self.data.view()), self))

    def astype(self, dtype: Any) -> Tensor:
        """The same values in another dtype; differentiable."""
        return shaping.astype(self, dtype)

    def to(self, *targets: Any) -> Tensor:
        """The same values on a device (`cpu`, `cuda`), in a dtype, or both; differentiable."""
        return placing.to(self, *targets)

    # fmt: off
    def __repr__(self) -> str: return display.line(self)
    def __str__(self) -> str: return display.whole(self)
    def _repr_html_(self) -> str: return display.table(self)
    # fmt: on

    def __format__(self, spec: str) -> str:
        return format(self._only("format"), spec) if spec else str(self)

    # ---- differentiation ------------------------------------------------------------------
    def backward(
        self,
        gradient: Any = None,
        *,
        inputs: Sequence[Tensor] | None = None,
        retain_graph: bool = False,
        create_graph: bool = False,
    ) -> None:
        """Add d(self)/d(leaf) to the `grad` of every leaf that requires one, or of the `inputs`
        alone, which may be interior; nothing else is then computed.

        Raises: GraphError where nothing was recorded or the graph is freed; ShapeError where
        self is no single number and no `gradient` of its shape is given.
        """
        _check_no_tangent("backward", self, "use fg.grad inside a jvp")
        edge: Edge = self.node or self
        wanted: dict[Edge, Any] = {x.node or x: x for x in _chosen(inputs)}
        if not self.requires_grad:
            rule = "a Tensor computed from one that requires a gradient"
            repair = "set requires_grad=True on a leaf"
            raise GraphError("backward", rule, repr(self), repair)
        # What is passed on is never written to, and leaves copy what they are given unchanged;
        # but what ends at the `inputs`, or in a graph, becomes a Tensor.
        shares = not (create_graph or wanted or self.node is None)
        seed = self._seed(gradient, shares)
        found = backpropagate(
            [edge],
            [Tensor._of(seed) if create_graph else seed],
            inputs=list(wanted),
            retain_graph=retain_graph or create_graph,
            create_graph=create_graph,
            sparse=True,
        )
        for end, g in found.items():
            receive(wanted.get(end, end), g)

    def _seed(self, gradient: Any, shares: bool = False) -> Any:
        if gradient is None and self.size != 1:
            raise ShapeError(
                "backward",
                "a single number, or a gradient of its shape",
                f"shape {self.shape}",
                "sum it, or pass gradient=",
            )
        module = device.module_of(self.data)
        given = gradient.data if isinstance(gradient, Value) else gradient
        taken = module.asarray if shares else module.array
        seed = module.ones_like(self.data) if given is None else taken(given, self.dtype)
        if seed.shape != self.shape:
            raise ShapeError(
                "backward",
                f"a gradient of shape {self.shape}",
                str(seed.shape),
                "give one number for each element",
            )
        return seed

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], None]:
        """Call `hook(gradient)` when backward reaches this Tensor; what it returns, if it
        returns anything, goes on in place of the gradient. Gives a function that removes it.

        >>> x = Tensor(3.0, requires_grad=True)
        >>> remove = x.register_hook(lambda g: g * 10.0)
        >>> (x * x).backward()
        >>> x.grad
        Tensor(60.)
        """
        _check_no_tangent("register_hook", self, "use fg.hessian, or grad of grad")
        hooks = hooks_of(self)
        hooks.append(hook)
        return lambda: hooks.remove(hook) if hook in hooks else None

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for a gradient of this leaf, or no longer; gives the Tensor itself.

        Raises: GraphError for the output of an op, DTypeError for integers.
        """
        if self.node is not None and not requires_grad:
            got = f"the output of {self.node.op.name}"
            raise GraphError("requires_grad_", "a leaf", got, "detach() gives one")
        _check_float(self.data, requires_grad)
        self.requires_grad = requires_grad
        return self

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this interior Tensor in `grad` when backward passes it."""
        if self.node is not None:
            watch(self)
        return self

    def assign_(self, value: Any) -> None:
        """Overwrite a leaf's values; a graph that saved the old ones will refuse to go back."""
        owner = self if self.owner is None else self.owner
        if owner.node is not None:
            raise GraphError(
                "assign_",
                "a leaf",
                f"the output of {owner.node.op.name}",
                "compute a new Tensor instead",
            )
        value = shaping.as_array(value)
        given = value.data if isinstance(value, Value) else value
        if given.shape != self.shape:
            raise ShapeError(
                f"assign_ to {self.name or 'a Tensor'}",
                f"shape {self.shape}",
                str(given.shape),
                "reshape it",
            )
        assign(self.data, device.to_device(given, self.device))
        self.changed()


def _chosen(inputs: Any) -> list[Any]:
    if inputs is None:
        return []
    given = [inputs] if isinstance(inputs, Value) else list(inputs)
    if not given or not all(isinstance(x, Value) and x.requires_grad for x in given):
        rule, repair = "Tensors that require a gradient", "leave inputs out to reach all leaves"
        raise GraphError("backward", f"inputs, {rule}", repr(given), repair)
    return given


def _check_no_tangent(where: str, t: Tensor, repair: str) -> None:
    if t.is_dual:
        got = "a value that carries a tangent"
        raise GraphError(where, "a value outside every jvp", got, repair)


def _check_float(array: Any, requires_grad: bool) -> None:
    if requires_grad and array.dtype.kind != "f":
        rule = "a float dtype where requires_grad: integers have no small steps"
        raise DTypeError("Tensor", rule, str(array.dtype), "convert with dtype=float")


output_type(Tensor)

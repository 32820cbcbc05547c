"""What can be written after the dot of a Tensor: NumPy's methods and PyTorch's, each the op of
that name. What takes more than an axis or a shape stands in `fusegrad` itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .ops import (
    broadcast,
    diagonals,
    elementwise,
    linear,
    norms,
    pieces,
    queries,
    rearrange,
    reductions,
    scans,
    shaping,
    softmax,
    sorting,
    updating,
)
from .ops.broadcast import Axis
from .row import ROWS
from .value import Value

if TYPE_CHECKING:
    from .tensor import Tensor


def _given(numbers: tuple[Any, ...]) -> Any:
    """Numbers given one by one or as one tuple."""
    return numbers[0] if len(numbers) == 1 and hasattr(numbers[0], "__len__") else numbers


class Methods(Value):
    """Ops after a dot."""

    __slots__ = ()

    # ---- element by element ---------------------------------------------------------------
    # fmt: off
    def exp(self) -> Tensor: return ROWS["exp"].function(self)
    def expm1(self) -> Tensor: return ROWS["expm1"].function(self)
    def log(self) -> Tensor: return ROWS["log"].function(self)
    def log1p(self) -> Tensor: return ROWS["log1p"].function(self)
    def log2(self) -> Tensor: return ROWS["log2"].function(self)
    def log10(self) -> Tensor: return ROWS["log10"].function(self)
    def sqrt(self) -> Tensor: return ROWS["sqrt"].function(self)
    def rsqrt(self) -> Tensor: return ROWS["rsqrt"].function(self)
    def square(self) -> Tensor: return ROWS["square"].function(self)
    def reciprocal(self) -> Tensor: return ROWS["reciprocal"].function(self)
    def sin(self) -> Tensor: return ROWS["sin"].function(self)
    def cos(self) -> Tensor: return ROWS["cos"].function(self)
    def tan(self) -> Tensor: return ROWS["tan"].function(self)
    def arcsin(self) -> Tensor: return ROWS["arcsin"].function(self)
    def arccos(self) -> Tensor: return ROWS["arccos"].function(self)
    def arctan(self) -> Tensor: return ROWS["arctan"].function(self)
    def sinh(self) -> Tensor: return ROWS["sinh"].function(self)
    def cosh(self) -> Tensor: return ROWS["cosh"].function(self)
    def tanh(self) -> Tensor: return ROWS["tanh"].function(self)
    def erf(self) -> Tensor: return ROWS["erf"].function(self)
    def sign(self) -> Tensor: return ROWS["sign"].function(self)
    def floor(self) -> Tensor: return ROWS["floor"].function(self)
    def ceil(self) -> Tensor: return ROWS["ceil"].function(self)
    def isnan(self) -> Tensor: return ROWS["isnan"].function(self)
    def isinf(self) -> Tensor: return ROWS["isinf"].function(self)
    def isfinite(self) -> Tensor: return ROWS["isfinite"].function(self)
    def sigmoid(self) -> Tensor: return ROWS["sigmoid"].function(self)
    def relu(self) -> Tensor: return ROWS["relu"].function(self)
    def silu(self) -> Tensor: return ROWS["silu"].function(self)
    def gelu(self) -> Tensor: return ROWS["gelu"].function(self)
    def softplus(self) -> Tensor: return ROWS["softplus"].function(self)
    def abs(self) -> Tensor: return ROWS["absolute"].function(self)
    def round(self) -> Tensor: return ROWS["rint"].function(self)
    # fmt: on

    def clip(self, low: Any = None, high: Any = None) -> Tensor:
        """Each element, or the bound it exceeds; None is no bound."""
        return elementwise.clip(self, low, high)

    # ---- folding --------------------------------------------------------------------------
    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The sum over axes, by default all."""
        return broadcast.sum_(self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The mean over axes, by default all."""
        return reductions.mean(self, axis, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest over axes; ties share the gradient."""
        return reductions.max_(self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest over axes; ties share the gradient."""
        return reductions.min_(self, axis, keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The product over axes, by default all."""
        return scans.prod(self, axis, keepdims)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """log(sum(exp(x))) over axes. Units: nats."""
        return reductions.logsumexp(self, axis, keepdims)

    def any(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Whether one element over axes is not 0."""
        return queries.any_(self, axis, keepdims)

    def all(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Whether no element over axes is 0."""
        return queries.all_(self, axis, keepdims)

    def var(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """The variance over axes. Differs: PyTorch divides by n - 1 unless told otherwise."""
        return norms.var(self, axis, ddof, keepdims)

    def std(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """The root of the variance over axes."""
        return norms.std(self, axis, ddof, keepdims)

    def norm(self, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The norm of vectors over axes, by default of all elements."""
        return norms.norm(self, ord, axis, keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Where the largest stands, by default in a flat view."""
        return queries.argmax(self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Where the smallest stands, by default in a flat view."""
        return queries.argmin(self, axis, keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        """The sum of each element and those before it."""
        return scans.cumsum(self, axis)

    def cumprod(self, axis: int | None = None) -> Tensor:
        """The product of each element and those before it."""
        return scans.cumprod(self, axis)

    def softmax(self, axis: int = -1) -> Tensor:
        """exp(x) / sum(exp(x)) along an axis."""
        return softmax.softmax(self, axis)

    def log_softmax(self, axis: int = -1) -> Tensor:
        """The logarithm of softmax. Units: nats."""
        return softmax.log_softmax(self, axis)

    def sort(self, axis: int | None = -1, descending: bool = False) -> Tensor:
        """In order along an axis. Differs: NumPy's sorts in place."""
        return sorting.sort(self, axis, descending)

    def argsort(self, axis: int | None = -1, descending: bool = False) -> Tensor:
        """The indices that sort along an axis."""
        return sorting.argsort(self, axis, descending)

    # ---- moving ---------------------------------------------------------------------------
    def reshape(self, *shape: Any) -> Tensor:
        """The same elements in another shape, given as numbers or as one tuple."""
        return shaping.reshape(self, _given(shape))

    def transpose(self, *axes: Any) -> Tensor:
        """Axes in another order, by default reversed."""
        return shaping.transpose(self, None if axes in ((), (None,)) else _given(axes))

    permute = transpose

    @property
    def T(self) -> Tensor:
        """Axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return shaping.swap_last(self)

    def flatten(self, start_axis: int = 0, end_axis: int = -1) -> Tensor:
        """Axes in a row made one."""
        return rearrange.flatten(self, start_axis, end_axis)

    def squeeze(self, axis: Any = None) -> Tensor:
        """Without axes of length 1."""
        return rearrange.squeeze(self, axis)

    def unsqueeze(self, axis: int) -> Tensor:
        """With one more axis of length 1."""
        return rearrange.unsqueeze(self, axis)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return rearrange.swapaxes(self, axis1, axis2)

    def expand(self, *shape: Any) -> Tensor:
        """Repeated, without a copy, along axes of length 1; -1 keeps an axis."""
        return rearrange.expand(self, _given(shape))

    def repeat(self, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
        """Each element several times. Differs: PyTorch's repeat is `fusegrad.tile`."""
        return pieces.repeat(self, repeats, axis)

    def split(self, sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
        """Pieces along an axis: so many, or cut at these places."""
        return pieces.split(self, sections, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The diagonal of two axes."""
        return diagonals.diagonal(self, offset, axis1, axis2)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The sum of a diagonal."""
        return linear.trace(self, offset, axis1, axis2)

    def dot(self, other: Any) -> Tensor:
        """Sums over the last axis, and the last but one of the other."""
        return linear.dot(self, other)

    @property
    def at(self) -> updating.At:
        """`t.at[i].set(v)`, `.add(v)`, ...: new Tensors with some elements changed."""
        return updating.At(self)

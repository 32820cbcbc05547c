"""One recorded op by itself, in float64: what its vjp gives, and what its values say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine.complex_step import H, complex_value
from ..engine.differences import STEP, Slopes, slopes
from ..engine.op import Step
from ..engine.ops.broadcast import unbroadcast
from ..kernels import Lifted
from .passes import Ran
from .wrong_order import again

OF_SYMMETRIC = {"cholesky", "eigh"}  # which read one half of a matrix, and teach both alike


class Alone:
    """An op on float64 copies of what it read; a parameter that is a float dtype is float64."""

    def __init__(self, ran: Ran, args: Sequence[np.ndarray]) -> None:
        self.op, self.plan = ran.op, ran.plan
        self.params = {name: _widened(value) for name, value in ran.params.items()}
        self.args = [_float64(x) for x in args]
        self.y = self.at(0, self.args[0])
        self.is_row = isinstance(ran.op.kernel, Lifted)

    def at(self, i: int, x: Any) -> np.ndarray:
        """The value with another x as its input i."""
        y = self.op.kernel(*self._with(i, self._even(np.asarray(x))), **self.params)
        return np.asarray(y)

    def complex_at(self, i: int, x: Any) -> Any:
        """The same of a complex x; None where the op has no value there."""
        x = self._even(np.asarray(x))
        return complex_value(self.op, self._with(i, x), self.params)

    def _with(self, i: int, x: Any) -> list[Any]:
        return [*self.args[:i], x, *self.args[i + 1 :]]

    def pulled(self, step: Step, g: np.ndarray) -> np.ndarray:
        """What the registered vjp makes of g, as the way back does."""
        every = (*self.args, self.y)
        node: Any = _Saved(tuple(every[k] for k in self.plan.save), self.params)
        return np.asarray(self._even(again(node, step, self.args[step.at])(g)))

    def _even(self, x: np.ndarray) -> np.ndarray:
        """A matrix made symmetric, for an op of such; also what comes back through that."""
        return (x + np.swapaxes(x, -1, -2)) / 2 if self.op.name in OF_SYMMETRIC else x


class _Saved(NamedTuple):
    """What a vjp reads, in place of a node."""

    saved: tuple[Any, ...]
    params: dict[str, Any]


def _float64(x: np.ndarray) -> Any:
    if x.dtype == object:  # None
        return x.item()
    return x.astype(np.float64) if x.dtype.kind == "f" else x


def _widened(value: Any) -> Any:
    is_float = isinstance(value, (np.dtype, type)) and np.dtype(value).kind == "f"
    return np.dtype(np.float64) if is_float else value


class Moved:
    """One input of an op while it is moved. A Jacobian has shape (*x.shape, *y.shape); that of
    a row is as its value is, since every element of it goes alone.

    `weights` of the output, all positive, make one slope of each element of the input.
    """

    def __init__(self, alone: Alone, step: Step) -> None:
        self.alone, self.i, self.x, self.y = alone, step.at, alone.args[step.at], alone.y
        rng = np.random.default_rng(0)
        self.weights = np.asarray(rng.uniform(0.5, 1.5, self.y.shape))
        one = np.ones(self.x.shape)
        self.direction = one if alone.is_row else np.asarray(rng.normal(size=one.shape))
        self.gradient = alone.pulled(step, self.weights)

    def summed(self, J: np.ndarray) -> np.ndarray:
        """A Jacobian, its outputs weighted and added up, in the shape of x."""
        terms = np.asarray(self.weights * J)
        if self.alone.is_row:
            return np.asarray(unbroadcast(terms, self.x.shape))
        return np.asarray(terms.sum(tuple(range(self.x.ndim, terms.ndim))))

    def along(self, J: np.ndarray, way: np.ndarray) -> np.ndarray:
        """A Jacobian times a direction, in the shape of y."""
        return J * way if self.alone.is_row else np.tensordot(way, J, self.x.ndim)

    # ---- by the complex step --------------------------------------------------------------
    def by_complex_step(self) -> np.ndarray | None:
        """The Jacobian; None where the op takes no complex numbers."""
        found = [self._stepped(way) for way in self._ways()]
        if any(part is None for part in found):
            return None
        shape = self.y.shape if self.alone.is_row else (*self.x.shape, *self.y.shape)
        return np.array(found).reshape(shape)

    def _ways(self) -> list[np.ndarray]:
        if self.alone.is_row:
            return [np.ones(self.x.shape)]
        return list(np.eye(self.x.size).reshape(self.x.size, *self.x.shape))

    def _stepped(self, way: np.ndarray) -> np.ndarray | None:
        y = self.alone.complex_at(self.i, self.x + 1j * H * way)
        return None if y is None else np.broadcast_to(np.imag(y) / H, self.y.shape)

    # ---- by differences -------------------------------------------------------------------
    def by_differences(self, unit: np.ndarray, step: float) -> Slopes:
        """The Jacobian, with steps in a unit for each element."""
        start = np.zeros(() if self.alone.is_row else self.x.shape)
        found = self._slopes(start, unit, step)
        if not self.alone.is_row:
            unit = unit.reshape((*unit.shape, *(1 for _ in self.y.shape)))
        shape = self.y.shape if self.alone.is_row else (*self.x.shape, *self.y.shape)
        with np.errstate(all="ignore"):
            central, left, right = (part.reshape(shape) / unit for part in found[:3])
        return Slopes(central, left, right, found.kinked.reshape(shape))

    def one_way(self, way: np.ndarray) -> Slopes:
        """The slopes of y along a direction."""
        return self._slopes(np.zeros(()), way, STEP)

    def _slopes(self, start: np.ndarray, way: np.ndarray, step: float) -> Slopes:
        return slopes(
            lambda t: self.alone.at(self.i, self.x + t[0] * way), [start], 0, step, self.y
        )

    def units(self) -> list[np.ndarray]:
        """What steps are measured in: 1, and if it is another, the size of each element."""
        one, size = np.ones(self.x.shape), np.abs(self.x)
        sizes = np.where(size > 0, size, 1.0)
        return [one] if np.array_equal(one, sizes) else [one, sizes]

"""What an optimizer remembers of a parameter; the arrays that a step reads and writes.

Arithmetic is in the precision of the states. Where that is more than the parameter's, the state
holds `theta` as well: steps too small for the parameter then add up until they show.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import Tensor
from ..engine.sparse import SparseRows
from ..kernels import OptionError, device
from ..kernels.create import full_like
from ..kernels.gather import assign_rows, getitem
from ..kernels.shape import assign, astype, copy, refined
from .schedules import at

if TYPE_CHECKING:
    from .optimizer import Optimizer

State = dict[str, Any]
ON_HOST = frozenset({np.ndarray, int, float})


def precision(p: Tensor, asked: Any = None) -> np.dtype[Any]:
    """The dtype of a parameter's states: as asked, else its own, but at least single."""
    return np.dtype(asked or (np.float32 if p.dtype.itemsize < 4 else p.dtype))


def check_precision(where: str, asked: Any) -> np.dtype[Any] | None:
    """A dtype for states. Raises: OptionError for one that holds no fractions."""
    if asked is None:
        return None
    try:
        dtype = np.dtype(asked)
    except TypeError:
        dtype = None
    if dtype not in (np.float32, np.float64):
        repair = "leave it out for the parameters' own"
        raise OptionError(where, "state_dtype float32 or float64", repr(asked), repair)
    return dtype


def new_state(optimizer: Optimizer, p: Tensor, settings: Mapping[str, Any]) -> State:
    """The state before the first step: all zero, but for what `starts` says."""
    dtype = precision(p, optimizer.state_dtype)
    state: State = {"step": 0}
    for name in optimizer.state_names:
        start = optimizer.starts.get(name, 0.0)
        value = at(settings[start], 1) if isinstance(start, str) else start
        if p.data.__class__ is np.ndarray:
            state[name] = assign(optimizer.blocks.empty(p.shape, dtype), value)
        else:
            state[name] = full_like(p.data, shape=p.shape, value=value, dtype=dtype)
    state |= {name: float(optimizer.starts[name]) for name in optimizer.host_names}
    if dtype != p.dtype:
        state["theta"] = astype(p.data, dtype=dtype)
    return state


def follow(p: Tensor, state: State) -> State:
    """The state where its parameter now is: on its device, and at values set by others."""
    if not (p.data.__class__ is np.ndarray and ON_HOST.issuperset(map(type, state.values()))):
        for name, value in state.items():
            if hasattr(value, "dtype") and device.device_of(value) != p.device:
                state[name] = device.to_device(value, p.device)
    if "theta" in state:
        state["theta"] = refined(state["theta"], p.data)
    return state


class Work:
    """The arrays of one parameter as a launch reads and writes them: its own, or, with `apart`
    or for some rows only, copies to be written back."""

    def __init__(
        self, p: Tensor, state: State, extra: Mapping[str, Any], apart: bool = False
    ) -> None:
        g: Any = p.grad
        self.p, self.state = p, state
        self.rows = g.indices if isinstance(g, SparseRows) else None
        self.own = self.arrays = {"theta": p.data, **state}
        dtype = self.arrays["theta"].dtype
        self.arrays["g"] = _plain(g.data, dtype)
        for name, x in extra.items():
            self.arrays[name] = _plain(x, dtype)
        self.apart = apart or self.rows is not None

    def inputs(self, names: tuple[str, ...], renewed: tuple[str, ...]) -> tuple[Any, ...]:
        """The arrays of these names, in their order."""
        if self.apart:
            self.arrays = dict(self.own)
            for name in names:
                if self.rows is not None and name != "g":
                    self.arrays[name] = getitem(self.arrays[name], index=self.rows)
                elif name in renewed:
                    self.arrays[name] = copy(self.arrays[name])
        return tuple([self.arrays[name] for name in names])

    def outcome(self, renewed: tuple[str, ...]) -> list[Any]:
        """What a commit writes: the renewed arrays, and the parameter where it is coarser."""
        theta = self.arrays["theta"]
        coarse = [astype(theta, dtype=self.p.dtype)] if "theta" in self.state else []
        return [*(self.arrays[name] for name in renewed), *coarse]

    def commit(self, renewed: tuple[str, ...]) -> None:
        """Write copies back, and the parameter from its finer `theta`."""
        for name in renewed if self.apart else ():
            if self.rows is None:
                assign(self.own[name], self.arrays[name])
            else:
                assign_rows(self.own[name], self.arrays[name], index=self.rows)
        if "theta" in self.state:
            assign(self.p.data, self.state["theta"])
        self.p.changed()


def _plain(x: Any, dtype: Any) -> Any:
    """What is read beside the states, as they are: of their dtype, and in rows."""
    return x if x.dtype == dtype and x.flags.c_contiguous else astype(x, dtype=dtype)

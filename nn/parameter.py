"""What a module holds: parameters, which training changes, and buffers, which it does not."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor


class Parameter(Tensor):
    """A leaf that optimizers change and that `Module.parameters` finds."""

    __slots__ = ()

    def __init__(self, data: Any, name: str = "", dtype: Any = None) -> None:
        super().__init__(data, requires_grad=True, dtype=dtype, name=name)


class Buffer(Tensor):
    """A value that goes where its module goes (running statistics, tables of positions) and
    that no optimizer sees. It is part of a state only where `persistent`."""

    __slots__ = ("persistent",)

    def __init__(
        self, data: Any, name: str = "", dtype: Any = None, *, persistent: bool = True
    ) -> None:
        super().__init__(data, dtype=dtype, name=name)
        self.persistent = persistent

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        twin: Any = super().__deepcopy__(memo)
        twin.persistent = self.persistent
        return twin

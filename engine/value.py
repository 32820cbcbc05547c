"""Values: an array and where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .place import Place
    from .tape import Node

Hooks = list[Callable[[Any], Any]]
ACTIVE: set[int] = set()  # levels of the jvps that are running, in any thread


class Value:
    """An array and where it came from. `Tensor` adds the operators."""

    __slots__ = (
        "__weakref__",
        "data",
        "dual",
        "grad",
        "hooks",
        "name",
        "node",
        "owner",
        "place",
        "requires_grad",
        "version",
    )

    data: Any
    requires_grad: bool
    node: Node | None
    grad: Any
    version: int
    name: str
    owner: Value | None  # whose memory this is a view of
    dual: Dual | None  # what it carries inside a jvp
    place: Place | None  # where a leaf was made
    # Whether others may write to the memory, so that what is saved of it is a copy.
    is_borrowed: ClassVar[bool] = False
    hooks: Hooks | None  # of a leaf; those of an interior value lie on its node

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def is_dual(self) -> bool:
        """Whether it carries a tangent of a jvp that is running."""
        return self.dual is not None and self.dual.level in ACTIVE

    @property
    def is_tracked(self) -> bool:
        """Whether its values alone would lose a derivative."""
        return self.requires_grad or self.is_dual

    @property
    def may_change(self) -> bool:
        """Whether its memory belongs to a leaf, so that graphs know of changes."""
        return self.node is None and (self.owner is None or self.owner.node is None)

    def changed(self) -> None:
        """Note a change of the values: graphs that saved the old ones refuse to go back."""
        (self if self.owner is None else self.owner).version += 1


class Dual(NamedTuple):
    """A value and its tangent in one jvp; jvps that nest are told apart by their level."""

    primal: Value
    tangent: Value
    level: int


def view_of(value: Value, source: Value) -> Value:
    """Note that a value lives in the memory of another, and changes with it."""
    value.owner = source if source.owner is None else source.owner
    return value


def wrap(array: Any, node: Node | None, kind: type | None = None) -> Any:
    """A Tensor, or a kind of Tensor, around an array of ours."""
    self: Any = new(_kinds[0] if kind is None else kind)
    if array.__class__ is np.ndarray:
        array.setflags(False)  # type: ignore[call-arg]  # `lock`, spelt for speed
    self.data, self.node, self.requires_grad = array, node, node is not None
    self.version, self.name = 0, ""
    self.grad = self.owner = self.dual = self.hooks = self.place = None
    return self


new = object.__new__
_kinds: list[type] = []


def output_type(kind: type) -> None:
    """What `wrap` makes; `tensor.py` names the Tensor that it cannot import."""
    _kinds[:] = [kind]

"""Modules that hold modules or parameters, named as in PyTorch: by position, or by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from ..engine.ops.shaping import as_array
from ..kernels import DTypeError, FusegradError, OptionError, ShapeError
from .module import Module
from .parameter import Parameter
from .tree import held


class Sequential(Module):
    """Layers one after another: x -> layer_n(... layer_1(x)).

    Takes the layers, or one dict of them, whose keys then name them.
    Raises: DTypeError for what is no module.
    """

    def __init__(self, *layers: Any) -> None:
        is_dict = len(layers) == 1 and isinstance(layers[0], Mapping)
        named = layers[0] if is_dict else {str(i): layer for i, layer in enumerate(layers)}
        _hold(self, named, Module)

    def forward(self, x: Any, *more: Any) -> Any:
        """The first layer takes all arguments, each later one the result before it."""
        for name, layer in self.named_children():
            try:
                x = layer(x, *more)
            except FusegradError as error:
                error.add_note(f"in layer {name}: {type(layer).__name__}")
                raise
            more = ()
        return x

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __len__(self) -> int:
        return len(list(self.children()))

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    def __getitem__(self, index: int | slice) -> Module:
        """A layer, or the layers of a slice in a Sequential of their own."""
        found = list(self.children())[index]
        return Sequential(*found) if isinstance(found, list) else found


class Residual(Module):
    """x + inner(x): what a layer adds to what passes by it.

    Shapes: those of x, which `inner` keeps. Source: He et al. 2016, eq. 1.
    """

    inner: Module

    def __init__(self, inner: Module) -> None:
        _hold(self, {"inner": inner}, Module)

    def forward(self, x: Any, *more: Any) -> Any:
        x = as_array(x)
        y = self.inner(x, *more)
        if y.shape != x.shape:  # broadcasting here hides a mistake
            repair = "let inner keep the shape"
            raise ShapeError("Residual", f"inner(x) of shape {x.shape}", str(y.shape), repair)
        return x + y


class ModuleList(Module):
    """Modules by position; what is done with them, the module that holds the list says.

    Raises: DTypeError for what is no module.
    """

    kind: type = Module

    def __init__(self, items: Iterable[Any] = ()) -> None:
        self.extend(items)

    def append(self, item: Any) -> Self:
        """One more at the end; gives the list itself."""
        return self.extend([item])

    def extend(self, items: Iterable[Any]) -> Self:
        """More at the end; gives the list itself."""
        first = len(self)
        _hold(self, {str(first + i): item for i, item in enumerate(items)}, self.kind)
        return self

    def __iter__(self) -> Iterator[Any]:
        return (item for _, item in held(self, self.kind))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __getitem__(self, index: Any) -> Any:
        found = list(self)[index]
        return type(self)(found) if isinstance(found, list) else found


class ParameterList(ModuleList):
    """Parameters by position; arrays among them become parameters."""

    kind = Parameter

    def extend(self, items: Iterable[Any]) -> Self:
        given = [x if isinstance(x, Parameter) else Parameter(x) for x in items]
        return super().extend(given)


class ModuleDict(Module):
    """Modules by name, in the order in which they came.

    Raises: DTypeError for what is no module, OptionError for a name that cannot be one.
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        self.update(modules or {})

    def update(self, modules: Mapping[str, Module]) -> None:
        """Hold more modules, in the place of those of the same names."""
        _hold(self, modules, Module)

    # fmt: off
    def __setitem__(self, name: str, module: Module) -> None: self.update({name: module})
    def __getitem__(self, name: str) -> Module: return dict(self.named_children())[name]
    def __delitem__(self, name: str) -> None: del vars(self)[name]
    def __contains__(self, name: object) -> bool: return name in self.keys()
    def __iter__(self) -> Iterator[str]: return iter(self.keys())
    def __len__(self) -> int: return len(self.keys())
    def keys(self) -> list[str]: return [name for name, _ in self.named_children()]
    def values(self) -> list[Module]: return list(self.children())
    def items(self) -> list[tuple[str, Module]]: return list(self.named_children())
    # fmt: on


def _hold(module: Module, named: Mapping[str, Any], kind: type) -> None:
    """Make items attributes of a module, under names that need not be identifiers."""
    where = type(module).__name__
    for name, item in named.items():
        if not isinstance(item, kind):
            raise _not_held(where, item)
        if not _may_be_name(module, name):
            rule, repair = "names without dots, unlike those of its methods", "choose another"
            raise OptionError(where, rule, repr(name), repair)
    vars(module).update(named)


def _may_be_name(module: Module, name: Any) -> bool:
    is_plain = isinstance(name, str) and name != "" and "." not in name
    return is_plain and (name in vars(module) or not hasattr(module, name))


def _not_held(where: str, item: Any) -> DTypeError:
    got, repair = repr(item), "pass modules such as nn.Tanh()"
    if isinstance(item, type):
        ours = "nn." if item.__module__.startswith(__package__) else ""
        got, repair = f"the class {item.__name__}", f"write {ours}{item.__name__}()"
    elif isinstance(item, (list, tuple)):
        got, repair = f"a {type(item).__name__}", f"unpack it: nn.{where}(*layers)"
    return DTypeError(where, "modules", got, repair)

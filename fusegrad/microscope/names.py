"""What parameters are called: by their own name, by the module that holds them, by number."""

from __future__ import annotations

from itertools import count
from typing import Any
from weakref import ref

from ..engine import Tensor
from ..nn import Module


class Names:
    """Names of Tensors and of the modules that ran, by identity; of all that live, no two are
    called alike."""

    def __init__(self) -> None:
        self.roots: list[Module] = []
        self.given: dict[int, tuple[ref[Any], str]] = {}
        self.taken: set[str] = set()
        self.paths: dict[tuple[int, int], tuple[Module, Module, str]] = {}
        self.numbers = count()

    def root(self, module: Module) -> None:
        """Learn the names of all that a network holds."""
        if any(module is known for known in self.roots):
            return
        self.roots.append(module)
        prefix = "" if len(self.roots) == 1 else f"{type(module).__name__}."
        for name, p in module.named_parameters():
            if not self.known(p):
                self._give(p, prefix + name)

    def step(self, parent: Module | None, child: Module) -> str:
        """What a module is called inside the one that called it."""
        if parent is None:
            return type(child).__name__
        key = id(parent), id(child)
        if key not in self.paths:
            found = (name for name, m in parent.named_modules() if m is child and name)
            self.paths[key] = parent, child, next(found, type(child).__name__)
        return self.paths[key][2]

    def known(self, p: Any) -> str:
        """The name that a Tensor has been given; nothing for one that has none."""
        held = self.given.get(id(p))
        return held[1] if held is not None and held[0]() is p else ""

    def of(self, p: Tensor) -> str:
        """The name of a Tensor; one that has none gets its own, or the next number."""
        return self.known(p) or self._give(p, p.name)

    def _give(self, p: Tensor, name: str) -> str:
        """Give a name, with a number behind it where others are called so."""
        others = (f"{name}#{k}" for k in count(2)) if name else (f"p{k}" for k in self.numbers)
        name = name if name and name not in self.taken else next(self._free(others))
        self.taken.add(name)
        self.given[id(p)] = ref(p), name
        return name

    def _free(self, names: Any) -> Any:
        return (name for name in names if name not in self.taken)

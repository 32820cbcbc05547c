"""What parameters are called: by their own name, by the module that holds them, by number."""

from __future__ import annotations

from typing import Any

from ..engine import Tensor
from ..nn import Module


class Names:
    """Names of Tensors and of the modules that ran, by identity."""

    def __init__(self) -> None:
        self.roots: list[Module] = []
        self.given: dict[int, str] = {}
        self.paths: dict[tuple[int, int], str] = {}  # (parent, child) -> dotted name
        self.held: list[Any] = []  # so that no id is used again

    def root(self, module: Module) -> None:
        """Learn the names of all that a network holds."""
        if any(module is known for known in self.roots):
            return
        self.roots.append(module)
        prefix = "" if len(self.roots) == 1 else f"{type(module).__name__}."
        for name, p in module.named_parameters():
            self.held.append(p)
            self.given.setdefault(id(p), prefix + name)

    def step(self, parent: Module | None, child: Module) -> str:
        """What a module is called inside the one that called it."""
        if parent is None:
            return type(child).__name__
        key = id(parent), id(child)
        if key not in self.paths:
            self.held += [parent, child]
            found = (name for name, m in parent.named_modules() if m is child and name)
            self.paths[key] = next(found, type(child).__name__)
        return self.paths[key]

    def of(self, p: Tensor) -> str:
        """The name of a Tensor; one that has none gets the next number."""
        if id(p) not in self.given:
            self.held.append(p)
            taken = set(self.given.values())
            free = (f"p{k}" for k in range(len(self.given) + 1))
            name = p.name if p.name and p.name not in taken else ""
            self.given[id(p)] = name or next(n for n in free if n not in taken)
        return self.given[id(p)]

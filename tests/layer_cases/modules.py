"""Layers together, and what modules, containers and states refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fusegrad import nn
from fusegrad.kernels import DTypeError, OptionError, ShapeError
from tests.layer_cases.case import Case


def flat(rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.standard_normal((4, 3)),)


class Twice(nn.Module):
    """One layer used twice, under two names."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.first = self.second = nn.Linear(3, 3, rng=rng)

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x))


def twice_of_torch(torch: Any) -> Any:
    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = self.second = torch.nn.Linear(3, 3)

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x))

    return Theirs()


class Bag(nn.Module):
    """Layers held in every kind of list there is."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.layers = nn.ModuleList([nn.Linear(3, 3, rng=rng) for _ in range(2)])
        self.named = nn.ModuleDict({"a": nn.Linear(3, 2, rng=rng), "b": nn.Tanh()})
        self.scales = nn.ParameterList([np.ones(3), np.ones(3)])

    def forward(self, x: Any) -> Any:
        for layer, scale in zip(self.layers, self.scales):
            x = layer(x) * scale
        return self.named["b"](self.named["a"](x))


def bag_of_torch(torch: Any) -> Any:
    class Theirs(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            t = torch.nn
            self.layers = t.ModuleList([t.Linear(3, 3) for _ in range(2)])
            self.named = t.ModuleDict({"a": t.Linear(3, 2), "b": t.Tanh()})
            self.scales = t.ParameterList([t.Parameter(torch.ones(3)) for _ in range(2)])

        def forward(self, x: Any) -> Any:
            for layer, scale in zip(self.layers, self.scales):
                x = layer(x) * scale
            return self.named["b"](self.named["a"](x))

    return Theirs()


CASES = [
    Case("Sequential",
         lambda nn, **rng: nn.Sequential(
             nn.Linear(3, 4, **rng), nn.Tanh(), nn.Linear(4, 2, **rng)),
         flat),
    Case("Residual", lambda nn, **rng: nn.Residual(nn.Linear(3, 3, **rng)), flat, peer=False),
    Case("a layer used twice", lambda nn, rng: Twice(rng), flat, torch_build=twice_of_torch),
    Case("containers", lambda nn, rng: Bag(rng), flat, torch_build=bag_of_torch),
]  # fmt: skip


def linear() -> nn.Linear:
    return nn.Linear(3, 2, rng=np.random.default_rng(0))


def state(**changes: Any) -> dict[str, Any]:
    return {**linear().state_dict(), **changes}


def loaded(values: Any) -> Callable[[], Any]:
    return lambda: linear().load_state_dict(values)


def untied() -> None:
    net = Twice(np.random.default_rng(0))
    values = net.state_dict()
    net.load_state_dict({**values, "second.bias": values["first.bias"] + 1})


NAMED = "names without dots, unlike those of its methods"


def overwritten() -> None:
    linear().weight = np.zeros((2, 3))  # type: ignore[assignment]


REFUSED = [
    (overwritten, DTypeError,
     "Linear.weight: expected a Parameter or None, got ndarray; write "
     "weight.assign_(values), or nn.Parameter(values)"),
    (lambda: nn.Module()(1), OptionError,
     "Module: expected a forward method, got none; define one"),
    (loaded([1]), DTypeError,
     "load_state_dict: expected a state, arrays by name, got list; pass what state_dict() or "
     "nn.load gave"),
    (loaded({"weight": 1, "beta": 2}), OptionError,
     "load_state_dict: expected the names of this module, got missing ['bias'], unexpected "
     "['beta']; load the state of the same architecture, or pass strict=False"),
    (loaded(state(bias=np.zeros(3))), ShapeError,
     "load_state_dict: expected the shapes of this module, got bias: (3,) for (2,); load the "
     "state of the same sizes"),
    (loaded(state(bias=["a", "b"])), DTypeError,
     "load_state_dict: bias: expected numbers, got dtype <U1; see the state"),
    (untied, OptionError,
     "load_state_dict: expected one value for what is shared, got first.bias and second.bias, "
     "which are one here, with different values; load a state that shares them, or untie them"),
    (lambda: nn.functional_call(linear(), {"w": 1}, 2), OptionError,
     "functional_call: expected names among weight, bias, got ['w']; see these"),
    (lambda: linear().to("gpu"), OptionError,
     "device: expected one of cpu, cuda, got 'gpu'; choose one of these"),
    (lambda: linear().to(int), DTypeError,
     "to: expected a device (cpu, cuda) or a float dtype, got <class 'int'>; pass 'cuda', "
     "np.float64, or both"),
    (lambda: nn.Sequential(nn.Tanh), DTypeError,
     "Sequential: expected modules, got the class Tanh; write nn.Tanh()"),
    (lambda: nn.ModuleList([3]), DTypeError,
     "ModuleList: expected modules, got 3; pass modules such as nn.Tanh()"),
    (lambda: nn.ModuleDict({"a.b": nn.Tanh()}), OptionError,
     f"ModuleDict: expected {NAMED}, got 'a.b'; choose another"),
    (lambda: nn.ModuleDict({"train": nn.Tanh()}), OptionError,
     f"ModuleDict: expected {NAMED}, got 'train'; choose another"),
    (lambda: nn.Residual(linear())(np.ones((1, 3), np.float32)), ShapeError,
     "Residual: expected inner(x) of shape (1, 3), got (1, 2); let inner keep the shape"),
    (lambda: nn.save(linear(), "net"), DTypeError,  # type: ignore[arg-type]
     "save: expected a state, arrays by name, got Linear; pass net.state_dict()"),
    (lambda: nn.save({}, "."), OptionError,
     "save: expected a file, got the folder .; name a file in it"),
    (lambda: nn.save({}, "absent/net"), OptionError,
     "save: expected a folder to write in, got absent (No such file or directory); make the "
     "folder, or choose another"),
    (lambda: nn.save({3: np.ones(1)}, "net"), DTypeError,  # type: ignore[dict-item]
     "save: expected texts as names, got 3; pass net.state_dict()"),
    (lambda: nn.save({"w": np.array("a")}, "net"), DTypeError,
     "save: w: expected numbers, got dtype <U1; leave it out"),
    (lambda: nn.load("."), OptionError,
     "load: expected a file, got the folder .; name a file in it"),
    (lambda: nn.load(__file__), OptionError,
     f"load: expected a safetensors file, got {__file__}; give a file that nn.save wrote"),
    (lambda: nn.ModuleDict({1: nn.Tanh()}), OptionError,
     "ModuleDict: expected names without dots, unlike those of its methods, got 1; choose "
     "another"),
]  # fmt: skip

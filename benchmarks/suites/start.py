"""What it takes to begin: imports, and the first step of training, each in a fresh process.

The step is one of the network of the paper, 784-1000-1000-10 with dropout, as a user would
write it. Measured is all from the start of Python to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from ..case import Case, Work
from .fresh import output, own_folder
from .programs import AUTOGRAD, FUSEGRAD, JAX, TORCH

IMPORTED = ("fusegrad", "torch", "jax", "autograd", "mygrad", "numpy")
PARTS = {  # what fusegrad loads on first use, and others with their import
    "fusegrad": "import fusegrad as fg; fg.Tensor, fg.nn, fg.optim",
    "torch": "import torch",
    "jax": "import jax, jax.numpy, optax",
}
GOALS = {"import": {"torch": 0.1}, "step": {"torch import": 0.6}}
STEPS = {"torch": TORCH, "jax jit": JAX, "autograd": AUTOGRAD}
CACHE = "FUSEGRAD_CACHE"


def run(program: str, **more: str) -> None:
    """One process, from its start to its end."""
    found = find_spec("fusegrad")
    root = Path(found.origin).parents[1] if found and found.origin else Path()
    kept = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": ""}  # as if installed
    output("a fresh process", ["-c", program], {**kept, **more})


def _none() -> list[object]:
    return []


def alone(program: str) -> Work:
    """Nothing is kept between processes but what Python itself keeps."""
    return Work(partial(run, program), _none)


def before(program: str) -> Work:
    """With what an earlier process compiled."""
    folder = own_folder()
    run(program, **{CACHE: folder})
    return Work(lambda: run(program, **{CACHE: folder}), _none)


def cold(program: str) -> Work:
    """With an empty folder each time."""

    def step() -> None:
        with TemporaryDirectory(prefix="fusegrad-bench-") as folder:
            run(program, **{CACHE: folder})

    return Work(step, _none)


def _steps(ours: Callable[[str], Work]) -> Mapping[str, Callable[[], Work]]:
    """The first step by each, and `import torch` without one."""
    return {
        "fusegrad": partial(ours, FUSEGRAD),
        "torch import": partial(alone, "import torch"),
        **{name: partial(alone, program) for name, program in STEPS.items()},
    }


def cases() -> list[Case]:
    """Imports, then the first step, with and without compiled files."""
    imports = {name: partial(alone, f"import {name}") for name in IMPORTED}
    parts = {name: partial(alone, program) for name, program in PARTS.items()}
    first = "import and first MLP step"
    return [
        Case("import", imports, goals=GOALS["import"]),
        Case("import with tensors, layers and optimizers", parts),
        Case(f"{first}, compiled before", _steps(before), goals=GOALS["step"]),
        Case(f"{first}, nothing compiled", _steps(cold)),
    ]

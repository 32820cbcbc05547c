"""fusegrad: autodiff, optimizers held against their papers, and fused multimodal branches.

    kernels <- engine <- nn, optim <- multimodal <- fusegrad

    Tensor, grad, value_and_grad, gradcheck, no_grad, lift, latex     differentiation; formulas
    exp, log, tanh, relu, matmul, sum, softmax, cross_entropy, ...    ops: see dir(fusegrad)
    nn, optim, multimodal, data                                       layers and what uses them
    Trainer, training, metrics                                        the loop, and its figures
    kernels, engine, lens, tasks, experiments                         how it is done

`__init__.pyi` lists the public names. Each loads on first use, so that `import fusegrad` costs
nothing and a low layer never loads a high one.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_LINE = re.compile(r"^from \.(\S*) import (\w+) as (\w+)$", re.MULTILINE)
_HERE = Path(__file__).resolve().parent
if not (_HERE / "engine").is_dir():  # a checkout: the parts lie beside this folder, not in it
    __path__.append(str(_HERE.parent))


@cache
def _public() -> dict[str, tuple[str, str]]:
    """Public name -> (module, name there), from the stub."""
    stub = (_HERE / "__init__.pyi").read_text(encoding="utf-8")
    return {public: (module, there) for module, there, public in _LINE.findall(stub)}


def __getattr__(name: str) -> Any:
    if name.startswith("__") or name not in _public():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, there = _public()[name]
    value = (
        getattr(importlib.import_module(f".{module}", __name__), there)
        if module
        else importlib.import_module(f".{there}", __name__)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*_public(), "__version__"])

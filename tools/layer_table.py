"""The table of layers in docs/layer_table.md: each with its formula, in how many ways it was
tried, and how far from PyTorch it was found.

    python -m tools.layer_table            prints the page
    python -m tools.layer_table --write    writes docs/layer_table.md
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from fusegrad import nn
from tests.layer_cases import CASES, Case
from tests.layer_cases.peer import differences

PAGE = Path(__file__).resolve().parents[1] / "docs" / "layer_table.md"
HEAD = """\
# Every layer and loss, and how it was held against PyTorch

Made by `python -m tools.layer_table --write`. **tried**: in how many ways (settings, shapes,
masks, lengths) `tests/layer_cases/` builds it; in each, first and second derivatives in inputs
and parameters are held against differences. **float64**, **float32**: the largest difference
from PyTorch with the same weights, in any output, gradient or running statistic, in training
and evaluation, relative to the largest number there or to 1; `-` where PyTorch has no such
layer. What is done otherwise stands under "Differs" in each docstring.
"""
WITH = "Compared with: torch "
COLUMNS = "| layer | computes | tried | float64 | float32 |\n|---|---|---|---|---|\n"
BASES = (nn.Module, nn.Loss, nn.LabelLoss, nn.ChannelNorm, nn.Recurrent)
HOLDERS = (nn.ModuleDict, nn.ModuleList, nn.ParameterList)  # which have no formula


def layers() -> dict[ModuleType, list[type]]:
    """The public layers by the file they live in."""
    found: dict[ModuleType, list[type]] = {}
    for name in nn.__all__:
        value = getattr(nn, name)
        if (
            inspect.isclass(value)
            and issubclass(value, nn.Module)
            and value not in (*BASES, *HOLDERS)
        ):
            found.setdefault(import_module(value.__module__), []).append(value)
    return dict(sorted(found.items(), key=lambda item: item[0].__name__))


def page(torch: Any, version: str) -> str:
    """The whole page."""
    tried: dict[str, list[Case]] = {}
    for case in CASES:
        tried.setdefault(type(case.layer()).__name__, []).append(case)
    parts = [HEAD, f"\n{WITH}{version}.\n"]
    for module, found in layers().items():
        parts += [f"\n## {title(module)}\n\n", COLUMNS]
        parts += [line(torch, layer, tried.get(layer.__name__, [])) for layer in found]
    return "".join(parts)


def title(module: ModuleType) -> str:
    """What a file says it is."""
    name = module.__name__.rpartition("nn.")[2].replace("loss.", "loss: ")
    return f"{name}: " + (module.__doc__ or "").partition("\n")[0].rstrip(".")


def line(torch: Any, layer: type, cases: list[Case]) -> str:
    """One row of the table."""
    worst = [worst_of(torch, cases, dtype) for dtype in ("float64", "float32")]
    cells = (f"`{layer.__name__}`", formula(layer), str(len(cases)), *worst)
    return f"| {' | '.join(cells)} |\n"


def formula(layer: type) -> str:
    """The first sentence of a docstring, as one line of a table."""
    paragraph = inspect.cleandoc(layer.__doc__ or "").partition("\n\n")[0]
    sentence = re.split(r"(?<!\.)\. ", " ".join(paragraph.split()))[0].rstrip(".")
    return sentence.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def worst_of(torch: Any, cases: list[Case], dtype: str) -> str:
    """The largest difference in any case."""
    seen = [
        error
        for case in cases
        if case.peer
        for mode in case.modes
        for _, error in differences(torch, case, mode, dtype)
    ]
    return f"{max(seen):.0e}".replace("0e+00", "0") if seen else "-"


if __name__ == "__main__":
    made = page(import_module("torch"), metadata.version("torch").partition("+")[0])
    if "--write" in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
    else:
        print(made)

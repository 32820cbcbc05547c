"""Every example in a docstring prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

# Not by walking: in a checkout fusegrad finds itself beside its parts, without end.
PARTS = [
    "kernels",
    "engine",
    "engine.ops",
    "nn",
    "nn.loss",
    "optim",
    "multimodal",
    "multimodal.fusion",
    "multimodal.decision",
    "multimodal.objective",
    "multimodal.balance",
    "multimodal.analysis",
    "multimodal.encoder",
    "multimodal.augment",
    "data",
    "metrics",
    "training",
    "tasks",
    "experiments",
    "verify",
    "verify.fusion",
    "lens",
    "microscope",
    "race",
    "cli",
]


def modules(part: str) -> list[str]:
    package = importlib.import_module(f"fusegrad.{part}")
    return [package.__name__] + [
        f"{package.__name__}.{m.name}" for m in pkgutil.iter_modules(package.__path__)
    ]


MODULES = [name for part in PARTS for name in modules(part)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_print_what_they_say(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_there_are_examples() -> None:
    tried = sum(doctest.testmod(importlib.import_module(name)).attempted for name in MODULES)
    assert tried >= 15

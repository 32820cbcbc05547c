"""The table of layers, a family a file: every test of values, gradients, states and agreement
with PyTorch runs through it, and a new row is tested by existing."""

from tests.layer_cases import (
    activation,
    attention,
    conv,
    dropout,
    embedding,
    graph,
    initial,
    loss,
    margin,
    modules,
    norm,
    pool,
    position,
    products,
    recurrent,
    reshape,
    transformer,
)
from tests.layer_cases.case import Case, as_function, is_float, outputs

FAMILIES = (
    activation,
    attention,
    conv,
    dropout,
    embedding,
    graph,
    initial,
    loss,
    margin,
    modules,
    norm,
    pool,
    position,
    products,
    recurrent,
    reshape,
    transformer,
)
CASES: list[Case] = [case for family in FAMILIES for case in getattr(family, "CASES", [])]
# Wrong calls, with the error and its text in full; see test_layers.py.
REFUSALS = [row for family in FAMILIES for row in getattr(family, "REFUSED", [])]

__all__ = ["CASES", "REFUSALS", "Case", "as_function", "is_float", "outputs"]

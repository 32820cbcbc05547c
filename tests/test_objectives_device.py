"""Objectives on another device: the same values, and gradients that stay there."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels.device import to_device
from fusegrad.verify.fusion.beside import BESIDE
from fusegrad.verify.fusion.between import BETWEEN
from fusegrad.verify.fusion.case import Case
from tests import fake_cupy

pytestmark = pytest.mark.slow
CLOSE = 1e-12
# Cases whose call feeds constants of its own, on the host, to a module that has moved.
HOST = ("GAN, D", "unimodal teachers", "consistency KL, detached")
CASES = [case for case in (*BETWEEN, *BESIDE) if case.name not in HOST]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_objective_gives_there_what_it_gives_here(
    monkeypatch: pytest.MonkeyPatch, case: Case
) -> None:
    names = list("ab") if 2 in case.counts else ["a"]
    x = case.inputs(names, 3, np.random.default_rng(0))
    here = {names[-1]: np.array([True, False, True])}

    def run(module: Any, device: str) -> tuple[float, list[np.ndarray]]:
        leaves = {n: fg.Tensor(to_device(v, device), requires_grad=True) for n, v in x.items()}
        value = case.call(module, leaves, here)
        value.sum().backward()
        assert value.device == device
        return float(value), [v.grad.numpy() for v in leaves.values()]

    value, gradients = run(case.module(names), "cpu")
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    there, others = run(case.module(names).to("cuda"), "cuda")
    assert abs(value - there) <= CLOSE
    for a, b in zip(gradients, others, strict=True):
        assert np.abs(a - b).max() <= CLOSE

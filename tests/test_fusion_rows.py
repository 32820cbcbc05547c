"""What every fusion and decision of the tables must do, whatever its formula."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from fusegrad import nn
from fusegrad.engine import Tensor
from fusegrad.kernels.device import to_device
from fusegrad.verify.fusion import CASES, Case
from tests import fake_cupy

EXACT = 1e-12  # sums in another order, in float64
CLOSE = {"rtol": 1e-4, "atol": 1e-5}  # float32, in another order
ROWS, NAMES = 5, ["a", "b", "c"]
MEETINGS = [case for case in CASES.values() if case.kind in ("fusion", "decision")]
every_row = pytest.mark.parametrize("case", MEETINGS, ids=str)


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def masks() -> dict[str, np.ndarray]:
    """The first has all, the last has none, and each of the others lacks one."""
    return {
        "a": np.array([True, False, True, True, False]),
        "b": np.array([True, True, False, True, False]),
        "c": np.array([True, True, True, False, False]),
    }


def drawn(case: Case) -> dict[str, np.ndarray]:
    return case.inputs(NAMES, ROWS, rng())


def tensors(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    return {name: Tensor(x, requires_grad=True) for name, x in arrays.items()}


def with_rows(arrays: dict[str, np.ndarray], rows: Any) -> dict[str, np.ndarray]:
    return {name: x[rows] for name, x in arrays.items()}


@every_row
@pytest.mark.parametrize("present", [{}, masks()], ids=["whole", "masked"])
def test_no_sample_sees_another(case: Case, present: dict[str, np.ndarray]) -> None:
    module, x = case.module(NAMES).eval(), drawn(case)
    whole = case.call(module, x, present).numpy()
    order = np.array([3, 0, 4, 2, 1])
    turned = case.call(module, with_rows(x, order), with_rows(present, order)).numpy()
    assert np.allclose(turned, whole[order], rtol=EXACT, atol=EXACT)
    for i in range(ROWS):
        alone = case.call(module, with_rows(x, [i]), with_rows(present, [i])).numpy()
        assert np.allclose(alone, whole[[i]], rtol=EXACT, atol=EXACT)


@every_row
def test_the_gradient_of_one_sample_stays_with_it(case: Case) -> None:
    module, x = case.module(NAMES).eval(), tensors(drawn(case))
    case.call(module, x, None)[1].sum().backward()
    for name in NAMES:
        grad = x[name].grad.numpy()
        assert not np.delete(grad, 1, axis=0).any()
    assert any(x[name].grad.numpy()[1].any() for name in NAMES)


@every_row
def test_a_sample_without_any_modality_is_finite_and_teaches_no_branch(case: Case) -> None:
    module, x = case.module(NAMES).eval(), tensors(drawn(case))
    value = case.call(module, x, masks())
    assert np.isfinite(value.numpy()).all()
    value.sum().backward()
    for name, mask in masks().items():
        grad = x[name].grad.numpy()
        assert np.isfinite(grad).all() and not grad[~mask].any()
    learned = [p.grad.numpy() for p in module.parameters() if p.grad is not None]
    assert all(np.isfinite(grad).all() for grad in learned)


@every_row
def test_a_modality_left_out_is_as_one_that_nobody_has(case: Case) -> None:
    module, x = case.module(NAMES).eval(), drawn(case)
    nobody = case.call(module, x, {"b": np.zeros(ROWS, bool)}).numpy()
    left_out = case.call(module, {n: f for n, f in x.items() if n != "b"}, None).numpy()
    assert np.allclose(left_out, nobody, rtol=EXACT, atol=EXACT)


@every_row
def test_the_width_is_that_of_the_output(case: Case) -> None:
    module = case.module(NAMES).eval()
    if case.kind == "fusion":
        assert case.call(module, drawn(case), None).shape == (ROWS, module.width)


@every_row
@pytest.mark.parametrize("present", [None, masks()], ids=["whole", "masked"])
def test_float32_stays_float32(case: Case, present: Any) -> None:
    module = case.build(NAMES, rng()).eval()
    x = tensors({name: f.astype(np.float32) for name, f in drawn(case).items()})
    value = case.call(module, x, present)
    assert value.dtype == np.float32
    value.sum().backward()
    held = [*x.values(), *module.parameters()]
    assert {t.grad.dtype for t in held if t.grad is not None} == {np.dtype(np.float32)}


@every_row
def test_a_state_goes_round(case: Case) -> None:
    one, other, x = case.build(NAMES, rng(1)), case.build(NAMES, rng(2)), drawn(case)
    one, other = one.to(np.float64).eval(), other.to(np.float64).eval()
    first, state = case.call(one, x, None).numpy(), one.state_dict()
    kept = [buffer for buffer in one.buffers() if buffer.persistent]
    assert len(state) == len(list(one.parameters())) + len(kept)
    if state:
        assert not np.array_equal(case.call(other, x, None).numpy(), first) or is_fixed(one)
    other.load_state_dict(state)
    assert np.array_equal(case.call(other, x, None).numpy(), first)


def is_fixed(module: nn.Module) -> bool:
    """Whether no first value is drawn: all weights are alike."""
    return all(np.ptp(p.numpy()) == 0 for p in module.parameters())


# ---- the device -----------------------------------------------------------------------------
@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)


@every_row
@pytest.mark.parametrize("present", [None, masks()], ids=["whole", "masked"])
def test_the_device_computes_the_same(case: Case, present: Any, cupy: None) -> None:
    module = case.build(NAMES, rng()).eval()
    arrays = {name: f.astype(np.float32) for name, f in drawn(case).items()}
    want, grads = stepped(case, module, tensors(arrays), present)
    there = {n: Tensor(to_device(f, "cuda"), requires_grad=True) for n, f in arrays.items()}
    got, found = stepped(case, module.to("cuda"), there, present)
    assert got.device == "cuda" and all(g.device == "cuda" for g in found)
    for a, b in zip([got, *found], [want, *grads], strict=True):
        assert np.allclose(a.numpy(), b.numpy(), **CLOSE)


def stepped(case: Case, module: Any, x: dict[str, Tensor], present: Any) -> Any:
    """The output, and the gradients of the features and of what is trained."""
    module.zero_grad()
    value = case.call(module, x, present)
    (value * value).sum().backward()
    held = [*x.values(), *module.parameters()]
    return value, [t.grad for t in held if t.grad is not None]

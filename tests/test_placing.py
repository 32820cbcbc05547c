"""Values between devices: there and back with their gradients, never mixed in silence."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import ROWS
from fusegrad.kernels import BackendError, DTypeError, OptionError, device
from tests import fake_cupy


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


def test_a_gradient_comes_back_to_where_the_value_was(cupy: Any) -> None:
    x = fg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x.to("cuda", np.float32)
    assert (y.device, y.dtype, x.device) == ("cuda", np.float32, "cpu")
    z = (y * y).to("cpu")
    assert z.device == "cpu" and z.numpy().tolist() == [1.0, 4.0, 9.0]
    z.sum().backward()
    assert x.grad.device == "cpu" and x.grad.dtype == np.float64
    assert x.grad.numpy().tolist() == [2.0, 4.0, 6.0]


def test_derivatives_of_all_kinds_pass_between_devices(cupy: Any) -> None:
    def f(x: Any) -> Any:
        return (x.to("cuda") ** 3).sum().to("cpu")

    x = fg.Tensor([1.0, 2.0])
    assert fg.grad(lambda x: fg.grad(f)(x).sum())(x).numpy().tolist() == [6.0, 12.0]
    assert float(fg.jvp(f, (x,), (fg.Tensor([1.0, 0.0]),))[1]) == 3.0


def test_what_is_there_already_is_left_alone(cupy: Any) -> None:
    for where in ("cpu", "cuda"):
        x = fg.tensor([1.0], device=where)
        assert x.to(where) is x and x.to(where, "float64") is x and x.to() is x
    assert x.to("int64").dtype == np.int64 and x.to("int64").device == "cuda"


def test_tensors_are_made_where_they_are_wanted(cupy: Any) -> None:
    there = fg.tensor([[1, 2], [3, 4]], np.float32, device="cuda", requires_grad=True, name="w")
    assert (there.device, there.dtype, there.requires_grad) == ("cuda", np.float32, True)
    assert there.is_leaf and there.name == "w"
    assert fg.tensor(there.detach()).device == "cuda"
    assert fg.tensor(there.detach(), device="cpu").device == "cpu"
    assert fg.device("cuda") == there.device
    for made in (fg.zeros(2, device="cuda"), fg.arange(3, device="cuda")):
        assert made.device == "cuda"


MIXED: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "multiply": lambda a, b: b * a,
    "maximum": fg.maximum,
    "lerp": lambda a, b: ROWS["lerp"].function(a, b, 0.5),
    "matmul": lambda a, b: a @ b.T,
    "concat": lambda a, b: fg.concat([b, a]),
    "where": lambda a, b: fg.where(a > 0, a, b),
    "softplus": lambda a, b: fg.softplus(a) - b,
}


@pytest.mark.parametrize("name", MIXED)
def test_tensors_of_two_devices_are_refused(name: str, cupy: Any) -> None:
    here, there = fg.Tensor(np.ones((2, 3))), fg.tensor(np.ones((2, 3)), device="cuda")
    op = {"softplus": "subtract"}.get(name, name)
    for a, b in ((here, there), (there, here)):
        with pytest.raises(DTypeError) as found:
            MIXED[name](a, b)
        rule = rf"{op}: expected Tensors of one device, got (cpu|cuda)( and (cpu|cuda))+; move"
        assert re.match(rule, str(found.value))


def test_numbers_and_arrays_of_the_host_are_copied_to_the_device(cupy: Any) -> None:
    x = fg.tensor([1.0, -1.0], device="cuda")
    assert (x * 2).numpy().tolist() == [2.0, -2.0]
    mask = np.array([True, False])
    assert fg.where(mask, x, 0.0).numpy().tolist() == [1.0, 0.0]


WRONG = [
    ("gpu", OptionError, "device: expected one of cpu, cuda, got 'gpu'; choose one of these"),
    (None, DTypeError, "to: expected a device (cpu, cuda) or a dtype, got None; pass 'cuda', "),
    ("U3", DTypeError, "to: expected a device (cpu, cuda) or a dtype, got 'U3'; pass 'cuda', "),
]


@pytest.mark.parametrize(("target", "kind", "text"), WRONG, ids=str)
def test_other_targets_are_refused(target: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match="^" + re.escape(text)):
        fg.Tensor([1.0]).to(target)


def test_a_device_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device.importlib.util, "find_spec", lambda name: None)
    text = "device cuda: expected CuPy to be installed, got no module cupy; pip install"
    for act in (lambda: fg.device("cuda"), lambda: fg.Tensor([1.0]).to("cuda")):
        with pytest.raises(BackendError, match=f"^{text}"):
            act()

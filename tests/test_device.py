"""Kernels, ops and Tensors of a GPU, without one: on `fake_cupy`, where the text of kernels
computes on the host. `test_gpu.py` runs the same on a real one."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import optim
from fusegrad.engine import ROWS, Tensor
from fusegrad.kernels import DTypeError, Update
from tests import fake_cupy
from tests.fake_array import ndarray
from tests.readers_sample import RULES, UPDATES, assert_agree
from tests.test_update import Tensors, after, bits, every_dtype, every_update, tensors_for

CLOSE = {"rtol": 1e-4, "atol": 1e-6}  # float32 sums, in another order on a GPU
USED = "add subtract multiply divide where relu sigmoid tanh exp gelu softplus power"
LIFTED = {
    kernel.program.name: kernel
    for name in USED.split()
    for kernel in (ROWS[name].formula, *(v.kernel for v in ROWS[name].op.vjps if v))
    if kernel.program.name in RULES
}


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    return fake_cupy.MODULE


# ---- the stand-in -------------------------------------------------------------------------
def parameters(function: Any) -> set[str]:
    """The names of parameters; of compiled functions, from the line that documents them."""
    try:
        return set(inspect.signature(function).parameters)
    except ValueError:
        listed = re.search(r"\((.*?)\)", function.__doc__ or "")
        return set(re.findall(r"(\w+)(?==|,|$|\s*\))", listed[1] if listed else ""))


def test_the_stand_in_has_nothing_that_cupy_lacks() -> None:
    real = pytest.importorskip("cupy", reason="CuPy is not installed")
    for name in fake_cupy.UFUNCS.split():
        assert callable(getattr(real, name))
    ours = {n: f for n, f in vars(ndarray).items() if inspect.isfunction(f) and n[0] != "_"}
    linalg = (real.linalg, fake_cupy.LINALG)
    for where, functions in ((real, fake_cupy.FUNCTIONS), linalg, (real.ndarray, ours)):
        for name, function in functions.items():
            if name not in ("made", "result_type", "arange", "shape", "ndim"):
                assert parameters(function) <= parameters(getattr(where, name)), name


def test_a_device_array_refuses_the_hosts_arrays(cupy: Any) -> None:
    host, there = np.ones(3), cupy.asarray(np.ones(3))
    for mixed in (
        lambda: there + host,
        lambda: host * there,
        lambda: cupy.concatenate([there, host]),
        lambda: np.asarray(there),
        lambda: cupy.exp(host),
    ):
        with pytest.raises(TypeError):
            mixed()
    assert there.sum().shape == () and isinstance(there.sum(), cupy.ndarray)


def test_a_device_array_leaves_an_operator_to_a_tensor(cupy: Any) -> None:
    there, x = cupy.asarray(np.ones(3)), Tensor(cupy.asarray([1.0, 2.0, 3.0]))
    for y in (there + x, there - x, there @ x, there < x, np.add(there, x)):
        assert isinstance(y, Tensor) and y.device == "cuda"
    assert (there - x).numpy().tolist() == [0.0, -1.0, -2.0]
    assert (there < x).numpy().tolist() == [False, True, True]


# ---- kernels ------------------------------------------------------------------------------
def upload(cupy: Any, tensors: Tensors) -> Tensors:
    return [tuple(map(cupy.asarray, item)) for item in tensors]


def download(tensors: Tensors) -> Tensors:
    return [tuple(a.get() for a in item) for item in tensors]


@every_dtype
@pytest.mark.parametrize("name", LIFTED)
def test_rules_and_vjps_agree_with_numpy(name: str, dtype: str, cupy: Any) -> None:
    rule = RULES[name]
    points = rule.points(dtype, np.random.default_rng(1), (5, 7))
    there = LIFTED[name](*map(cupy.asarray, points))
    assert isinstance(there, cupy.ndarray)
    assert_agree(rule, points, LIFTED[name](*points), there.get())


@every_dtype
@every_update
def test_an_update_equals_numpy_to_the_last_bit(name: str, dtype: str, cupy: Any) -> None:
    shapes = [(0,), (3,), (), (0, 2), (70, 130), (1,)]
    update = Update(UPDATES[name])
    there = after(update, upload(cupy, tensors_for(name, dtype, shapes)))
    here = after(Update(UPDATES[name], "numpy"), tensors_for(name, dtype, shapes))
    assert bits(download(there)) == bits(here)


@pytest.mark.parametrize("shapes", [(), ((0,),), ((0, 3), (2, 0))])
def test_an_update_of_nothing_is_no_launch(shapes: tuple, cupy: Any) -> None:
    after(Update(optim.Adam.rule), upload(cupy, tensors_for("adam", "float32", shapes)))


ODD: dict[str, Callable[[np.ndarray], Any]] = {
    "fortran": np.asfortranarray,
    "float64": lambda a: a.astype(np.float64),
}


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("case", ODD)
def test_an_update_takes_any_layout_and_precision(case: str, which: int, cupy: Any) -> None:
    def odd() -> Tensors:
        items = tensors_for("adam", "float32", [(4, 5), (2, 3)])
        return [
            tuple(ODD[case](a) if k == which else a for k, a in enumerate(items[0])),
            items[1],
        ]

    there, here = after(Update(optim.Adam.rule), upload(cupy, odd())), odd()
    after(Update(optim.Adam.rule, "numpy"), here)
    for a, b in zip(download(there), here, strict=True):
        assert all(np.allclose(x, y, rtol=1e-6) for x, y in zip(a, b, strict=True))


# ---- ops ----------------------------------------------------------------------------------
MASK = np.array([True, False, True, False])
OPS: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda x: fg.softmax(x) ** 3,
    "log_softmax": lambda x: fg.log_softmax(x, axis=0) * x,
    "logsumexp": lambda x: fg.logsumexp(x, axis=1),
    "logsumexp of all": fg.logsumexp,
    "max": lambda x: x.max(axis=0) + x.mean(),
    "stack": lambda x: fg.stack([x, x * 2], axis=1),
    "concat": lambda x: fg.concat([x, x.T.reshape(4, 3)], axis=-1),
    "transpose": lambda x: x.T @ x,
    "broadcast": lambda x: fg.broadcast_to(x[0], (2, 3)) * x[1:3],
    "rows": lambda x: x[np.array([0, 2, 2])] ** 2,
    "list": lambda x: x[[1, -1], 0] * 2.0,
    "truths": lambda x: x[MASK] * 3,
    "no rows": lambda x: fg.logsumexp(x[:0], axis=1),
    "host condition": lambda x: fg.where(MASK[:, None], x, 0.0),
    "compare": lambda x: fg.where(x > 0, x * 0.5, x.exp()),
    "labels": lambda x: fg.cross_entropy(x, np.array([0, 2, 1, 1])),
    "power": lambda x: (abs(x) + 1) ** x,
    "numbers": lambda x: 1 / (2 - np.tanh(x)) - x / 3,
    "astype": lambda x: x.astype(np.float64).sum(),
}


@pytest.mark.parametrize("name", OPS)
def test_ops_and_their_gradients_equal_those_of_the_cpu(name: str, cupy: Any) -> None:
    host = np.random.default_rng(2).standard_normal((4, 3)).astype(np.float32)
    here, there = (Tensor(a, requires_grad=True) for a in (host, cupy.asarray(host)))
    for x in (here, there):
        y = OPS[name](x)
        y.retain_grad()
        (y * y).sum().backward()
        x.name = repr(y.numpy().shape)
        assert {x.device, y.device, x.grad.device, y.grad.device} == {x.device}
    assert here.name == there.name and there.device == "cuda" and here.dtype == there.dtype
    assert np.allclose(OPS[name](here).numpy(), OPS[name](there).numpy(), **CLOSE)
    assert np.allclose(here.grad.numpy(), there.grad.numpy(), **CLOSE)


def test_labels_may_lie_on_the_device(cupy: Any) -> None:
    logits, labels = np.eye(3, dtype=np.float32), np.array([0, 2, 1])
    for given in (cupy.asarray(labels), Tensor(cupy.asarray(labels))):
        loss = fg.cross_entropy(Tensor(cupy.asarray(logits)), given)
        assert np.isclose(float(loss), float(fg.cross_entropy(logits, labels)))


def test_gradients_of_gradients_stay_on_the_device(cupy: Any) -> None:
    def curve(x: Any) -> Any:
        return (fg.gelu(x) * x.sigmoid()).sum()

    host = np.linspace(-2, 2, 5)
    second = [fg.grad(lambda x: fg.grad(curve)(x).sum())(Tensor(a)) for a in
              (host, cupy.asarray(host))]  # fmt: skip
    assert second[1].device == "cuda"
    assert np.allclose(second[0].numpy(), second[1].numpy(), rtol=1e-12)


# ---- a Tensor -----------------------------------------------------------------------------
def test_a_tensor_on_the_device_can_be_read_and_written(cupy: Any) -> None:
    x = Tensor(cupy.asarray(np.arange(4.0)), requires_grad=True, name="x")
    assert (x.device, x.shape, x.size, len(x)) == ("cuda", (4,), 4, 4)
    assert repr(x) == "Tensor([0., 1., 2., 3.], name='x', requires_grad=True)"
    assert x[2].item() == 2.0 == float(x[2]) and bool(x[1]) and int(x[3]) == 3
    assert type(x.numpy()) is np.ndarray and not x.numpy().flags.writeable
    assert x.detach().device == "cuda" and not x.detach().requires_grad
    for value in (np.ones(4), cupy.asarray(np.ones(4)), Tensor(np.ones(4)), [1.0] * 4):
        x.assign_(np.zeros(4))
        x.assign_(value)
        assert np.array_equal(x.numpy(), np.ones(4)) and x.device == "cuda"
    y = Tensor(np.zeros(4))
    y.assign_(x)
    assert np.array_equal(y, np.ones(4)) and y.device == "cpu"


def test_numpy_is_told_how_to_read_a_tensor_of_the_device(cupy: Any) -> None:
    text = (
        "np.asarray: expected a Tensor on the cpu, got one on cuda; "
        "call .numpy(), which copies it to the host"
    )
    with pytest.raises(DTypeError, match=f"^{re.escape(text)}$"):
        np.asarray(Tensor(cupy.asarray(np.ones(2))))

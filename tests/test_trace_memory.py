"""`fg.trace` keeps no graph alive, tells names apart, and costs nothing while it is off."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.engine.mode import MODE
from fusegrad.engine.tape import Node
from fusegrad.microscope import trace
from fusegrad.nn import hooks
from fusegrad.optim import watchers
from tests import fake_cupy
from tests.ops_sample import without_collector
from tests.trace_sample import agrees, grad_of, leaf, same

RNG = np.random.default_rng


def is_off() -> bool:
    lists = hooks.WATCHERS or watchers.WATCHERS
    return MODE.usual and MODE.watcher is None and not lists


@pytest.fixture(autouse=True)
def leaves_nothing() -> Iterator[None]:
    assert is_off()
    yield
    assert is_off()


def once(x: fg.Tensor) -> None:
    (x * x).sum().backward()


# ---- nothing is kept alive ------------------------------------------------------------------
def nodes() -> int:
    return sum(issubclass(type(x), Node) for x in gc.get_objects())


def test_graphs_that_nobody_holds_are_gone_at_once() -> None:
    x, before = leaf(np.ones(1000), "x"), nodes()
    with trace(graphs=3), without_collector():
        for _ in range(20):
            y = fg.tanh(x * 2.0)
        assert nodes() - before == 2
        memory = weakref.ref(y.data)
        del y
        assert nodes() == before and memory() is None
        h = fg.tanh(x * 2.0)
        memory = weakref.ref(h.data)
        h.sum().backward()
        del h
        fg.exp(x)
        assert nodes() == before and memory() is None


def test_a_record_holds_neither_graph_nor_data() -> None:
    x, before = leaf(np.ones(3), "x"), nodes()
    x.register_hook(lambda g: g * 2.0)
    with trace() as seen, without_collector():
        data = fg.Tensor(np.ones(3), requires_grad=True)
        gone = weakref.ref(data)
        (fg.tanh(x * data) * x).sum().backward()
        del data
    assert nodes() == before and gone() is None and len(x.hooks or []) == 1
    assert len(seen.passes[0].ops) == 4
    for referrer in gc.get_referrers(x):
        assert not isinstance(referrer, dict) or referrer.get("leaves") is None


def test_a_program_that_never_goes_back_is_forgotten() -> None:
    x = leaf(np.ones(3), "x")
    with trace() as seen:
        watcher = MODE.watcher
        for _ in range(3000):
            fg.tanh(x * 2.0)
            assert len(watcher.ops.now.ops) <= 300
        fg.tanh(x * 2.0).sum().backward()
    (one,) = seen.passes
    agrees(one, [x])
    assert one.left_out == 0 and [op.op for op in one.ops[-3:]] == ["multiply", "tanh", "sum"]


def test_a_pass_is_not_forgotten_while_its_graph_lives(monkeypatch: Any) -> None:
    from fusegrad.microscope import watcher

    monkeypatch.setattr(watcher, "LEAST", 8)
    x = leaf(np.ones(3), "x")
    with trace() as seen:
        h = fg.tanh(x)
        for k in range(100):
            fg.exp(x)
            h = h * 1.01 if k % 10 == 0 else h
        h.sum().backward()
    (one,) = seen.passes
    agrees(one, [x])
    assert [op.op for op in one.ops if op.op != "exp"] == ["tanh", *["multiply"] * 10, "sum"]
    assert len(one.ops) < 80


# ---- names ----------------------------------------------------------------------------------
def test_names_are_never_given_twice() -> None:
    layers = [nn.Linear(1, 1, rng=RNG(k)) for k in range(3)]
    same_name = [leaf([1.0], "w"), leaf([2.0], "w"), leaf([3.0]), leaf([4.0])]
    held = [p for layer in layers for p in layer.parameters()]
    optimizer = optim.SGD([*held, *same_name], lr=0.1)
    with trace() as seen:
        x = fg.Tensor(np.ones((1, 1), np.float32))
        for layer in layers:
            x = layer(x)
        loss = x.sum()
        for p in same_name:
            loss = loss + p.sum()
        loss.backward()
        optimizer.step()
    names = {log.name for log in seen.followed}
    assert names == {
        *("weight", "bias", "Linear.weight", "Linear.bias", "Linear.weight#2", "Linear.bias#2"),
        *("w", "w#2", "p0", "p1"),
    }


# ---- on a GPU, and when it is off -----------------------------------------------------------
def test_on_a_gpu_numbers_come_to_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    start = np.array([0.5, -1.0, 2.0], np.float32)
    p = fg.Tensor(start, requires_grad=True, name="w").detach().to("cuda").requires_grad_()
    p.name = "w"
    optimizer = optim.Adam([p], lr=0.1)
    with trace(follow={"w": [0, 2]}) as seen:
        (fg.tanh(p) * p).sum().backward()
        optimizer.step()
    (one,) = seen.passes
    assert same(grad_of(one, "w"), p.grad.numpy())
    assert isinstance(seen.parameter("w").after[0]["theta"], np.ndarray)
    assert seen.parameter("w").after[0]["theta"].tolist() == p.numpy()[[0, 2]].tolist()
    assert seen.check() == (1, 1)


def test_nothing_of_it_is_loaded_until_it_is_asked_for() -> None:
    text = (
        "import sys, fusegrad as fg; from fusegrad import nn, optim; fg.Tensor; nn.Linear; "
        "optim.Adam; print([m for m in sys.modules if 'microscope' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_off_a_module_runs_its_forward_and_nothing_else() -> None:
    class Plain(nn.Module):
        def forward(self, x: Any) -> Any:
            return sys._getframe(1).f_code.co_name, sys._getframe(2).f_code.co_name

    net = Plain()
    here = "test_off_a_module_runs_its_forward_and_nothing_else"
    assert net(1) == ("__call__", here)
    with trace(graphs=0):
        assert net(1) != ("__call__", here)

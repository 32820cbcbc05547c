"""How graphs live: a million nodes, nothing left behind, and the memory they hold foretold."""

from __future__ import annotations

import gc
import itertools
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.engine import Tensor
from fusegrad.engine.graph import collect
from fusegrad.kernels import observe
from tests.ops_sample import leaf, without_collector

pytestmark = pytest.mark.usefixtures("memory_of_its_size")
KILOBYTE = 1024


def chain(x: Any, length: int) -> Any:
    """x through ops of which every second saves its input."""
    for k in range(length):
        x = x + 1.0 if k % 2 else x * 1.0
    return x


def allocated(run: Callable[[], Any]) -> tuple[int, Any]:
    """How many more bytes are held after a function, with what it returned."""
    gc.collect()
    tracemalloc.start()
    result = run()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held, result


# ---- depth ----------------------------------------------------------------------------------
@pytest.mark.slow
def test_a_chain_of_a_million_nodes_goes_back_at_the_default_recursion_limit() -> None:
    assert sys.getrecursionlimit() == 1000
    x = leaf(2.0)
    y = chain(x, 1_000_000)
    y.backward()
    assert x.grad.item() == 1.0


def test_a_node_of_a_long_chain_holds_less_than_a_kilobyte() -> None:
    x = leaf(2.0)
    per_node = [allocated(lambda n=n: chain(x, n))[0] / n for n in (1_000, 10_000)]
    assert max(per_node) <= KILOBYTE
    assert per_node[1] <= 1.1 * per_node[0]  # and no more in a longer one


def test_work_grows_with_the_nodes_however_many_paths_there_are() -> None:
    counts = []
    for levels in (20, 40, 80):
        x = y = leaf(1.0)
        for _ in range(levels):
            y = y + y
        seen = Counter[str]()
        with observe(
            lambda kernel, args, params, result, seen=seen: seen.update([kernel.name])
        ):
            y.backward()
        assert x.grad.item() == 2.0**levels
        counts.append(seen.total())
    assert [b - a for a, b in itertools.pairwise(counts)] == [20, 40]


# ---- nothing left behind --------------------------------------------------------------------
def living() -> int:
    return sum(issubclass(type(o), Tensor) for o in gc.get_objects())


@pytest.mark.parametrize("steps", [200, pytest.param(10_000, marks=pytest.mark.slow)])
def test_training_leaves_nothing_alive_without_the_collector(steps: int) -> None:
    w, b = leaf(np.ones((3, 3))), leaf(np.zeros(3))
    optimizer, x = fg.optim.Adam([w, b], lr=1e-3), np.ones((2, 3))

    def step() -> None:
        optimizer.zero_grad()
        h = fg.tanh(x @ w + b).retain_grad()
        (fg.checkpoint(fg.softmax)(h) * h).sum().backward()
        optimizer.step()
        fg.hvp(lambda v: (fg.tanh(v) ** 2).sum(), w, w)

    step()
    with without_collector():
        before = living()
        for _ in range(steps):
            step()
        assert living() == before
        assert gc.collect() == 0  # no cycle waits for the collector either


def test_a_graph_that_failed_on_its_way_back_is_let_go_of() -> None:
    x = leaf([1.0, 2.0])

    def fail(g: Any) -> None:
        raise KeyError

    with without_collector():
        before = living()
        y = (fg.sin(x) * 2.0).sum()
        x.register_hook(fail)
        with pytest.raises(KeyError):
            y.backward()
        del y
        gc.collect()  # the traceback held frames
        assert living() == before and x.grad is None


# ---- dead and shared parts ------------------------------------------------------------------
def test_a_dead_branch_costs_nothing_on_the_way_back() -> None:
    x = leaf([1.0, 2.0])
    dead = fg.exp(x) * 3.0
    names = []
    with observe(lambda kernel, args, params, result: names.append(kernel.name)):
        (x * x).sum().backward()
    assert "exp_vjp_x" not in names and dead.requires_grad


def test_a_part_used_by_two_losses_goes_back_with_each() -> None:
    x = leaf([1.0, 2.0])
    shared = fg.exp(x)
    one, other = shared.sum(), (shared * shared).sum()
    one.backward(retain_graph=True)
    other.backward()
    e = np.exp([1.0, 2.0])
    assert np.allclose(x.grad, e + 2 * e * e, rtol=1e-15)


# ---- memory foretold ------------------------------------------------------------------------
NETWORKS: dict[str, Callable[[Any, Any], Any]] = {
    "a deep network": lambda x, w: fg.tanh(fg.tanh(fg.tanh(x @ w) @ w) @ w),
    "values that are shared": lambda x, w: (h := fg.exp(x @ w)) * h + h,
    "views of one array": lambda x, w: fg.sin((x @ w).T.reshape(-1)) * 2.0,
    "what saves nothing": lambda x, w: (x + w) * 2.0 - x,
    "a normalised layer": lambda x, w: fg.softmax((x @ w - fg.mean(x @ w)) / fg.std(x @ w)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_bytes_that_a_graph_holds_are_foretold(name: str) -> None:
    x, w = leaf(np.ones((300, 300))), leaf(np.full((300, 300), 1e-3))
    NETWORKS[name](x, w)  # whatever a first call sets up
    held, y = allocated(lambda: NETWORKS[name](x, w))
    nodes, _ = collect([y.node])
    own = 0 if any(s is y.data for n in nodes for s in n.saved or ()) else y.data.nbytes
    assert held == pytest.approx(fg.saved_bytes(y) + own, rel=0.02)


def test_a_checkpoint_costs_one_more_forward() -> None:
    x, w = leaf(np.ones((30, 30))), leaf(np.full((30, 30), 1e-2))

    def block(h: Any) -> Any:
        return fg.tanh(h @ w)

    def kernels_of(wrap: Callable[..., Any]) -> Counter[str]:
        seen = Counter[str]()
        with observe(lambda kernel, args, params, result: seen.update([kernel.name])):
            wrap(block)(wrap(block)(x)).sum().backward()
        return seen

    extra = kernels_of(fg.checkpoint) - kernels_of(lambda f: f)
    assert extra == Counter(tanh=2, matmul=2)

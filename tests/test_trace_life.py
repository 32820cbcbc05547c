"""`fg.trace`: when it looks on, when it does not, and that nothing of it stays behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.engine.mode import MODE
from fusegrad.microscope import Trace, trace
from fusegrad.nn import hooks
from fusegrad.optim import watchers
from tests.ops_sample import refused
from tests.trace_sample import agrees, grad_of, leaf, same, values

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


# ---- beginning and end ----------------------------------------------------------------------
def test_it_looks_on_in_its_block_alone() -> None:
    x = leaf([1.0, 2.0], "x")
    optimizer = optim.SGD([x], lr=0.1)
    once(x)
    optimizer.step()
    with trace(graphs=5) as seen:
        assert not is_off()
        once(x)
        optimizer.step()
    once(x)
    optimizer.step()
    assert len(seen.passes) == 1 and seen.parameter("x").t == [2]


def test_ops_cost_no_more_after_the_last_pass() -> None:
    x = leaf([1.0, 2.0], "x")
    with trace() as seen:
        once(x)
        assert MODE.watcher is not None
        fg.exp(x)  # by which the pass has ended
        assert MODE.usual and MODE.watcher is None
        once(x)
    assert len(seen.passes) == 1


def test_without_passes_ops_are_not_looked_at() -> None:
    x = leaf([1.0, 2.0], "x")
    with trace(graphs=0) as seen:
        assert MODE.usual
        once(x)
    assert seen.passes == [] and repr(seen) == (
        "Trace(0 parameters, 0 elements; 0 passes of 0 ops)"
    )


def test_passes_are_chosen_by_number() -> None:
    x = leaf([1.0, 2.0], "x")
    with trace(graphs=(3, 1)) as seen:
        for k in range(6):
            x.grad = None
            (x * float(k)).sum().backward()
    assert [one.number for one in seen.passes] == [1, 3]
    assert grad_of(seen.passes[1], "x").tolist() == [3.0, 3.0]


def test_an_error_ends_it_and_what_was_seen_stays() -> None:
    x, kept = leaf([1.0, 2.0], "x"), []
    net = nn.Sequential(nn.Tanh())
    net.register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError), trace(follow={"never": [0]}) as seen:
        kept.append(seen)
        once(x)
        net(x)
    assert len(kept[0].passes) == 1


def test_a_module_that_fails_is_left_again() -> None:
    class Fails(nn.Module):
        def forward(self, x: Any) -> Any:
            raise KeyError

    x, tanh, fails = leaf([1.0, 2.0], "x"), nn.Tanh(), Fails()
    with trace() as seen:
        with pytest.raises(KeyError):
            nn.Sequential(tanh, fails)(x)
        nn.Sigmoid()(x).sum().backward()
    assert [op.scope for op in seen.passes[0].ops[-2:]] == [("Sigmoid",), ()]


def test_a_watcher_of_modules_that_refuses_leaves_the_others_whole() -> None:
    class Notes:
        open = 0

        def begins(self, module: Any) -> None:
            self.open += 1

        def ended(self, module: Any) -> None:
            self.open -= 1

    class Refuses(Notes):
        def begins(self, module: Any) -> None:
            raise KeyError

    notes = Notes()
    with (
        hooks.watching_modules(notes),
        hooks.watching_modules(Refuses()),
        pytest.raises(KeyError),
    ):
        nn.Tanh()(leaf([1.0]))
    assert notes.open == 0


def test_generators_may_end_in_any_order() -> None:
    def recording() -> Iterator[Trace]:
        with trace() as seen:
            yield seen

    x = leaf([1.0, 2.0], "x")
    for order in ((0, 1), (1, 0)):
        runs = [recording(), recording()]
        records = [next(run) for run in runs]
        runs[order[0]].close()
        once(x)
        runs[order[1]].close()
        assert [len(records[k].passes) for k in order] == [0, 1]
        assert is_off()


def test_it_may_begin_inside_a_module() -> None:
    class Looks(nn.Module):
        def __init__(self) -> None:
            self.inner = nn.Linear(2, 1, rng=RNG(0))

        def forward(self, x: Any) -> Any:
            with trace() as self.seen:
                self.inner(x).sum().backward()
            return self.inner(x)

    net = Looks()
    net(fg.Tensor(np.ones((1, 2), np.float32)))
    assert [op.scope for op in net.seen.passes[0].ops] == [("Linear",), ()]


# ---- beside others --------------------------------------------------------------------------
def test_recordings_nest_and_each_sees_everything() -> None:
    x = leaf([1.0, 2.0], "x")
    optimizer = optim.SGD([x], lr=0.1)
    with trace(graphs=3) as outer:
        once(x)
        optimizer.step()
        with trace() as inner:
            for _ in range(2):
                optimizer.zero_grad()
                once(x)
                optimizer.step()
        optimizer.zero_grad()
        once(x)
    assert [len(seen.passes) for seen in (outer, inner)] == [3, 1]
    assert inner.parameter("x").t == [2, 3] and outer.parameter("x").t == [1, 2, 3]
    assert same(grad_of(outer.passes[1], "x"), grad_of(inner.passes[0], "x"))


def test_inside_detect_anomaly_both_look_on() -> None:
    x = leaf([4.0, 0.0], "x")
    found = pytest.raises(fg.NonFiniteError, match=r"^backward of sqrt \(test_trace_life")
    with fg.detect_anomaly(), trace() as seen:
        with found:
            (fg.sqrt(x) * 3.0).sum().backward()
        with pytest.raises(fg.NonFiniteError, match=r"^log "):
            fg.log(x)
    assert np.isinf(values(seen.passes[0].pulls[-1].contribution)[1])
    assert [op.op for op in seen.passes[0].ops] == ["sqrt", "multiply", "sum"]


IN_BETWEEN = (
    "trace: expected to see every op of its block, got detect_anomaly in it; "
    "put trace inside of detect_anomaly"
)


def test_detect_anomaly_inside_would_hide_ops_and_is_refused() -> None:
    x, net = leaf([1.0, 2.0], "x"), nn.Tanh()
    optimizer = optim.SGD([x], lr=0.1)
    with trace(), fg.detect_anomaly(), refused(fg.OptionError, IN_BETWEEN):
        net(x)
    x.grad = fg.Tensor([1.0, 1.0])
    with trace(), fg.detect_anomaly(), refused(fg.OptionError, IN_BETWEEN):
        optimizer.step()
    with trace(graphs=0) as seen, fg.detect_anomaly():
        optimizer.step()
    assert seen.parameter("x").t == [1]


def steps_alone(p: fg.Tensor) -> None:
    optimizer, net = optim.Adam([p]), nn.Sequential(nn.Linear(3, 3, rng=RNG(0)), nn.Tanh())
    for k in range(50):
        net(fg.Tensor(np.ones((1, 3), np.float32)))
        p.grad = fg.Tensor(np.full(3, k * 1.0))
        optimizer.step()


def test_threads_keep_their_steps_apart() -> None:
    x, y, z = (leaf(np.ones(3), name) for name in "xyz")
    with trace() as seen:
        threads = [threading.Thread(target=steps_alone, args=(p,)) for p in (x, y)]
        for thread in threads:
            thread.start()
        h = nn.Sequential(nn.Tanh(), nn.Tanh())(z)
        for thread in threads:
            thread.join()
        (h * z).sum().backward()
    assert seen.check() == (100, 100) and {log.name for log in seen.followed} == {"x", "y"}
    (one,) = seen.passes
    assert [op.scope for op in one.ops[:2]] == [("Sequential", "0"), ("Sequential", "1")]
    agrees(one, [z])

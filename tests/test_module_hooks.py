"""Hooks of modules: what goes in and comes out, forward and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from tests.ops_sample import leaf

RNG = np.random.default_rng


def test_a_forward_hook_sees_and_may_replace_the_output() -> None:
    layer, seen = nn.ReLU(), []
    remove = layer.register_forward_hook(
        lambda m, args, y: seen.append((m, args[0], y.sum().item()))
    )
    double = layer.register_forward_hook(lambda m, args, y: y * 2.0)
    x = fg.Tensor([-1.0, 3.0])
    assert layer(x).numpy().tolist() == [0, 6]
    assert seen == [(layer, x, 3.0)]
    remove()
    double()
    assert layer(x).numpy().tolist() == [0, 3] and len(seen) == 1


def test_a_pre_hook_sees_and_may_replace_the_arguments() -> None:
    layer = nn.ReLU()
    layer.register_forward_pre_hook(lambda m, args: -args[0])
    layer.register_forward_pre_hook(lambda m, args: None)
    assert layer(fg.Tensor([-1.0, 3.0])).numpy().tolist() == [1, 0]


def test_a_backward_hook_sees_the_gradients_of_output_and_inputs() -> None:
    net = nn.Sequential(nn.Linear(2, 3, rng=RNG(0)), nn.Tanh(), nn.Linear(3, 1, rng=RNG(1)))
    seen: dict[str, Any] = {}
    tanh = list(net.modules())[2]
    tanh.register_full_backward_hook(lambda m, gx, gy: seen.update(m=m, gx=gx, gy=gy))
    x = leaf(np.ones((4, 2)), np.float32)
    y = net(x)
    y.sum().backward()
    assert seen["m"] is tanh and len(seen["gx"]) == 1
    h = np.asarray(list(net.modules())[1](x.detach()))
    expected = seen["gy"].numpy() * (1 - np.tanh(h) ** 2)
    assert np.allclose(seen["gx"][0], expected, rtol=1e-6)
    before = x.grad.numpy()
    x.grad = None
    net.zero_grad()
    net(x).sum().backward()
    assert np.array_equal(before, x.grad)  # to look changes nothing


def test_an_input_used_elsewhere_shows_the_share_of_the_module_alone() -> None:
    layer, seen = nn.ReLU(), []
    layer.register_full_backward_hook(lambda m, gx, gy: seen.append((gx[0].item(), gy.item())))
    x = leaf(2.0)
    (layer(x) * 3.0 + x * 10.0).backward()
    assert seen == [(3.0, 3.0)] and x.grad.item() == 13.0


def test_without_inputs_that_need_a_gradient_the_output_alone_is_seen() -> None:
    layer, seen = nn.Linear(2, 1, rng=RNG(0)), []
    layer.register_full_backward_hook(lambda m, gx, gy: seen.append((gx, gy.shape)))
    layer(np.ones((3, 2), np.float32)).sum().backward()
    assert seen == [((None,), (3, 1))]


@pytest.mark.parametrize("kind", ["forward", "forward_pre", "full_backward"])
def test_hooks_are_no_part_of_the_state(kind: str) -> None:
    layer = nn.Linear(2, 1, rng=RNG(0))
    names = list(layer.state_dict())
    getattr(layer, f"register_{kind}_hook")(nn.ReLU())
    assert list(layer.state_dict()) == names and len(list(layer.modules())) == 1

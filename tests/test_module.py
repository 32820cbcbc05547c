"""Modules: what they hold, between dtypes, as states, as functions; containers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.engine import Tensor


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


class Counting(nn.Module):
    """Holds one of everything."""

    def __init__(self) -> None:
        self.inner = nn.Linear(2, 2, rng=rng())
        self.scale = nn.Parameter(np.ones(2, np.float32))
        self.mean = nn.Buffer(np.zeros(2, np.float32))
        self.count = nn.Buffer(np.array(0))
        self.table = nn.Buffer(np.arange(2.0, dtype=np.float32), persistent=False)

    def forward(self, x: Any) -> Any:
        return self.inner(x) * self.scale + self.mean + self.table


def test_parameters_and_buffers_are_told_apart() -> None:
    net = Counting()
    assert [n for n, _ in net.named_parameters()] == ["scale", "inner.weight", "inner.bias"]
    assert [n for n, _ in net.named_buffers()] == ["mean", "count", "table"]
    assert list(net.state_dict()) == ["scale", "mean", "count", "inner.weight", "inner.bias"]
    assert not any(b.requires_grad for b in net.buffers())
    assert next(net.named_parameters("net"))[0] == "net.scale"


def test_to_a_dtype_moves_floats_their_gradients_and_no_whole_numbers() -> None:
    net = Counting()
    net(np.ones((1, 2), np.float32)).sum().backward()
    assert net.to(np.float64) is net
    assert {p.dtype for p in net.parameters()} == {np.dtype(np.float64)}
    assert net.scale.grad is not None and net.scale.grad.dtype == np.float64
    assert net.mean.dtype == np.float64 and net.count.dtype == np.int64
    assert net(np.ones((1, 2))).dtype == np.float64
    assert net.to("cpu", "float32").scale.dtype == np.float32


def test_what_moved_is_locked_and_stale_graphs_refuse() -> None:
    net = Counting()
    y = (net.scale * net.scale).sum()
    net.to(np.float64)
    with pytest.raises(ValueError, match="read-only"):
        net.scale.data[0] = 3
    with pytest.raises(fg.GraphError, match="the value of a leaf"):
        y.backward()


def test_to_what_is_there_changes_nothing() -> None:
    net = Counting()
    held = [p.data for p in net.parameters()]
    net.to("cpu", np.float32)
    assert all(a is p.data for a, p in zip(held, net.parameters()))


def test_an_optimizer_goes_on_after_a_move() -> None:
    net = Counting()
    adam = optim.Adam(net.parameters(), lr=0.1)
    for dtype in (np.float32, np.float64):
        net.to(dtype).zero_grad()
        net(np.ones((1, 2), dtype)).sum().backward()
        adam.step()
    assert net.scale.dtype == np.float64 and np.all(net.scale.numpy() != 1)


def test_apply_visits_children_first() -> None:
    seen: list[str] = []
    net = nn.Sequential(nn.Tanh(), nn.Sequential(nn.ReLU()))
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen == ["Tanh", "ReLU", "Sequential", "Sequential"]


def test_a_part_that_is_not_to_learn_does_not() -> None:
    net = Counting()
    net.inner.requires_grad_(False)
    assert net.count_parameters() == 2
    net(np.ones((1, 2), np.float32)).sum().backward()
    assert net.inner.weight.grad is None and net.scale.grad is not None


def test_a_load_that_is_not_strict_takes_what_fits_and_names_the_rest() -> None:
    net = Counting()
    keys = net.load_state_dict({"scale": [3.0, 4.0], "other": 1}, strict=False)
    assert keys.unexpected_keys == ["other"] and keys == (keys.missing_keys, ["other"])
    assert keys.missing_keys == ["count", "inner.bias", "inner.weight", "mean"]
    assert net.scale.numpy().tolist() == [3.0, 4.0]


def test_a_shape_that_does_not_fit_changes_nothing_even_if_not_strict() -> None:
    net = Counting()
    with pytest.raises(fg.ShapeError, match=r"mean: \(3,\) for \(2,\)"):
        net.load_state_dict({"scale": [3.0, 4.0], "mean": np.zeros(3)}, strict=False)
    assert net.scale.numpy().tolist() == [1.0, 1.0]


def test_a_state_takes_tensors_and_keeps_the_dtype_of_the_module() -> None:
    net = Counting()
    net.load_state_dict({"mean": Tensor([1.0, 2.0]), "count": np.float32(4)}, strict=False)
    assert net.mean.dtype == np.float32 and net.mean.numpy().tolist() == [1, 2]
    assert net.count.dtype == np.int64 and net.count.item() == 4


def test_what_is_tied_stands_under_both_names_and_loads_back_tied() -> None:
    first = nn.Linear(2, 2, rng=rng())
    net = nn.Sequential(first, nn.Sequential(first))
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    assert len(list(net.parameters())) == 2
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    net.load_state_dict({k: v + 1 for k, v in net.state_dict().items()})
    assert net[0].weight is net[1][0].weight


def test_a_module_that_holds_itself_is_walked_once() -> None:
    net = Counting()
    net.me = net
    assert [n for n, _ in net.named_modules()] == ["", "inner"]
    assert len(net.state_dict()) == 5


def test_functional_call_differentiates_through_parameters_and_puts_them_back() -> None:
    net = nn.Sequential(nn.Linear(3, 2, rng=rng()), nn.Tanh()).to(np.float64)
    x, weight = rng().standard_normal((4, 3)), net[0].weight
    w, b = weight.numpy().copy(), net[0].bias.numpy().copy()

    def loss(w: Any) -> Any:
        return nn.functional_call(net, {"0.weight": w}, x).sum()

    got = fg.grad(loss)(w).numpy()
    y = np.tanh(x @ w.T + b)
    assert np.allclose(got, (1 - y * y).T @ x, rtol=1e-12)
    assert net[0].weight is weight and weight.grad is None
    with pytest.raises(fg.ShapeError):
        nn.functional_call(net, {"0.weight": w}, np.ones((4, 5)))
    assert net[0].weight is weight


def test_functional_call_reaches_what_is_held_in_lists_and_twice() -> None:
    layer = nn.Linear(2, 2, rng=rng()).to(np.float64)
    net = nn.Sequential(layer, layer)
    zero = {"0.weight": np.zeros((2, 2)), "0.bias": np.array([1.0, 2.0])}
    assert nn.functional_call(net, zero, np.ones((1, 2))).numpy().tolist() == [[1, 2]]


# ---- containers -----------------------------------------------------------------------------
def test_a_sequential_is_a_list_of_layers() -> None:
    net = nn.Sequential({"one": nn.Tanh(), "two": nn.ReLU()})
    assert [n for n, _ in net.named_children()] == ["one", "two"]
    assert [type(m) for m in net] == [nn.Tanh, nn.ReLU] and isinstance(net[-1], nn.ReLU)
    part = net[:1]
    assert isinstance(part, nn.Sequential) and len(part) == 1 and part[0] is net[0]


def test_an_error_in_a_sequential_notes_the_layer() -> None:
    net = nn.Sequential(nn.Tanh(), nn.Sequential(nn.Linear(2, 3, rng=rng())))
    with pytest.raises(fg.ShapeError) as caught:
        net(np.ones((1, 5), np.float32))
    assert caught.value.__notes__ == ["in layer 0: Linear", "in layer 1: Sequential"]


def test_lists_grow_and_dicts_change() -> None:
    layers = nn.ModuleList([nn.Tanh()]).append(nn.ReLU()).extend([nn.GELU()])
    assert [n for n, _ in layers.named_children()] == ["0", "1", "2"]
    assert isinstance(layers[1:], nn.ModuleList) and isinstance(layers[1:][0], nn.ReLU)
    named = nn.ModuleDict({"a": nn.Tanh()})
    named["b"] = nn.ReLU()
    named["a"] = nn.GELU()
    assert named.keys() == ["a", "b"] and "b" in named and len(named) == 2
    assert isinstance(named["a"], nn.GELU) and list(named) == ["a", "b"]
    assert [type(m) for m in named.values()] == [nn.GELU, nn.ReLU]
    del named["a"]
    assert [name for name, _ in named.items()] == ["b"]


def test_a_parameter_list_makes_parameters_of_arrays() -> None:
    p = nn.Parameter(np.ones(2))
    held = nn.ParameterList([p, np.zeros(3)])
    assert held[0] is p and isinstance(held[1], nn.Parameter) and len(held) == 2
    assert [n for n, _ in held.named_parameters()] == ["0", "1"]


def test_a_residual_adds() -> None:
    inner = nn.Linear(2, 2, rng=rng()).to(np.float64)
    x = rng().standard_normal((3, 2))
    assert np.array_equal(nn.Residual(inner)(Tensor(x)).numpy(), x + inner(x).numpy())

"""Modules, layers, losses, initialisers and checkpoints."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import SafetensorError

import fusegrad as fg
from fusegrad import nn


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def double(module: nn.Module) -> nn.Module:
    """The module in float64, where differences prove something."""
    for p in module.parameters():
        p.data = p.data.astype(np.float64)
    return module


class Tied(nn.Module):
    """Two layers that share one weight, held in a list and a dict."""

    def __init__(self) -> None:
        first = nn.Linear(3, 3, rng=rng())
        second = nn.Linear(3, 3, rng=rng())
        second.weight = first.weight
        self.layers, self.by_name = [first], {"second": second}

    def forward(self, x: Any) -> Any:
        return self.by_name["second"](self.layers[0](x))


def test_linear_is_its_formula_and_its_gradients_hold() -> None:
    layer = double(nn.Linear(4, 3, rng=rng()))
    x = rng().standard_normal((2, 5, 4))
    w, b = layer.weight.numpy(), layer.bias.numpy()
    want = np.einsum("bti,oi->bto", x, w) + b
    assert np.allclose(layer(x).numpy(), want, rtol=1e-14)

    def as_function(x: Any, weight: Any, bias: Any) -> Any:
        return nn.functional_call(layer, {"weight": weight, "bias": bias}, x)

    fg.gradcheck(as_function, x, w, b, order=2)


def test_linear_draws_as_stated_and_without_bias() -> None:
    layer = nn.Linear(100, 200, bias=False, rng=rng())
    assert layer.bias is None and layer.weight.dtype == np.float32
    assert np.abs(layer.weight.numpy()).max() <= 0.1
    assert layer.weight.numpy().std() == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    again = nn.Linear(100, 200, bias=False, rng=rng())
    assert np.array_equal(layer.weight.numpy(), again.weight.numpy())


BAGS = np.array([0, 2, 2, 3, 1, 0, 4]), np.array([0, 3, 3, 7])  # the second and last are empty


@pytest.mark.parametrize("mode", ["sum", "mean"])
def test_embedding_bag_is_a_loop_over_bags(mode: str) -> None:
    bag = double(nn.EmbeddingBag(5, 3, mode, rng=rng()))
    indices, offsets = BAGS
    w, ends = bag.weight.numpy(), [*offsets[1:], len(indices)]
    for row, (a, b) in enumerate(zip(offsets, ends, strict=True)):
        rows = [w[i] for i in indices[a:b]]
        total = sum(rows, np.zeros(3))
        want = total / max(len(rows), 1) if mode == "mean" else total
        assert np.allclose(bag(indices, offsets).numpy()[row], want, rtol=1e-14)

    def as_function(weight: Any) -> Any:
        return nn.functional_call(bag, {"weight": weight}, indices, offsets)

    fg.gradcheck(as_function, w, order=2)


@pytest.mark.parametrize("name", ["ReLU", "Tanh", "Sigmoid", "Softplus", "GELU", "SiLU"])
def test_an_activation_is_the_op_of_its_name(name: str) -> None:
    x = rng().standard_normal((3, 4))
    layer, op = getattr(nn, name)(), getattr(fg, name.lower())
    assert np.array_equal(layer(fg.Tensor(x)).numpy(), op(x))
    assert repr(layer).startswith(f"{name}(")


def test_losses_are_their_formulas() -> None:
    logits, labels = rng().standard_normal((4, 3)), np.array([0, 2, 1, 1])
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    want = -np.log(p[np.arange(4), labels])
    for reduction, value in (("mean", want.mean()), ("sum", want.sum()), ("none", want)):
        got = nn.CrossEntropyLoss(reduction=reduction)(fg.Tensor(logits), labels)
        assert np.allclose(got.numpy(), value, rtol=1e-13)
    mse = nn.MSELoss()(fg.Tensor(logits), p)
    assert float(mse) == pytest.approx(((logits - p) ** 2).mean(), rel=1e-14)
    with pytest.raises(
        fg.ShapeError,
        match=r"MSELoss: expected a target of shape \(4, 3\), got "
        r"\(4,\); reshape one of them",
    ):
        nn.MSELoss()(fg.Tensor(logits), want)


def test_shared_parameters_count_once_wherever_they_are_held() -> None:
    module = Tied()
    assert [n for n, _ in module.named_parameters()] == [
        "layers.0.weight",
        "layers.0.bias",
        "by_name.second.bias",
    ]
    assert module.count_parameters() == 9 + 3 + 3
    module(np.ones((1, 3), np.float32)).sum().backward()
    assert module.layers[0].weight.grad is not None
    module.zero_grad()
    assert module.layers[0].weight.grad is None


def test_modes_reach_every_module() -> None:
    net = nn.Sequential(nn.Linear(2, 2, rng=rng()), nn.Sequential(nn.Dropout(rng=rng())))
    net.eval()
    assert not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    assert len(net) == 2 and isinstance(net[0], nn.Linear)


def test_repr_shows_the_tree() -> None:
    net = nn.Sequential(nn.Linear(2, 3, rng=rng()), nn.ReLU())
    assert repr(net) == "Sequential(\n  (0): Linear(2, 3, bias=True)\n  (1): ReLU()\n)"


def test_state_goes_to_disk_and_back(tmp_path: Path) -> None:
    net, other = (nn.Linear(3, 2, rng=np.random.default_rng(s)) for s in (1, 2))
    nn.save(net.state_dict(), tmp_path / "net.safetensors")
    other.load_state_dict(nn.load(tmp_path / "net.safetensors"))
    assert np.array_equal(net.weight.numpy(), other.weight.numpy())
    assert os.listdir(tmp_path) == ["net.safetensors"]


def test_a_saved_file_may_be_read_by_whom_other_files_may(tmp_path: Path) -> None:
    nn.save({"x": np.ones(2)}, tmp_path / "net")
    (tmp_path / "other").write_bytes(b"")
    modes = {(tmp_path / name).stat().st_mode for name in ("net", "other")}
    assert len(modes) == 1


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    nn.save({"x": np.ones(2)}, path)
    with pytest.raises(SafetensorError, match="Unknown dtype"):
        nn.save({"x": np.ones(2, np.longdouble)}, path)
    assert np.array_equal(nn.load(path)["x"], np.ones(2)) and len(os.listdir(tmp_path)) == 1


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing() -> None:
    net = nn.Linear(3, 2, rng=rng())
    before = net.state_dict()
    with pytest.raises(
        fg.OptionError,
        match=r"load_state_dict: expected the names of this "
        r"module, got missing \['bias'\], unexpected \['beta'\]; load the state "
        r"of the same architecture",
    ):
        net.load_state_dict({"weight": np.zeros((2, 3)), "beta": np.zeros(2)})
    with pytest.raises(
        fg.ShapeError, match=r"got weight: \(3, 2\) for \(2, 3\); load the state"
    ):
        net.load_state_dict({"weight": np.zeros((3, 2)), "bias": np.zeros(2)})
    assert all(np.array_equal(before[k], v) for k, v in net.state_dict().items())


REFUSED = [
    (
        lambda: nn.Linear(3, 2, rng=rng())(np.ones((4, 5))),
        fg.ShapeError,
        r"Linear: expected x of shape \(\.\.\., 3\), got \(4, 5\); reshape x, or build Linear",
    ),
    (lambda: nn.Module()(1), fg.OptionError, "Module: expected a forward method, got none"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_wrong_use_says_what_where_and_the_repair(call: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        call()

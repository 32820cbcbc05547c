"""What a summary says, held against counts by hand and against memory really taken."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor

pytestmark = pytest.mark.usefixtures("memory_of_its_size")
WITHIN = 0.02  # of what a step holds


def rng() -> np.random.Generator:
    return np.random.default_rng(5)


def mlp() -> nn.Module:
    inner = nn.Sequential(nn.Linear(300, 300, rng=rng()), nn.ReLU(), nn.Dropout(0.5, rng=rng()))
    first, last = nn.Linear(784, 300, rng=rng()), nn.Linear(300, 10, rng=rng())
    return nn.Sequential(first, nn.Tanh(), nn.Residual(inner), last)


def held_by(net: nn.Module, *inputs: Any) -> int:
    """The bytes that a forward pass takes and keeps, without its output."""
    net(*inputs)  # whatever is made once, is made now
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        y = net(*inputs)
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    return int(kept - y.data.nbytes)


def test_predicted_bytes_are_those_that_a_step_holds() -> None:
    net, x = mlp(), rng().standard_normal((256, 784)).astype(np.float32)
    assert net.summary(x).saved_bytes == pytest.approx(held_by(net, x), rel=WITHIN)
    assert net.summary(x).saved_bytes == fg.saved_bytes(net(x))
    assert net.summary((256, 784)).saved_bytes == net.summary(x).saved_bytes


def test_columns_are_counts_by_hand_and_add_up() -> None:
    found = mlp().summary((4, 784))
    rows = {row.name: row for row in found.rows}
    assert list(rows) == [
        "",
        "0",
        "1",
        "2",
        "2.inner",
        "2.inner.0",
        "2.inner.1",
        "2.inner.2",
        "3",
    ]
    assert rows["0"].parameters == 784 * 300 + 300
    assert rows["0"].multiply_adds == 4 * 784 * 300 and rows["3"].multiply_adds == 4 * 300 * 10
    assert (rows["3"].input, rows["3"].output) == ("(4, 300)", "(4, 10)")
    assert found.parameters == mlp().count_parameters() == found.trainable
    assert found.multiply_adds == 4 * (784 * 300 + 300 * 300 + 300 * 10)


def test_what_is_shared_counts_once_and_what_runs_twice_is_marked() -> None:
    layer = nn.Linear(3, 3, rng=rng())
    found = nn.Sequential(layer, nn.Tanh(), layer).summary((2, 3))
    assert [row.parameters for row in found.rows] == [0, 12, 0]
    assert found.rows[1].calls == 2 and found.rows[1].multiply_adds == 2 * 2 * 9
    assert "0: Linear x2" in str(found)


def test_a_summary_leaves_everything_as_it_was() -> None:
    net = mlp()
    draws = net[2].inner[2].rng.bit_generator.state
    state = net.state_dict()
    net.summary((4, 784))
    assert net[2].inner[2].rng.bit_generator.state == draws
    assert all(np.array_equal(v, net.state_dict()[k]) for k, v in state.items())
    assert all(not (m.hooks and (m.hooks.before or m.hooks.after)) for m in net.modules())
    with pytest.raises(fg.ShapeError):
        net.summary((4, 5))
    assert all(not (m.hooks and (m.hooks.before or m.hooks.after)) for m in net.modules())


def test_a_summary_shortens_no_words() -> None:
    words = nn.Embedding(3, 4, max_norm=0.1, rng=rng())
    before = words.state_dict()
    words.summary(np.array([0, 2]))
    assert np.array_equal(words.weight.numpy(), before["weight"])


def test_a_transposed_convolution_of_an_array_counts_each_product() -> None:
    net = nn.ConvTranspose1d(2, 3, 4, rng=rng())
    for x in (np.ones((5, 2, 6), np.float32), Tensor(np.ones((5, 2, 6), np.float32))):
        assert net.summary(x).rows[0].multiply_adds == 5 * 2 * 6 * 3 * 4


def test_in_no_grad_and_inside_anomaly_detection_it_says_the_same() -> None:
    net = mlp()
    usual = str(net.summary((4, 784)))
    with fg.no_grad(), fg.detect_anomaly():
        assert str(net.summary((4, 784))) == usual


def test_frozen_parts_are_named_and_hold_less() -> None:
    net = mlp()
    whole = net.summary((4, 784))
    net[0].requires_grad_(False)
    part = net.summary((4, 784))
    assert f"{part.trainable:,} of them trainable" in str(part)
    assert part.trainable == whole.trainable - 784 * 300 - 300
    assert part.saved_bytes < whole.saved_bytes


class Own(nn.Module):
    """Ops of its own, several inputs, several outputs."""

    def __init__(self) -> None:
        self.w = nn.Parameter(np.ones((3, 3), np.float32))

    def forward(self, x: Any, factor: Any = 1.0) -> Any:
        y = x @ self.w
        return {"y": y * factor, "z": (fg.exp(y), None)}


def test_ops_outside_every_layer_belong_to_the_module_that_runs_them() -> None:
    found = Own().summary(Tensor(np.ones((2, 3), np.float32)), factor=2.0)
    (row,) = found.rows
    assert row.multiply_adds == 18 and row.output == "(2, 3)"
    # x, that exp saved its output; y * 2.0 saves nothing
    assert row.saved_bytes == 2 * 24


def test_the_table_for_notebooks_holds_the_same_cells() -> None:
    found = mlp().summary((4, 784))
    page = found._repr_html_()
    assert page.count("<tr>") == len(found.rows) + 1 and "235,500" in page
    assert found.total in page and "<script" not in page


def test_indices_of_rows_looked_up_are_held_too() -> None:
    embed, x = nn.Embedding(50, 4, rng=rng()), np.arange(40).reshape(20, 2)
    assert embed.summary(x).saved_bytes == fg.saved_bytes(embed(x)) == x.nbytes


@pytest.mark.parametrize("name", ["conv", "lstm", "transformer", "words"])
def test_predicted_bytes_hold_for_every_kind_of_network(name: str) -> None:
    net, x = KINDS[name]()
    assert net.summary(x).saved_bytes == pytest.approx(held_by(net, x), rel=WITHIN)


def conv() -> tuple[nn.Module, Any]:
    layers = (nn.Conv2d(1, 8, 3, rng=rng()), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2))
    last = nn.Linear(8 * 13 * 13, 10, rng=rng())
    x = rng().standard_normal((64, 1, 28, 28)).astype(np.float32)
    return nn.Sequential(*layers, nn.Flatten(), last), x


class Summed(nn.Module):
    """The sum over time of what a recurrent layer says."""

    def __init__(self) -> None:
        self.lstm = nn.LSTM(64, 64, rng=rng())

    def forward(self, x: Any) -> Any:
        return self.lstm(x)[0].sum(0)


def lstm() -> tuple[nn.Module, Any]:
    return Summed(), rng().standard_normal((10, 512, 64)).astype(np.float32)


def transformer() -> tuple[nn.Module, Any]:
    layer = nn.TransformerEncoderLayer(64, 4, 256, batch_first=True, rng=rng())
    return layer, rng().standard_normal((16, 50, 64)).astype(np.float32)


def words() -> tuple[nn.Module, Any]:
    net = nn.Sequential(nn.Embedding(1000, 32, rng=rng()), nn.Linear(32, 8, rng=rng()))
    return net, rng().integers(0, 1000, (256, 40))


KINDS = {"conv": conv, "lstm": lstm, "transformer": transformer, "words": words}

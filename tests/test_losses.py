"""Losses: exact at extreme logits, and the identities that say what each is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn
from fusegrad.engine import Tensor
from tests.layer_cases import loss, margin
from tests.ops_sample import leaf
from tests.rows_sample import MP

FLOATS = (np.float32, np.float64)
LOGITS = [-1000.0, -90.0, -20.0, -3.0, -1e-3, 0.0, 0.5, 4.0, 30.0, 100.0, 1000.0]
ROWS = [[1000, 0, -1000], [-1000, -999.5, -1000], [80, 79, -1000], [1e-3, 0, 0], [20, -20, 5]]
ALL = {case.name: case for case in loss.CASES + margin.CASES}


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def exact(x: Any) -> Any:
    return MP.mpf(float(x))


def softplus(x: Any) -> Any:
    return MP.log1p(MP.exp(x))


def gradient(f: Callable[[Any], Any], x: Any) -> np.ndarray:
    return fg.grad(lambda x: fg.sum(f(x)))(x).numpy()


def same(got: Any, wanted: Any, ulps: float = 8) -> None:
    """Equal but for a few roundings of float64."""
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    assert got.shape == wanted.shape
    assert np.allclose(got, wanted, rtol=ulps * 2.3e-16, atol=ulps * 2.3e-16, equal_nan=True)


# ---- extreme logits -------------------------------------------------------------------------
BINARY: list[tuple[nn.Module, Callable[[Any, int], Any]]] = [
    (nn.BCEWithLogitsLoss(reduction="none"), lambda x, y: softplus(-x if y else x)),
    (nn.BCEWithLogitsLoss(reduction="none", pos_weight=[3.0]),
     lambda x, y: 3 * softplus(-x) if y else softplus(x)),
    (nn.SoftMarginLoss(reduction="none"), lambda x, y: softplus(-x if y else x)),
    (nn.BinaryFocalLoss(None, 1.5, reduction="none"),
     lambda x, y: softplus(-x if y else x) * MP.exp(-1.5 * softplus(x if y else -x))),
]  # fmt: skip


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("y", [0, 1])
@pytest.mark.parametrize(("layer", "wanted"), BINARY)
def test_a_logit_of_any_size_costs_no_digits(
    layer: Any, wanted: Any, y: int, dtype: Any
) -> None:
    """Relative to the number itself, however small: an exponent of 1000 takes its own share."""
    x = np.array(LOGITS, dtype)
    target = np.full(len(x), 2 * y - 1 if isinstance(layer, nn.SoftMarginLoss) else y)
    got, limits = layer(Tensor(x), target).numpy(), np.finfo(dtype)
    assert got.dtype == dtype
    for a, b in zip(got, (wanted(exact(v), y) for v in x)):
        steep = 1 + abs(float(MP.log(b)))  # exp turns the rounding of its argument into this
        assert abs(exact(a) - b) <= 4 * limits.eps * steep * b + limits.tiny
    assert np.isfinite(gradient(lambda x: layer(x, target), x)).all()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_cross_entropy_of_extreme_rows(smoothing: float, dtype: Any) -> None:
    layer = nn.CrossEntropyLoss(reduction="none", label_smoothing=smoothing)
    x, eps = np.array(ROWS, dtype), np.finfo(dtype).eps
    for label in range(3):
        got = layer(Tensor(x), np.full(len(x), label)).numpy()
        for a, row in zip(got, x):
            z = [*map(exact, row)]
            top = MP.log(sum(map(MP.exp, z)))
            wanted = top - (1 - smoothing) * z[label] - smoothing * sum(z) / 3
            assert abs(exact(a) - wanted) <= 4 * eps * max(1, wanted)
        assert np.isfinite(gradient(lambda x, k=label: layer(x, np.full(len(x), k)), x)).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_focal_loss_of_extreme_rows(dtype: Any) -> None:
    layer, x = nn.FocalLoss(reduction="none"), np.array(ROWS, dtype)
    for label in range(3):
        got = layer(Tensor(x), np.full(len(x), label)).numpy()
        for a, row in zip(got, x):
            e = [MP.exp(exact(v)) for v in row]
            rest = (sum(e) - e[label]) / sum(e)
            wanted = rest**2 * MP.log(sum(e) / e[label])
            assert abs(exact(a) - wanted) <= 8 * np.finfo(dtype).eps * max(1, wanted)
        assert np.isfinite(gradient(lambda x, k=label: layer(x, np.full(len(x), k)), x)).all()


# ---- what a reduction, a weight, a label left out is ----------------------------------------
REDUCED = [n.removesuffix("none") for n in ALL if n.endswith("reduction=none")]


@pytest.mark.parametrize("name", [n for n in REDUCED if {n + "sum", n + "mean"} <= ALL.keys()])
def test_a_reduction_is_of_what_none_gives(name: str) -> None:
    def reduced(how: str) -> Any:
        case = ALL[name + how]
        return np.asarray(case.call(case.layer(), *case.draw()))

    same(reduced("sum"), np.sum(reduced("none")), 40)
    if not any(word in name for word in ("CTC", "image", "empty")):  # whose means are others
        same(reduced("mean"), np.mean(reduced("none")), 40)


LABELS = (nn.CrossEntropyLoss, nn.NLLLoss, nn.FocalLoss)


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0]])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_label_left_out_is_a_row_left_out(kind: Any, weight: Any, reduction: str) -> None:
    x, labels = rng().standard_normal((6, 3)), np.array([0, -100, 2, 1, -100, 1])
    layer, kept = kind(weight, reduction=reduction), labels != -100
    same(layer(Tensor(x), labels), layer(Tensor(x[kept]), labels[kept]))
    g = gradient(lambda x: layer(x, labels), x)
    assert np.all(g[~kept] == 0) and np.any(g[kept] != 0, axis=1).all()
    same(g[kept], gradient(lambda x: layer(x, labels[kept]), x[kept]))


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0]])
def test_where_no_label_counts_the_mean_is_nan_and_the_gradient_0(
    kind: Any, weight: Any
) -> None:
    x, labels = leaf(rng().standard_normal((2, 3))), np.array([-100, -100])
    y = kind(weight)(x, labels)
    y.backward()
    assert np.isnan(float(y)) and np.all(x.grad.numpy() == 0)
    assert float(kind(weight, reduction="sum")(x, labels)) == 0


@pytest.mark.parametrize("kind", LABELS)
def test_a_weight_is_how_often_a_row_is_there(kind: Any) -> None:
    x, labels, weight = rng().standard_normal((5, 3)), np.array([0, 2, 1, 1, 0]), [1, 3, 2]
    often = np.repeat(np.arange(5), np.array(weight)[labels])
    for how in ("mean", "sum"):
        many = kind(reduction=how)(Tensor(x[often]), labels[often])
        same(kind(weight, reduction=how)(Tensor(x), labels), many, 20)


def test_a_positive_weight_is_how_often_a_positive_is_there() -> None:
    x, y = rng().standard_normal(6), np.array([0, 1, 1, 0, 1, 0])
    often = np.repeat(np.arange(6), np.where(y, 4, 1))
    one, many = (
        nn.BCEWithLogitsLoss(reduction="sum", pos_weight=[4]),
        nn.BCEWithLogitsLoss(reduction="sum"),
    )
    same(one(Tensor(x), y), many(Tensor(x[often]), y[often]), 20)


@pytest.mark.parametrize("weight", [None, [0.5, 2.0, 1.0]])
def test_label_smoothing_is_the_mean_over_labels(weight: Any) -> None:
    x, labels, s = Tensor(rng().standard_normal((4, 3))), np.array([0, 2, 1, 1]), 0.3
    layer = nn.CrossEntropyLoss(weight, reduction="sum", label_smoothing=s)
    plain = nn.CrossEntropyLoss(weight, reduction="sum")
    even = sum(float(plain(x, np.full(4, k))) for k in range(3)) / 3
    same(layer(x, labels), (1 - s) * float(plain(x, labels)) + s * even, 20)
    same(layer(x, np.eye(3)[labels]), layer(x, labels), 20)
    same(plain(x, (1 - s) * np.eye(3)[labels] + s / 3), layer(x, labels), 20)


def test_the_plain_case_is_the_fused_op() -> None:
    x, labels = Tensor(rng().standard_normal((4, 3))), np.array([0, 2, 1, 1])
    for how in ("mean", "sum", "none"):
        wanted = fg.cross_entropy(x, labels, how)
        assert np.array_equal(nn.CrossEntropyLoss(reduction=how)(x, labels), wanted)


def test_weights_are_state_and_widen_nothing() -> None:
    layer = nn.CrossEntropyLoss([1, 2, 3])
    assert [*layer.state_dict()] == ["weight"] and layer.weight.dtype == np.float64
    y = layer(Tensor(np.zeros((2, 3), np.float32)), [0, 1])
    assert y.dtype == np.float32 and not layer.count_parameters()


@pytest.mark.parametrize("kind", [*LABELS, nn.MultiMarginLoss, nn.HingeLoss])
def test_labels_written_to_after_the_loss_change_no_gradient(kind: Any) -> None:
    x, hinge = leaf(rng().standard_normal((3, 3))), kind is nn.HingeLoss
    labels = np.ones((3, 3), int) if hinge else np.array([0, 2, 1])
    wanted, y = gradient(lambda x: kind()(x, labels.copy()), x.numpy()), kind()(x, labels)
    labels[...] = -labels
    y.backward()
    same(x.grad, wanted)


# ---- focal loss -----------------------------------------------------------------------------
def test_focal_losses_are_cross_entropies_that_fade() -> None:
    x, labels, y = rng().standard_normal((5, 2)), np.array([0, 1, 1, 0, 1]), rng().random(5)
    weight = [2.0, 0.5]
    same(nn.FocalLoss(weight, 0.0)(x, labels), nn.CrossEntropyLoss(weight)(x, labels), 20)
    lead = x[:, 1] - x[:, 0]
    same(nn.BinaryFocalLoss(None, 0.0)(lead, y), nn.BCEWithLogitsLoss()(lead, y), 20)
    binary = nn.BinaryFocalLoss(0.2, 1.5, reduction="sum")(lead, labels)
    same(nn.FocalLoss([0.8, 0.2], 1.5, reduction="sum")(x, labels), binary, 20)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_focal_loss_is_its_formula_in_pytorch(gamma: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    x, labels, alpha = rng().standard_normal((5, 3)), np.array([0, 2, 1, 1, 2]), [0.2, 0.5, 0.3]
    mine, theirs = leaf(x), torch.tensor(x, requires_grad=True)
    y = nn.FocalLoss(alpha, gamma, reduction="sum")(mine, labels)
    p = theirs.softmax(-1)[torch.arange(5), torch.tensor(labels)]
    z = -(torch.tensor(alpha, dtype=torch.float64)[labels] * (1 - p) ** gamma * p.log()).sum()
    y.backward()
    z.backward()
    same(y, z.item(), 40)
    same(mine.grad, theirs.grad.numpy(), 100)


# ---- numbers, distributions, margins --------------------------------------------------------
def test_hinge_is_its_formula() -> None:
    x, y = rng().standard_normal(20), rng().choice([-1, 1], 20)
    wanted = [max(0.0, 0.7 - a * b) for a, b in zip(x, y)]
    same(nn.HingeLoss(0.7, reduction="none")(x, y), wanted)


def test_a_class_of_probability_0_adds_no_divergence() -> None:
    p = np.array([[0.0, 0.25, 0.75]])
    layer, log_p = nn.KLDivLoss(reduction="sum"), np.log([[0.2, 0.2, 0.6]])
    same(layer(log_p, p), 0.25 * np.log(0.25 / 0.2) + 0.75 * np.log(0.75 / 0.6))
    assert np.array_equal(gradient(lambda q: layer(q, p), log_p), -p)


def test_a_variance_below_eps_counts_as_eps_and_can_leave() -> None:
    layer, x = nn.GaussianNLLLoss(eps=0.5, reduction="sum"), np.array([3.0])
    same(layer(x, x + 2, np.array([0.1])), 0.5 * (np.log(0.5) + 4 / 0.5))
    same(gradient(lambda v: layer(x, x + 2, v), [0.1]), [0.5 * (1 - 4 / 0.5) / 0.5])


def test_the_vector_0_is_at_a_right_angle_and_no_length_overflows() -> None:
    layer, zero, x = nn.CosineEmbeddingLoss(reduction="none"), np.zeros((1, 2)), [[3.0, 4.0]]
    assert np.array_equal(layer(zero, x, [1]), [1.0])
    assert np.array_equal(gradient(lambda a: layer(a, x, [1]), zero), zero)
    for size in (1e200, 1e-200):
        same(layer(size * np.array(x), [[4.0, 3.0]], [1]), [1 - 24 / 25])

"""Consistency, VICReg and Barlow Twins: against torch, scipy and closed forms."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels.device import to_device
from fusegrad.multimodal import objective
from fusegrad.multimodal.objective import BarlowTwins, ConsistencyKL, ConsistencyMSE, VICReg
from fusegrad.multimodal.objective.consistency import Consistency
from fusegrad.verify.fusion.between import BETWEEN
from tests import fake_cupy

EXACT = 1e-12
ARRAY = np.ndarray


def drawn(rows: int = 6, names: str = "ab", width: int = 4) -> dict[str, ARRAY]:
    rng = np.random.default_rng(2)
    return {n: 0.7 * rng.standard_normal((rows, width)) for n in names}


def tensors(arrays: dict[str, ARRAY]) -> dict[str, fg.Tensor]:
    return {n: fg.Tensor(x, requires_grad=True) for n, x in arrays.items()}


def gradients(loss: object, arrays: dict[str, ARRAY], *how: object) -> dict[str, ARRAY]:
    features = tensors(arrays)
    loss(features, *how).backward()
    return {n: f.grad.numpy() for n, f in features.items()}


def softmax(z: ARRAY) -> ARRAY:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def kl(p: ARRAY, q: ARRAY) -> float:
    return float((p * np.log(p / q)).sum() / len(p))


def test_kl_is_the_sum_over_ordered_pairs() -> None:
    arrays = drawn(names="abc")
    p = {n: softmax(z) for n, z in arrays.items()}
    want = sum(kl(p[m], p[n]) for m in p for n in p if m != n)
    assert float(ConsistencyKL()(arrays)) == pytest.approx(want, rel=EXACT)
    assert float(ConsistencyKL(detach=True)(arrays)) == pytest.approx(want, rel=EXACT)


def test_kl_splits_by_the_closed_form() -> None:
    arrays = drawn()
    p, q = (softmax(z) for z in arrays.values())
    n, c = len(p), np.log(p / q)
    as_first = {
        "a": p * (c - (p * c).sum(axis=1, keepdims=True)) / n,
        "b": q * (-c + (q * c).sum(axis=1, keepdims=True)) / n,
    }
    as_second = {"a": (p - q) / n, "b": (q - p) / n}
    plain, cut = (gradients(ConsistencyKL(detach=d), arrays) for d in (False, True))
    for m in arrays:
        assert np.allclose(plain[m], as_first[m] + as_second[m], rtol=0, atol=EXACT)
        assert np.allclose(cut[m], as_second[m], rtol=0, atol=EXACT)
        assert np.abs(plain[m].sum(axis=1)).max() < EXACT


@pytest.mark.parametrize("kind", [ConsistencyKL, ConsistencyMSE])
def test_detaching_is_learning_from_constants(kind: type) -> None:
    arrays = drawn(names="abc")
    cut = gradients(kind(detach=True), arrays)
    taught = gradients(kind(), arrays, None, arrays)
    for n in arrays:
        assert np.array_equal(cut[n], taught[n])
    teachers = tensors(arrays)
    kind()(tensors(arrays), None, teachers).backward()
    assert all(t.grad is None for t in teachers.values())


def test_mse_and_its_gradient() -> None:
    arrays = drawn()
    a, b = arrays.values()
    assert float(ConsistencyMSE()(arrays)) == pytest.approx(2 * ((a - b) ** 2).mean())
    plain, cut = (gradients(ConsistencyMSE(detach=d), arrays) for d in (False, True))
    want = 2 * (a - b) / a.size
    assert np.allclose(cut["a"], want, rtol=0, atol=EXACT)
    assert np.allclose(plain["a"], 2 * want, rtol=0, atol=EXACT)
    assert np.allclose(plain["b"], -2 * want, rtol=0, atol=EXACT)


def test_targets_are_taken_on_the_rows_both_have() -> None:
    arrays, here = drawn(), np.array([True, True, False, True, False, True])
    targets = {n: x[::-1].copy() for n, x in arrays.items()}
    kept = ({n: x[here] for n, x in d.items()} for d in (arrays, targets))
    first, second = kept
    got = ConsistencyKL()(arrays, {"a": here}, targets)
    assert float(got) == float(ConsistencyKL()(first, None, second))


def test_vicreg_is_torchs_formula() -> None:
    torch = pytest.importorskip("torch")
    arrays = drawn()
    got = gradients(VICReg(), arrays)
    a, b = (torch.tensor(x, requires_grad=True) for x in arrays.values())

    def spread(f: object) -> tuple[object, object]:
        std = torch.sqrt(f.var(dim=0) + 1e-4)
        cov = torch.cov(f.T)
        off = cov - torch.diag(torch.diag(cov))
        return torch.relu(1 - std).mean(), (off**2).sum() / f.shape[1]

    (v1, c1), (v2, c2) = spread(a), spread(b)
    want = 25 * torch.nn.functional.mse_loss(a, b) + 25 * (v1 + v2) / 2 + c1 + c2
    want.backward()
    assert float(VICReg()(arrays)) == pytest.approx(want.item(), rel=EXACT)
    assert np.allclose(got["a"], a.grad.numpy(), rtol=0, atol=1e-11)
    assert np.allclose(got["b"], b.grad.numpy(), rtol=0, atol=1e-11)


def test_vicreg_splits_by_the_closed_form() -> None:
    arrays = drawn()
    a, b = arrays.values()
    n, d = a.shape
    H = a - a.mean(axis=0)
    C = H.T @ H / (n - 1)
    std = np.sqrt(np.diag(C) + 1e-4)
    off = C - np.diag(np.diag(C))
    wants = {
        (1.0, 0.0, 0.0): 2 * (a - b) / a.size,
        (0.0, 1.0, 0.0): -H * (std < 1) / (2 * d * (n - 1) * std),
        (0.0, 0.0, 1.0): 4 * H @ off / (d * (n - 1)),
    }
    for weights, want in wants.items():
        got = gradients(VICReg(*weights), arrays)["a"]
        assert np.allclose(got, want, rtol=0, atol=EXACT) and np.abs(want).max() > 1e-3


def test_barlow_is_torchs_formula() -> None:
    torch = pytest.importorskip("torch")
    arrays = drawn()
    got = gradients(BarlowTwins(), arrays)
    a, b = (torch.tensor(x, requires_grad=True) for x in arrays.values())
    norm = torch.nn.BatchNorm1d(4, affine=False, dtype=torch.float64)
    C = norm(a).T @ norm(b) / 6
    eye = torch.eye(4, dtype=torch.float64)
    want = ((1 - torch.diag(C)) ** 2).sum() + 5e-3 * ((C * (1 - eye)) ** 2).sum()
    want.backward()
    assert float(BarlowTwins()(arrays)) == pytest.approx(want.item(), rel=EXACT)
    assert np.allclose(got["a"], a.grad.numpy(), rtol=0, atol=EXACT)
    assert np.allclose(got["b"], b.grad.numpy(), rtol=0, atol=EXACT)


def test_barlow_gives_shift_and_scale_of_a_column_nothing() -> None:
    arrays = drawn()
    g, a = gradients(BarlowTwins(eps=1e-12), arrays)["a"], arrays["a"]
    assert np.abs(g.sum(axis=0)).max() < EXACT
    assert np.abs((g * (a - a.mean(axis=0))).sum(axis=0)).max() < 1e-10


@pytest.mark.parametrize("loss", [VICReg(), BarlowTwins()], ids=["VICReg", "BarlowTwins"])
def test_one_row_counts_nothing_and_dead_columns_stay_finite(loss: object) -> None:
    one = loss(tensors(drawn(1)))
    assert float(one) == 0.0 and not one.requires_grad
    dead = {**drawn(), "b": np.ones((6, 4))}
    assert np.isfinite(float(loss(dead)))
    assert all(np.isfinite(g).all() for g in gradients(loss, dead).values())
    three = drawn(names="abc")
    pairs = [loss({m: three[m], n: three[n]}) for m, n in ("ab", "ac", "bc")]
    assert float(loss(three)) == pytest.approx(np.mean([float(p) for p in pairs]))
    single = {n: x.astype(np.float32) for n, x in three.items()}
    assert loss(single).dtype == ConsistencyKL()(single).dtype == np.float32


ON_DEVICE = [ConsistencyKL(), ConsistencyMSE(), VICReg(), BarlowTwins(), objective.EY()]


@pytest.mark.parametrize("loss", ON_DEVICE, ids=lambda loss: type(loss).__name__)
def test_on_the_device_it_is_the_same(loss: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", fake_cupy.MODULE)
    arrays = {n: x.astype(np.float32) for n, x in drawn().items()}
    for mask in (np.ones(6, bool), np.arange(6) > 1, np.zeros(6, bool)):
        there = {n: fg.Tensor(to_device(x, "cuda")) for n, x in arrays.items()}
        value = loss(there, {"a": mask})
        assert value.device == "cuda" and value.dtype == np.float32
        assert float(value) == pytest.approx(float(loss(arrays, {"a": mask})), rel=1e-5)


def test_repr_says_the_settings() -> None:
    assert repr(ConsistencyKL(detach=True)) == "ConsistencyKL(detach=True)"
    assert repr(VICReg()) == "VICReg(25, 25, 1, eps=0.0001)"
    assert repr(BarlowTwins()) == "BarlowTwins(0.005, eps=1e-05)"


UNEQUAL = {"a": np.ones((2, 3)), "b": np.ones((2, 4))}
WIDTHS = "features of one width, got (2, 3) and (2, 4)"
REFUSED = [
    (lambda: ConsistencyKL()(UNEQUAL), "ConsistencyKL: expected " + WIDTHS),
    (lambda: ConsistencyMSE()(UNEQUAL), "ConsistencyMSE: expected " + WIDTHS),
    (lambda: VICReg()(UNEQUAL), "VICReg: expected " + WIDTHS),
    (lambda: BarlowTwins()(UNEQUAL), "BarlowTwins: expected " + WIDTHS),
    (lambda: ConsistencyKL()(drawn(), None, drawn(names="a")), "targets of ['a', 'b'], got"),
    (lambda: ConsistencyKL()(drawn(), None, drawn(width=3)), "one width, got (6, 4) and (6, 3"),
    (lambda: Consistency()(drawn()), "a distance method, got none"),
    (lambda: VICReg(-1.0), "VICReg: expected weights of 0 or more, got (-1.0, 25.0, 1.0)"),
    (lambda: VICReg(eps=0.0), "VICReg: expected eps > 0, got eps=0.0"),
    (lambda: BarlowTwins(-1.0), "BarlowTwins: expected a redundancy of 0 or more, got -1.0"),
    (lambda: BarlowTwins(eps=0.0), "BarlowTwins: expected eps > 0"),
]


@pytest.mark.parametrize(("act", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_refusals_say_what_was_expected(act: object, words: str) -> None:
    with pytest.raises(fg.kernels.FusegradError) as caught:
        act()
    assert words in str(caught.value)


def test_every_objective_of_pairs_is_proved() -> None:
    rng, here = np.random.default_rng(0), objective.pairwise.__name__.rpartition(".")[0]
    proved = {type(case.build(["a", "b"], rng)) for case in BETWEEN}
    files = ("contrast", "ranking", "cca", "consistency", "vicreg")
    kinds = {v for v in vars(objective).values() if isinstance(v, type)}
    mine = {k for k in kinds if k.__module__ in {f"{here}.{file}" for file in files}}
    assert len(mine) == 11 and not mine - proved
    assert len({case.name for case in BETWEEN}) == len(BETWEEN)

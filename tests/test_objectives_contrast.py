"""InfoNCE and SigLIP: against torch, in closed form, and what couples a batch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.multimodal.objective import InfoNCE, Pairwise, SigLIP
from fusegrad.multimodal.objective.similarity import cosines, unit

EXACT = 1e-12
CLOSE = 1e-10  # against torch: lengths of 1 are off by eps^2 / 2 = 5e-13
ARRAY = np.ndarray


def drawn(rows: int = 5, width: int = 4, names: str = "ab") -> dict[str, ARRAY]:
    rng = np.random.default_rng(0)
    return {n: rng.standard_normal((rows, width)) for n in names}


def tensors(arrays: dict[str, ARRAY]) -> dict[str, fg.Tensor]:
    return {n: fg.Tensor(x, requires_grad=True) for n, x in arrays.items()}


def units(x: ARRAY) -> ARRAY:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def softmax(S: ARRAY, axis: int) -> ARRAY:
    e = np.exp(S - S.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def through_length(g: ARRAY, x: ARRAY) -> ARRAY:
    """What reaches x where g reaches x / |x|."""
    u = units(x)
    along = (g * u).sum(axis=1, keepdims=True)
    return (g - along * u) / np.linalg.norm(x, axis=1, keepdims=True)


def test_info_nce_is_torchs() -> None:
    torch = pytest.importorskip("torch")
    arrays, loss = drawn(), InfoNCE(0.1).to(np.float64)
    loss.log_scale.assign_(np.asarray(math.log(10.0)))
    features = tensors(arrays)
    value = loss(features)
    value.backward()
    theirs = {n: torch.tensor(x, requires_grad=True) for n, x in arrays.items()}
    scale = torch.tensor(math.log(10.0), dtype=torch.float64, requires_grad=True)
    normal = torch.nn.functional.normalize
    S = normal(theirs["a"]) @ normal(theirs["b"]).T * scale.exp()
    ce = torch.nn.functional.cross_entropy
    want = (ce(S, torch.arange(5)) + ce(S.T, torch.arange(5))) / 2
    want.backward()
    assert float(value) == pytest.approx(want.item(), abs=CLOSE)
    assert float(loss.log_scale.grad) == pytest.approx(scale.grad.item(), abs=CLOSE)
    for n in arrays:
        assert np.allclose(features[n].grad.numpy(), theirs[n].grad.numpy(), atol=CLOSE)


def test_sig_lip_is_torchs() -> None:
    torch = pytest.importorskip("torch")
    arrays, loss = drawn(), SigLIP().to(np.float64)
    loss.log_scale.assign_(np.asarray(math.log(10.0)))
    features = tensors(arrays)
    value = loss(features)
    value.backward()
    theirs = {n: torch.tensor(x, requires_grad=True) for n, x in arrays.items()}
    t = torch.tensor(math.log(10.0), dtype=torch.float64, requires_grad=True)
    b = torch.tensor(-10.0, dtype=torch.float64, requires_grad=True)
    normal = torch.nn.functional.normalize
    S = normal(theirs["a"]) @ normal(theirs["b"]).T * t.exp() + b
    Y = 2 * torch.eye(5, dtype=torch.float64) - 1
    want = -torch.nn.functional.logsigmoid(Y * S).sum() / 5
    want.backward()
    assert float(value) == pytest.approx(want.item(), abs=CLOSE)
    assert float(loss.log_scale.grad) == pytest.approx(t.grad.item(), abs=CLOSE)
    assert float(loss.bias.grad) == pytest.approx(b.grad.item(), abs=CLOSE)
    for n in arrays:
        assert np.allclose(features[n].grad.numpy(), theirs[n].grad.numpy(), atol=CLOSE)


def test_info_nce_splits_by_the_closed_form() -> None:
    arrays = drawn()
    features = tensors(arrays)
    InfoNCE(0.1, learn=False, eps=0.0)(features).backward()
    a, b = units(arrays["a"]), units(arrays["b"])
    S = a @ b.T / 0.1
    dS = (softmax(S, 1) + softmax(S, 0) - 2 * np.eye(5)) / 10
    wants = {"a": dS @ b / 0.1, "b": dS.T @ a / 0.1}
    for n, g in wants.items():
        want = through_length(g, arrays[n])
        assert np.allclose(features[n].grad.numpy(), want, rtol=0, atol=EXACT)


def test_sig_lip_splits_by_the_closed_form() -> None:
    arrays = drawn()
    features = tensors(arrays)
    SigLIP(3.0, -1.0, learn=False, eps=0.0)(features).backward()
    a, b = units(arrays["a"]), units(arrays["b"])
    Y = 2 * np.eye(5) - 1
    S = 3 * a @ b.T - 1
    dS = -Y / (1 + np.exp(Y * S)) / 5
    for n, g in {"a": 3 * dS @ b, "b": 3 * dS.T @ a}.items():
        want = through_length(g, arrays[n])
        assert np.allclose(features[n].grad.numpy(), want, rtol=0, atol=EXACT)


def test_one_pair_alone_teaches_sig_lip_and_not_info_nce() -> None:
    for loss, teaches in ((InfoNCE(), False), (SigLIP(), True)):
        features = tensors(drawn(rows=1))
        value = loss(features)
        value.backward()
        moved = [features[n].grad.numpy() for n in "ab"]
        assert all(bool(np.abs(g).any()) == teaches for g in moved)
        assert (float(value) == 0.0) != teaches
        assert bool(float(loss.log_scale.grad)) == teaches


def slopes_of_first(loss: Pairwise, arrays: dict[str, ARRAY]) -> ARRAY:
    """The gradient of a_0."""
    features = tensors(arrays)
    loss(features).backward()
    return features["a"].grad.numpy()[0]


def test_info_nce_couples_pairs_and_sig_lip_does_not() -> None:
    base = drawn(4)
    moved = {"a": base["a"].copy(), "b": base["b"]}
    moved["a"][3] = moved["a"][3][::-1]  # a_0, and all that it is compared with, stay
    for loss, coupled in ((InfoNCE(0.5), True), (SigLIP(), False)):
        before, after = slopes_of_first(loss, base), slopes_of_first(loss, moved)
        assert np.array_equal(before, after) != coupled


def test_the_scale_stays_in_its_bounds_and_comes_back() -> None:
    loss = InfoNCE()
    assert float(loss.scale()) == pytest.approx(1 / 0.07, rel=1e-6)
    for given, kept in ((9.0, math.log(100.0)), (-3.0, 0.0)):
        loss.log_scale.assign_(np.asarray(given))
        assert float(loss.eval()(drawn())) == float(loss(drawn()))
        assert float(loss.log_scale) == given  # evaluation changes nothing
        assert 1.0 <= float(loss.scale()) <= 100.0 * (1 + 1e-6)
        loss.train()(drawn()).backward()
        assert float(loss.log_scale) == pytest.approx(kept, rel=1e-6)
        assert float(loss.log_scale.grad) != 0.0
        loss.zero_grad()


def test_training_cannot_take_the_scale_out() -> None:
    arrays = {n: np.eye(4) + 0.01 * x for n, x in drawn(4).items()}
    loss = InfoNCE(0.02)
    optimizer = fg.optim.SGD(loss.parameters(), lr=1e4)
    for _ in range(3):
        optimizer.zero_grad()
        value = loss(arrays)
        assert math.isfinite(float(value)) and 1.0 <= float(loss.scale()) <= 100.001
        value.backward()
        optimizer.step()


def test_a_feature_of_zeros_has_a_finite_gradient() -> None:
    arrays = drawn()
    arrays["a"][1] = 0.0
    for make in (InfoNCE, SigLIP):
        features = tensors(arrays)
        make()(features).backward()
        g = features["a"].grad.numpy()
        assert np.isfinite(g).all() and 0 < np.abs(g[1]).max() <= 1e6 * 100
        features = tensors(arrays)
        make(eps=0.0)(features).backward()  # the convention: the vector 0 passes nothing
        assert not features["a"].grad.numpy()[1].any()
        assert np.isfinite(features["b"].grad.numpy()).all()


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_units_do_not_overflow(size: float) -> None:
    x = np.array([[3.0, 4.0]], np.float32) * np.float32(size)
    assert np.allclose(unit(x, 0.0), [[0.6, 0.8]], rtol=1e-6)
    assert cosines(x, x, 0.0).dtype == np.float32


def test_dtype_and_more_modalities() -> None:
    arrays = {n: x.astype(np.float32) for n, x in drawn(names="abc").items()}
    for make in (InfoNCE, SigLIP):
        for learn in (True, False):
            loss = make(learn=learn)
            value = loss(arrays)
            pairs = [loss({m: arrays[m], n: arrays[n]}) for m, n in ("ab", "ac", "bc")]
            assert value.dtype == np.float32
            assert float(value) == pytest.approx(np.mean([float(p) for p in pairs]), rel=1e-6)
            assert len(list(loss.parameters())) == learn * (1 + (make is SigLIP))


def test_rows_that_lack_one_are_as_if_they_were_not_there() -> None:
    arrays, here = drawn(), np.array([True, False, True, True, False])
    for loss in (InfoNCE(), SigLIP()):
        kept = loss({n: x[here] for n, x in arrays.items()})
        assert float(loss(arrays, {"b": here})) == float(kept)
        nobody = loss(tensors(arrays), {"b": np.zeros(5, bool)})
        assert float(nobody) == 0.0 and not nobody.requires_grad


def test_repr_says_the_settings() -> None:
    assert repr(InfoNCE()) == "InfoNCE(temperature=0.07, learn=True)"
    assert repr(SigLIP(learn=False)) == "SigLIP(scale=10, bias=-10, learn=False)"


REFUSED = [
    (lambda: InfoNCE(0.001), "a temperature in [0.01, 1], got 0.001"),
    (lambda: InfoNCE(2.0), "a temperature in [0.01, 1], got 2.0"),
    (lambda: InfoNCE(float("nan")), "a temperature in [0.01, 1], got nan"),
    (lambda: InfoNCE(eps=-1.0), "InfoNCE: expected eps >= 0, got eps=-1.0"),
    (lambda: SigLIP(0.0), "SigLIP: expected a scale above 0, got 0.0"),
    (lambda: SigLIP(eps=-1.0), "SigLIP: expected eps >= 0"),
    (
        lambda: InfoNCE()({"a": np.ones((2, 3)), "b": np.ones((2, 4))}),
        "of one width, got (2, 3",
    ),
    (lambda: SigLIP()({"a": np.ones((2, 3)), "b": np.ones((2, 4))}), "of one width, got (2, 3"),
    (
        lambda: InfoNCE()({"a": np.ones((2, 3)), "b": np.ones((3, 3))}),
        "features (B, d), of one B",
    ),
    (lambda: InfoNCE()({"a": np.ones(3)}), "features (B, d), of one B"),
    (lambda: InfoNCE()({}), "one modality or more, got none"),
    (lambda: InfoNCE()([np.ones((2, 3))]), "a dict of features, got list"),
    (lambda: InfoNCE()(drawn(), {"c": np.ones(5, bool)}), "names among ['a', 'b']"),
    (lambda: Pairwise()(drawn()), "Pairwise: expected a pair method, got none"),
]


@pytest.mark.parametrize(("act", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_refusals_say_what_was_expected(act: object, words: str) -> None:
    with pytest.raises(fg.kernels.FusegradError) as caught:
        act()
    assert words in str(caught.value)

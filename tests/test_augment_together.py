"""Mixup with one lambda for all modalities, chains, and augmentations by modality."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn
from fusegrad.kernels import DTypeError, FusegradError, OptionError, ShapeError
from fusegrad.multimodal import augment as au
from fusegrad.multimodal import encoder as en

EXACT = 1e-12
B, C = 6, 3


def rng(seed: int = 5) -> np.random.Generator:
    return np.random.default_rng(seed)


def batch() -> tuple[dict[str, np.ndarray], np.ndarray]:
    shapes = {"image": (B, 4, 4, 3), "table": (B, 5)}
    drawn = {name: rng(1).standard_normal(shape) for name, shape in shapes.items()}
    return drawn, np.array([0, 1, 2, 0, 1, 2])


@pytest.mark.parametrize("each", [False, True])
def test_one_lambda_mixes_all_modalities_and_labels(each: bool) -> None:
    inputs, labels = batch()
    before = {name: x.copy() for name, x in inputs.items()}
    mixed = au.Mixup(1.0, each)(inputs, labels, rng=rng())
    mix = au.Mixup(1.0, each).draw(B, rng=rng())
    assert np.array_equal(mixed.lam, mix.lam) and np.shape(mix.lam) == ((B,) if each else ())
    assert sorted(mix.partner) == list(range(B)) and (mix.partner != np.arange(B)).any()
    for name, x in inputs.items():
        for i, (new, j) in enumerate(zip(mixed.inputs[name], mix.partner)):
            lam = mix.lam[i] if each else mix.lam
            assert np.allclose(new, lam * x[i] + (1 - lam) * x[j], rtol=0, atol=EXACT)
        assert np.array_equal(x, before[name])
    assert np.array_equal(mixed.labels, labels)
    assert np.array_equal(mixed.labels2, labels[mix.partner])


def test_alpha_0_changes_nothing_and_float32_stays() -> None:
    inputs, labels = batch()
    inputs["image"][0, 0, 0] = [np.inf, np.nan, -0.0]
    mixed = au.Mixup(0.0)(inputs, labels, rng=rng())
    assert mixed.lam == 1 and mixed.inputs["image"].tobytes() == inputs["image"].tobytes()
    single = {"table": inputs["table"].astype(np.float32)}
    for each in (False, True):
        assert (
            au.Mixup(1.0, each)(single, labels, rng=rng()).inputs["table"].dtype == np.float32
        )


def test_lambda_is_beta() -> None:
    lam = au.Mixup(0.2, each=True).draw(4000, rng=rng()).lam
    variance = 1 / (4 * (2 * 0.2 + 1))
    assert lam.min() >= 0 and lam.max() <= 1
    assert abs(lam.mean() - 0.5) < 5 * np.sqrt(variance / 4000)
    assert abs(lam.var() - variance) < 0.01
    assert au.Mixup().alpha == 0.2 and repr(au.Mixup()) == "Mixup(alpha=0.2, each=False)"


@pytest.mark.parametrize("each", [False, True])
def test_the_error_goes_to_both_labels(each: bool) -> None:
    _, labels = batch()
    mix = au.Mixup(1.0, each).draw(B, rng=rng())
    values, other = rng(2).standard_normal((B, C)), labels[mix.partner]
    logits = fg.Tensor(values, requires_grad=True)
    criterion = nn.CrossEntropyLoss(reduction="none" if each else "mean")
    loss = au.mixed_loss(criterion, logits, labels, other, mix.lam)
    loss.backward()
    p = np.exp(values) / np.exp(values).sum(axis=1, keepdims=True)
    lam, eye = np.broadcast_to(mix.lam, B)[:, None], np.eye(C)
    soft = lam * eye[labels] + (1 - lam) * eye[other]
    assert np.isclose(float(loss), -(soft * np.log(p)).sum(axis=1).mean(), rtol=EXACT)
    assert np.allclose(logits.grad.numpy(), (p - soft) / B, rtol=0, atol=EXACT)


@pytest.mark.parametrize("each", [False, True])
def test_features_of_words_are_mixed_behind_their_encoder(each: bool) -> None:
    encoder = en.BagOfWords(9, 4, rng=rng()).to(np.float64)
    words = (np.array([1, 2, 3, 4, 5, 6, 7]), np.array([0, 1, 3, 3, 5, 6]))
    features = {"text": encoder(*words), "tokens": mm.Tokens(fg.Tensor(np.ones((B, 2, 3))))}
    mix = au.Mixup(1.0, each).draw(B, rng=rng())
    mixed, f = au.mix_features(features, mix), features["text"].numpy()
    lam = np.broadcast_to(mix.lam, B)[:, None]
    want = lam * f + (1 - lam) * f[mix.partner]
    assert np.allclose(mixed["text"].numpy(), want, rtol=0, atol=EXACT)
    assert np.allclose(mixed["tokens"].values.numpy(), 1, rtol=0, atol=EXACT)
    x = fg.Tensor(f, requires_grad=True)
    g = rng(3).standard_normal(f.shape)
    (au.mix_features({"text": x}, mix)["text"] * g).sum().backward()
    back = lam * g
    np.add.at(back, mix.partner, (1 - lam) * g)
    assert np.allclose(x.grad.numpy(), back, rtol=0, atol=EXACT)


def test_a_network_learns_from_mixed_features() -> None:
    branches = {"text": en.BagOfWords(9, 4, rng=rng()), "table": nn.Linear(5, 4, rng=rng())}
    widths = {"text": 4, "table": 4}
    net = mm.FeatureFusionNet(branches, mm.Concat(widths), nn.Linear(8, C, rng=rng()))
    ids, labels = np.arange(12).reshape(B, 2) % 9, np.arange(B) % C
    features = net.features_of({"text": ids, "table": np.ones((B, 5), np.float32)})
    mix = au.Mixup(1.0).draw(B, rng=rng())
    logits = net.meet(au.mix_features(features, mix)).logits
    assert logits.dtype == np.float32
    au.mixed_loss(fg.cross_entropy, logits, labels, labels[mix.partner], mix.lam).backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in net.parameters())


def test_augmentations_by_modality_and_in_a_row() -> None:
    inputs, _ = batch()
    inputs["text"] = (np.arange(12).reshape(B, 2), np.full(B, 2))
    pictures = au.Chain(au.HorizontalFlip(1.0), au.RandomCrop(1))
    both = au.ByModality({"image": pictures, "text": au.SwapWords(1.0)})
    found, generator = both(inputs, rng=rng()), rng()
    want = au.RandomCrop(1)(
        au.HorizontalFlip(1.0)(inputs["image"], rng=generator), rng=generator
    )
    assert np.array_equal(found["image"], want) and found["table"] is inputs["table"]
    assert np.array_equal(found["text"][0], inputs["text"][0][:, ::-1])
    assert list(found) == list(inputs) and np.array_equal(batch()[0]["image"], inputs["image"])
    assert au.Chain()(3, rng=rng()) == 3
    shown = "Chain(HorizontalFlip(p=1.0), RandomCrop(padding=1, fill=0.0, p=1.0))"
    assert repr(pictures) == shown
    assert repr(both) == f"ByModality({{'image': {shown}, 'text': SwapWords(p=1.0)}})"


def mixed(x: Any) -> Any:
    return au.Mixup()({"m": x}, np.arange(3), rng=rng())


MASKED = mm.Tokens(fg.Tensor(np.ones((2, 3, 4))), np.ones((2, 3), bool))
REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda: au.Mixup(-1), OptionError, "a finite alpha >= 0, got alpha=-1; 0 changes nothing"),
    (lambda: mixed((np.arange(3), np.arange(3))), DTypeError, "got a tuple; .* with mix_feat"),
    (lambda: mixed(np.ones((3, 2), int)), DTypeError, "encoders give, BagOfWords among them"),
    (lambda: mixed([1.0, 2.0, 3.0]), DTypeError, "m as an array of floats, got list; stack"),
    (lambda: mixed(np.ones((3, 2), bool)), DTypeError, "m as an array of floats, got ndarray"),
    (
        lambda: mixed(np.ones((2, 2))),
        ShapeError,
        r"3 rows in every modality, got .'m': .2, 2..",
    ),
    (
        lambda: au.mix_features({"m": MASKED}, au.Mixup().draw(2, rng=rng())),
        DTypeError,
        "got masked tokens; pool them first, with multimodal.mean_of_tokens",
    ),
    (
        lambda: au.mixed_loss(fg.cross_entropy, np.ones((2, 2)), [0, 1], [1, 0], np.ones(2)),
        ShapeError,
        r"losses of shape \(2,\), got \(\); build it with reduction='none'",
    ),
    (lambda: au.ByModality({"x": au.Chain()})({"y": 1}, rng=rng()), OptionError, "among .'y'."),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()

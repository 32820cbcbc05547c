"""Encoders of pictures, sounds and tables: torch, masks to the bit, differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad.kernels import DTypeError, FusegradError, OptionError, ShapeError
from fusegrad.multimodal import encoder as en
from tests.encoders_sample import EXACT, differences, gradients, rng, same_bits, same_on_device

RATE = 1000  # Hz: frames of 25 samples every 10


def picture(**options: Any) -> en.PictureEncoder:
    return en.PictureEncoder(3, 5, (4, 6), **options, rng=rng())


def pictures(rows: int = 2, size: int = 8) -> np.ndarray:
    return rng(1).standard_normal((rows, 3, size, size)).astype(np.float32)


# ---- pictures -------------------------------------------------------------------------------
@pytest.mark.parametrize("end", ["mean", "flatten"])
def test_a_picture_is_encoded_as_by_torch(end: str) -> None:
    torch = pytest.importorskip("torch")
    encoder, x = picture(end=end, image_size=(8, 8)).to(np.float64), pictures().astype(float)
    state = [torch.tensor(p.numpy()) for p in encoder.parameters()]
    y = torch.tensor(x)
    for k in (0, 2):
        y = torch.nn.functional.conv2d(y, state[k], state[k + 1], padding=1).relu()
        y = torch.nn.functional.max_pool2d(y, 2)
    y = y.mean((2, 3)) if end == "mean" else y.flatten(1)
    want = torch.nn.functional.linear(y, state[4], state[5])
    assert np.allclose(encoder(x).numpy(), want.numpy(), rtol=0, atol=EXACT)


def test_the_places_of_a_picture_are_tokens_and_their_mean_is_the_feature() -> None:
    x, tokens = pictures().astype(float), picture(tokens=True).to(np.float64)
    found = tokens(x)
    assert found.values.shape == (2, 4, 5) and found.present is None
    mean, want = mm.mean_of_tokens(found), picture().to(np.float64)(x)
    assert np.allclose(mean.numpy(), want.numpy(), rtol=0, atol=EXACT)


def test_patches_are_a_convolution_that_steps_by_its_size() -> None:
    torch = pytest.importorskip("torch")
    encoder = en.PatchTokens(3, 5, (8, 12), 4, rng=rng()).to(np.float64)
    x = rng(1).standard_normal((2, 3, 8, 12))
    weight, bias = (torch.tensor(p.numpy()) for p in encoder.last.parameters())
    theirs = torch.nn.functional.conv2d(
        torch.tensor(x), weight.reshape(5, 3, 4, 4), bias, stride=4
    )
    want = theirs.flatten(2).transpose(1, 2).numpy() + encoder.positions.weight.numpy()
    assert encoder(x).values.shape == (2, 6, 5)
    assert np.allclose(encoder(x).values.numpy(), want, rtol=0, atol=EXACT)


def test_gradients_of_picture_encoders() -> None:
    x = rng(1).standard_normal((2, 2, 4, 4))
    small = {"rng": rng()}
    differences(en.PictureEncoder(2, 3, (3,), **small), [x])
    differences(en.PictureEncoder(2, 3, (3,), tokens=True, **small), [x])
    differences(en.PictureEncoder(2, 2, (2,), end="flatten", image_size=(4, 4), **small), [x])
    differences(en.PatchTokens(2, 3, (4, 4), 2, **small), [x])


# ---- sounds ---------------------------------------------------------------------------------
def sounds(rows: int = 3, length: int = 120) -> np.ndarray:
    return (0.3 * rng(2).standard_normal((rows, length))).astype(np.float32)


def heard(kind: str, width: int = 4, **options: Any) -> en.SoundEncoder:
    bands = en.LogMel(RATE, 6, spectrogram=en.Spectrogram(RATE, 25, 10, 64))
    front = en.MFCC(RATE, 5, log_mel=bands)
    options = {"kind": kind, "front_end": front, "channels": (6, 3), **options}
    return en.SoundEncoder(5, width, **options, rng=rng())


LENGTHS = np.array([120, 64, 30])
EACH = pytest.mark.parametrize("kind", ["cnn", "gru"])


@EACH
@pytest.mark.parametrize("tokens", [False, True])
def test_what_is_behind_a_sound_changes_nothing(kind: str, tokens: bool) -> None:
    encoder, x = heard(kind, tokens=tokens).fit(sounds(), LENGTHS), sounds()
    broken = x.copy()
    for row, length in zip(broken, LENGTHS):
        row[length:] = np.nan
    same_bits(encoder, (x, LENGTHS), (broken, LENGTHS))


@EACH
def test_a_padded_sound_is_as_if_alone(kind: str) -> None:
    x = sounds().astype(float)  # standardised, so that no frame is 0 of itself
    encoder, tokens = (
        heard(kind, tokens=t).to(np.float64).fit(x, LENGTHS) for t in (False, True)
    )
    together, found = encoder(x, LENGTHS).numpy(), tokens(x, LENGTHS)
    for k, length in enumerate(LENGTHS):
        alone = encoder(x[k : k + 1, :length]).numpy()[0]
        assert np.allclose(together[k], alone, rtol=0, atol=EXACT)
        each = tokens(x[k : k + 1, :length]).values.numpy()[0]
        assert found.present[k].sum() == len(each)
        assert np.allclose(found.values.numpy()[k, : len(each)], each, rtol=0, atol=EXACT)
    if kind == "cnn":
        assert np.allclose(mm.mean_of_tokens(found).numpy(), together, rtol=0, atol=EXACT)
    else:
        last = found.values.numpy()[np.arange(3), found.present.sum(axis=1) - 1]
        assert np.allclose(last, together, rtol=0, atol=EXACT)


@EACH
@pytest.mark.parametrize("tokens", [False, True])
def test_a_sound_without_a_frame_is_exactly_0(kind: str, tokens: bool) -> None:
    encoder = heard(kind, tokens=tokens)
    y = encoder(sounds(), np.array([120, 24, 0]))
    values = y.values if tokens else y
    assert values.numpy()[0].any() and not values.numpy()[1:].any()
    assert not tokens or y.present[1:].sum() == 0
    nothing = gradients(encoder, sounds(), np.array([0, 0, 0]))
    assert nothing and all(np.isfinite(g).all() and not g.any() for g in nothing.values())


def test_a_recurrence_over_frames_is_that_of_torch() -> None:
    torch = pytest.importorskip("torch")
    encoder = en.SoundEncoder(5, 4, (3,), kind="gru", rng=rng()).to(np.float64)
    theirs = torch.nn.GRU(5, 3, batch_first=True).double()
    states = {k[7:]: v for k, v in encoder.state_dict().items() if k.startswith("states.")}
    theirs.load_state_dict({k: torch.tensor(v) for k, v in states.items()})
    x, lengths = rng(2).standard_normal((3, 7, 5)), np.array([7, 2, 4])
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(x), torch.tensor(lengths), batch_first=True, enforce_sorted=False
    )
    last = theirs(packed)[1][0].detach().numpy()
    want = last @ encoder.last.weight.numpy().T + encoder.last.bias.numpy()
    assert np.allclose(encoder(x, lengths).numpy(), want, rtol=0, atol=EXACT)


@EACH
def test_gradients_of_sound_encoders(kind: str) -> None:
    frames, lengths = rng(2).standard_normal((2, 5, 2)), np.array([5, 3])
    for options in ({"tokens": False}, {"tokens": True}):
        encoder = en.SoundEncoder(2, 2, (2, 2), kind=kind, **options, rng=rng())
        differences(encoder, [frames], lengths)
    x = sounds(1, 45).astype(float)
    differences(heard(kind, 2, channels=(2,)), [x], np.array([40]))


def test_frames_are_standardised_by_those_of_training() -> None:
    encoder = heard("cnn").to(np.float64)
    x = sounds().astype(float)
    before = encoder.front_end(x).numpy()
    real = before[np.arange(10) < encoder.front_end.counts(LENGTHS)[:, None]]
    encoder.fit(x, LENGTHS)
    got = encoder.standardise
    assert np.allclose(got.mean.numpy(), real.mean(axis=0), rtol=EXACT)
    assert np.allclose(got.std.numpy(), real.std(axis=0), rtol=EXACT)
    assert {"standardise.mean", "standardise.std"} <= encoder.state_dict().keys()


# ---- all of them ----------------------------------------------------------------------------
CASES: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    "picture": (picture, (pictures(),)),
    "patches": (lambda: en.PatchTokens(3, 5, (8, 8), 4, rng=rng()), (pictures(),)),
    "sound cnn": (lambda: heard("cnn"), (sounds(), LENGTHS)),
    "sound gru": (lambda: heard("gru"), (sounds(), LENGTHS)),
    "sound tokens": (lambda: heard("gru", tokens=True), (sounds(), LENGTHS)),
}


@pytest.mark.parametrize("name", CASES)
def test_float32_stays_and_devices_agree(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make, given = CASES[name]
    encoder = make()
    assert {g.dtype for g in gradients(encoder, *given).values()} == {np.dtype(np.float32)}
    same_on_device(monkeypatch, encoder, *given)


def test_encoders_are_branches() -> None:
    branches = {"image": picture(tokens=True), "sound": heard("cnn", 5, tokens=True)}
    pooled = {"image": picture(), "sound": heard("cnn", 5)}
    inputs = {"image": pictures(3), "sound": (sounds(), LENGTHS)}
    head = fg.nn.Linear(10, 3, rng=rng())
    net = mm.FeatureFusionNet(pooled, mm.Concat({"image": 5, "sound": 5}), head)
    net(inputs, {"sound": np.array([True, False, True])}).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    features = {name: branch(*given) for (name, branch), given in
                zip(branches.items(), ((pictures(3),), (sounds(), LENGTHS)))}  # fmt: skip
    assert all(mm.mean_of_tokens(f).shape == (3, 5) for f in features.values())


SMALL = np.zeros((1, 9, 5), np.float32)
REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda: picture()(np.zeros((2, 8, 8, 3), np.float32)), ShapeError, r"\(B, 3, H, W\), got"),
    (lambda: picture()(np.zeros((2, 3, 8, 8), np.uint8)), DTypeError, "x of floats, got uint8"),
    (lambda: picture(kernel_size=2), OptionError, "an odd kernel_size, got kernel_size=2"),
    (lambda: picture(end="flatten"), OptionError, "flatten with image_size and without tokens"),
    (lambda: picture(end="max"), OptionError, "end mean, or flatten"),
    (lambda: picture(end="flatten", image_size=(3, 8)), OptionError, "sizes from 4 on, got"),
    (lambda: en.PatchTokens(3, 5, (8, 9), 4, rng=rng()), OptionError, "sizes that patch div"),
    (lambda: en.PatchTokens(3, 5, (8, 8), 0, rng=rng()), OptionError, "patch of 1 or more"),
    (lambda: CASES["patches"][0]()(pictures(1, 4)), ShapeError, r"pictures \(B, 3, 8, 8\)"),
    (lambda: heard("rnn"), OptionError, "kind in cnn, gru, got 'rnn'"),
    (lambda: heard("cnn", kernel_size=4), OptionError, "an odd kernel_size, got"),
    (lambda: heard("cnn", front_end=en.LogMel(8000)), OptionError, "of 5 bands, got 40; give"),
    (lambda: heard("cnn")(SMALL), ShapeError, r"sounds \(B, L\), got \(1, 9, 5\)"),
    (lambda: heard("cnn", front_end=None)(SMALL[0]), ShapeError, r"frames \(B, T, 5\), got"),
    (lambda: heard("gru")(sounds(), [1, 2]), ShapeError, r"3 lengths, got lengths of shape"),
    (lambda: heard("gru")(sounds(), [1, 2, 121]), OptionError, "lengths of 0 to 120, got"),
    (lambda: heard("gru")(sounds(), [1.0, 2, 3]), DTypeError, "lengths as whole numbers"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()

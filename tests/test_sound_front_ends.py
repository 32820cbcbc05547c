"""Sounds to frames, spectra, bands and coefficients: SciPy, NumPy, and differences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import DTypeError, FusegradError, OptionError, ShapeError
from fusegrad.multimodal import encoder as en

EXACT = 1e-10
SINGLE = 5e-6  # of the largest of a frame, in float32
GRADIENT = 1e-6
RATE = 8000


def sound(rows: int = 2, length: int = 1000) -> np.ndarray:
    return 0.3 * np.random.default_rng(3).standard_normal((rows, length))


def close(got: Any, want: np.ndarray, tolerance: float = EXACT) -> None:
    got = got.numpy() if isinstance(got, fg.Tensor) else np.asarray(got)
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= tolerance * max(1.0, np.abs(want).max())


def plain(**settings: Any) -> en.Spectrogram:
    return en.Spectrogram(RATE, 200, 80, 256, preemphasis=0.0, **settings)


# ---- windows and frames ---------------------------------------------------------------------
@pytest.mark.parametrize("length", [1, 2, 25, 200, 256])
@pytest.mark.parametrize("name", ["hann", "hamming"])
def test_windows_are_those_of_scipy(name: str, length: int) -> None:
    signal = pytest.importorskip("scipy.signal")
    for periodic in (True, False):
        want = signal.get_window(name, length, fftbins=periodic)
        close(getattr(en, name)(length, periodic), want, 1e-15)
    if name == "hann":
        close(en.hann(length, periodic=False), np.hanning(length), 1e-15)


def test_pre_emphasis_is_a_filter() -> None:
    x = sound()
    want = x.copy()
    want[:, 1:] -= 0.97 * x[:, :-1]
    close(en.pre_emphasis(x), want, 1e-15)
    assert en.pre_emphasis(x, 0.0) is x


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize(("length", "hop"), [(10, 4), (7, 7), (5, 9), (1, 1), (23, 3)])
def test_frames_are_slices(center: bool, length: int, hop: int) -> None:
    x = sound(2, 23)
    whole = np.pad(x, ((0, 0), (length // 2,) * 2), "reflect") if center else x
    starts = range(0, whole.shape[1] - length + 1, hop)
    want = np.stack([whole[:, s : s + length] for s in starts], axis=1)
    assert np.array_equal(en.frames(x, length, hop, center=center), want)


# ---- spectra --------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 15, 256, 1000])
def test_tables_give_the_fourier_transform(n: int) -> None:
    x = sound(3, n)
    cos, sin = en.dft_tables(n, n)
    close(x @ cos - 1j * (x @ sin), np.fft.rfft(x), 1e-13)


@pytest.mark.parametrize("window", ["hann", "hamming", "ones"])
def test_power_is_that_of_numpy_and_scipy(window: str) -> None:
    signal = pytest.importorskip("scipy.signal")
    x, weights = sound(), np.ones(200)
    if window != "ones":
        weights = signal.get_window(window, 200)
    cut = np.lib.stride_tricks.sliding_window_view(x, 200, axis=1)[:, ::80]
    got = plain(window=window)(x)
    close(got, np.abs(np.fft.rfft(cut * weights, 256)) ** 2)
    options = {"window": weights, "nperseg": 200, "noverlap": 120, "nfft": 256}
    theirs = signal.stft(x, **options, boundary=None, padded=False, scaling="spectrum")[2]
    close(got, np.swapaxes(np.abs(theirs) ** 2, 1, 2) * weights.sum() ** 2)


@pytest.mark.parametrize("pad_mode", ["reflect", "constant"])
def test_centred_frames_are_those_of_torch(pad_mode: str) -> None:
    torch = pytest.importorskip("torch")
    x = sound()
    want = torch.stft(
        torch.tensor(x), 256, 80, 200, torch.hann_window(200, dtype=torch.float64),
        center=True, pad_mode=pad_mode, return_complex=True,
    )  # fmt: skip
    power = want.abs().square().transpose(1, 2).numpy()
    close(plain(center=True, pad_mode=pad_mode)(x), power)


def test_defaults_are_in_seconds() -> None:
    for rate, sizes in ((8000, (200, 80, 256)), (16000, (400, 160, 512)), (44100, (1102, 441))):
        s = en.Spectrogram(rate)
        assert (s.win_length, s.hop_length, s.n_fft)[: len(sizes)] == sizes
        assert s.width == s.n_fft // 2 + 1 and s(sound(1, 3 * s.win_length)).shape[2] == s.width


def test_float32_stays_float32_and_near() -> None:
    x = sound()
    for made in (plain(), en.LogMel(RATE), en.MFCC(RATE)):
        got, want = made(fg.Tensor(x.astype(np.float32))), made(x)
        assert got.dtype == np.float32
        worst = np.abs(got.numpy() - want) / np.abs(want).max(axis=2, keepdims=True)
        assert worst.max() <= SINGLE
    assert not list(en.MFCC(RATE).parameters()) and not en.MFCC(RATE).state_dict()


# ---- bands and coefficients -----------------------------------------------------------------
def to_mel(frequency: float) -> float:
    return 2595 * math.log10(1 + frequency / 700)


def triangles(n_mels: int, n_fft: int, low: float, high: float) -> np.ndarray:
    """Band by band and bin by bin, from the text."""
    step = (to_mel(high) - to_mel(low)) / (n_mels + 1)
    points = [700 * (10 ** ((to_mel(low) + k * step) / 2595) - 1) for k in range(n_mels + 2)]
    found = np.zeros((n_mels, n_fft // 2 + 1))
    for m, (a, b, c) in enumerate(zip(points, points[1:], points[2:])):
        for k in range(n_fft // 2 + 1):
            f = k * RATE / n_fft
            if a < f < c:
                found[m, k] = (f - a) / (b - a) if f <= b else (c - f) / (c - b)
    return found


def test_mel_filters_are_triangles() -> None:
    close(en.mel_filters(26, 256, RATE), triangles(26, 256, 0, 4000))
    close(en.mel_filters(20, 512, RATE, 60, 3000), triangles(20, 512, 60, 3000))
    slaney = en.mel_filters(10, 16384, RATE, norm="slaney")
    assert np.allclose(slaney.sum(axis=1) * RATE / 16384, 1, atol=1e-3)  # of area 1
    assert np.allclose(en.mel_to_hz(en.hz_to_mel([0.0, 60.0, 1e4])), [0, 60, 1e4], rtol=1e-12)
    assert abs(en.hz_to_mel(1000.0) - 999.9855) < 1e-4  # 1 kHz is 1000 mel


def test_mel_filters_are_those_of_librosa() -> None:
    filters = pytest.importorskip("librosa.filters")
    for ours, theirs in ((None, None), ("slaney", "slaney")):
        want = filters.mel(
            sr=RATE, n_fft=256, n_mels=26, htk=True, norm=theirs, dtype=np.float64
        )
        close(en.mel_filters(26, 256, RATE, norm=ours), want)


@pytest.mark.parametrize("n", [1, 2, 13, 40])
def test_the_cosine_table_is_that_of_scipy(n: int) -> None:
    fft = pytest.importorskip("scipy.fft")
    x, table = sound(3, n), en.dct_matrix(n)
    close(x @ table.T, fft.dct(x, type=2, norm="ortho"), 1e-13)
    close(table @ table.T, np.eye(n), 1e-13)


def test_log_mel_and_mfcc_are_worked_in_numpy() -> None:
    fft, x = pytest.importorskip("scipy.fft"), sound()
    y = np.concatenate([x[:, :1], x[:, 1:] - 0.97 * x[:, :-1]], axis=1)
    cut = np.lib.stride_tricks.sliding_window_view(y, 200, axis=1)[:, ::80]
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 200)
    power = np.abs(np.fft.rfft(cut * weights, 256)) ** 2
    for bands, made in ((40, en.LogMel(RATE)), (26, en.LogMel(RATE, 26))):
        close(made(x), np.log(power @ triangles(bands, 256, 0, 4000).T + 1e-10))
    want = fft.dct(made(x), type=2, norm="ortho")[..., :13]
    assert want.shape == (2, 11, 13)
    close(en.MFCC(RATE)(x), want)


@pytest.mark.parametrize("made", [en.LogMel, en.MFCC], ids=["LogMel", "MFCC"])
def test_gradients_reach_the_samples(made: Any) -> None:
    small = en.Spectrogram(RATE, 24, 10, 32)
    bands = en.LogMel(RATE, 6, spectrogram=small)
    front = bands if made is en.LogMel else en.MFCC(RATE, 4, log_mel=bands)
    assert fg.gradcheck(front, sound(2, 60), tolerance=GRADIENT).error <= GRADIENT
    centred = en.LogMel(RATE, 6, spectrogram=en.Spectrogram(RATE, 24, 10, 32, center=True))
    assert fg.gradcheck(centred, sound(1, 40), tolerance=GRADIENT).error <= GRADIENT


def test_silence_is_finite_and_passes_nothing_back() -> None:
    x = fg.Tensor(np.zeros((1, 400)), requires_grad=True)
    y = en.LogMel(RATE)(x)
    y.sum().backward()
    assert np.all(y.numpy() == np.log(1e-10)) and not x.grad.numpy().any()


# ---- what is refused ------------------------------------------------------------------------
SHORT = np.zeros((2, 9))
REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda: en.hann(0), OptionError, "hann: expected length of 1 or more, got length=0"),
    (lambda: en.hamming(True), OptionError, "length=True"),
    (lambda: en.frames(SHORT, 10, 2), ShapeError, "L of 10 or more, got .2, 9.; pad them"),
    (lambda: en.frames(np.zeros(20), 10, 2), ShapeError, r"got \(20,\)"),
    (lambda: en.frames(SHORT, 4, 0), OptionError, "hop of 1 or more, got hop=0"),
    (lambda: en.frames(SHORT, 4, 1, pad_mode="wrap"), OptionError, "pad_mode in reflect, con"),
    (lambda: en.frames(np.zeros((1, 9), np.int16), 4, 1), DTypeError, "x of floats"),
    (lambda: en.pre_emphasis(np.zeros((1, 9), np.int16)), DTypeError, "x of floats"),
    (lambda: en.Spectrogram(0), OptionError, "sample_rate > 0, got sample_rate=0"),
    (lambda: en.Spectrogram(RATE, window="hat"), OptionError, "window in hann, hamming, ones"),
    (lambda: en.Spectrogram(RATE, 200, n_fft=128), OptionError, "n_fft of 200 or more"),
    (lambda: en.Spectrogram(RATE, 200, -1), OptionError, "hop_length of 1 or more"),
    (lambda: en.LogMel(RATE)(np.zeros((1, 400), int)), DTypeError, "x of floats"),
    (lambda: en.LogMel(RATE, floor=0), OptionError, "floor > 0, got floor=0; silence"),
    (lambda: en.LogMel(RATE, 0), OptionError, "n_mels of 1 or more"),
    (lambda: en.LogMel(RATE, 4, 3000, 2000), OptionError, "0 <= f_min < f_max <= 4000"),
    (lambda: en.LogMel(RATE, norm="sum"), OptionError, "norm None or 'slaney', got 'sum'"),
    (lambda: en.LogMel(RATE, 200), OptionError, "a frequency in every band, got band"),
    (lambda: en.LogMel(RATE, spectrogram=en.Spectrogram(1000)), OptionError, "1000 in it"),
    (lambda: en.MFCC(RATE, log_mel=en.LogMel(16000)), OptionError, "log_mel of 8000 Hz"),
    (lambda: en.MFCC(RATE, 27), OptionError, "n_mfcc of 26 or less, got n_mfcc=27"),
    (lambda: en.dct_matrix(0), OptionError, "n of 1 or more"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()

"""MMTM: recalibrated maps against plain NumPy, differences, and what is missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import multimodal as mm
from tests import token_oracles as oracle

CLOSE = 1e-12
WIDTHS = {"image": 3, "sound": 2, "text": 4}
SHAPES = {"image": (2, 5), "sound": (3,), "text": ()}  # spatial axes
PRESENT = {
    "image": np.array([True, True, False, False]),
    "sound": np.array([True, False, True, False]),
}


def rng(seed: int = 2) -> np.random.Generator:
    return np.random.default_rng(seed)


def made(count: int = 3) -> mm.MMTM:
    fusion = mm.MMTM(dict(list(WIDTHS.items())[:count]), 5, rng=rng()).to(np.float64)
    for p in fusion.parameters():
        p.assign_(p.numpy() + rng(3).standard_normal(p.shape))
    return fusion


def maps(count: int = 3, rows: int = 4) -> dict[str, np.ndarray]:
    draws = rng(4)
    return {
        n: draws.standard_normal((rows, c, *SHAPES[n])) for n, c in list(WIDTHS.items())[:count]
    }


@pytest.mark.parametrize("count", [1, 2, 3])
def test_maps_are_scaled_as_the_formula_says(count: int) -> None:
    fusion, x = made(count), maps(count)
    present = {n: m for n, m in PRESENT.items() if n in x}
    got = fusion.exchange(x, present)
    state = {k: v.astype(np.float64) for k, v in fusion.state_dict().items()}
    for row in range(4):
        there = {n: bool(present[n][row]) if n in present else True for n in x}
        want = oracle.mmtm(state, {n: v[row] for n, v in x.items()}, there)
        for n in x:
            assert np.allclose(got[n].numpy()[row], want[n], rtol=CLOSE, atol=CLOSE)


def test_vectors_are_maps_of_one_place() -> None:
    fusion, x = made(), {n: rng(5).standard_normal((4, c)) for n, c in WIDTHS.items()}
    fused = fusion(x, PRESENT)
    apart = fusion.exchange(x, PRESENT)
    assert fused.shape == (4, fusion.width) == (4, 9)
    assert np.array_equal(fused.numpy(), np.concatenate([v.numpy() for v in apart.values()], 1))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_split_of_an_exchange_holds_against_differences(rows: int) -> None:
    fusion, x = made(), maps(rows=rows)

    def exchanged(*values: Any) -> fg.Tensor:
        out = fusion.exchange(dict(zip(x, values, strict=True)))
        return fg.concat([v.reshape(-1) for v in out.values()])

    assert fg.gradcheck(exchanged, *x.values()).error < 1e-7


def test_the_gradient_of_a_map_is_its_gate_and_one_number_for_all_places() -> None:
    fusion, x = made(2), maps(2)
    image = fg.Tensor(x["image"], requires_grad=True)
    out = fusion.exchange({"image": image, "sound": x["sound"]})
    delta = rng(6).standard_normal(image.shape)
    (out["image"] * delta).sum().backward()
    gate = out["image"].numpy() / x["image"]
    rest = image.grad.numpy() - delta * gate  # d s_m / (number of places), everywhere alike
    assert np.allclose(rest, rest.mean((2, 3), keepdims=True), rtol=CLOSE, atol=CLOSE)
    assert np.abs(rest).max() > 1e-3


def test_what_is_missing_neither_acts_nor_learns() -> None:
    fusion, x = made(), maps()
    broken = {
        n: np.where(PRESENT[n].reshape(-1, *[1] * (v.ndim - 1)), v, np.nan)
        if n in PRESENT
        else v
        for n, v in x.items()
    }
    given = {n: fg.Tensor(v, requires_grad=True) for n, v in broken.items()}
    out, whole = fusion.exchange(given, PRESENT), fusion.exchange(x, PRESENT)
    assert all(np.array_equal(out[n].numpy(), whole[n].numpy()) for n in x)
    sum((v * v).sum() for v in out.values()).backward()
    for n, mask in PRESENT.items():
        assert not given[n].grad.numpy()[~mask].any() and given[n].grad.numpy()[mask].any()
    assert all(np.isfinite(p.grad.numpy()).all() for p in fusion.parameters())
    alone = fusion.exchange({"text": x["text"]})
    assert list(alone) == ["text"]
    nobody = {n: np.zeros(4, bool) for n in ("image", "sound")}
    assert np.array_equal(alone["text"].numpy(), fusion.exchange(x, nobody)["text"].numpy())


def test_half_the_channels_are_the_units_and_one_at_least() -> None:
    assert mm.MMTM(WIDTHS, rng=rng()).squeeze.weight.shape == (4, 9)
    assert mm.MMTM({"a": 1}, rng=rng()).squeeze.weight.shape == (1, 1)


REFUSED = [
    (lambda f: f.exchange([1.0]), "MMTM: expected a dict of features, got list; name each"),
    (lambda f: f.exchange({"smell": np.ones((2, 3))}), r"expected features among .*'smell'"),
    (
        lambda f: f.exchange({"image": np.ones((2, 4, 5))}),
        r"MMTM, image: expected a feature \(2, 3\), got \(2, 4\); end the branch",
    ),
    (lambda f: mm.MMTM(WIDTHS, 0, rng=rng()), "MMTM: expected a whole width of 1 or more"),
]


@pytest.mark.parametrize(("call", "text"), REFUSED)
def test_wrong_maps_are_refused(call: Any, text: str) -> None:
    with pytest.raises((fg.ShapeError, fg.OptionError, fg.DTypeError), match=text):
        call(made())

"""Cross-modal autoencoders against numpy; who learns from which decoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad import nn, optim
from fusegrad.multimodal import objective

EXACT = 1e-12
WIDTHS = {"a": 3, "b": 4, "c": 2}
CODE = 2


def made(names: str = "abc", weights: Any = None) -> objective.CrossModalAutoencoder:
    rng = np.random.default_rng(0)
    encoders = {n: nn.Linear(WIDTHS[n], CODE, rng=rng) for n in names}
    decoders = {n: nn.Linear(CODE, WIDTHS[n], rng=rng) for n in names}
    return objective.CrossModalAutoencoder(encoders, decoders, weights).to(np.float64)


def inputs(rows: int, names: str = "abc") -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {n: rng.standard_normal((rows, WIDTHS[n])) for n in names}


def affine(layer: nn.Linear, x: np.ndarray) -> np.ndarray:
    return x @ layer.weight.numpy().T + layer.bias.numpy()


def by_hand(
    model: objective.CrossModalAutoencoder,
    x: dict[str, np.ndarray],
    here: dict[str, np.ndarray],
    weights: dict[tuple[str, str], float],
) -> float:
    total = 0.0
    for i in x:
        for j in x:
            rows = [r for r in range(len(x[i])) if here[i][r] and here[j][r]]
            errors = [
                ((affine(model.decoders[j], affine(model.encoders[i], x[i][r])) - x[j][r]) ** 2)
                for r in rows
            ]
            if rows:
                total += weights.get((i, j), 1.0) * sum(e.sum() for e in errors) / len(rows)
    return total


@pytest.mark.parametrize("names", ["a", "ab", "abc"])
@pytest.mark.parametrize("rows", [1, 5])
def test_the_sum_over_pairs_is_numpys(names: str, rows: int) -> None:
    model, x = made(names), inputs(rows, names)
    whole = {n: np.ones(rows, bool) for n in names}
    assert abs(float(model(x)) - by_hand(model, x, whole, {})) <= EXACT


def test_weights_and_masks_are_numpys() -> None:
    weights = {("a", "a"): 0.0, ("a", "b"): 2.5, ("c", "a"): 0.25}
    model, x = made(weights=weights), inputs(5)
    here = {"a": np.array([1, 1, 0, 1, 0], bool), "b": np.array([0, 1, 1, 1, 0], bool)}
    value = float(model(x, here))
    here["c"] = np.ones(5, bool)
    assert abs(value - by_hand(model, x, here, weights)) <= EXACT


def test_an_encoder_gets_the_sum_over_decoders() -> None:
    x = inputs(4)
    model = made()
    model(x).backward()
    total = model.encoders["a"].weight.grad.numpy()
    parts = []
    for j in "abc":
        off = {(i, k): float(i == "a" and k == j) for i in "abc" for k in "abc"}
        one = made(weights=off)
        one(x).backward()
        parts.append(one.encoders["a"].weight.grad.numpy())
        assert one.encoders["b"].weight.grad is None
    assert np.abs(total - sum(parts)).max() <= EXACT


def test_the_closed_form_of_an_encoders_gradient() -> None:
    model, x = made("ab", {("a", "a"): 0.0, ("b", "a"): 0.0, ("b", "b"): 0.0}), inputs(4, "ab")
    model(x).backward()
    e, d = model.encoders["a"], model.decoders["b"]
    missed = affine(d, affine(e, x["a"])) - x["b"]
    want = (2 * missed @ d.weight.numpy()).T @ x["a"] / 4
    assert np.abs(e.weight.grad.numpy() - want).max() <= EXACT


def test_it_learns_to_tell_one_modality_from_the_other() -> None:
    rng = np.random.default_rng(2)
    hidden = rng.standard_normal((64, CODE))
    x = {n: hidden @ rng.standard_normal((CODE, WIDTHS[n])) for n in "ab"}
    model = made("ab")
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        model(x).backward()
        optimizer.step()
    told = model.reconstruct({"a": x["a"]}, "a", "b")
    share = ((told.numpy() - x["b"]) ** 2).sum() / (x["b"] ** 2).sum()
    assert share < 0.01  # of the energy is missed; 1 for one who says 0


def test_no_pair_in_common_is_0_and_passes_nothing() -> None:
    model, x = made("ab"), inputs(2, "ab")
    here = {"a": np.zeros(2, bool), "b": np.zeros(2, bool)}
    value = model(x, here)
    assert float(value) == 0 and not value.requires_grad


def test_float32_stays_float32() -> None:
    model = made("ab").to(np.float32)
    assert model({n: v.astype(np.float32) for n, v in inputs(2, "ab").items()}).dtype == "f4"


@pytest.mark.parametrize(
    "act, error, text",
    [
        (lambda: made()([1.0]), fg.DTypeError, "expected a dict of arrays, got list"),
        (lambda: made()({}), fg.OptionError, r"arrays among \['a', 'b', 'c'\], got none"),
        (lambda: made()({"z": np.ones((1, 2))}), fg.OptionError, r"got \['z'\]"),
        (
            lambda: made()({"a": np.ones((1, 3)), "b": np.ones((2, 4))}),
            fg.ShapeError,
            "of one B, got",
        ),
        (lambda: made()({"a": 1.0}), fg.ShapeError, "of one B"),
        (lambda: made(weights={("a", "z"): 1.0}), fg.OptionError, "weights of"),
        (lambda: made(weights={("a", "b"): -1.0}), fg.OptionError, "weights of 0 or more"),
        (
            lambda: objective.CrossModalAutoencoder({}, {"a": nn.Identity()}),
            fg.OptionError,
            "a dict of encoders",
        ),
        (
            lambda: objective.CrossModalAutoencoder([nn.Identity()], {"a": nn.Identity()}),
            fg.OptionError,
            "a dict of encoders, got list",
        ),
        (
            lambda: objective.CrossModalAutoencoder({"a": nn.Identity()}, {"b": nn.Identity()})(
                {"a": np.ones((2, 3)), "b": np.ones((2, 1))}
            ),
            fg.ShapeError,
            r"decoder b: expected an output \(2, 1\), got \(2, 3\)",
        ),
        (lambda: made().reconstruct(inputs(1), "z", "a"), fg.OptionError, "from_ among"),
        (lambda: made().reconstruct(inputs(1), "a", "z"), fg.OptionError, "to among"),
    ],
)
def test_what_it_refuses(act: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        act()

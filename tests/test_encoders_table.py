"""Columns of numbers: standardised as NumPy does, whatever is missing or constant."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusegrad as fg
from fusegrad.kernels import DTypeError, FusegradError, OptionError, ShapeError
from fusegrad.multimodal import encoder as en
from tests.encoders_sample import EXACT, differences, gradients, rng, same_on_device

NAN = np.nan


def table() -> np.ndarray:
    """Columns on different scales, a constant one that sums inexactly, and an empty one."""
    x = rng().standard_normal((50, 4)) * [1, 1e4, 1, 1] + [0, -3e5, 0, 0]
    x[:, 2], x[:, 3] = 0.1, NAN
    x[::7, 0] = NAN
    return x


def fitted() -> en.Standardise:
    return en.Standardise(4).to(np.float64).fit(table())


def test_columns_are_standardised_without_what_is_missing() -> None:
    y, x = np.asarray(fitted()(table())), table()
    want = (x[:, :2] - np.nanmean(x[:, :2], axis=0)) / np.nanstd(x[:, :2], axis=0)
    known = ~np.isnan(want)
    assert np.allclose(y[:, :2][known], want[known], rtol=0, atol=EXACT)
    assert not y[:, :2][~known].any() and not y[:, 2:].any()  # constant and empty: exactly 0
    assert np.array_equal(np.asarray(fitted()(np.full((1, 4), NAN))), np.zeros((1, 4)))
    later = np.asarray(fitted()(np.full((1, 4), 7.0)))[0]
    assert later[2] == 7.0 - 0.1 and later[3] == 7.0  # on their own scale, not blown up


def test_until_it_is_fitted_numbers_stay() -> None:
    x = rng().standard_normal((3, 4))
    assert np.array_equal(en.Standardise(4)(x), x)
    alone = en.Standardise(4).to(np.float64).fit(x[:1])  # one row: each column is constant
    assert not np.asarray(alone(x[:1])).any() and alone.width == 4


def test_what_was_fitted_is_part_of_the_state() -> None:
    encoder = en.TableEncoder(4, 2, rng=rng()).fit(table())
    other = en.TableEncoder(4, 2, rng=rng(9))
    other.load_state_dict(encoder.state_dict())
    x = table().astype(np.float32)
    assert np.array_equal(encoder(x).numpy(), other(x).numpy())
    assert not {"standardise.mean", "standardise.std"} & {
        n for n, _ in other.named_parameters()
    }


@pytest.mark.parametrize("indicate", [False, True])
def test_a_table_goes_through_an_mlp(indicate: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = en.TableEncoder(4, 3, (5, 6), indicate_missing=indicate, rng=rng()).fit(table())
    encoder, x = encoder.to(np.float64), table()[:8]
    y = np.asarray(encoder.standardise(x))
    if indicate:
        y = np.concatenate([y, np.isnan(x)], axis=1)
    state = [p.numpy() for p in encoder.parameters()]
    for k in (0, 2, 4):
        y = y @ state[k].T + state[k + 1]
        y = np.maximum(y, 0) if k < 4 else y
    assert np.allclose(encoder(x).numpy(), y, rtol=0, atol=EXACT)
    single, given = encoder.to(np.float32), table()[:8].astype(np.float32)
    assert {g.dtype for g in gradients(single, given).values()} == {np.dtype(np.float32)}
    assert single(given).dtype == np.float32
    same_on_device(monkeypatch, single, given)


def test_gradients_of_the_table_encoder() -> None:
    x = rng(1).standard_normal((3, 3))
    encoder = en.TableEncoder(3, 2, (4,), rng=rng()).fit(3 * rng(2).standard_normal((9, 3)))
    differences(encoder, [x])
    given = fg.Tensor(np.where(np.eye(3, dtype=bool), NAN, x), requires_grad=True)
    encoder(given).sum().backward()
    gradient = given.grad.numpy()
    assert not gradient[np.eye(3, dtype=bool)].any() and np.isfinite(gradient).all()
    assert gradient[~np.eye(3, dtype=bool)].any()


def scaled(mean: Any, std: Any) -> Any:
    return en.Standardise(2).set(mean, std)


WRONG = np.array([[1.0, np.inf]])
REFUSED: list[tuple[Any, type[FusegradError], str]] = [
    (lambda: en.Standardise(0), OptionError, "width of 1 or more, got width=0"),
    (lambda: en.Standardise(2).fit(WRONG), OptionError, "finite numbers, or nan, got inf"),
    (lambda: en.Standardise(2).fit(np.ones((3, 3))), ShapeError, r"rows \(..., 2\), got"),
    (lambda: en.Standardise(2).fit(np.ones((3, 2), int)), DTypeError, "rows of floats"),
    (lambda: en.Standardise(2)(np.ones((3, 1))), ShapeError, r"x \(..., 2\), got \(3, 1\)"),
    (lambda: scaled([0.0], [1.0, 1.0]), ShapeError, r"mean and std \(2,\), got \(1,\) and"),
    (lambda: scaled([0.0, 0.0], [1.0, 0.0]), OptionError, "a finite mean and std > 0"),
    (lambda: scaled([NAN, 0.0], [1.0, 1.0]), OptionError, "a finite mean and std > 0"),
    (lambda: en.TableEncoder(2, 2, rng=rng())(np.ones((3, 2), int)), DTypeError, "x of floats"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_what_is_not_so_is_refused(call: Any, error: type[FusegradError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_refused_fit_leaves_the_state() -> None:
    standardise = en.Standardise(2).fit(np.array([[1.0, 2.0], [3.0, 6.0]]))
    with pytest.raises(OptionError, match="finite numbers"):
        standardise.fit(WRONG)
    assert standardise.mean.numpy().tolist() == [2, 4]
    assert standardise.std.numpy().tolist() == [1, 2]

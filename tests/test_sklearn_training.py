"""Networks as scikit-learn estimators: what is computed, and what each parameter does to it."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from fusegrad import nn, optim
from fusegrad.sklearn import NetworkClassifier, NetworkRegressor
from fusegrad.sklearn.factories import ACTIVATIONS, OPTIMIZERS

X, Y = load_iris(return_X_y=True)


def weights(estimator: Any) -> np.ndarray:
    return np.concatenate([w.ravel() for w in estimator.network_.state_dict().values()])


def from_zero(inputs: int, outputs: int, rng: np.random.Generator) -> nn.Module:
    layer = nn.Linear(inputs, outputs, rng=rng)
    for parameter in layer.parameters():
        parameter.assign_(np.zeros(parameter.shape))
    return layer


def test_full_batches_of_sgd_are_gradient_descent() -> None:
    """Held against the same three steps in plain NumPy."""
    x, y = X[:, :2], X[:, 2]
    model = NetworkRegressor(module=from_zero, optimizer="sgd", lr=0.01, max_epochs=3)
    model.set_params(batch_size=len(x)).fit(x, y)
    w, b, losses = np.zeros(2), 0.0, []
    for _ in range(3):
        error = x @ w + b - y
        losses.append(np.mean(error**2))
        w, b = w - 0.01 * 2 * (error @ x) / len(x), b - 0.01 * 2 * error.mean()
    np.testing.assert_allclose(weights(model), [*w, b], rtol=1e-12)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-12)
    np.testing.assert_allclose(model.predict(x), x @ w + b, rtol=1e-12)


def test_no_hidden_layer_is_linear_regression() -> None:
    x, y = load_diabetes(return_X_y=True)
    x, y = StandardScaler().fit_transform(x[:, :4]), (y - y.mean()) / y.std()
    settings = {"optimizer": "sgd", "lr": 0.3, "max_epochs": 300, "batch_size": len(x)}
    ours = NetworkRegressor((), random_state=0, **settings).fit(x, y)
    exact = LinearRegression().fit(x, y)
    np.testing.assert_allclose(ours.predict(x), exact.predict(x), atol=1e-9)
    assert abs(ours.score(x, y) - exact.score(x, y)) < 1e-9


def test_no_hidden_layer_is_logistic_regression() -> None:
    keep = Y != 0  # the other two overlap, so that the best weights are finite
    x, y = StandardScaler().fit_transform(X[keep, :2]), Y[keep]
    settings = {"optimizer": "sgd", "lr": 1.0, "max_epochs": 600, "batch_size": len(x)}
    ours = NetworkClassifier((), random_state=0, **settings).fit(x, y)
    exact = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, y)
    np.testing.assert_allclose(ours.predict_proba(x), exact.predict_proba(x), atol=1e-6)
    np.testing.assert_allclose(
        ours.predict_log_proba(x), np.log(ours.predict_proba(x)), rtol=1e-12
    )
    assert ours.classes_.tolist() == [1, 2]


@pytest.mark.slow
def test_digits_as_well_as_scikit_learns_network() -> None:
    x, y = load_digits(return_X_y=True)
    scores = []
    for seed in range(3):
        parts = train_test_split(x / 16, y, test_size=0.25, random_state=seed, stratify=y)
        fit, test, y_fit, y_test = parts
        ours = NetworkClassifier((64,), max_epochs=30, random_state=seed)
        theirs = MLPClassifier(
            (64,), alpha=0, batch_size=32, max_iter=30, tol=0, n_iter_no_change=30,
            random_state=seed,
        )  # fmt: skip
        with pytest.warns(match="Maximum iterations"):
            theirs.fit(fit, y_fit)
        scores.append([m.score(test, y_test) for m in (ours.fit(fit, y_fit), theirs)])
    ours_mean, theirs_mean = np.mean(scores, axis=0)
    assert ours_mean > 0.96 and ours_mean > theirs_mean - 0.01


@pytest.mark.parametrize("way", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_goes_on_as_the_original_would(way: Any) -> None:
    model = NetworkClassifier(module=dropping, max_epochs=2, random_state=0).fit(X, Y)
    copied = way(model)
    assert np.array_equal(copied.predict_proba(X), model.predict_proba(X))
    for one in (model, copied):  # moments, order and dropout too
        one.partial_fit(X, Y)
    assert np.array_equal(weights(copied), weights(model))
    assert copied.loss_curve_ == model.loss_curve_


def dropping(inputs: int, outputs: int, rng: np.random.Generator) -> nn.Module:
    first, last = nn.Linear(inputs, 8, rng=rng), nn.Linear(8, outputs, rng=rng)
    return nn.Sequential(first, nn.Tanh(), nn.Dropout(0.5, rng=rng), last)


def test_fit_is_as_many_partial_fits() -> None:
    whole = NetworkClassifier((4,), max_epochs=3, random_state=0).fit(X, Y)
    parts = NetworkClassifier((4,), random_state=0)
    for _ in range(3):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    assert np.array_equal(weights(parts), weights(whole))
    assert parts.loss_curve_ == whole.loss_curve_ and parts.n_iter_ == 3


def test_a_warm_start_goes_on_and_a_cold_one_does_not() -> None:
    settings = {"optimizer": "sgd", "lr": 0.05, "random_state": 0}  # sgd has no state to lose
    whole = NetworkRegressor((4,), max_epochs=5, **settings).fit(X[:, :3], X[:, 3])
    parts = NetworkRegressor((4,), max_epochs=2, warm_start=True, **settings)
    parts.fit(X[:, :3], X[:, 3]).set_params(max_epochs=3).fit(X[:, :3], X[:, 3])
    assert np.array_equal(weights(parts), weights(whole)) and parts.n_iter_ == 5
    again = whole.set_params(max_epochs=2).fit(X[:, :3], X[:, 3])
    assert again.n_iter_ == 2 and again.loss_curve_ == parts.loss_curve_[:2]


def test_a_warm_start_takes_the_optimizer_as_it_is_named_now() -> None:
    settings = {"warm_start": True, "max_epochs": 1, "random_state": 0}
    model = NetworkClassifier((4,), lr=0.05, **settings).fit(X, Y)
    before = weights(model)
    model.set_params(optimizer="sgd", lr=1e-9).fit(X, Y)
    assert 0 < np.abs(weights(model) - before).max() < 1e-7
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(weights(copy.fit(X, Y)), weights(model.fit(X, Y)))


def test_early_stopping_keeps_the_weights_of_the_least_held_out_loss() -> None:
    noise = np.random.default_rng(0).integers(0, 2, len(X))  # nothing to learn but noise
    settings = {"lr": 0.02, "early_stopping": True, "random_state": 1}
    stopped = NetworkClassifier((32,), patience=5, **settings).fit(X, noise)
    curve = stopped.validation_loss_curve_
    best = int(np.argmin(curve)) + 1
    assert stopped.n_iter_ == len(curve) == len(stopped.loss_curve_) == best + 5 < 100
    until = NetworkClassifier((32,), max_epochs=best, **settings).fit(X, noise)
    assert until.validation_loss_curve_ == curve[:best]
    assert np.array_equal(weights(until), weights(stopped))


def test_what_is_held_out_has_of_each_class_its_share() -> None:
    rare = np.arange(40) < 1
    with pytest.raises(ValueError, match="least populated"):
        NetworkClassifier(early_stopping=True).fit(X[:40], rare)


def test_a_bar_is_drawn_where_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as on a terminal
    for verbose in (False, True):
        NetworkClassifier((2,), max_epochs=2, verbose=verbose).fit(X, Y)
        assert ("epoch 2/2" in capsys.readouterr().err) == verbose


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_the_network_has_the_dtype_of_the_data(dtype: str) -> None:
    model = NetworkRegressor((4,), max_epochs=1).fit(X.astype(dtype), X)
    expected = np.float32 if dtype == "f4" else np.float64
    assert model.predict(X).dtype == weights(model).dtype == expected
    assert model.predict(X).shape == X.shape  # one output for each column


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, partial(optim.SGD, momentum=0.9)])
def test_every_optimizer_by_its_name_or_as_a_function(optimizer: Any) -> None:
    model = NetworkClassifier((8,), optimizer=optimizer, max_epochs=8, random_state=0)
    curve = model.fit(StandardScaler().fit_transform(X), Y).loss_curve_
    assert curve[-1] < curve[0]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_stands_between_the_layers(activation: str) -> None:
    model = NetworkClassifier((5, 3), activation, max_epochs=1, random_state=0).fit(X, Y)
    kinds = [type(layer) for layer in model.network_.children()]
    between = ACTIVATIONS[activation]
    assert kinds == [nn.Linear, between, nn.Linear, between, nn.Linear]


def test_settings_reach_the_optimizer_and_none_leaves_them_to_it() -> None:
    def settings(**given: Any) -> tuple[Any, Any]:
        model = NetworkClassifier((2,), optimizer="adamw", max_epochs=1, **given).fit(X, Y)
        group = model._optimizer.param_groups[0]
        return group["lr"], group["weight_decay"]

    assert settings() == (1e-3, 1e-2) and settings(lr=0.5, weight_decay=0.0) == (0.5, 0.0)


def test_names_of_classes_come_back() -> None:
    names = np.array(["setosa", "versicolor", "virginica"])[Y]
    model = NetworkClassifier((8,), lr=0.02, max_epochs=20, random_state=0).fit(X, names)
    assert model.score(X, names) > 0.9 and model.predict(X[:1]).tolist() == ["setosa"]

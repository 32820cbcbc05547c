"""Networks as scikit-learn estimators: its own checks, its tools, and refusals."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fusegrad as fg
from fusegrad import nn
from fusegrad.sklearn import NetworkClassifier, NetworkRegressor, classifier, regressor
from fusegrad.sklearn.factories import ACTIVATIONS, OPTIMIZERS

X, Y = load_iris(return_X_y=True)


@pytest.mark.slow
@parametrize_with_checks([NetworkClassifier(), NetworkRegressor()])
def test_scikit_learns_own_checks(estimator: Any, check: Any) -> None:
    check(estimator)


def test_pipelines_scores_and_searches() -> None:
    model = NetworkClassifier((8,), lr=0.02, max_epochs=20, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model)
    assert cross_val_score(pipeline, X, Y, cv=3).mean() > 0.9
    grid = {
        "networkclassifier__hidden_layer_sizes": [(), (8, 8)],
        "networkclassifier__optimizer": ["sgd", "adam"],
    }
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
    assert search.best_score_ > 0.93 and len(search.cv_results_["params"]) == 4
    assert search.best_params_["networkclassifier__optimizer"] == "adam"
    assert search.predict(X[:3]).tolist() == [0, 0, 0]


def test_a_clone_has_the_parameters_and_no_network() -> None:
    model = NetworkRegressor((3,), "tanh", lr=0.1, max_epochs=1).fit(X, Y)
    copied = clone(model)
    assert copied.get_params() == model.get_params() and not hasattr(copied, "network_")
    assert copied.set_params(lr=0.2).lr == 0.2 and model.lr == 0.1


def zeros(inputs: int, outputs: int, rng: np.random.Generator) -> Any:
    return np.zeros(inputs)


def too_wide(inputs: int, outputs: int, rng: np.random.Generator) -> nn.Module:
    return nn.Linear(inputs, outputs + 1, rng=rng)


KNOWN = ", ".join(OPTIMIZERS)
WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"batch_size": 0}, ValueError, "batch_size, from 1 up, got 0; give a whole number"),
    ({"max_epochs": 1.5}, ValueError, "max_epochs, from 1 up, got 1.5; give a whole number"),
    ({"patience": True}, ValueError, "patience, from 1 up, got True; give a whole number"),
    (
        {"validation_fraction": 1},
        ValueError,
        "validation_fraction between 0 and 1, got 1; try 0.1",
    ),
    (
        {"hidden_layer_sizes": (8, 0)},
        ValueError,
        "hidden_layer_sizes, from 1 up, got 0; give a whole number",
    ),
    (
        {"hidden_layer_sizes": None},
        ValueError,
        "hidden_layer_sizes, from 1 up, got None; give a whole number",
    ),
    (
        {"activation": "relu7"},
        ValueError,
        f"activation in {', '.join(ACTIVATIONS)}, got 'relu7'; choose one",
    ),
    ({"optimizer": "Adam"}, ValueError, f"optimizer in {KNOWN}, got 'Adam'; choose one"),
    ({"optimizer": None}, ValueError, f"optimizer in {KNOWN}, got None; choose one"),
    (
        {"module": nn.Identity()},
        TypeError,
        "module, a function of (inputs, outputs, rng), got Identity; give what builds it",
    ),
    (
        {"module": zeros},
        TypeError,
        "module to give an nn.Module, got ndarray; return the network",
    ),
    (
        {"module": too_wide},
        ValueError,
        "module to map (1, 4) to (1, 3), got (1, 4); build it for these counts",
    ),
]


@pytest.mark.parametrize(("given", "kind", "text"), WRONG, ids=lambda v: str(v)[:24])
def test_wrong_parameters_are_refused_when_they_are_used(
    given: dict[str, Any], kind: type[Exception], text: str
) -> None:
    model = NetworkClassifier(**given)
    with pytest.raises(kind, match=f"^NetworkClassifier: expected {re.escape(text)}$"):
        model.fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_a_class_that_was_not_named_is_refused() -> None:
    model = NetworkClassifier((2,)).partial_fit(X[:100], Y[:100])
    text = "NetworkClassifier: expected classes [0, 1], got [2]; name all at the first call"
    with pytest.raises(fg.OptionError, match=re.escape(text)):
        model.partial_fit(X, Y)
    model = NetworkClassifier((2,)).partial_fit(X[:9], Y[:9], classes=[2, 1, 0])
    assert model.partial_fit(X, Y).classes_.tolist() == [0, 1, 2]


def test_a_loss_that_is_not_finite_ends_the_fit() -> None:
    model = NetworkRegressor((8,), optimizer="sgd", lr=1e9, max_epochs=50)
    with pytest.raises(fg.NonFiniteError, match="expected a finite loss"):
        model.fit(X, X[:, 0])


@pytest.mark.parametrize("module", [classifier, regressor])
def test_examples_print_what_they_say(module: Any) -> None:
    result = doctest.testmod(module)
    assert result.attempted >= 3 and result.failed == 0


def test_without_scikit_learn_the_import_says_what_to_install() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import fusegrad.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.endswith(
        "expected scikit-learn, got none; pip install 'fusegrad[sklearn]'\n"
    )

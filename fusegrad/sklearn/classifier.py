"""Classes from features."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from ..engine import Tensor
from ..engine.ops.softmax import cross_entropy, log_softmax, softmax
from ..kernels import OptionError
from .estimator import NetworkEstimator


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """A network for classes, trained on cross-entropy.

    hidden_layer_sizes, activation    a perceptron; sizes () is logistic regression
    module        or any network: a function of (inputs, outputs, rng) that gives an nn.Module
                  from (N, inputs) to logits (N, outputs)
    optimizer     a rule of `optim` by its name in small letters, or a function of parameters
    lr, weight_decay    its settings; None leaves them to it
    batch_size, max_epochs    rows a step; passes over the data
    early_stopping    hold out `validation_fraction` of the rows, end `patience` epochs after
                  their least loss, and go back to its weights
    warm_start    let `fit` go on from the network there is
    random_state, verbose    where draws come from; a bar, on a terminal

    After `fit`: classes_, n_features_in_, network_, n_iter_ (epochs), loss_curve_ (mean over
    each epoch), validation_loss_curve_. Units: losses in nats. The network has the dtype of X,
    float64 if X is neither that nor float32.
    Differs: MLPClassifier stops on its training loss too, and spreads alpha over the rows.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = NetworkClassifier((16,), lr=0.01, max_epochs=40, random_state=0)
    >>> classifier.fit(X, y).score(X, y) > 0.95
    True
    """

    _numbers = False
    classes_: np.ndarray

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> Self:
        """One epoch on these rows; network, optimizer and order go on from the last call.

        `classes` are all that will ever come; the first call learns them, by default from y.
        """
        return self._go_on(X, y, y if classes is None else classes)

    def predict(self, X: Any) -> np.ndarray:
        """The likeliest class of each row."""
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Shapes: (N, len(classes_)), each row adds up to 1."""
        return np.asarray(softmax(self._outputs(X)))

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Shapes: (N, len(classes_)). Units: nats."""
        return np.asarray(log_softmax(self._outputs(X)))

    def _targets(self, y: np.ndarray, like: Any) -> np.ndarray:
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        if like is not None:
            self.classes_ = unique_labels(like)
        if len(unknown := np.setdiff1d(y, self.classes_)):
            rule, repair = f"classes {self.classes_.tolist()}", "name all at the first call"
            raise OptionError(type(self).__name__, rule, str(unknown.tolist()), repair)
        return np.searchsorted(self.classes_, y)

    def _width(self, targets: np.ndarray) -> int:
        return len(self.classes_)

    def _loss(self, outputs: Any, targets: np.ndarray) -> Tensor:
        return cross_entropy(outputs, targets)

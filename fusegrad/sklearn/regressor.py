"""Numbers from features."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin

from ..engine import Tensor
from ..nn import MSELoss
from .estimator import NetworkEstimator


class NetworkRegressor(
    RegressorMixin,  # type: ignore[misc]
    MultiOutputMixin,  # type: ignore[misc]
    NetworkEstimator,
):
    """A network for numbers, trained on the mean squared error; one output for each column of
    y. Parameters and attributes are those of `NetworkClassifier`, but for classes_.

    Sizes () are linear regression. Scale y to a deviation near 1, or train for longer.
    Differs: MLPRegressor's loss is half of this one.

    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> regressor = NetworkRegressor((16,), "tanh", lr=0.02, batch_size=8, random_state=0)
    >>> regressor.fit(X, y).score(X, y) > 0.99
    True
    """

    _numbers = True

    def predict(self, X: Any) -> np.ndarray:
        """Shapes: (N,) or (N, columns), as y was."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    def _targets(self, y: np.ndarray, like: Any) -> np.ndarray:
        if like is not None:
            self._flat = y.ndim == 1
        return y.astype(self._dtype, copy=False).reshape(len(y), -1)

    def _width(self, targets: np.ndarray) -> int:
        return targets.shape[1]

    def _loss(self, outputs: Any, targets: np.ndarray) -> Tensor:
        return MSELoss()(outputs, targets)

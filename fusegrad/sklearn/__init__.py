"""Networks as scikit-learn estimators, for its pipelines, searches and scores.

classifier.py  regressor.py     what is predicted, and from which loss
estimator.py                    what both are: parameters, fit, early stopping
factories.py                    the network and the optimizer that parameters name

Needs scikit-learn: `pip install 'fusegrad[sklearn]'`.
"""

from importlib.util import find_spec

if find_spec("sklearn") is None:
    raise ImportError(
        "fusegrad.sklearn: expected scikit-learn, got none; pip install 'fusegrad[sklearn]'"
    )

from .classifier import NetworkClassifier
from .regressor import NetworkRegressor

__all__ = ["NetworkClassifier", "NetworkRegressor"]

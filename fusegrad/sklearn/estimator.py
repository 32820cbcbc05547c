"""What the classifier and the regressor share: parameters, training, and being pickled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..data import DataLoader, Subset, TensorDataset
from ..engine import Tensor
from ..nn import Module
from ..training import Callback, EarlyStopping, Progress, Trainer
from .factories import NewOptimizer, check_settings, checked, new_network, new_optimizer

FLOATS = (np.float64, np.float32)  # an X of another dtype becomes the first
AT_ONCE = 1024  # rows that a pass without gradients takes


class NetworkEstimator(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A network as scikit-learn's parameters, and its training. See the two kinds."""

    network_: Module
    _numbers: ClassVar[bool]  # whether targets are numbers, not names

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: str = "relu",
        *,
        module: Any = None,
        optimizer: Any = "adam",
        lr: float | None = None,
        weight_decay: float | None = None,
        batch_size: int = 32,
        max_epochs: int = 100,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.module = module
        self.optimizer = optimizer
        self.lr = lr
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # ---- what the two kinds differ in -----------------------------------------------------
    @abstractmethod
    def _targets(self, y: np.ndarray, like: Any) -> np.ndarray:
        """What the loss compares with; learns, where `like` is not None, its kind from that."""

    @abstractmethod
    def _width(self, targets: np.ndarray) -> int:
        """Outputs that the network needs for these targets."""

    @abstractmethod
    def _loss(self, outputs: Any, targets: np.ndarray) -> Tensor:
        """The mean over the rows."""

    # ---- training -------------------------------------------------------------------------
    def fit(self, X: Any, y: Any) -> Self:
        """Train a new network, or, with warm_start, the one there is, with a new optimizer.

        Shapes: X (N, n_features_in_). Raises: ValueError for data that do not fit, and settings
        outside their range; NonFiniteError for a loss that is nan or inf.
        """
        again = self.warm_start and hasattr(self, "network_")
        check_settings(self)
        X, targets = self._checked(X, y, None if again else y)
        if again:
            self._renew()
        else:
            self._start(X, targets)
        rows, held = self._parts(targets)
        data = TensorDataset(X, targets)
        self._train(Subset(data, rows), self.max_epochs, Subset(data, held))
        return self

    def partial_fit(self, X: Any, y: Any) -> Self:
        """One epoch on these rows; network, optimizer and order go on from the last call."""
        return self._go_on(X, y, y)

    def _go_on(self, X: Any, y: Any, like: Any) -> Self:
        first = not hasattr(self, "network_")
        check_settings(self)
        X, targets = self._checked(X, y, like if first else None)
        if first:
            self._start(X, targets)
        self._train(TensorDataset(X, targets), 1)
        return self

    def _checked(self, X: Any, y: Any, like: Any) -> tuple[np.ndarray, np.ndarray]:
        first, asked = like is not None, {"multi_output": True, "y_numeric": self._numbers}
        X, y = validate_data(self, X, y, dtype=FLOATS, reset=first, **asked)
        if first:
            self._dtype = X.dtype
        return X.astype(self._dtype, copy=False), self._targets(y, like)

    def _start(self, X: np.ndarray, targets: np.ndarray) -> None:
        """A new network, optimizer and generator; all draws follow from random_state."""
        where = type(self).__name__
        seeds = check_random_state(self.random_state).randint(2**31, size=4)
        self._rng = np.random.default_rng(seeds)
        self._shape = X.shape[1], self._width(targets)
        self._new_network = new_network(
            where, self.module, self.hidden_layer_sizes, self.activation
        )
        self._new_optimizer = self._optimizer_asked()
        self._build()
        self.loss_curve_: list[float] = []
        self.validation_loss_curve_: list[float] = []

    def _build(self) -> None:
        network = self._new_network(*self._shape, self._rng)
        self.network_ = checked(type(self).__name__, network, self._shape, self._dtype)
        self._optimizer = self._new_optimizer(self.network_.parameters())

    def _optimizer_asked(self) -> NewOptimizer:
        where = type(self).__name__
        return new_optimizer(where, self.optimizer, self.lr, self.weight_decay)

    def _renew(self) -> None:
        """An optimizer as the parameters say now, for the network there is."""
        new = self._optimizer_asked()
        self._optimizer, self._new_optimizer = new(self.network_.parameters()), new

    def _parts(self, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows to train on, and those that early stopping looks at."""
        rows = np.arange(len(targets))
        if not self.early_stopping:
            return rows, rows[:0]
        strata = targets if targets.ndim == 1 else None  # classes: of each its share
        seed = int(self._rng.integers(2**31))
        parts: tuple[np.ndarray, np.ndarray] = train_test_split(
            rows, test_size=self.validation_fraction, stratify=strata, random_state=seed
        )
        return parts

    def _train(self, rows: Any, epochs: int, held: Any = ()) -> None:
        callbacks: list[Callback] = [Progress()] if self.verbose else []
        validation = None
        if len(held):
            callbacks.append(EarlyStopping(self.patience))
            validation = DataLoader(held, AT_ONCE)
        loader = DataLoader(rows, self.batch_size, shuffle=True, rng=self._rng)
        history = self._trainer(callbacks).fit(loader, epochs, validation)
        self.loss_curve_ += history["loss"]
        self.validation_loss_curve_ += history["val_loss"] if len(held) else []
        self.n_iter_ = len(self.loss_curve_)

    def _trainer(self, callbacks: Iterable[Callback] = ()) -> Trainer:
        return Trainer(self.network_, self._optimizer, self._loss, callbacks=callbacks)

    # ---- use ------------------------------------------------------------------------------
    def _outputs(self, X: Any) -> np.ndarray:
        """What the network says of rows that were not checked yet."""
        check_is_fitted(self, "network_")
        X = validate_data(self, X, dtype=FLOATS, reset=False)
        return self._forward(X.astype(self._dtype, copy=False))

    def _forward(self, X: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = self._trainer().predict(DataLoader(X, AT_ONCE))
        return outputs

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: weights as arrays, since Tensors are not pickled."""
        state = dict(super().__getstate__())
        if "network_" in state:
            state["network_"] = self.network_.state_dict()
            state["_optimizer"] = self._optimizer.state_dict()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "network_" in state:
            stood = self._rng.bit_generator.state
            self._build()  # layers that draw hold this generator
            self._rng.bit_generator.state = stood
            self.network_.load_state_dict(state["network_"])
            self._optimizer.load_state_dict(state["_optimizer"])

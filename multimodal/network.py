"""Multimodal: base of networks whose branches, named by modality, meet.

Inputs are a dict by modality; a value is what its branch takes, or a tuple where it takes
several arguments. A modality may be missing for the whole batch (its key is absent) or for some
samples (`present`, truth values of shape (B,) by modality). A missing feature is exactly 0, and
so is the gradient that reaches its branch. An input that is nan or inf where its modality, or a
token, is missing is 0 before the branch sees it: 0 times nan would be nan in the gradients of
weights. A branch in which rows meet, as in a batch norm, does see the finite ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import elementwise, queries
from ..engine.ops.shaping import data_of
from ..kernels import DTypeError, OptionError
from ..kernels.device import device_of, to_device
from ..nn import Module
from ..nn.hooks import seen
from .meeting import mean_of_tokens
from .presence import Presence, Present, Tokens, joined, masked, read_presence

Inputs = Mapping[str, Any]
Features = Mapping[str, Any]


@dataclass
class Outputs:
    """What one forward pass computed.

    logits     (B, C)
    features   by modality, what met at the fusion point: (B, d_m), Tokens, or logits
    unimodal   by modality, the logits (B, C) of its head; empty without heads
    fused      F (B, D) of a feature fusion, else None
    here       the masks: which sample has which modality
    """

    logits: Tensor
    features: dict[str, Any]
    unimodal: dict[str, Tensor]
    fused: Tensor | None = None
    here: Presence = field(default_factory=lambda: Presence([], 0))


class Multimodal(Module):
    """Base: runs branches, gives features to `meet`, and tells `on_features` what meets.

    `outputs(inputs)` is `meet(features_of(inputs))`, so that features may be replaced between
    the two: a modality taken away, exchanged between samples, or its mean put in its place.
    """

    branches: dict[str, Module]
    heads: dict[str, Module]

    def __init__(
        self, branches: Mapping[str, Module], heads: Mapping[str, Module] | None = None
    ) -> None:
        self.branches, self.heads = dict(branches), dict(heads or {})
        self.on_features: list[Callable[[dict[str, Any]], None]] = []
        if unknown := [name for name in self.heads if name not in self.branches]:
            expected, repair = f"heads among {list(self.branches)}", "name both alike"
            raise OptionError(type(self).__name__, expected, str(unknown), repair)
        # A part "b" of "a" and a branch "a.b" would have one name in a state.
        names = list(self.branches)
        if unclear := [n for n in names if any(str(n).startswith(f"{m}.") for m in names)]:
            expected, repair = "names that go on from no other by a dot", "use no dots"
            raise OptionError(type(self).__name__, expected, str(unclear), repair)

    def meet(self, features: Features, present: Present | None = None) -> Outputs:
        """Everything from the features of the branches on."""
        raise OptionError(type(self).__name__, "a meet method", "none", "define one")

    def outputs(self, inputs: Inputs, present: Present | None = None) -> Outputs:
        """Everything a training step may want of one forward pass."""
        with seen(self):  # a forward pass, called by another name
            return self.meet(self.features_of(inputs, present), present)

    def forward(self, inputs: Inputs, present: Present | None = None) -> Tensor:
        return self.meet(self.features_of(inputs, present), present).logits

    def features_of(self, inputs: Inputs, present: Present | None = None) -> dict[str, Any]:
        """What the branches give, by modality, for those among the inputs.

        Raises: DTypeError, OptionError for inputs that are no dict, or of no branch.
        """
        masks = joined({}, present)
        if not isinstance(inputs, Mapping):
            where, got = type(self).__name__, type(inputs).__name__
            repair = f"name each input by its branch, of {list(self.branches)}"
            raise DTypeError(where, "a dict of inputs by modality", got, repair)
        self._demand_known("input", inputs)
        return {
            name: branch(*_arguments(name, inputs[name], masks.get(name)))
            for name, branch in self.branches.items()
            if name in inputs
        }

    def unimodal(self, features: Features, here: Presence) -> dict[str, Tensor]:
        """The logits of the heads, by modality; tokens are averaged first."""
        return {
            name: self.heads[name](_one_vector(name, f, here))
            for name, f in features.items()
            if name in self.heads
        }

    def presence(self, features: Features, present: Present | None) -> Presence:
        """The masks of a batch, for all branches: those given, those that came with tokens,
        and False for a modality that is not among the features.

        Raises: OptionError, DTypeError, ShapeError for features and masks of no branch, or of
        another shape.
        """
        self._demand_known("feature", features)
        first = next(iter(features.values()))
        rows = len(first.values if isinstance(first, Tokens) else first)
        here = read_presence(list(self.branches), rows, joined(features, present))
        here.masks |= {n: np.zeros(rows, bool) for n in self.branches if n not in features}
        return here

    def tell(self, features: dict[str, Any]) -> None:
        """Let the watchers see what meets."""
        for watcher in self.on_features:
            watcher(features)

    def _demand_known(self, kind: str, given: Mapping[str, Any]) -> None:
        unknown = sorted(given.keys() - self.branches, key=str)
        if unknown or not given:
            expected, got = f"{kind}s among {list(self.branches)}", str(unknown or "none")
            where, repair = type(self).__name__, f"name each {kind} by its branch"
            raise OptionError(where, expected, got, repair)


def demand_same_names(where: str, kind: str, got: list[str], branches: list[str]) -> None:
    """Raises: OptionError where a part does not name the branches, all, in their order."""
    if got != branches:
        repair = "name both alike, in one order"
        raise OptionError(where, f"{kind} {branches}", str(got), repair)


def _one_vector(name: str, feature: Any, here: Presence) -> Tensor:
    """A feature (B, d), or the mean of the tokens that are there."""
    values: Tensor = feature.values if isinstance(feature, Tokens) else feature
    if len(values.shape) != 3:
        return masked(values, here[name])
    return mean_of_tokens(Tokens(values, here.tokens(name, values.shape[1])))


def _arguments(name: str, value: Any, mask: Any) -> tuple[Any, ...]:
    """The arguments of a branch, without nan and inf in the rows that a mask leaves out.

    Raises: OptionError for a mask of words: only the fusion would see it, and to the branch
    padding would be words.
    """
    arguments = value if isinstance(value, tuple) else (value,)
    if mask is None:
        return arguments
    mask = np.asarray(to_device(mask, "cpu"))
    words = getattr(arguments[0], "dtype", np.dtype(float)).kind in "iu"
    if words and len(arguments) == 1 and mask.ndim == 2:
        expected, got = "truth values (B,) for words", f"shape {mask.shape}"
        repair = "pass the words as (words, lengths), so that the branch knows their ends"
        raise OptionError(f"present[{name!r}]", expected, got, repair)
    return tuple(_finite(x, mask) for x in arguments)


def _finite(x: Any, mask: np.ndarray) -> Any:
    """x, and 0 in rows or tokens that are False, if there is nan or inf in one of them. A mask
    of tokens that x does not have, being of another shape, is read as one of rows."""
    data = data_of(x)
    if getattr(getattr(data, "dtype", None), "kind", "") != "f" or mask.dtype != bool:
        return x
    if mask.ndim == 2 and data.shape[:2] != mask.shape:
        mask = np.asarray(mask.any(axis=1))
    if data.shape[: mask.ndim] != mask.shape or mask.all():
        return x
    absent = tuple(to_device(at, device_of(data)) for at in np.nonzero(~mask))
    fine = queries.all_(elementwise.isfinite(data[absent]))
    return x if fine else masked(x, mask)

"""All modalities of a sample together: one after the other, by name, and mixed with another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ...engine import Tensor
from ...engine.ops.indexing import pick
from ...engine.ops.random import generator
from ...engine.ops.reductions import mean
from ...engine.ops.shaping import data_of
from ...engine.ops.updating import like
from ...kernels import DTypeError, OptionError, ShapeError
from ..presence import Tokens

Augment = Callable[..., Any]


class Chain:
    """augment_n(.. augment_1(x)), all from one generator, in this order."""

    def __init__(self, *augments: Augment) -> None:
        self.augments = augments

    def __call__(self, x: Any, *, rng: np.random.Generator) -> Any:
        for augment in self.augments:
            x = augment(x, rng=rng)
        return x

    def __repr__(self) -> str:
        return f"Chain({', '.join(map(repr, self.augments))})"


class ByModality:
    """{m: augment_m(x_m)} for the modalities that have one; others are handed on as they are.

    Raises: OptionError, when called, where a batch lacks a modality that has one.
    """

    def __init__(self, augments: Mapping[str, Augment]) -> None:
        self.augments = dict(augments)

    def __call__(
        self, inputs: Mapping[str, Any], *, rng: np.random.Generator
    ) -> dict[str, Any]:
        if unknown := [name for name in self.augments if name not in inputs]:
            rule, got = f"modalities among {list(inputs)}", str(unknown)
            raise OptionError("ByModality", rule, got, "name each by its modality")
        changed = {name: f(inputs[name], rng=rng) for name, f in self.augments.items()}
        return {**inputs, **changed}

    def __repr__(self) -> str:
        return f"ByModality({self.augments!r})"


class Mix(NamedTuple):
    """Who is mixed with whom: sample i is lam of i and 1 - lam of partner[i].

    lam is one number for a batch, or (B,), one for each sample.
    """

    lam: Any
    partner: np.ndarray


class Mixed(NamedTuple):
    """A batch that was mixed: inputs by modality, both labels of every sample, and lam."""

    inputs: dict[str, Any]
    labels: Any
    labels2: Any
    lam: Any


@dataclass(frozen=True)
class Mixup:
    """x_m' = lam x_m + (1 - lam) x_m[partner] with ONE lam ~ Beta(alpha, alpha) and one partner
    for all modalities of a sample, so that they stay of one sample; partner is a permutation.

    One lam for a batch, or, with `each`, one for every sample. With alpha = 0, lam is 1 and
    nothing changes.
    Backward: with `mixed_loss`, cross-entropy and p the softmax, delta = (p - lam y - (1 - lam)
    y2) / B, to both labels.
    Raises: OptionError for alpha < 0; DTypeError for inputs that cannot be mixed: words are no
    numbers. Mix what their encoder gives, with `draw` and `mix_features`.
    Source: Zhang et al. 2018; alpha .2: section 3.1.
    """

    alpha: float = 0.2
    each: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.alpha < np.inf:
            got, repair = f"alpha={self.alpha!r}", "0 changes nothing"
            raise OptionError("Mixup", "a finite alpha >= 0", got, repair)

    def draw(self, rows: int, *, rng: np.random.Generator) -> Mix:
        """A lam and partners for a batch of so many rows."""
        rng, shape = generator(rng), (rows,) if self.each else ()
        lam = rng.beta(self.alpha, self.alpha, shape) if self.alpha else np.ones(shape)
        return Mix(lam if self.each else float(lam), rng.permutation(rows))

    def __call__(
        self, inputs: Mapping[str, Any], labels: Any, *, rng: np.random.Generator
    ) -> Mixed:
        for name, x in inputs.items():
            _check_dense(name, x)
        labels = np.array(labels)  # a new one, as all that comes back
        if wrong := {n: x.shape for n, x in inputs.items() if len(x) != len(labels)}:
            rule, repair = f"{len(labels)} rows in every modality", "one row is one sample"
            raise ShapeError("Mixup", rule, str(wrong), repair)
        mix = self.draw(len(labels), rng=rng)
        found = {name: _mixed(x, mix) for name, x in inputs.items()}
        return Mixed(found, labels, labels[mix.partner], mix.lam)


def mix_features(features: Mapping[str, Any], mix: Mix) -> dict[str, Any]:
    """lam f_m + (1 - lam) f_m[partner] for the features of all branches, words among them.

    Backward: g_m lam to the sample itself, and g_m (1 - lam) to its partner, added up.
    Shapes: f_m (B, ...) -> alike. Raises: DTypeError for tokens of which some are missing.
    Source: Verma et al. 2019, at the fusion point.
    """
    for name, f in features.items():
        if isinstance(f, Tokens) and f.present is not None:
            repair = "pool them first, with multimodal.mean_of_tokens"
            raise DTypeError("mix_features", f"features {name} (B, d)", "masked tokens", repair)
    return {
        name: Tokens(_mixed(f.values, mix)) if isinstance(f, Tokens) else _mixed(f, mix)
        for name, f in features.items()
    }


def mixed_loss(
    criterion: Callable[[Any, Any], Any], logits: Any, labels: Any, labels2: Any, lam: Any
) -> Any:
    """lam criterion(logits, labels) + (1 - lam) criterion(logits, labels2).

    Where lam is (B,), the criterion gives one loss for each sample (reduction "none"), and the
    result is their mean. Raises: ShapeError where it does not.
    """
    first, second = criterion(logits, labels), criterion(logits, labels2)
    if not np.ndim(lam):
        return first * lam + second * (1 - lam)
    if first.shape != np.shape(lam):
        got, repair = str(first.shape), "build it with reduction='none'"
        raise ShapeError("mixed_loss", f"losses of shape {np.shape(lam)}", got, repair)
    return mean(first * like(lam, first) + second * like(1 - np.asarray(lam), first))


def _mixed(x: Any, mix: Mix) -> Any:
    lam = np.asarray(mix.lam)
    if (lam == 1).all():  # also of inf, which times 0 is nan
        return x.copy() if isinstance(x, np.ndarray) else x
    lam = lam.reshape(lam.shape + (1,) * (len(x.shape) - 1) * lam.ndim)
    return x * like(lam, x) + pick(x, mix.partner) * like(1 - lam, x)


def _check_dense(name: str, x: Any) -> None:
    """Raises: DTypeError for what is no array of floats."""
    if isinstance(x, tuple) or (hasattr(x, "dtype") and data_of(x).dtype.kind in "iu"):
        got = "a tuple" if isinstance(x, tuple) else str(x.dtype)
        repair = (
            "scale pictures to floats; of words and of sounds with lengths mix what their "
            "encoders give, BagOfWords among them, with mix_features"
        )
        raise DTypeError("Mixup", f"{name} as an array of floats", got, repair)
    if not isinstance(x, (np.ndarray, Tensor)) or x.dtype.kind != "f":
        got = type(x).__name__
        repair = "stack the samples to one array"
        raise DTypeError("Mixup", f"{name} as an array of floats", got, repair)

"""Meeting: base of whatever takes one Tensor of every modality and gives one Tensor.

It checks what came, puts exact zeros where a modality is missing, and hands on to `meet`, the
formula of a subclass, with the masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine import Tensor
from ..engine.ops import reductions
from ..engine.ops.shaping import reshape
from ..kernels import DTypeError, OptionError, ShapeError
from ..kernels.device import to_device
from ..nn import Module
from .presence import Presence, Present, Tokens, joined, masked, read_presence

Features = Mapping[str, Any]


class Meeting(Module):
    """Base of fusions and decisions: the names and widths of the parts, in their order.

    A width of None takes any. Where `takes_tokens`, a part may be (B, T, d) or `Tokens`, and a
    (B, d) is one token; else a part is (B, d).
    """

    takes_tokens = False
    widths: dict[str, int | None]

    def __init__(self, widths: Mapping[str, int | None]) -> None:
        if not isinstance(widths, Mapping) or not widths:
            got = "none" if isinstance(widths, Mapping) else type(widths).__name__
            repair = "give widths such as {'image': 64, 'text': 64}"
            raise ShapeError(type(self).__name__, "one modality or more", got, repair)
        self.widths = dict(widths)

    @property
    def names(self) -> list[str]:
        """The modalities, in their order."""
        return list(self.widths)

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        """The formula: all parts are there, exactly 0 where a sample lacks the modality."""
        raise OptionError(type(self).__name__, "a meet method", "none", "define one")

    def forward(self, features: Features, present: Present | None = None) -> Tensor:
        values, here = self.gathered(features, present)
        return self.meet(values, here)

    def gathered(
        self, features: Features, present: Present | None
    ) -> tuple[dict[str, Tensor], Presence]:
        """All parts in their order, zeros for what is missing, and the masks.

        Raises: DTypeError, OptionError, ShapeError for features that do not fit.
        """
        self._check_names(features)
        given = {name: _values(x) for name, x in features.items()}
        like = next(iter(given.values()))
        rows = like.shape[0] if like.shape else 0
        here = read_presence(self.names, rows, joined(features, present))
        for name in self.widths:
            if name not in given:
                here.masks[name] = np.zeros(rows, bool)
            if name not in given or len(given[name].shape) == 2:  # no tokens to mask
                here.token_masks.pop(name, None)
        values = {n: self._part(n, given.get(n), like, here) for n in self.widths}
        return values, here

    def _part(self, name: str, x: Tensor | None, like: Tensor, here: Presence) -> Tensor:
        width = self.widths[name]
        if x is None:  # of any width: as wide as another
            width = like.shape[-1] if width is None else width
            shape = (here.rows, 1, width) if self.takes_tokens else (here.rows, width)
            return Tensor(to_device(np.zeros(shape, like.dtype), like.device))
        x = self._shaped(name, x, here.rows)
        mask = here.tokens(name, x.shape[1]) if self.takes_tokens else here[name]
        return masked(x, mask)

    def _shaped(self, name: str, x: Tensor, rows: int) -> Tensor:
        axes = (2, 3) if self.takes_tokens else (2,)
        width = self.widths[name] if self.widths[name] is not None else x.shape[-1]
        if len(x.shape) not in axes or x.shape[0] != rows or x.shape[-1] != width:
            form = f"({rows}, {width})" + (f" or ({rows}, T, {width})" * self.takes_tokens)
            where = f"{type(self).__name__}, {name}"
            repair = "end the branch in this width; pool tokens with multimodal.mean_of_tokens"
            if x.shape[1:] and x.shape[0] != rows:
                repair = "give all modalities the same rows"
            raise ShapeError(where, f"a feature {form}", str(x.shape), repair)
        one = self.takes_tokens and len(x.shape) == 2
        return reshape(x, (rows, 1, width)) if one else x

    def _check_names(self, features: Features) -> None:
        if not isinstance(features, Mapping):
            repair = f"name each feature by its modality, of {self.names}"
            got = type(features).__name__
            raise DTypeError(type(self).__name__, "a dict of features", got, repair)
        unknown = sorted(features.keys() - self.widths, key=str)
        if unknown or not features:
            expected, got = f"features among {self.names}", str(unknown or "none")
            raise OptionError(type(self).__name__, expected, got, "name each by its modality")

    def extra_repr(self) -> str:
        return ", ".join(n if d is None else f"{n}={d}" for n, d in self.widths.items())


def mean_of_tokens(tokens: Tensor | Tokens) -> Tensor:
    """The mean of the tokens that are there; 0 where a sample has none.

    Shapes: (B, T, d) -> (B, d); a (B, d) is given back.
    """
    values, mask = (
        (tokens.values, tokens.present) if isinstance(tokens, Tokens) else (tokens, None)
    )
    if len(values.shape) == 2:
        return values
    if mask is None and values.shape[1]:
        return reductions.mean(values, axis=1)
    whole = np.ones(values.shape[:2], bool)
    mask = whole if mask is None else np.asarray(to_device(mask, "cpu"), bool)
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1).astype(values.dtype)
    return masked(values, mask).sum(axis=1) / to_device(count, values.device)


def _values(x: Any) -> Tensor:
    x = x.values if isinstance(x, Tokens) else x
    return x if isinstance(x, Tensor) else Tensor(x)

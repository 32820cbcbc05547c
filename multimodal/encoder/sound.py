"""Sounds: a front end, then convolutions over frames or a recurrence along them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self, cast

import numpy as np

from ...engine import Tensor
from ...engine.ops.activations import relu
from ...engine.ops.rearrange import swapaxes
from ...kernels import OptionError, ShapeError
from ...nn import (
    GRU,
    Conv1d,
    Linear,
    MaxPool1d,
    Module,
    ModuleList,
    pack_padded_sequence,
    pad_packed_sequence,
)
from ...nn.applied import floats
from ..meeting import mean_of_tokens
from ..presence import Tokens, masked
from .sentences import read_lengths
from .table import Standardise

KINDS = ("cnn", "gru")


class SoundEncoder(Module):
    """f = W z + b with z the mean over time of a CNN's frames, or the last state of a GRU.

    The frames are those of `front_end` (LogMel, MFCC, Spectrogram), or, without one, given.
    They are standardised, band by band: `fit` on training sounds, until then they are as they
    are. "cnn": one Conv1d over time for each of `channels`, which keeps the length, relu, and a
    pool of 2. "gru": one GRU of width channels[-1]. With `tokens`, W z_t + b of every step.

    What is behind the end of a sound neither acts nor learns; a sound too short for a frame is
    exactly 0. Backward: g W / (number of steps) to every step (cnn), or through time (gru),
    and through the front end, which is differentiable, to the samples.
    Shapes: sounds (B, L) as floats, lengths (B,) in samples; without a front end frames
    (B, T, bands), lengths in frames -> (B, width), or Tokens (B, T', width).
    Raises: OptionError for settings; ShapeError, DTypeError, OptionError for sounds that are
    not so. Differs: log-mel pictures (`log_mel_image`) are pictures: give them to
    PictureEncoder.
    """

    front_end: Module | None
    standardise: Standardise
    convs: ModuleList
    states: GRU | None
    last: Linear

    def __init__(
        self,
        bands: int,
        width: int,
        channels: Sequence[int] = (32, 64),
        *,
        kind: str = "cnn",
        kernel_size: int = 3,
        front_end: Module | None = None,
        tokens: bool = False,
        rng: np.random.Generator,
    ) -> None:
        _check(bands, channels, kind, kernel_size, front_end)
        self.front_end, self.tokens, self.bands = front_end, tokens, bands
        self.standardise = Standardise(bands)
        sizes = [bands, *channels] if kind == "cnn" else [bands]
        self.convs = ModuleList(
            Conv1d(into, out, kernel_size, padding=kernel_size // 2, rng=rng)
            for into, out in pairwise(sizes)
        )
        self.pool = MaxPool1d(2, ceil_mode=True)
        self.states = GRU(bands, channels[-1], rng=rng) if kind == "gru" else None
        self.last = Linear(channels[-1], width, rng=rng)

    def fit(self, sounds: Any, lengths: Any = None) -> Self:
        """Standardise by the frames of these training sounds from now on; gives itself."""
        frames, counts = self._frames(sounds, lengths)
        self.standardise.fit(frames[_within(counts, frames.shape[1])])
        return self

    def forward(self, sounds: Any, lengths: Any = None) -> Any:
        frames, counts = self._frames(sounds, lengths)
        x = self.standardise(masked(frames, _within(counts, frames.shape[1])))
        z = self._convolved(x, counts) if self.states is None else self._recurred(x, counts)
        if self.tokens:
            return Tokens(masked(self.last(z.values), z.present), z.present)
        return masked(self.last(z), counts > 0)

    def _frames(self, sounds: Any, lengths: Any) -> tuple[Tensor, np.ndarray]:
        """Frames (B, T, bands), and how many of them each sound has."""
        where, given = "SoundEncoder", floats("SoundEncoder", sounds)
        x = given if isinstance(given, Tensor) else Tensor(given)
        if len(x.shape) != (3 if self.front_end is None else 2) or not all(x.shape):
            rule = f"frames (B, T, {self.bands})" if self.front_end is None else "sounds (B, L)"
            raise ShapeError(where, rule, str(x.shape), "see its docstring for the axes")
        rows, longest = x.shape[:2]
        ends = np.full(rows, longest) if lengths is None else lengths
        counts = read_lengths(where, ends, rows, longest)
        if self.front_end is None:
            return x, counts
        heard: Any = self.front_end
        return heard(masked(x, _within(counts, longest))), heard.counts(counts)

    def _convolved(self, x: Tensor, counts: np.ndarray) -> Any:
        """Tokens, or their mean. Zeros stand behind the ends, as they do without padding."""
        y = swapaxes(masked(x, _within(counts, x.shape[1])), 1, 2)
        for conv in self.convs:
            z = masked(relu(conv(y)), _within(counts, y.shape[2])[:, None])
            y, counts = self.pool(z), -(-counts // 2)
        found = Tokens(swapaxes(y, 1, 2), _within(counts, y.shape[2]))
        return found if self.tokens else mean_of_tokens(found)

    def _recurred(self, x: Tensor, counts: np.ndarray) -> Any:
        """Tokens, or the last state of each sound."""
        ends = np.maximum(counts, 1)  # one without a frame reads one, for nothing
        packed = pack_padded_sequence(x, ends, batch_first=True, enforce_sorted=False)
        y, last = cast(GRU, self.states)(packed)
        if not self.tokens:
            return last[-1]
        padded = pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0]
        return Tokens(padded, _within(counts, x.shape[1]))

    def extra_repr(self) -> str:
        return f"tokens={self.tokens}"


def _within(counts: np.ndarray, length: int) -> np.ndarray:
    """Which places are before the ends. Shapes: (B,) -> (B, length)."""
    return np.asarray(np.arange(length) < counts[:, None])


def _check(
    bands: int, channels: Sequence[int], kind: str, kernel_size: int, front_end: Any
) -> None:
    where = "SoundEncoder"
    if kind not in KINDS:
        rule, repair = f"kind in {', '.join(KINDS)}", "choose one of these"
        raise OptionError(where, rule, repr(kind), repair)
    if not channels or not kernel_size % 2:
        got, repair = f"channels={channels}, kernel_size={kernel_size}", "change one of them"
        raise OptionError(where, "one channel or more, and an odd kernel_size", got, repair)
    width = bands if front_end is None else getattr(front_end, "width", None)
    if width != bands:
        rule, got = f"a front end of {bands} bands", f"{width}"
        raise OptionError(where, rule, got, "give bands=front_end.width")

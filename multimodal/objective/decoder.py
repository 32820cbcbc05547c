"""A sequence told from another modality: words, one by one, that look at its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Tensor
from ...engine.mode import recording
from ...engine.ops.elementwise import tanh
from ...engine.ops.shaping import concat, reshape
from ...engine.ops.softmax import cross_entropy
from ...kernels import OptionError
from ...kernels.device import to_device
from ...nn import GRU, Embedding, Linear, Module, scaled_dot_product_attention
from ..meeting import Meeting, mean_of_tokens
from ..presence import Presence, Present, Tokens
from .sentences import read_sentences

REDUCTIONS = ("sequence", "token")


class Memory(Meeting):
    """[f_1 W_1^T + b_1 .. f_M W_M^T + b_M], one after the other: what a decoder looks at.

    Shapes: f_m (B, T_m, d_m), `Tokens` or (B, d_m) -> (B, sum T_m, width).
    """

    takes_tokens = True
    widths: dict[str, int]  # type: ignore[assignment]

    def __init__(
        self, widths: Mapping[str, int], width: int, *, rng: np.random.Generator
    ) -> None:
        super().__init__(widths)
        self.project = {n: Linear(d, width, rng=rng) for n, d in self.widths.items()}

    def meet(self, features: dict[str, Tensor], here: Presence) -> Tensor:
        joined: Tensor = concat([self.project[n](f) for n, f in features.items()], axis=1)
        return joined

    def read(self, features: Mapping[str, Any], present: Present | None) -> Tokens:
        """All tokens, and which of them are there."""
        values, here = self.gathered(features, present)
        masks = [here.tokens(n, f.shape[1]) for n, f in values.items()]
        return Tokens(self.meet(values, here), np.concatenate(masks, axis=1))


class SequenceDecoder(Module):
    """L = -sum_t log p(y_t | y_<t, E(x)), the mean over sequences, or over words; 0 of none.

        h_t = GRU(e(y_(t-1)), h_(t-1)), h_0 = tanh(W_0 mean of memory + b_0)
        c_t = attention of W_q h_t to the memory of all modalities
        p(y_t | ..) = softmax(W [h_t; c_t] + b)

    Word number `num_words` stands for the start before the first word and for the end, which
    counts as a word, after the last; callers give neither. In training every step sees the
    true words before it (teacher forcing).
    Backward: dlogits_t = (p_t - y_t) / B; from there through time, and through attention to
    every token of every modality by its weight. Missing tokens are not looked at.
    Shapes: features as `Memory` takes them; words (B, L) integers in [0, num_words), lengths
    (B,), by default L for all -> (). Units: nats.
    Raises: DTypeError, OptionError, ShapeError for what does not fit.
    Differs: attention comes after the step, and is not fed into the next one, so that all
    steps of the recurrence go by one product.
    Source: Sutskever et al. 2014; Luong et al. 2015; between modalities Pham et al. 2019.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        num_words: int,
        width: int,
        *,
        reduction: str = "sequence",
        rng: np.random.Generator,
    ) -> None:
        if reduction not in REDUCTIONS:
            expected = f"reduction in {', '.join(REDUCTIONS)}"
            raise OptionError("SequenceDecoder", expected, repr(reduction), "see its docstring")
        self.num_words, self.reduction = num_words, reduction
        self.memory = Memory(widths, width, rng=rng)
        self.embedding = Embedding(num_words + 1, width, rng=rng)
        self.first = Linear(width, width, rng=rng)
        self.gru = GRU(width, width, batch_first=True, rng=rng)
        self.query = Linear(width, width, rng=rng)
        self.head = Linear(2 * width, num_words + 1, rng=rng)

    def forward(
        self,
        features: Mapping[str, Any],
        words: Any,
        lengths: Any = None,
        present: Present | None = None,
    ) -> Tensor:
        logits, truth, real = self.scored(features, words, lengths, present)
        rows = np.flatnonzero(real)
        flat = reshape(logits, (-1, self.num_words + 1))
        true = to_device(truth.reshape(-1)[rows], flat.device)
        total = cross_entropy(flat[rows], true, "sum")
        count = len(truth) if self.reduction == "sequence" else len(rows)
        loss: Tensor = total / max(count, 1)
        return loss

    def scored(
        self,
        features: Mapping[str, Any],
        words: Any,
        lengths: Any = None,
        present: Present | None = None,
    ) -> tuple[Tensor, np.ndarray, np.ndarray]:
        """Logits of every step given the true words before it, the true words with their end,
        and which steps are real. Shapes: (B, L + 1, num_words + 1), (B, L + 1) twice."""
        memory = self.memory.read(features, present)
        rows = len(memory.values)
        before, truth, real = read_sentences(words, lengths, rows, self.num_words)
        h, _ = self.gru(self.embedding(before), self._start(memory))
        return self._logits(h, memory), truth, real

    def greedy(
        self, features: Mapping[str, Any], max_length: int, present: Present | None = None
    ) -> list[list[int]]:
        """The likeliest word at every step, given those chosen before it, up to the end or to
        max_length. One list of words a sample, without the end. Nothing is recorded."""
        if max_length < 0:
            where, got = "SequenceDecoder.greedy", f"{max_length}"
            raise OptionError(where, "a max_length of 0 or more", got, "count the words")
        with recording(False):
            memory = self.memory.read(features, present)
            state = self._start(memory)
            last = np.full(len(memory.values), self.num_words)
            chosen: list[np.ndarray] = []
            for _ in range(max_length):
                h, state = self.gru(self.embedding(last[:, None]), state)
                scores = to_device(self._logits(h, memory).data, "cpu")[:, 0]
                last = scores.argmax(axis=1)
                chosen.append(last)
        table = np.stack(chosen, axis=1) if chosen else np.zeros((len(last), 0), int)
        return [self._until_the_end(row.tolist()) for row in table]

    def _until_the_end(self, row: list[int]) -> list[int]:
        return row[: row.index(self.num_words)] if self.num_words in row else row

    def _start(self, memory: Tokens) -> Tensor:
        """h_0, (1, B, width)."""
        h = tanh(self.first(mean_of_tokens(memory)))
        return reshape(h, (1, *h.shape))

    def _logits(self, h: Tensor, memory: Tokens) -> Tensor:
        """Shapes: h (B, L, width) -> (B, L, num_words + 1)."""
        seen = np.asarray(memory.present)[:, None, :]
        c = scaled_dot_product_attention(self.query(h), memory.values, memory.values, seen)
        logits: Tensor = self.head(concat([h, c], axis=-1))
        return logits

    def extra_repr(self) -> str:
        return f"num_words={self.num_words}, reduction={self.reduction!r}"

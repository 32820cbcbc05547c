"""Words: bags of them, sequences of states, and attention between them.

Sentences come as word numbers (B, T) with lengths (B,), or as a list (N,) with the offsets (B,)
of each sentence in it, which is how a vocabulary gives bags. What is behind the end of a
sentence neither acts nor learns; a sentence without words is exactly 0, and learns nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.ops.activations import relu
from ...engine.ops.shaping import concat
from ...kernels import OptionError
from ...nn import (
    GRU,
    LSTM,
    Embedding,
    EmbeddingBag,
    LearnedPositions,
    Module,
    Recurrent,
    TransformerEncoder,
    TransformerEncoderLayer,
    pack_padded_sequence,
    pad_packed_sequence,
)
from ..meeting import mean_of_tokens
from ..presence import Tokens, masked
from .sentences import read_sentences

KINDS = {"lstm": LSTM, "gru": GRU}


class BagOfWords(Module):
    """f = relu(sum of the vectors of the words), or of their mean.

    Vectors are drawn from a normal of standard deviation `std`. With `tokens`, every word is a
    token, relu(its vector), and there is no sum.
    Backward: every word of a sentence gets the same g * [f > 0] (mode sum), over the number of
    words (mean).
    Shapes: sentences as above -> (B, width), or Tokens (B, T, width).
    Raises: OptionError, ShapeError, DTypeError for words that are not so, and settings.
    Source: Iyyer et al. 2015, of one layer.
    """

    table: EmbeddingBag

    def __init__(
        self,
        num_words: int,
        width: int,
        mode: str = "sum",
        *,
        std: float = 0.1,
        tokens: bool = False,
        rng: np.random.Generator,
    ) -> None:
        self.table = EmbeddingBag(num_words, width, mode, std=std, rng=rng)
        self.tokens = tokens

    def forward(self, ids: Any, ends: Any = None) -> Any:
        words = read_sentences("BagOfWords", ids, ends)
        if not self.tokens:
            return relu(self.table(words.flat, words.offsets))
        each = self.table(words.ids.reshape(-1, 1)).reshape((*words.ids.shape, -1))
        return Tokens(relu(masked(each, words.present)), words.present)

    def extra_repr(self) -> str:
        return f"tokens={self.tokens}"


class RecurrentWords(Module):
    """f = the state after the last word, of an LSTM or a GRU over the vectors of the words.

    Where it is `bidirectional`, half of the width reads from the end, and its state after the
    first word counts. With `tokens`, the state after every word.
    Backward: through time, from the last word (or from every token) to the first.
    Shapes: sentences as above -> (B, width), or Tokens (B, T, width).
    Raises: OptionError, ShapeError, DTypeError for words that are not so, and settings.
    Source: Hochreiter & Schmidhuber 1997; Cho et al. 2014.
    """

    table: Embedding
    states: Recurrent

    def __init__(
        self,
        num_words: int,
        width: int,
        embedding_dim: int | None = None,
        *,
        kind: str = "lstm",
        num_layers: int = 1,
        bidirectional: bool = False,
        tokens: bool = False,
        rng: np.random.Generator,
    ) -> None:
        if kind not in KINDS:
            got, repair = repr(kind), "choose one of these"
            raise OptionError("RecurrentWords", f"kind in {', '.join(KINDS)}", got, repair)
        if bidirectional and width % 2:
            got, repair = f"width={width}", "each direction gives half of it"
            raise OptionError("RecurrentWords", "an even width", got, repair)
        wide = width if embedding_dim is None else embedding_dim
        self.table = Embedding(num_words, wide, rng=rng)
        hidden = width // 2 if bidirectional else width
        self.states = KINDS[kind](
            wide, hidden, num_layers, bidirectional=bidirectional, rng=rng
        )
        self.tokens = tokens

    def forward(self, ids: Any, ends: Any = None) -> Any:
        words = read_sentences("RecurrentWords", ids, ends)
        lengths = np.maximum(words.lengths, 1)  # an empty sentence reads one word, for nothing
        packed = pack_padded_sequence(words.ids, lengths, True, enforce_sorted=False)
        packed, last = self.states(packed._replace(data=self.table(packed.data)))
        if not self.tokens:
            return masked(_ends(last, self.states.bidirectional), words.lengths > 0)
        steps = words.ids.shape[1]
        values = pad_packed_sequence(packed, True, total_length=steps)[0]
        return Tokens(masked(values, words.present), words.present)

    def extra_repr(self) -> str:
        return f"tokens={self.tokens}"


class AttentionWords(Module):
    """f = the mean over words of transformer(vector + position).

    Backward: 1 / (number of words) to every word; inside the layers every word gets its share
    of all others that attend to it.
    Shapes: sentences as above, T up to max_len -> (B, width), or, with `tokens`, Tokens
    (B, T, width).
    Raises: OptionError, ShapeError, DTypeError for words that are not so, and settings.
    Source: Vaswani et al. 2017, the encoder, with learned positions.
    """

    table: Embedding
    positions: LearnedPositions
    layers: TransformerEncoder

    def __init__(
        self,
        num_words: int,
        width: int,
        num_heads: int = 4,
        num_layers: int = 1,
        *,
        max_len: int = 256,
        dim_feedforward: int | None = None,
        dropout: float = 0.0,
        tokens: bool = False,
        rng: np.random.Generator,
    ) -> None:
        hidden = 2 * width if dim_feedforward is None else dim_feedforward
        self.table = Embedding(num_words, width, rng=rng)
        self.positions = LearnedPositions(width, max_len, batch_first=True, rng=rng)

        def layer() -> TransformerEncoderLayer:
            return TransformerEncoderLayer(
                width, num_heads, hidden, dropout, batch_first=True, rng=rng
            )

        self.layers = TransformerEncoder(layer, num_layers)
        self.tokens = tokens

    def forward(self, ids: Any, ends: Any = None) -> Any:
        words = read_sentences("AttentionWords", ids, ends)
        x = self.layers(self.positions(self.table(words.ids)), None, ~words.present)
        found = Tokens(masked(x, words.present), words.present)
        return found if self.tokens else mean_of_tokens(found)

    def extra_repr(self) -> str:
        return f"tokens={self.tokens}"


def _ends(last: Any, bidirectional: bool) -> Any:
    """The states of the last layer where each sentence ends, both directions side by side."""
    h = last[0] if isinstance(last, tuple) else last  # an LSTM has a cell besides
    return concat([h[-2], h[-1]], axis=-1) if bidirectional else h[-1]

"""Is a sentence about a film kind? An LSTM against a bag of words: run this file, a minute.

The LSTM reads 7,636 sentences of reviews both ways and averages what it noted; a logistic
regression knows only which words occur. Both are held against 2,121 sentences neither has seen.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a checkout needs

import fusegrad as fg
from fusegrad import Trainer, data, metrics, nn, optim
from fusegrad.training import EarlyStopping, Progress

MOVIES = data.load("movies")
WORDS = len(MOVIES.vocab)  # also the number of the filling behind short sentences


class Reader(nn.Module):
    """Words to vectors, an LSTM over them in both directions, the mean of its outputs.

    Shapes: word numbers (N, T), lengths (N,) -> (N, 2) logits.
    """

    def __init__(self, width: int, p: float, rng: np.random.Generator) -> None:
        self.embed = nn.Embedding(WORDS + 1, width, padding_idx=WORDS, rng=rng)
        self.embed.weight.assign_(self.embed.weight.numpy() / 10)
        self.lstm = nn.LSTM(width, width, batch_first=True, bidirectional=True, rng=rng)
        self.drop, self.out = nn.Dropout(p, rng=rng), nn.Linear(2 * width, 2, rng=rng)

    def forward(self, words: Any, lengths: Any) -> Any:
        x = self.drop(self.embed(words))  # (N, T, D)
        steps = nn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        notes, _ = nn.pad_packed_sequence(self.lstm(steps)[0], batch_first=True)
        return self.out(self.drop(notes.sum(1) / lengths[:, None].astype(x.dtype)))


def sentences(rows: list[int]) -> tuple[Any, ...]:
    """A batch for the reader; an empty sentence becomes one of the filling."""
    words, lengths = MOVIES.padded(rows)
    return words, np.maximum(lengths, 1), MOVIES.label[rows].astype(int)


def bag(rows: Any) -> tuple[np.ndarray, np.ndarray]:
    """The words of each sentence, each once, end to end; and where each begins."""
    distinct = [np.unique(words) for words in MOVIES.sentences(rows)]
    return np.concatenate(distinct), np.cumsum([0, *map(len, distinct)])[:-1]


def regression(train: np.ndarray, test: np.ndarray, steps: int) -> float:
    """Logistic regression with an L2 penalty: the accuracy on the test rows."""
    weights = nn.EmbeddingBag(WORDS, 1, "sum", std=0.0, rng=np.random.default_rng(0))
    adam = optim.Adam(weights.parameters(), lr=0.02, weight_decay=2 / len(train))
    inputs, loss = bag(train), nn.BCEWithLogitsLoss()
    target = MOVIES.label[train, None].astype(np.float32)
    for _ in range(steps):
        adam.zero_grad()
        loss(weights(*inputs), target).backward()
        adam.step()
    said = weights(*bag(test)).numpy()[:, 0] > 0
    return float(np.mean(said == MOVIES.label[test]))


def main(epochs: int, examples: int, seed: int) -> None:
    rng, split = np.random.default_rng(seed), MOVIES.split
    train = split["train"][:examples]
    held, test = (
        data.DataLoader(split[part], 256, collate=sentences) for part in ("validation", "test")
    )
    batches = data.DataLoader(train, 64, shuffle=True, rng=rng, collate=sentences)

    net = Reader(64, 0.5, rng)
    listeners = [EarlyStopping(patience=3, monitor="val_accuracy", mode="max"), Progress()]
    figures = {"accuracy": metrics.accuracy}
    adam = optim.Adam(net.parameters(), lr=2e-3)
    trainer = Trainer(
        net, adam, nn.CrossEntropyLoss(), metrics=figures, clip_norm=1.0, callbacks=listeners
    )
    print(trainer.fit(batches, epochs, held), end="\n\n")
    print(f"test, LSTM:                {trainer.evaluate(test)['accuracy']:.3f}")
    print(f"test, logistic regression: {regression(train, split['test'], steps=200):.3f}")
    with fg.no_grad():
        words, lengths, _ = sentences(split["test"][:6])
        kind = fg.softmax(net.eval()(words, lengths)).numpy()[:, 1]
    for row, share in zip(split["test"][:6], kind):
        print(f"  {share:4.0%} kind, rated {MOVIES.rating[row]:+.1f}: {MOVIES.text(row)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--examples", type=int, default=7636, help="sentences to learn from")
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))

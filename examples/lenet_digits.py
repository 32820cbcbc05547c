"""A LeNet that reads handwritten digits: run this file, half a minute on two cores.

Two convolutions look, two pools let the digit move a little, three products decide. It learns
from 8,000 real digits of MNIST and is held against 2,000 that it has never seen.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a checkout needs

from fusegrad import Trainer, data, metrics, nn, optim
from fusegrad.training import Progress

MEAN, STD = 0.1307, 0.3081  # of the pixels of MNIST's training set


def lenet(rng: np.random.Generator) -> nn.Module:
    """Shapes: (N, 1, 28, 28) -> (N, 10) logits."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 6, 14, 14)
        nn.Conv2d(6, 16, 5, rng=rng),
        nn.ReLU(),
        nn.MaxPool2d(2),  # (N, 16, 5, 5)
        nn.Flatten(),
        nn.Linear(400, 120, rng=rng),
        nn.ReLU(),
        nn.Dropout(0.3, rng=rng),
        nn.Linear(120, 84, rng=rng),
        nn.ReLU(),
        nn.Linear(84, 10, rng=rng),
    )


def digits(rows: np.ndarray) -> data.TensorDataset:
    mnist = data.load("mnist")
    pixels = (mnist.image[rows, None] / np.float32(255) - MEAN) / STD
    return data.TensorDataset(pixels.astype(np.float32), mnist.label[rows].astype(int))


def main(epochs: int, examples: int, seed: int) -> float:
    rng, split = np.random.default_rng(seed), data.load("mnist").split
    seen = np.concatenate([split["train"], split["validation"]])[:examples]
    train = data.DataLoader(digits(seen), 64, shuffle=True, rng=rng, prefetch=2)
    test = data.DataLoader(digits(split["test"]), 500)

    net = lenet(rng)
    print(net.summary((64, 1, 28, 28)), end="\n\n")
    lr = optim.schedules.Cosine(3e-3, steps=epochs * len(train))
    adam = optim.AdamW(net.parameters(), lr=lr, weight_decay=0.01)
    loss, figures = nn.CrossEntropyLoss(), {"accuracy": metrics.accuracy}
    trainer = Trainer(net, adam, loss, metrics=figures, callbacks=[Progress()])
    print(trainer.fit(train, epochs), end="\n\n")
    found = trainer.evaluate(test)
    print(f"test: {found['accuracy']:.2%} of {len(test.dataset)} digits right")
    return found["accuracy"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--examples", type=int, default=8000, help="digits to learn from")
    parser.add_argument("--seed", type=int, default=0)
    main(**vars(parser.parse_args()))

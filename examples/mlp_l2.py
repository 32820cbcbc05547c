"""A network of one hidden layer with L2 regularisation, on handwritten digits: run this file.

    J = mean of -log p(digit) + (lambda / 2) sum W^2, biases free

Trained on few digits, it soon knows them by heart; the penalty keeps the weights small and the
unseen digits better. The gradient of W is held against the formulas by hand first.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a checkout needs

import fusegrad as fg
from fusegrad import data, nn, optim
from fusegrad.multimodal.objective import L2Penalty

MNIST = data.load("mnist")
PIXELS = MNIST.image.reshape(-1, 784).astype(np.float64) / 255
LABELS, TEST = MNIST.label.astype(np.int64), MNIST.split["test"]
HIDDEN = 25


def network(seed: int) -> nn.Sequential:
    rng = np.random.default_rng(seed)
    layers = nn.Linear(784, HIDDEN, rng=rng), nn.Sigmoid(), nn.Linear(HIDDEN, 10, rng=rng)
    return nn.Sequential(*layers).to(np.float64)


def by_hand(net: nn.Sequential, x: np.ndarray, y: np.ndarray, decay: float) -> np.ndarray:
    """dJ/dW1 as a textbook writes it: delta2 = p - y, delta1 = delta2 W2 * a (1 - a)."""
    (w1, b1, w2, b2) = (p.numpy() for p in net.parameters())
    a = 1 / (1 + np.exp(-(x @ w1.T + b1)))
    z = a @ w2.T + b2
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    delta2 = (p - np.eye(10)[y]) / len(y)
    delta1 = delta2 @ w2 * a * (1 - a)
    return delta1.T @ x + decay * w1


def objective(net: nn.Sequential, penalty: L2Penalty, rows: np.ndarray) -> fg.Tensor:
    return fg.cross_entropy(net(PIXELS[rows]), LABELS[rows]) + penalty()


def accuracy(net: nn.Sequential, rows: np.ndarray) -> float:
    with fg.no_grad():
        return float(np.mean(net(PIXELS[rows]).numpy().argmax(1) == LABELS[rows]))


def trained(decay: float, rows: np.ndarray, epochs: int) -> nn.Sequential:
    net, rng = network(0), np.random.default_rng(1)
    penalty = L2Penalty(net, decay)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    for _ in range(epochs):
        for part in np.array_split(rng.permutation(rows), max(len(rows) // 50, 1)):
            optimizer.zero_grad()
            objective(net, penalty, part).backward()
            optimizer.step()
    return net


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--digits", type=int, default=500, help="to train on")
    parser.add_argument("--epochs", type=int, default=60)
    given = parser.parse_args()
    rows = MNIST.split["train"][: given.digits]
    net = network(0)
    objective(net, L2Penalty(net, 0.1), rows[:50]).backward()
    weight = next(net.parameters())
    hand = by_hand(net, PIXELS[rows[:50]], LABELS[rows[:50]], 0.1)
    error = abs(weight.grad.numpy() - hand).max() / abs(hand).max()
    print(f"dJ/dW by hand and by the tape differ by {error:.0e}, relative")
    print(f"784-{HIDDEN}-10, trained on {len(rows)} digits, tested on {len(TEST)} others")
    print("  lambda   training   test   |W1|")
    for decay in (0.0, 1e-4, 1e-3, 3e-3, 1e-2):
        net = trained(decay, rows, given.epochs)
        size = np.linalg.norm(next(net.parameters()).numpy())
        known, unseen = accuracy(net, rows), accuracy(net, TEST)
        print(f"  {decay:<8g} {known:7.1%}  {unseen:7.1%}  {size:5.1f}")


if __name__ == "__main__":
    main()

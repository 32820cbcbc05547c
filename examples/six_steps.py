"""Backpropagation through two fused branches in six steps, with numbers: run this file.

Pictures and keywords of emoji, told apart into eight groups. Each branch ends in two numbers,
so that one emoji's way through the network, and the error's way back, fit on a screen.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a checkout needs

import fusegrad as fg
from fusegrad import multimodal as mm
from fusegrad import nn, optim
from fusegrad.tasks import EmojiTask

TASK = EmojiTask()
WIDTHS = {"image": 2, "text": 2}
np.set_printoptions(precision=4, suppress=True, floatmode="fixed")


def network(fusion: str, rng: np.random.Generator) -> mm.FeatureFusionNet:
    words = nn.EmbeddingBag(len(TASK.vocabulary), 2, "sum", std=0.1, rng=rng)
    branches = {
        "image": nn.Sequential(nn.Linear(3072, 2, rng=rng), nn.Tanh()),
        "text": nn.Sequential(words, nn.Tanh()),
    }
    fused = mm.FUSIONS[fusion].make(WIDTHS, 4, rng)
    return mm.FeatureFusionNet(branches, fused, nn.Linear(fused.width, 8, rng=rng))


def backward_by_hand(net: mm.FeatureFusionNet, out: mm.Outputs, y: int) -> np.ndarray:
    """dL/dF of one row: (p - y) W, divided by the rows of the batch."""
    z = out.logits.numpy()[0]
    p = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    return (p - np.eye(8)[y]) @ net.head.weight.numpy() / len(out.logits)


def show_a_step(net: mm.FeatureFusionNet, optimizer: optim.Adam, rows: np.ndarray) -> None:
    inputs, labels = TASK.inputs(rows, list(WIDTHS)), TASK.labels[rows]
    name, group = TASK.words(rows[0]), TASK.classes[labels[0]]
    print(f"The first of {len(rows)} emoji: {name}; its group: {group}\n")
    print("1. The loss: L = mean of -log p(group), p = softmax(z)")
    out = net.outputs(inputs)
    loss = fg.cross_entropy(out.logits, labels)
    print("2. Forward, each branch by itself")
    for branch, f in out.features.items():
        f.retain_grad()
        print(f"     f_{branch:6}= {f.numpy()[0]}")
    print(f"3. Fusion and head\n     F       = {out.fused.retain_grad().numpy()[0]}")
    print(f"     p       = {fg.softmax(out.logits).numpy()[0]}   L = {float(loss):.4f}")
    loss.backward()
    print("4. Backward: the head's error, and how the fusion splits it")
    print(f"     dL/dF   = {out.fused.grad.numpy()[0]}")
    print(f"     by hand = {backward_by_hand(net, out, labels[0])}   (p - y) W / B")
    for branch, f in out.features.items():
        print(f"     dL/df_{branch:6}= {f.grad.numpy()[0]}")
    print("5. Backward through each branch, and the update")
    weight = next(net.branches["image"].parameters())
    index = np.unravel_index(np.argmax(abs(weight.grad.numpy())), weight.shape)
    explained = optimizer.explain(weight, index)
    print(f"   the image weight {tuple(map(int, index))} that the error pulls hardest:")
    print("     " + str(explained).replace("\n", "\n     "))
    optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fusion", default="concat", choices=sorted(mm.FUSIONS))
    parser.add_argument("--epochs", type=int, default=30)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    net = network(given.fusion, rng)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    show_a_step(net, optimizer, TASK.split["train"][:64])
    print(f"6. Repeat: {given.epochs} epochs")
    with mm.BranchFlow(net, optimizer) as flow:
        for epoch in range(1, given.epochs + 1):
            rows = rng.permutation(TASK.split["train"])
            for part in np.array_split(rows, len(rows) // 64):
                optimizer.zero_grad()
                loss = fg.cross_entropy(net(TASK.inputs(part, list(WIDTHS))), TASK.labels[part])
                loss.backward()
                optimizer.step()
            if epoch in (1, given.epochs // 2, given.epochs):
                share = {name: round(x, 2) for name, x in flow.records[-1].share.items()}
                print(f"     epoch {epoch:2}: L = {float(loss):.4f}, shares {share}")
    test = TASK.split["test"]
    with fg.no_grad():
        z = net.eval()(TASK.inputs(test, list(WIDTHS))).numpy()
    right = np.mean(z.argmax(1) == TASK.labels[test])
    print(f"Of {len(test)} emoji it has not seen, it knows {right:.1%}.")


if __name__ == "__main__":
    main()

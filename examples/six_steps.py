"""Backpropagation through two fused branches in six steps, with numbers: run this file.

Pictures and keywords of emoji; each branch ends in two numbers, so that one emoji's way through
the network, and the error's way back, fit on a screen.
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
    bag = nn.EmbeddingBag(len(TASK.vocabulary), 2, "sum", std=0.1, rng=rng)
    branches = {
        "image": nn.Sequential(nn.Linear(3072, 2, rng=rng), nn.Tanh()),
        "text": nn.Sequential(bag, nn.Tanh()),
    }
    fused = mm.FUSIONS[fusion].make(WIDTHS, 4, rng)
    return mm.FeatureFusionNet(branches, fused, nn.Linear(fused.width, 8, rng=rng))


def by_hand(net: mm.FeatureFusionNet, out: mm.Outputs, y: int) -> np.ndarray:
    """dL/dF of one row: (p - y) W, divided by the rows of the batch."""
    p = fg.softmax(out.logits).numpy()[0]
    return (p - np.eye(8)[y]) @ net.head.weight.numpy() / len(out.logits)


def show_a_step(net: mm.FeatureFusionNet, optimizer: optim.Adam, rows: np.ndarray) -> None:
    labels, group = TASK.labels[rows], TASK.classes[TASK.labels[rows[0]]]
    print(f"The first of {len(rows)} emoji: {TASK.words(rows[0])}; its group: {group}")
    print(f"Groups, in the order of p: {', '.join(TASK.classes)}\n")
    print("1. The loss of an emoji is -log p(its group), p = softmax(z); L is their mean")
    out = net.outputs(TASK.inputs(rows, list(WIDTHS)))
    loss = fg.cross_entropy(out.logits, labels)
    print("2. Forward, each branch by itself: f = tanh(a), two numbers each")
    for name, f in out.features.items():
        print(f"     f_{name:6}= {f.retain_grad().numpy()[0]}")
    print(f"3. Fusion and head\n     F       = {out.fused.retain_grad().numpy()[0]}")
    print(f"     p       = {(p := fg.softmax(out.logits).numpy()[0])}")
    print(f"     -log p({group}) = {-np.log(p[labels[0]]):.4f}; L of all = {float(loss):.4f}")
    loss.backward()
    print("4. Backward: the head's error, and how the fusion splits it")
    print(f"     dL/dF   = {out.fused.grad.numpy()[0]}")
    print(f"     by hand = {by_hand(net, out, labels[0])}   (p - y) W / B")
    for name, f in out.features.items():
        print(f"     dL/df_{name:6}= {f.grad.numpy()[0]}")
    print("5. Backward through each branch, by the slope of tanh, to its weights; update")
    weights = {name: next(branch.parameters()) for name, branch in net.branches.items()}
    for name, f in out.features.items():
        down = f.grad.numpy()[0] * (1 - f.numpy()[0] ** 2)
        size = np.linalg.norm(weights[name].grad.numpy())
        print(f"     dL/da_{name:6}= {down}   dL/df (1 - f^2)   |dL/dW| of all = {size:.4f}")
    weight = weights["image"]
    index = np.unravel_index(np.argmax(abs(weight.grad.numpy())), weight.shape)
    told = str(optimizer.explain(weight, index)).replace("\n", "\n     ")
    print(f"   Adam, theta - step, on a weight of the image:\n     {told}")
    optimizer.step()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fusion", default="concat", choices=mm.FUSIONS)
    parser.add_argument("--epochs", type=int, default=30)
    given, rng = parser.parse_args(), np.random.default_rng(0)
    net = network(given.fusion, rng)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    show_a_step(net, optimizer, TASK.split["train"][:64])
    print(f"6. Repeat: {given.epochs} epochs; a branch's share of all |dL/df|")
    with mm.BranchFlow(net, optimizer) as flow:
        for epoch in range(1, given.epochs + 1):
            rows = rng.permutation(TASK.split["train"])
            for part in np.array_split(rows, len(rows) // 64):
                optimizer.zero_grad()
                loss = fg.cross_entropy(net(TASK.inputs(part, list(WIDTHS))), TASK.labels[part])
                loss.backward()
                optimizer.step()
            share = {name: round(x, 2) for name, x in flow.records[-1].share.items()}
            if epoch in (1, given.epochs // 2, given.epochs):
                print(f"     epoch {epoch:2}: L = {float(loss):.4f}, shares {share}")
    test = TASK.split["test"]
    z = net.eval()(TASK.inputs(test, list(WIDTHS))).numpy()
    print(f"Of {len(test)} new emoji it knows {np.mean(z.argmax(1) == TASK.labels[test]):.1%}.")


if __name__ == "__main__":
    main()

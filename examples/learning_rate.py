"""Learn Adam's step size and beta1 by gradients through ten of its own steps: run this file.

Least squares on training rows tells emoji with faces from all others by their pixels; the two
settings follow the gradient of the loss that this leaves on the validation rows.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a checkout needs

import fusegrad as fg
from fusegrad import data, optim

EMOJI = data.load("emoji")
BLOCKS = EMOJI.image.reshape(-1, 4, 8, 4, 8, 3).mean((2, 4)).reshape(-1, 48)
INPUTS = np.hstack([(BLOCKS - BLOCKS.mean(0)) / BLOCKS.std(0), np.ones((len(BLOCKS), 1))])
FACES = np.where(EMOJI.label == EMOJI.classes.index("Smileys & Emotion"), 1.0, -1.0)
ADAM = optim.Functional(optim.Adam)


def loss(w: Any, rows: str) -> Any:
    error = INPUTS[EMOJI.split[rows]] @ w - FACES[EMOJI.split[rows]]
    return (error * error).mean()


def settings(knobs: Any) -> tuple[Any, Any]:
    """Any two numbers as a step size above 0 and a beta1 between 0 and 1."""
    return fg.exp(knobs[0]), fg.sigmoid(knobs[1])


def after_training(knobs: Any) -> Any:
    """The validation loss after ten steps: one expression, so it can be differentiated."""
    lr, beta1 = settings(knobs)
    w, slope = fg.Tensor(np.zeros(INPUTS.shape[1])), fg.grad(lambda w: loss(w, "train"))
    state = ADAM.init(w)
    for _ in range(10):
        w, state = ADAM.update(w, slope(w), state, lr=lr, betas=(beta1, 0.999))
    return loss(w, "validation")


def main(turns: int = 40) -> None:
    knobs = fg.Tensor(np.log([1e-3, 9.0]), requires_grad=True)  # lr 0.001, beta1 0.9
    optimizer = optim.Adam([knobs], lr=0.2)
    for turn in range(turns + 1):
        optimizer.zero_grad()
        (left := after_training(knobs)).backward()
        if turn in (0, turns):
            lr, beta1 = map(float, settings(knobs))
            print(f"lr {lr:.4f}, beta1 {beta1:.4f}: loss {float(left):.4f}")
            print("  its gradient:", fg.gradcheck(after_training, knobs.numpy()))
        optimizer.step()


if __name__ == "__main__":
    main()

"""Synthetic results for the report: plausible curves, and the hard cases."""

import math
from dataclasses import replace

import numpy as np

from fusegrad.lens.record import Epoch, Example, Formula, Result, Run
from fusegrad.multimodal import FlowRecord

CLASSES = [
    "Activities",
    "Animals & Nature",
    "Food & Drink",
    "Objects",
    "People & Body",
    "Smileys & Emotion",
    "Symbols",
    "Travel & Places",
]
# Per network: test accuracy, test loss, last training loss, epoch of overfitting.
NETWORKS = {
    "image": (0.56, 1.31, 0.62, 12),
    "text": (0.80, 0.71, 0.08, 22),
    "fused": (0.83, 0.62, 0.05, 25),
}
MATHML = (
    '<math display="block" xmlns="http://www.w3.org/1998/Math/MathML"><mrow>'
    "<msub><mi>θ</mi><mi>t</mi></msub><mo>=</mo><msub><mi>θ</mi><mrow><mi>t</mi><mo>−</mo>"
    "<mn>1</mn></mrow></msub><mo>−</mo><mi>α</mi><mfrac><msub><mover><mi>m</mi><mo>^</mo>"
    "</mover><mi>t</mi></msub><mrow><msqrt><msub><mover><mi>v</mi><mo>^</mo></mover>"
    "<mi>t</mi></msub></msqrt><mo>+</mo><mi>ε</mi></mrow></mfrac></mrow></math>"
)
LATEX = r"\theta_t = \theta_{t-1} - \alpha \hat m_t / (\sqrt{\hat v_t} + \epsilon)"


def sample(epochs: int = 30, steps: int = 420, examples: int = 60) -> Result:
    """A whole result: three networks, a race, 8 classes."""
    random = np.random.default_rng(7)
    runs = [_run(random, name, epochs) for name in NETWORKS]
    runs[-1].flow = flow(random, steps)
    rates = {"SGD": 0.05, "Momentum": 0.02, "RMSProp": 0.001, "Adam": 0.001, "AdamW": 0.001}
    return Result(
        title="Do pictures help words?",
        task="1,601 emoji, 32 × 32 pixels and their keywords, in 8 groups",
        classes=CLASSES,
        runs=runs,
        race=[_racer(random, name, i, epochs) for i, name in enumerate(rates)],
        examples=[_example(random, i) for i in range(examples)],
        formulas=[Formula("Adam", MATHML, LATEX, "α = lr = 0.001, β₁ = 0.9, ε = 1e-8")],
        settings={"seed": 7, "epochs": epochs, "batch_size": 64, "lr": rates},
        environment={"python": "3.11", "numpy": "2.1", "platform": "Linux, 8 cores"},
        notes=["Keywords are shuffled within a picture, so word order carries nothing."],
        stopped=False,
    )


def empty() -> Result:
    """A run stopped before anything was measured."""
    return Result("Stopped", "", [], [], [], [], [], {}, {}, [], True)


def stopped() -> Result:
    """A run stopped in training: curves, but no test and no confusion."""
    whole = sample(epochs=4, examples=0)
    runs = [
        replace(run, test_loss=None, test_accuracy=None, confusion=[], flow=run.flow[:3])
        for run in whole.runs[1:]
    ]
    return replace(whole, runs=runs, race=[], stopped=True)


def diverged() -> Result:
    """NaN and infinity in every place that holds a number."""
    whole = sample()
    fused = whole.runs[-1]
    for i, epoch in enumerate(fused.epochs):
        epoch.train_loss = [epoch.train_loss, math.nan, math.inf, 1e308][i % 4]
        epoch.val_loss = math.nan
    norm = {"image": math.inf, "text": 1.0}
    fused.flow[100:200] = [replace(step, norm=norm, share={}) for step in fused.flow[100:200]]
    fused.test_loss, fused.test_accuracy = math.inf, math.nan
    whole.race[0].epochs[-1].train_loss = math.inf
    whole.examples[0].confidence = math.nan
    return whole


def hostile() -> Result:
    """Names that would be markup, and words too long for a line."""
    whole = sample(examples=4)
    bad = "<script>alert('x')</script> & \"quoted\" " + "W" * 90
    whole.runs[0].name = whole.race[0].optimizer = whole.examples[0].words = bad
    whole.formulas.append(Formula(bad, "<math><script>alert(1)</script></math>", bad, bad))
    texts = {"title": bad, "task": bad, "classes": [bad, *CLASSES[1:]], "notes": [bad]}
    return replace(whole, **texts, settings={bad: bad}, environment={bad: bad})


def single() -> Result:
    """One class, one network, one epoch, one step."""
    whole = sample(epochs=1, steps=1, examples=1)
    run = replace(whole.runs[-1], confusion=[[320]], test_accuracy=1.0)
    whole.examples[0].truth = whole.examples[0].prediction = 0
    return replace(whole, classes=["Only"], runs=[run], race=whole.race[:1])


def flow(random: np.random.Generator, steps: int) -> list[FlowRecord]:
    """Text pulls first and image catches up; norms fall by a decade."""
    return [_flow(random, i, i / max(1, steps - 1)) for i in range(steps)]


def _flow(random: np.random.Generator, step: int, part: float) -> FlowRecord:
    noise = np.exp(random.normal(0, 0.2, 2))
    text = float(0.9 * math.exp(-2.6 * part) * noise[0])
    image = float(0.34 * math.exp(-0.9 * part) * noise[1])
    norm = {"image": image, "text": text}
    share = {name: value / (image + text) for name, value in norm.items()}
    update = {"image": 2e-3 * image + 3e-4, "text": 4e-3 * text + 5e-4}
    moved = {name: value / sum(update.values()) for name, value in update.items()}
    return FlowRecord(step, norm, share, update, update_share=moved)


def _run(random: np.random.Generator, name: str, epochs: int) -> Run:
    accuracy, loss, low, turn = NETWORKS[name]
    curve = [_epoch(random, i, accuracy, loss, low, turn) for i in range(1, epochs + 1)]
    confusion = _confusion(random, accuracy)
    hits = sum(confusion[i][i] for i in range(len(CLASSES)))
    size = 40_000 if name != "fused" else 92_000
    seconds = {"image": 41.2, "text": 3.1, "fused": 47.9}[name]
    exact = hits / sum(map(sum, confusion))
    return Run(name, "Adam", size, seconds, curve, loss, exact, confusion, [])


def _epoch(
    random: np.random.Generator, i: int, accuracy: float, loss: float, low: float, turn: int
) -> Epoch:
    fall = math.exp(-i / 5)
    rise = 0.012 * max(0, i - turn)
    noise = random.normal(0, 0.012, 3)
    train = low + (2.08 - low) * fall + abs(noise[0])
    validation = loss + (2.08 - loss) * fall + rise + noise[1]
    return Epoch(i, train, validation, min(1.0, accuracy - (accuracy - 0.2) * fall + noise[2]))


def _confusion(random: np.random.Generator, accuracy: float) -> list[list[int]]:
    totals = [17, 30, 27, 52, 73, 33, 44, 44]
    shares = np.full((8, 8), (1 - accuracy) / 7) * random.uniform(0.2, 2.5, (8, 8))
    for i in range(8):
        shares[i, i] = min(0.97, accuracy + random.uniform(-0.14, 0.12))
    rows = [random.multinomial(n, row / row.sum()) for n, row in zip(totals, shares)]
    return [[int(cell) for cell in row] for row in rows]


def _racer(random: np.random.Generator, name: str, i: int, epochs: int) -> Run:
    speed, low = (0.05, 0.08, 0.17, 0.2, 0.21)[i], (0.2, 0.09, 0.03, 0.02, 0.018)[i]
    curve = [
        Epoch(
            e,
            low + (2.08 - low) * math.exp(-speed * e),
            0.7,
            0.8 - 0.6 * math.exp(-speed * e) + random.normal(0, 0.008),
        )
        for e in range(1, epochs + 1)
    ]
    return Run(
        f"fused {name}", name, 92_000, 48.0 + i, curve, 0.7, 0.74 + i / 50, [], [], 2.0794
    )


def _example(random: np.random.Generator, i: int) -> Example:
    picture = random.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    truth = int(random.integers(8))
    guess = truth if i % 2 else int(random.integers(8))
    return Example(picture, f"thing {i} | word, other word", truth, guess, 0.5 + i / 200)

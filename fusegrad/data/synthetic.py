"""Made-up sets of which the truth is known: what each modality says, and what only both do.

    mini_av()       a strong and a weak modality that complete each other
    mini_compete()  an easy modality, quickly learned by heart, starves a better one
    interaction()   two bits: redundant, unique to one modality, or synergy (their XOR)

Each is drawn from a seed; its structure (prototypes) is the same for all seeds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..kernels import OptionError

KINDS = ("redundancy", "uniqueness", "synergy")
MINI_AV_NOISE = {"image": 0.5006, "audio": 0.7911}  # Bayes accuracies of .651 and .420
COMPETE_NOISE = {"a": 0.62, "v": 0.30}


@dataclass(frozen=True, eq=False, repr=False)
class Synthetic:
    """Arrays by modality with one label a row, a split, and what is known of them.

    Shapes: inputs (N, d_m) float64 by modality, label (N,) int64, split {"train": rows, "test":
    rows}. bayes is the best accuracy that anybody can reach on what is drawn, by modality and
    for "both", where it is known.
    """

    name: str
    inputs: dict[str, np.ndarray]
    label: np.ndarray
    classes: list[str]
    split: dict[str, np.ndarray]
    bayes: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(rows):,} {name}" for name, rows in self.split.items())
        sizes = ", ".join(f"{name} {x.shape[1]}-d" for name, x in self.inputs.items())
        return f"Synthetic({self.name}: {sizes}; {len(self.classes)} classes; {parts})"


def mini_av(seed: int = 0, *, train: int = 6000, test: int = 5000) -> Synthetic:
    """x_m = prototype_m[y] + sigma_m N(0, 1), y uniform on ten classes.

    Prototypes are unit vectors, 32-d for the image and 16-d for the audio; the noises are such
    that the best classifier of a single modality reaches .651 and .420. Errors of the two are
    independent given y, so that both together reach .77.
    """
    structure = np.random.default_rng(1234)
    prototypes = {"image": _units(structure, 10, 32), "audio": _units(structure, 10, 16)}
    rng = np.random.default_rng(seed)
    y = rng.integers(10, size=train + test)
    x = {
        name: p[y] + MINI_AV_NOISE[name] * rng.standard_normal((len(y), p.shape[1]))
        for name, p in prototypes.items()
    }
    held_out = np.arange(train, train + test)
    bayes = _bayes(prototypes, x, y, held_out)
    return Synthetic("mini_av", x, y, _numbers(10), _split(train, test), bayes)


def mini_compete(
    seed: int = 0, *, train: int = 1000, test: int = 3000, noise: float = COMPETE_NOISE["a"]
) -> Synthetic:
    """Six classes. a = a unit prototype in 200-d + noise: linear, weak, and with 200 numbers a
    row easily learned by heart. v = +c or -c in 24-d + .30 N(0, 1), with c one of two unit
    centres of the class: it says more, but no linear function of it says anything.
    """
    structure = np.random.default_rng(77)
    prototypes = _units(structure, 6, 200)
    centres = _units(structure, 12, 24).reshape(6, 2, 24)
    rng, rows = np.random.default_rng(seed), train + test
    y = rng.integers(6, size=rows)
    signs = rng.choice([-1.0, 1.0], size=(rows, 1))
    v = signs * centres[y, rng.integers(2, size=rows)]
    x = {
        "a": prototypes[y] + noise * rng.standard_normal((rows, 200)),
        "v": v + COMPETE_NOISE["v"] * rng.standard_normal((rows, 24)),
    }
    return Synthetic("mini_compete", x, y, _numbers(6), _split(train, test))


def interaction(
    kind: str = "synergy", seed: int = 0, *, train: int = 2000, test: int = 2000
) -> Synthetic:
    """Two bits, each the sign of the first of four coordinates of its modality, the others
    noise of .3; the label is one bit of information, found

    redundancy    in a and in b alike
    uniqueness    in a alone; b's bit says nothing
    synergy       in neither alone: it is their exclusive or

    Raises: OptionError for another kind.
    """
    if kind not in KINDS:
        expected = f"a kind among {', '.join(KINDS)}"
        raise OptionError("interaction", expected, repr(kind), "choose one of these")
    rng, rows = np.random.default_rng(seed), train + test
    a, b = rng.integers(2, size=(2, rows))
    b = a if kind == "redundancy" else b
    label = a ^ b if kind == "synergy" else a
    x = {}
    for name, bit in (("a", a), ("b", b)):
        x[name] = 0.3 * rng.standard_normal((rows, 4))
        x[name][:, 0] += 2.0 * bit - 1
    truth = _interaction_bayes(kind)
    return Synthetic(kind, x, label, ["0", "1"], _split(train, test), truth)


def _interaction_bayes(kind: str) -> dict[str, float]:
    """The best accuracies: a bit is read right with probability p = Phi(1 / .3)."""
    p = 0.5 * math.erfc(-1 / 0.3 / math.sqrt(2))
    two = 0.5 * math.erfc(-1 / 0.3)  # two readings of one bit, averaged
    return {
        "redundancy": {"a": p, "b": p, "both": two},
        "uniqueness": {"a": p, "b": 0.5, "both": p},
        "synergy": {"a": 0.5, "b": 0.5, "both": p * p + (1 - p) * (1 - p)},
    }[kind]


def _units(rng: np.random.Generator, rows: int, width: int) -> np.ndarray:
    drawn = rng.standard_normal((rows, width))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))


def _bayes(
    prototypes: dict[str, np.ndarray],
    x: dict[str, np.ndarray],
    y: np.ndarray,
    rows: np.ndarray,
) -> dict[str, float]:
    """The accuracy of the nearest prototype on the rows drawn, alone and both together."""
    scores = {}
    for name, p in prototypes.items():  # log-likelihoods, up to what is the same for all
        distance = (p * p).sum(1) - 2 * x[name][rows] @ p.T
        scores[name] = -distance / (2 * MINI_AV_NOISE[name] ** 2)
    scores["both"] = sum(scores.values())
    return {name: float(np.mean(s.argmax(1) == y[rows])) for name, s in scores.items()}


def _split(train: int, test: int) -> dict[str, np.ndarray]:
    return {"train": np.arange(train), "test": np.arange(train, train + test)}


def _numbers(count: int) -> list[str]:
    return [str(k) for k in range(count)]

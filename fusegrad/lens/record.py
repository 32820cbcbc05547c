"""The measured facts a report is made of, as plain dataclasses."""

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..multimodal import FlowRecord


@dataclass
class Epoch:
    """One pass over the training rows. Units: losses in nats, accuracy in 0..1."""

    epoch: int
    train_loss: float
    val_loss: float
    val_accuracy: float


@dataclass
class Run:
    """One trained network. Units: losses in nats, seconds of wall time.

    Shapes: confusion is (classes, classes), rows truth, columns prediction; [] when
    it was not measured. right is one truth value for each test row, in one order for all
    networks, so that two networks can be compared row by row.
    """

    name: str
    optimizer: str
    parameters: int
    seconds: float
    epochs: list[Epoch]
    test_loss: float | None
    test_accuracy: float | None
    confusion: list[list[int]]
    flow: list[FlowRecord]
    start_loss: float | None = None
    right: list[bool] = field(default_factory=list)


@dataclass
class Example:
    """One held-out row and what was said of it. Shapes: picture (H, W, 3) uint8, or None."""

    picture: NDArray[np.uint8] | None
    words: str
    truth: int
    prediction: int
    confidence: float


@dataclass
class Formula:
    """An optimizer's rule; mathml is a complete <math display="block"> element."""

    name: str
    mathml: str
    latex: str
    where: str


@dataclass
class Result:
    """Everything a report shows; after a Ctrl-C any list may be short or empty. noun is what
    rows of the data are, in the plural."""

    title: str
    task: str
    classes: list[str]
    runs: list[Run]
    race: list[Run]
    examples: list[Example]
    formulas: list[Formula]
    settings: dict[str, object]
    environment: dict[str, str]
    notes: list[str]
    stopped: bool
    noun: str = "pictures"


def to_json(result: Result) -> dict[str, Any]:
    """The result as strict JSON values: no pictures, null for NaN and infinity."""
    bare = asdict(replace(result, examples=[]))
    bare["examples"] = [_without_picture(example) for example in result.examples]
    return {key: _plain(value) for key, value in bare.items()}


def _without_picture(example: Example) -> dict[str, Any]:
    return {key: value for key, value in vars(example).items() if key != "picture"}


def _plain(value: object) -> object:
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)

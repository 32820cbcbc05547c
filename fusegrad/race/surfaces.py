"""Losses of two coordinates that are hard in one way each, and one that changes over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..engine import lift
from ..kernels.typeset import latex
from ..verify.counterexamples import BETAS, period_three
from .contour import SIZE, Grid

Point = tuple[float, float]
Span = tuple[float, float]
Formula = Callable[[Any, Any], Any]
COS, SIN = math.sqrt(3) / 2, 0.5  # of 30 degrees
# Every formula names its value f, for that is how it is then typeset.


@dataclass(frozen=True)
class Surface:
    """A loss of two coordinates. `formula` takes arrays or Tensors, element by element.

    `log` asks for contour levels that rise by factors; `steps` and `rates` are what a race
    takes unless told otherwise; `text` is the formula in LaTeX where it leaves the vocabulary
    of rules, from which it is written otherwise.
    """

    kind: ClassVar[str] = "surface"
    axes: ClassVar[tuple[str, str]] = ("x", "y")
    name: str
    title: str
    formula: Formula
    start: Point
    window: tuple[Span, Span]
    watch: str = ""
    minima: tuple[Point, ...] | None = None
    least: float | None = None
    log: bool = False
    steps: int = 300
    rates: Span = (1e-4, 10.0)
    text: str = ""

    @property
    def latex(self) -> str:
        """The formula, read from the function that runs."""
        return self.text or latex(lift(self.formula, self.name))

    def grid(self, size: int = SIZE) -> Grid:
        """The loss on the window, size x size points."""
        xs, ys = (np.linspace(*span, size) for span in self.window)
        with np.errstate(all="ignore"):  # what overflows is left out of the contours
            values = self.formula(*np.meshgrid(xs, ys))
        values = np.broadcast_to(np.asarray(values, float), (size, size))
        return Grid(xs, ys, values, self.log, self.least)


@dataclass(frozen=True)
class Online:
    """Losses slope_t x of one coordinate in [low, high], a new one each round: `slopes(rounds)`
    gives them. `settings` are those that the example fixes, for every optimizer that has them;
    the learning rate is divided by the root of the round.
    """

    kind: ClassVar[str] = "time"
    axes: ClassVar[tuple[str, str]] = ("step", "x")
    name: str
    title: str
    slopes: Callable[[int], np.ndarray]
    text: str
    start: float = 0.0
    low: float = -1.0
    high: float = 1.0
    watch: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 600
    rates: Span = (0.1, 1.0)

    @property
    def latex(self) -> str:
        """The formula."""
        return self.text


def rosenbrock(x: Any, y: Any) -> Any:
    """A curved valley; its floor falls slowly to (1, 1)."""
    f = _squared(1 - x) + 100 * _squared(y - x * x)
    return f


def beale(x: Any, y: Any) -> Any:
    """A plain with walls at its corners."""
    f = (
        _squared(1.5 - x * (1 - y))
        + _squared(2.25 - x * (1 - y * y))
        + _squared(2.625 - x * (1 - y**3))
    )
    return f


def ravine(x: Any, y: Any) -> Any:
    """Curvature 1 along the ravine, 100 across it; turned, so that no coordinate lies along."""
    along = COS * x + SIN * y
    across = COS * y - SIN * x
    f = (along * along + 100 * across * across) / 2
    return f


def saddle(x: Any, y: Any) -> Any:
    """Up along x, down along y, until y^4 / 4 turns it up again."""
    f = x * x - y * y + y**4 / 4
    return f


def _squared(u: Any) -> Any:
    return u * u


def three_slopes(rounds: int) -> np.ndarray:
    """Reddi's slopes, as many as there are rounds."""
    return period_three(-(-rounds // 3))[:rounds]


_TABLE: tuple[Surface | Online, ...] = (
    Surface(
        "rosenbrock",
        "Rosenbrock's valley",
        rosenbrock,
        start=(-1.5, 2.0),
        window=((-2.0, 2.0), (-1.0, 3.0)),
        watch="All find the floor of the valley at once; who moves on along it, where the "
        "gradient is small and turns?",
        minima=((1.0, 1.0),),
        least=0.0,
        log=True,
        steps=400,
    ),
    Surface(
        "beale",
        "Beale's plain",
        beale,
        start=(1.0, 1.5),
        window=((-1.0, 4.5), (-1.5, 2.0)),
        watch="The wall at the start is steep and the plain is flat: a rate that survives the "
        "one is slow on the other, unless steps are scaled.",
        minima=((3.0, 0.5),),
        least=0.0,
        log=True,
        steps=200,
    ),
    Surface(
        "ravine",
        "A ravine, turned by 30 degrees",
        ravine,
        start=(-4.0, -1.0),
        window=((-5.0, 5.0), (-5.0, 5.0)),
        watch="Curvature differs by a factor of 100. Scaling each coordinate helps little "
        "here, because the ravine lies along neither; momentum helps.",
        minima=((0.0, 0.0),),
        least=0.0,
        log=True,
        steps=150,
    ),
    Surface(
        "saddle",
        "A saddle, started a hair off the ridge",
        saddle,
        start=(1.5, 1e-6),
        window=((-2.0, 2.0), (-2.0, 2.0)),
        watch="The way down starts with a slope of two millionths: who scales the gradient "
        "leaves at once, the others wait for it to grow.",
        minima=((0.0, math.sqrt(2)), (0.0, -math.sqrt(2))),
        least=-1.0,
        steps=40,
    ),
    Online(
        "reddi",
        "Reddi's example, where Adam goes the wrong way",
        three_slopes,
        r"f_t(x) &= c_t \, x, \quad c = 3, -1, -1, 3, -1, -1, \ldots",
        watch="The slopes are 3, -1, -1, over and over: three rounds together push x down, to "
        "-1. Averages of squares that forget fast shrink the one large gradient more than the "
        "two small ones, and x goes up; at a smaller rate only later.",
        settings={"betas": BETAS, "alpha": BETAS[1], "eps": 0.0},
    ),
)
SURFACES: dict[str, Surface | Online] = {row.name: row for row in _TABLE}

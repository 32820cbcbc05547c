"""Pictures, varied: (B, H, W, C) or (B, H, W), channels LAST, as data sets hold them.

Whole numbers or floats, which keep their dtype. What is a part of pixels (a crop, a border) has
no mean to be taken from: do it before pixels are centred, or say what to fill with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...kernels import OptionError, ShapeError
from .augmentation import Augmentation, check_level, check_share, rounded

ATTEMPTS = 10  # to find a rectangle that fits
GREY = np.array([0.299, 0.587, 0.114])  # of red, green and blue, ITU-R BT.601


@dataclass(frozen=True)
class HorizontalFlip(Augmentation):
    """x[:, W - 1 - j] in the place of x[:, j], with probability p."""

    p: float = 0.5
    axes = (3, 4)

    def __post_init__(self) -> None:
        check_share("HorizontalFlip", "p", self.p)

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return row[:, ::-1]


@dataclass(frozen=True)
class RandomCrop(Augmentation):
    """x moved by up to `padding` pixels down or up, and aside; `fill` comes in at the edges.

    All (2 padding + 1)^2 places are equally likely: a border is put around x, and a part of x's
    size cut out. Units: pixels. Source: Krizhevsky et al. 2012; padding 4: Lee et al. 2015.
    """

    padding: int = 4
    fill: float = 0.0
    p: float = 1.0
    axes = (3, 4)

    def __post_init__(self) -> None:
        check_share("RandomCrop", "p", self.p)
        if not hasattr(self.padding, "__index__") or self.padding < 0:
            got, repair = f"padding={self.padding!r}", "0 changes nothing"
            raise OptionError("RandomCrop", "a padding of 0 or more pixels", got, repair)

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        around = [(self.padding, self.padding)] * 2 + [(0, 0)] * (row.ndim - 2)
        wide = np.pad(row, around, constant_values=rounded(np.array(self.fill), row))
        top, left = rng.integers(0, 2 * self.padding + 1, 2)
        return wide[top : top + row.shape[0], left : left + row.shape[1]]


@dataclass(frozen=True)
class RandomErasing(Augmentation):
    """One rectangle of x filled with noise, with probability p.

    Its area is a share of the picture drawn from `area`, its height over its width drawn from
    `aspect`, evenly in the logarithm. A rectangle that does not fit is drawn again, up to 10
    times; then x stays. Noise is uniform between the least and the largest value of x, a value
    for each pixel and channel; `fill`, a number, stands in its place.
    Differs: the paper draws aspect evenly, and noise from 0 to 255.
    Source: Zhong et al. 2020.
    """

    p: float = 0.5
    area: tuple[float, float] = (0.02, 0.4)
    aspect: tuple[float, float] = (0.3, 1 / 0.3)
    fill: float | None = None
    axes = (3, 4)

    def __post_init__(self) -> None:
        check_share("RandomErasing", "p", self.p)
        low, high = self.area
        if not (0 <= low <= high <= 1 and 0 < self.aspect[0] <= self.aspect[1]):
            got = f"area={self.area}, aspect={self.aspect}"
            rule, repair = "0 <= area <= 1 and 0 < aspect, the least first", "see the paper"
            raise OptionError("RandomErasing", rule, got, repair)

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        high, wide = row.shape[:2]
        for _ in range(ATTEMPTS):
            area = rng.uniform(*self.area) * high * wide
            aspect = np.exp(rng.uniform(*np.log(self.aspect)))
            h, w = round(np.sqrt(area * aspect)), round(np.sqrt(area / aspect))
            if h <= high and w <= wide:
                top, left = rng.integers(0, high - h + 1), rng.integers(0, wide - w + 1)
                found = row.copy()
                part = found[top : top + h, left : left + w]
                part[...] = self._filling(row, part.shape, rng)
                return found
        return row

    def _filling(
        self, row: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator
    ) -> np.ndarray:
        if self.fill is not None:
            return rounded(np.full(shape, self.fill), row)
        low, high = row.min(), row.max()
        if row.dtype.kind == "f":
            return rng.uniform(low, high, shape).astype(row.dtype)
        return rng.integers(low, high, shape, row.dtype, endpoint=True)


@dataclass(frozen=True)
class ColourJitter(Augmentation):
    """x b, then g + c (. - g) with g the mean grey, then grey + s (. - grey), pixel by pixel.

    b, c and s are drawn evenly from 1 - level to 1 + level, from 0 on, for `brightness`,
    `contrast` and `saturation`; a level of 0 leaves its step out. Values stay in [0, 1], or in
    the range of whole numbers. Grey is .299 red + .587 green + .114 blue; a picture of one
    channel is its own grey.
    Raises: ShapeError for neither one channel nor three; OptionError for floats outside [0, 1].
    Differs: PyTorch draws the order of the steps too, turns hues, and has levels of 0.
    """

    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    p: float = 1.0
    axes = (3, 4)

    def __post_init__(self) -> None:
        check_share("ColourJitter", "p", self.p)
        for name in ("brightness", "contrast", "saturation"):
            check_level("ColourJitter", name, getattr(self, name))

    def changed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        values, limit = row.astype(np.float64), _largest(row)
        levels = (self.brightness, self.contrast, self.saturation)
        factors = [rng.uniform(max(0.0, 1 - level), 1 + level) for level in levels]
        for level, factor, centre_of in zip(levels, factors, (_black, _mean_grey, _grey)):
            if level:
                centre = centre_of(values)
                values = np.clip(centre + factor * (values - centre), 0, limit)
        return rounded(values, row)


def _black(values: np.ndarray) -> np.ndarray:
    return np.zeros(())


def _mean_grey(values: np.ndarray) -> np.ndarray:
    return np.asarray(_grey(values).mean())


def _grey(values: np.ndarray) -> np.ndarray:
    """One channel in the place of three. Shapes: (H, W, 3) -> (H, W, 1)."""
    if values.ndim == 2 or values.shape[2] == 1:
        return values
    return (values @ GREY)[..., None]


def _largest(row: np.ndarray) -> float:
    """The largest value that a pixel may have."""
    if row.ndim == 3 and row.shape[2] not in (1, 3):
        rule, repair = "pictures (B, H, W, 3), (B, H, W, 1) or (B, H, W)", "channels come last"
        raise ShapeError("ColourJitter", rule, f"(B, {str(row.shape)[1:]}", repair)
    if row.dtype.kind == "f" and not 0 <= row.min() <= row.max() <= 1:
        got, repair = f"{row.min():g} to {row.max():g}", "vary pictures before they are centred"
        raise OptionError("ColourJitter", "floats in [0, 1]", got, repair)
    return 1.0 if row.dtype.kind == "f" else float(np.iinfo(row.dtype).max)

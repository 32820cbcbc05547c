"""The plane that a set of points lies closest to."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..kernels import OptionError


class Plane(NamedTuple):
    """origin + a * directions[0] + b * directions[1], and the share of the variance of the
    points that each direction explains. Shapes: (P,), (2, P), (2,)."""

    origin: np.ndarray
    directions: np.ndarray
    variance: tuple[float, float]

    def project(self, points: Any) -> np.ndarray:
        """The coordinates of the nearest points of the plane. Shapes: (n, P) -> (n, 2)."""
        return (np.asarray(points, float) - self.origin) @ self.directions.T

    def at(self, a: float, b: float) -> np.ndarray:
        """The point with these coordinates. Shapes: -> (P,)."""
        return self.origin + a * self.directions[0] + b * self.directions[1]


def principal(points: Any) -> Plane:
    """The first two principal directions about the mean of the points, by SVD in float64.

    The sign of a direction, which the points leave open, makes its largest entry positive.
    Shapes: (n, P). Raises: OptionError for fewer than two numbers a point, points that are not
    finite, or that are all the same.

    >>> plane = principal([[0.0, 0.0, 1.0], [2.0, 0.0, 1.0], [0.0, 1.0, 1.0], [2.0, 1.0, 1.0]])
    >>> plane.directions.round(12) + 0.0, [round(share, 12) for share in plane.variance]
    (array([[1., 0., 0.],
           [0., 1., 0.]]), [0.8, 0.2])
    """
    x = np.asarray(points, float)
    if x.ndim != 2 or min(x.shape) < 2 or not np.isfinite(x).all():
        expected = "finite points (n, P), two or more of each"
        got = f"{x.shape}" if np.isfinite(x).all() else "some that are not finite"
        raise OptionError("principal", expected, got, "leave out runs that diverged")
    origin = x.mean(axis=0)
    _, sizes, directions = np.linalg.svd(x - origin, full_matrices=False)
    squares = sizes * sizes
    if not squares.sum() > 0:
        raise OptionError("principal", "points that differ", "one point", "let it train longer")
    first, second = (squares[:2] / squares.sum()).tolist()
    return Plane(origin, _signed(directions[:2]), (first, second))


def _signed(directions: np.ndarray) -> np.ndarray:
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    return directions * signs[:, None]

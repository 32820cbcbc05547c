"""Contour lines against surfaces whose lines are known."""

from __future__ import annotations

import numpy as np
import pytest

from fusegrad.kernels import OptionError
from fusegrad.race import SURFACES, Grid, Surface, contours, levels

XS, YS = np.linspace(-2.0, 2.0, 81), np.linspace(-1.5, 1.5, 61)
X, Y = np.meshgrid(XS, YS)


def is_closed(line: np.ndarray) -> bool:
    return len(line) > 3 and line[0].tolist() == line[-1].tolist()


def test_the_lines_of_a_linear_function_lie_on_their_level() -> None:
    found = contours(2 * X - 3 * Y + 0.7, XS, YS, [-3.0, -1.0, 0.0, 0.7, 2.3])
    assert [level for level, _ in found] == [-3.0, -1.0, 0.0, 0.7, 2.3]
    for level, lines in found:
        (line,) = lines
        x, y = line.T
        assert np.abs(2 * x - 3 * y + 0.7 - level).max() < 1e-14
        ends = line[[0, -1]]
        on_frame = (np.abs(ends[:, 0]) == 2.0) | (np.abs(ends[:, 1]) == 1.5)
        assert on_frame.all() and not is_closed(line)


@pytest.mark.parametrize("radius", [0.3, 0.777, 1.2])
def test_circles_are_closed_and_of_their_radius(radius: float) -> None:
    ((_, lines),) = contours(X * X + Y * Y, XS, YS, [radius**2])
    (line,) = lines
    far = np.hypot(*line.T)
    # Along a side of length h, x^2 lies at most h^2 / 4 under the chord.
    assert np.abs(far**2 - radius**2).max() <= 0.05**2 / 4 + 1e-12
    assert is_closed(line) and np.abs(far - radius).max() < 0.0022
    turn = np.unwrap(np.arctan2(*line.T[::-1]))
    assert abs(turn[-1] - turn[0]) == pytest.approx(2 * np.pi)


def test_a_line_that_leaves_the_window_is_open_and_in_pieces() -> None:
    ((_, lines),) = contours(X * X + Y * Y, XS, YS, [1.7**2])
    assert len(lines) == 2 and not any(map(is_closed, lines))
    assert all(np.abs(line[[0, -1], 1]).tolist() == [1.5, 1.5] for line in lines)


@pytest.mark.parametrize("level", [0.4, 0.6])
@pytest.mark.parametrize("turned", [False, True])
def test_the_middle_decides_which_corners_of_a_saddle_meet(level: float, turned: bool) -> None:
    cell = np.array([[0.0, 1.0], [1.0, 0.0]] if turned else [[1.0, 0.0], [0.0, 1.0]])
    ((_, lines),) = contours(cell, [0.0, 1.0], [0.0, 1.0], [level])
    assert len(lines) == 2 and all(line.shape == (2, 2) for line in lines)
    # The middle, 1/2, lies above 0.4: both lines then cut off a low corner, else a high one.
    cut = [tuple(line.mean(axis=0).round().astype(int).tolist()) for line in lines]
    assert len(set(cut)) == 2
    assert all(cell[row, column] == (level > 0.5) for column, row in cut)
    assert all(np.abs(line - corner).sum() < 1 for line, corner in zip(lines, cut))


def test_two_peaks_have_a_ring_each_or_one_for_both() -> None:
    peaks = np.exp(-8 * ((X - 0.8) ** 2 + Y**2)) + np.exp(-8 * ((X + 0.8) ** 2 + Y**2))
    counts = [len(lines) for _, lines in contours(peaks, XS, YS, [0.5, 0.005, 2.0])]
    assert counts == [2, 1, 0]
    assert all(is_closed(line) for _, lines in contours(peaks, XS, YS, [0.5]) for line in lines)


def test_every_crossed_side_is_visited_once() -> None:
    values = np.random.default_rng(3).standard_normal((40, 50))
    xs, ys = np.arange(50.0), np.arange(40.0)
    ((_, lines),) = contours(values, xs, ys, [0.1])
    above = values >= 0.1
    crossed = (above[:, 1:] != above[:, :-1]).sum() + (above[1:] != above[:-1]).sum()
    visited = sum(len(line) - is_closed(line) for line in lines)
    assert visited == crossed > 1000
    inner = [line for line in lines if not is_closed(line)]
    ends = np.array([end for line in inner for end in line[[0, -1]]])
    assert (np.isin(ends[:, 0], [0, 49]) | np.isin(ends[:, 1], [0, 39])).all()


def test_what_is_not_finite_is_left_out() -> None:
    values = X + 0 * Y
    values[30, 40:43] = np.nan, np.inf, -np.inf
    ((_, lines),) = contours(values, XS, YS, [0.01])
    assert len(lines) == 2 and all(np.isfinite(line).all() for line in lines)
    assert np.abs(np.concatenate(lines)[:, 0] - 0.01).max() < 1e-14


def test_levels_are_round_and_inside() -> None:
    assert levels(np.array([[0.0, 13.0]]), 12).tolist() == list(range(1, 13))
    assert levels(np.array([[5.0, 18.0], [np.inf, 7.0]]), 12).tolist() == list(range(6, 18))
    by_factors = levels(np.geomspace(1e-3, 1e3, 1000)[None], 5, log=True)
    assert by_factors.tolist() == [0.01, 0.1, 1.0, 10.0, 100.0]
    above = levels(np.geomspace(1e-3, 1e3, 1000)[None] - 4.0, 5, log=True, least=-4.0)
    assert above == pytest.approx(by_factors - 4.0)
    assert len(levels(np.ones((3, 3)))) == 0 and len(levels(np.full((2, 2), np.nan))) == 0


@pytest.mark.parametrize("name", [n for n, s in SURFACES.items() if isinstance(s, Surface)])
def test_the_lines_of_every_surface_lie_near_their_level(name: str) -> None:
    surface = SURFACES[name]
    assert isinstance(surface, Surface) and surface.least is not None
    found = surface.grid().lines()
    assert 10 <= len(found) <= 12 and all(lines for _, lines in found)
    for level, lines in found[4:]:  # the lowest wind through a valley narrower than a cell
        values = surface.formula(*np.concatenate(lines).T) - surface.least
        assert np.abs(values / (level - surface.least) - 1).max() < 0.2
        assert np.median(np.abs(values / (level - surface.least) - 1)) < 0.01


def test_logarithms_place_lines_better_where_levels_rise_by_factors() -> None:
    values = np.exp(8 * X)
    (level, (line,)), *_ = Grid(XS, YS, values, log=True).lines(5)
    assert np.abs(line[:, 0] - np.log(level) / 8).max() < 1e-14


def test_refusals() -> None:
    text = r"values \(61, 81\), xs \(61,\), ys \(81,\); values\[i, j\] belongs to xs\[j\]"
    with pytest.raises(OptionError, match=text):
        contours(X, YS, XS, [0.0])
    with pytest.raises(OptionError, match="contours: expected xs and ys that rise, got others"):
        contours(X, XS[::-1], YS, [0.0])
    with pytest.raises(OptionError, match="levels: expected count >= 1, got count=0; ask for"):
        levels(X, 0)

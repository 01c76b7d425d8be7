"""Contours by marching squares, and lines cut at a frame."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradatim.draw.plot.clip import clip_segment, clipped
from gradatim.draw.plot.contours import Field, contour, region, sampled

Point = tuple[float, float]


def circle_field(cells: int = 40) -> Field:
    return sampled(lambda ps: [x * x + y * y for x, y in ps], (-2.0, 2.0), (-2.0, 2.0), cells)


def area(line: list[Point]) -> float:
    return 0.5 * sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(line))


def test_the_contour_of_a_bowl_is_a_closed_circle() -> None:
    (line,) = contour(circle_field(), 1.0)
    assert line[0] == line[-1]
    assert all(math.hypot(x, y) == pytest.approx(1.0, abs=2e-3) for x, y in line)


def test_the_region_above_is_closed_along_the_rim() -> None:
    loops = region(circle_field(), 1.0)
    assert all(loop[0] == loop[-1] for loop in loops)
    square, hole = sorted((abs(area(loop)) for loop in loops), reverse=True)
    assert square == pytest.approx(16.0)
    assert hole == pytest.approx(math.pi, abs=0.02)


@given(st.lists(st.lists(st.floats(-1, 1), min_size=5, max_size=5), min_size=5, max_size=5))
def test_any_field_has_closed_regions_and_open_lines_end_at_the_rim(
    rows: list[list[float]],
) -> None:
    axis = (0.0, 1.0, 2.0, 3.0, 4.0)
    field = Field(axis, axis, tuple(map(tuple, rows)))
    assert all(loop[0] == loop[-1] for loop in region(field, 0.1))
    for line in contour(field, 0.1):
        if line[0] != line[-1]:
            assert all(x in (0.0, 4.0) or y in (0.0, 4.0) for x, y in (line[0], line[-1]))


def test_cells_with_nan_are_left_out() -> None:
    field = Field((0.0, 1.0), (0.0, 1.0), ((0.0, math.nan), (1.0, 1.0)))
    assert contour(field, 0.5) == []


coordinates = st.floats(-10, 10)
points = st.tuples(coordinates, coordinates)


@given(points, points)
def test_a_cut_segment_lies_in_the_frame_and_on_the_segment(a: Point, b: Point) -> None:
    part = clip_segment(a, b, (-3.0, -2.0, 3.0, 2.0))
    if part is None:
        return
    for x, y in part:
        assert -3 - 1e-9 <= x <= 3 + 1e-9
        assert -2 - 1e-9 <= y <= 2 + 1e-9
        cross = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
        assert abs(cross) < 1e-6


@given(st.lists(points, min_size=2, max_size=8))
def test_a_line_inside_the_frame_is_left_as_it_is(line: list[Point]) -> None:
    assert clipped(line, (-10.0, -10.0, 10.0, 10.0)) == [line]

"""Polylines: tracks, segments, and what happens at the date line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.lines import Vertices, alone, break_at_jumps, cut_at_date_line, cut_at_poles, from_ends, from_rows

NAN = np.nan


def floats(*values):
    return np.array(values, np.float64)


def same(found, x, y, row):
    np.testing.assert_array_equal(found.x, floats(*x))
    np.testing.assert_array_equal(found.y, floats(*y))
    assert found.row.tolist() == row


def joined(x, y, row=None, begins=()):
    row = np.arange(len(x)) if row is None else np.array(row)
    return from_rows(floats(*x), floats(*y), row, np.isin(np.arange(len(row)), begins))


def test_rows_are_one_line_in_their_order():
    same(joined((1, 2, 3), (4, 5, 6)), [1, 2, 3], [4, 5, 6], [0, 1, 2])
    same(joined((1, 2, 3), (4, 5, 6), (2, 0), (0,)), [3, 1], [6, 4], [2, 0])


def test_a_line_begins_anew():
    found = joined((1, 2, 3, 4), (5, 6, 7, 8), begins=(0, 2, 3))
    same(found, [1, 2, NAN, 3, NAN, 4], [5, 6, NAN, 7, NAN, 8], [0, 1, 1, 2, 2, 3])
    assert alone(found).tolist() == [2, 3]


def test_a_row_without_a_place_breaks_its_line():
    found = joined((1, np.inf, 3), (4, 5, NAN))
    same(found, [1, NAN, NAN], [4, NAN, NAN], [0, 1, 2])
    assert alone(found).tolist() == [0]
    assert alone(joined((1, 2, NAN, 3), (4, 5, 6, 7))).tolist() == [3]


def test_a_row_may_be_a_line():
    found = from_ends(floats(1, 2, NAN, 4), floats(5, 6, 7, 8), floats(11, np.inf, 13, 14), floats(15, 16, 17, 18))
    same(found, [1, 11, NAN, 4, 14, NAN], [5, 15, NAN, 8, 18, NAN], [0, 0, 0, 3, 3, 3])


@pytest.mark.parametrize(
    ("x", "y", "cut_x", "cut_y"),
    [
        ((170, -170), (0, 10), (170, 180, NAN, -180, -170), (0, 5, NAN, 5, 10)),
        ((-175, 165), (0, 20), (-175, -180, NAN, 180, 165), (0, 5, NAN, 5, 20)),
        ((180, -180), (3, 3), (180, 180, NAN, -180, -180), (3, 3, NAN, 3, 3)),
        ((179, -179, 179), (0, 2, 4), (179, 180, NAN, -180, -179, -180, NAN, 180, 179),
         (0, 1, NAN, 1, 2, 3, NAN, 3, 4)),
    ],
)  # fmt: skip
def test_lines_take_the_short_way_over_the_date_line(x, y, cut_x, cut_y):
    found = cut_at_date_line(Vertices(floats(*x), floats(*y), np.arange(len(x))))
    np.testing.assert_array_equal(found.x, floats(*cut_x))
    np.testing.assert_allclose(found.y, floats(*cut_y))
    # What is put in belongs to the row in which the segment begins.
    assert found.row.tolist() == np.repeat(np.arange(len(x)), [4] * (len(x) - 1) + [1]).tolist()


def test_half_the_world_and_gaps_are_not_cut():
    vertices = Vertices(floats(-90, 90, NAN, -179, NAN, 179), floats(0, 0, NAN, 0, NAN, 0), np.arange(6))
    assert cut_at_date_line(vertices) is vertices


def test_another_meridian_may_be_where_lines_begin():
    found = cut_at_date_line(Vertices(floats(350, 10), floats(0, 10), np.arange(2)), 0.0, 360.0)
    same(found, [350, 360, NAN, 0, 10], [0, 5, NAN, 5, 10], [0, 0, 0, 0, 1])


def test_far_jumps_end_a_line():
    vertices = Vertices(floats(-190, 185, 6, NAN, 200), floats(0, 1, 2, 3, 4), np.arange(5))
    same(break_at_jumps(vertices, 180.0), [-190, NAN, 185, 6, NAN, 200], [0, NAN, 1, 2, 3, 4], [0, 0, 1, 2, 3, 4])
    assert break_at_jumps(vertices, 400.0) is vertices


@pytest.mark.parametrize(
    ("x", "y", "cut_x", "cut_y"),
    [
        ((0, 4), (8, 12), (0, 2, NAN), (8, 10, NAN)),
        ((0, 4), (-12, -8), (NAN, 2, 4), (NAN, -10, -8)),
        ((0, 1, 2, 4), (8, 12, 14, 6), (0, 0.5, NAN, NAN, 3, 4), (8, 10, NAN, NAN, 10, 6)),
        ((0, 40), (-20, 20), (NAN, 10, 30, NAN), (NAN, -10, 10, NAN)),
        ((0, 40, 0), (20, -20, 20), (NAN, 10, 30, NAN, 30, 10, NAN), (NAN, 10, -10, NAN, -10, 10, NAN)),
        ((0, 1, 2), (11, 12, 13), (NAN, NAN, NAN), (NAN, NAN, NAN)),
        ((0, 1), (12, NAN), (NAN, 1), (NAN, NAN)),
    ],
)  # fmt: skip
def test_lines_are_cut_where_they_leave_the_map(x, y, cut_x, cut_y):
    found = cut_at_poles(Vertices(floats(*x), floats(*y), np.arange(len(x))), 10.0)
    np.testing.assert_array_equal(found.x, floats(*cut_x))
    np.testing.assert_array_equal(found.y, floats(*cut_y))
    assert (np.diff(found.row) >= 0).all()


def test_lines_on_the_edge_are_not_cut():
    vertices = Vertices(floats(0, 1, NAN), floats(10, -10, NAN), np.arange(3))
    assert cut_at_poles(vertices, 10.0) is vertices


walks = st.lists(st.tuples(st.floats(-180, 180), st.floats(-85, 85)) | st.just((NAN, NAN)), min_size=2, max_size=20)


@given(walks)
def test_cut_lines_never_cross_the_map(walk):
    x, y = (floats(*one) for one in zip(*walk, strict=True))
    found = cut_at_date_line(Vertices(x, y, np.arange(len(x))))
    jumps = np.abs(np.diff(found.x))
    assert (jumps[np.isfinite(jumps)] <= 180 + 1e-9).all()
    assert np.nanmax(np.abs(found.x), initial=0) <= 180
    assert (np.diff(found.row) >= 0).all()
    kept = ~np.isin(np.arange(len(found.x)), np.flatnonzero(np.abs(found.x) == 180))
    assert set(found.x[kept & np.isfinite(found.x)]) <= set(x)
